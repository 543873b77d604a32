"""Which nets are refused because no case of them could be judged, by file, line and element."""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from stream.models.admission import admitted
from stream.models.net import Net, Transition

HEAD = '<pnml><net id="n">\n<place id="s"><initialMarking><text>1</text></initialMarking></place>\n<place id="e"/>\n'


def pnml(steps: str, places: str = "") -> bytes:
    """A net from `s` to `e` with more places, one on a line, and steps written `a:s>p,q`, each on a line."""
    written = HEAD + "".join(f'<place id="{place}"/>\n' for place in places)
    for number, step in enumerate(steps.split()):
        name, _, arcs = step.partition(":")
        before, _, after = arcs.partition(">")
        written += f'<transition id="t{number}"><name><text>{name}</text></name></transition>\n'
        written += "".join(f'<arc source="{place}" target="t{number}"/>' for place in before.split(",") if place)
        written += "".join(f'<arc source="t{number}" target="{place}"/>' for place in after.split(",") if place)
    final = '<finalmarkings><marking><place idref="e"><text>1</text></place></marking></finalmarkings>'
    return f"{written}{final}</net></pnml>".encode()


def refusal(content: bytes) -> str:
    """The one problem that a net is refused for."""
    with pytest.raises(Refused) as refused:
        read_model("m.pnml", content)
    (problem,) = refused.value.problems
    return str(problem)


def test_an_unbounded_net_is_refused_at_the_place_that_grows() -> None:
    """With the way there and the loop that feeds it."""
    content = pnml("open:s>p more:p>p,q close:p,q>e", "pq")
    assert refusal(content) == (
        "m.pnml:5: place q: place q (after `more`, before `close`) has no bound after `open`: "
        "the loop `more` leaves more there each time round; a loop that takes as many tokens as it leaves"
    )
    assert "has no bound at once, before any activity" in refusal(pnml("make:>e go:s>e"))


def test_a_net_whose_end_is_out_of_reach_is_refused_with_the_reason() -> None:
    """Its language is empty."""
    stuck = refusal(pnml("choose:s>p other:s>q join:p,q>e", "pq"))
    assert stuck.startswith(
        "m.pnml:3: place e: no case can ever end: place e (after `join`) is never reached with nothing"
    )
    assert "(a case can get stuck after `choose`, at place p" in stuck
    assert "`join` (t2) still needs place q (after `other`, before `join`)" in stuck
    assert stuck.endswith(
        "; a way from the start to the end that leaves nothing behind, or another end by --final PLACE"
    )
    assert "no case can ever end" in refusal(pnml("split:s>p,q one:p>e two:q>e", "pq"))


def test_a_net_in_which_no_activity_can_happen_is_refused() -> None:
    """Its only case is the one without events."""
    silent = pnml("skip:s>e never:p>e", "p").replace(b"<name><text>skip</text></name>", b"")
    assert refusal(silent).startswith("m.pnml:6: transition t1: no activity can ever happen; ")


def test_a_net_with_other_trouble_is_let_in() -> None:
    """Some case can end, and the rest is for the process owner to judge."""
    assert read_model("m.pnml", pnml("go:s>e wrong:s>p never:q>e", "pq")).labels == {"go", "wrong", "never"}


def test_a_net_that_cannot_be_looked_through_is_let_in_with_a_note() -> None:
    """Weights keep it from being made smaller, and it has more markings than are looked at."""
    steps = [Transition("go", {0: 2}, dict.fromkeys(range(2, 16), 2), "go")]
    steps += [Transition("one", {place: 2}, {place + 14: 2}, f"t{place}") for place in range(2, 16)]
    steps.append(Transition("end", dict.fromkeys(range(16, 30), 2), {1: 1}, "end"))
    net = Net(tuple(f"p{place}" for place in range(30)), tuple(steps), {0: 2}, {1: 1})
    assert admitted("m.pnml", b"", net).notes == (
        "whether the net has a bound and can always end was not decided within 2000 markings",
    )


@pytest.mark.parametrize(
    ("name", "option"),
    [("m.csv", {"final": ("e",)}), ("m.bpmn", {"ignore_guards": True}), ("m.csv", {"process": "p"})],
)
def test_an_option_that_says_nothing_about_a_kind_of_file_is_refused(name: str, option: dict[str, bool]) -> None:
    """It would be passed over in silence otherwise."""
    with pytest.raises(Refused, match=r"says nothing about a .* file; leave it out"):
        read_model(name, b"", **option)  # type: ignore[arg-type]  # each option has a type of its own
