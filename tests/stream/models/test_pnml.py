"""What PNML files mean, and what they are refused for."""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from stream.models.net import Net
from stream.models.pnml import read_pnml
from tests.stream.models.language import words

PLACES = (
    '<place id="p"><initialMarking><text>1</text></initialMarking></place>'
    '<place id="q"><name><text>End</text></name></place>'
)
STEP = '<transition id="t"><name><text>a</text></name></transition>'
ARCS = '<arc id="x" source="p" target="t"/><arc id="y" source="t" target="q"/>'
FINAL = '<finalmarkings><marking><place idref="q"><text>1</text></place></marking></finalmarkings>'


def pnml(inside: str, after: str = "") -> bytes:
    """A PNML file with one net on one page."""
    net = f'<net id="n"><page id="g">{inside}</page>{after}</net>'
    return f'<pnml xmlns="http://www.pnml.org/version-2009/grammar/pnml">\n{net}</pnml>'.encode()


def read(inside: str, after: str = "") -> Net:
    """The net of a page."""
    return read_model("m.pnml", pnml(inside, after))


def refusal(inside: str, after: str = "") -> list[str]:
    """The problems that a page is refused for."""
    with pytest.raises(Refused) as refused:
        read(inside, after)
    return [str(problem) for problem in refused.value.problems]


def test_a_net_is_places_steps_and_two_markings() -> None:
    """Labels, elements, weights and markings as they stand."""
    net = read(PLACES + STEP + ARCS, FINAL)
    assert net.places == ("p", "q")
    assert net.transitions == (("a", {0: 1}, {1: 1}, "t"),)
    assert (net.initial, net.final, net.notes) == ({0: 1}, {1: 1}, ())


def test_labels_are_not_stripped() -> None:
    """A trailing blank is part of a label, and costs a deviation where the log has none."""
    net = read(PLACES + STEP.replace(">a<", "> Send Fine <") + ARCS, FINAL)
    assert net.labels == {" Send Fine "}


def test_invisible_transitions_are_silent() -> None:
    """By attribute, by ProM's convention, or for want of a name."""
    by_attribute = STEP.replace('id="t"', 'id="t" invisible="true"')
    by_activity = STEP.replace("</name>", '</name><toolspecific tool="ProM" version="6.4" activity="$invisible$"/>')
    nameless = STEP.replace("<text>a</text>", "<text/>")
    for step in (by_attribute, by_activity, nameless):
        assert read(PLACES + step + ARCS, FINAL).transitions[0].label is None
    assert read(PLACES + nameless + ARCS, FINAL).notes == ("transition t has no name and is taken as silent",)


def test_a_missing_final_marking_is_the_only_sink_place() -> None:
    """And that is said."""
    net = read(PLACES + STEP + ARCS)
    assert net.final == {1: 1}
    assert net.notes == ("the file has no final marking: its only sink place q is taken",)


def test_without_a_final_marking_several_or_no_sinks_are_refused() -> None:
    """It needs to be told."""
    assert refusal(PLACES + '<place id="r"/>' + STEP + ARCS) == [
        "m.pnml:2: net n: no final marking and 2 sink places (q, r); "
        "a final marking, or one sink place, or --final PLACE"
    ]
    round_again = '<transition id="u"/><arc id="z" source="q" target="u"/><arc id="v" source="u" target="p"/>'
    assert "no final marking and 0 sink places" in refusal(PLACES + STEP + ARCS + round_again)[0]


def test_a_final_place_can_be_named() -> None:
    """By its id or by its name."""
    content = pnml(PLACES + '<place id="r"/>' + STEP + ARCS)
    assert read_pnml("m.pnml", content, final=("End",)).final == {1: 1}
    assert read_pnml("m.pnml", content, final=("r",)).final == {2: 1}
    assert read_pnml("m.pnml", content, final=("q", "r", "r")).final == {1: 1, 2: 2}
    with pytest.raises(Refused, match="has no place 'nowhere'"):
        read_pnml("m.pnml", content, final=("nowhere",))
    twins = pnml(PLACES + PLACES.replace('"p"', '"r"').replace('"q"', '"z"') + STEP + ARCS)
    with pytest.raises(Refused, match="has 2 places 'End'"):
        read_pnml("m.pnml", twins, final=("End",))


def test_final_markings_with_zeros_and_on_the_place_are_read() -> None:
    """ProM lists every place, others mark the place itself."""
    zeros = FINAL.replace("<marking>", '<marking><place idref="p"><text>0</text></place>')
    assert read(PLACES + STEP + ARCS, zeros).final == {1: 1}
    on_place = PLACES.replace("</name>", "</name><finalMarking><text>1</text></finalMarking>")
    assert read(on_place + STEP + ARCS).final == {1: 1}


def test_weights_take_and_put_several_tokens() -> None:
    """An inscription is a weight; arcs side by side add up."""
    weighted = ARCS.replace('target="q"/>', 'target="q"><inscription><text>2</text></inscription></arc>')
    assert read(PLACES + STEP + weighted, FINAL.replace(">1<", ">2<")).transitions[0].post == {1: 2}
    both = PLACES.replace(">1<", ">2<") + STEP + ARCS + ARCS.replace('"x"', '"x2"').replace('"y"', '"y2"')
    assert read(both, FINAL.replace(">1<", ">2<")).transitions[0].pre == {0: 2}


def test_pages_hang_together_by_references() -> None:
    """A reference place stands for the place on another page."""
    other = '<page id="h"><referencePlace id="r" ref="q"/><place id="z"/>' + STEP.replace('"t"', '"u"').replace(
        ">a<", ">b<"
    )
    other += '<arc id="v" source="r" target="u"/><arc id="w" source="u" target="z"/></page>'
    assert words(read(PLACES + STEP + ARCS + other)) == {"a b"}


def test_guards_are_refused_unless_they_may_be_ignored() -> None:
    """Data is not evaluated."""
    guarded = PLACES + STEP.replace('id="t"', 'id="t" guard="x &lt; 3"') + ARCS
    assert refusal(guarded, FINAL)[0].startswith("m.pnml:2: transition t: a guard on data, which is not evaluated")
    assert read_pnml("m.pnml", pnml(guarded, FINAL), ignore_guards=True).labels == {"a"}


REFUSED = {
    '<arc id="z" source="p" target="t"><arctype><text>inhibitor</text></arctype></arc>': "arc z: an arc of type 'inhib",
    '<arc id="z" source="p" target="t" type="reset"/>': "arc z: an arc of type 'reset'",
    '<arc id="z" source="p" target="q"/>': "arc z: leads from 'p' to 'q'",
    '<arc id="z" source="p" target="?"/>': "arc z: leads from 'p' to '?'",
    '<arc id="z" source="p" target="t"><inscription><text>n+1</text></inscription></arc>': "arc z: inscription 'n+1'",
    '<place id="z"><initialMarking><text>many</text></initialMarking></place>': "place z: initialMarking 'many'",
    '<place id="z"><initialMarking><text>201</text></initialMarking></place>': "place z: initialMarking '201'",
    '<place id="z"><capacity><text>1</text></capacity></place>': "place z: a capacity",
    '<referencePlace id="z" ref="nowhere"/>': "referencePlace z: refers to 'nowhere'",
    '<referencePlace id="z" ref="z"/>': "referencePlace z: refers to 'z'",
    '<arc id="x" source="p" target="t"/>': "arc x: its id is missing or used twice",
    '<place id="p"/>': "place p: its id is missing or used twice",
    "<transition/>": "transition: its id is missing or used twice",
}


@pytest.mark.parametrize("element", REFUSED)
def test_what_cannot_be_honoured_is_refused_by_element(element: str) -> None:
    """Each is named with its line, and not approximated."""
    found = refusal(PLACES + STEP + "\n" + element + ARCS, FINAL)
    assert any(problem.startswith(f"m.pnml:3: {REFUSED[element]}") for problem in found)


def test_markings_names_and_kinds_of_arc_as_pipe_writes_them() -> None:
    """With <value> for <text>, and one colour of tokens."""
    places = PLACES.replace("<text>1</text>", "<value>Default,1</value>").replace("text>", "value>")
    inside = '<inscription><value>Default,1</value></inscription><type value="normal"/></arc>'
    weighted = ARCS.replace('"t"/>', f'"t">{inside}')
    net = read(places + STEP.replace("text>", "value>") + weighted)
    assert net.initial == {0: 1}
    assert net.labels == {"a"}
    with pytest.raises(Refused, match="initialMarking 'Default,1,Red,0'"):
        read(PLACES.replace(">1<", ">Default,1,Red,0<") + STEP + ARCS)


def test_priorities_that_differ_are_refused() -> None:
    """They keep steps from happening; where all have the same one, they do not."""
    first = STEP.replace("</transition>", "<priority><value>1</value></priority></transition>")
    second = first.replace('"t"', '"u"')
    assert read(PLACES + first + second + ARCS).labels == {"a"}
    assert "another priority than the transitions before" in refusal(PLACES + first + second.replace(">1<", ">2<"))[0]


def test_a_step_that_woped_writes_as_several_transitions_is_one_activity() -> None:
    """It joins and splits around a place of its own; whoever enters shows it, whoever leaves is silent."""
    part = '<toolspecific tool="WoPeD" version="1.0"><operator id="t" type="107"/></toolspecific></transition>'
    steps = "".join(STEP.replace('"t"', f'"{id_}"').replace("</transition>", part) for id_ in ("t1", "t2"))
    center = '<place id="c"/><arc source="p" target="t1"/><arc source="t1" target="c"/><arc source="c" target="t2"/>'
    net = read(PLACES + steps + center + '<arc source="t2" target="q"/>')
    assert words(net) == {"a"}
    assert "step t is written as several transitions" in net.notes[0]


def test_a_label_that_looks_silent_is_an_activity_and_that_is_said() -> None:
    """No tool marks silence by a label alone, and a log may well hold an activity called tau."""
    net = read(PLACES + STEP.replace(">a<", ">tau<") + ARCS, FINAL)
    assert net.labels == {"tau"}
    assert "is named 'tau' and not marked as invisible: it is taken as an activity" in net.notes[0]


def test_the_net_that_is_meant_can_be_named() -> None:
    """By its id, where a file holds several."""
    one = pnml(PLACES + STEP + ARCS).decode()
    two = one.replace("</pnml>", one[one.index("<net") :].replace('id="n"', 'id="m"').replace(">a<", ">b<")).encode()
    assert read_model("m.pnml", two, process="m").labels == {"b"}
    assert read_model("m.pnml", two, process="n").labels == {"a"}
    with pytest.raises(Refused, match=r"pnml: 0 nets with the id 'o'; one of n, m"):
        read_model("m.pnml", two, process="o")


def test_a_high_level_net_is_refused() -> None:
    """Its tokens carry values."""
    net = b'<pnml><net id="n" type="http://www.pnml.org/version-2009/grammar/symmetricnet"><place id="p"/></net></pnml>'
    with pytest.raises(Refused, match="net n: a net of type symmetricnet; a place/transition net"):
        read_model("m.pnml", net)


def test_two_nets_and_two_final_markings_are_refused() -> None:
    """Which one is meant cannot be told."""
    two = FINAL.replace("</marking>", "</marking>\n<marking/>")
    assert refusal(PLACES + STEP + ARCS, two) == ["m.pnml:3: marking: a second final marking; one final marking"]
    with pytest.raises(Refused, match="pnml: 2 nets; one <net>"):
        read_model("m.pnml", b'<pnml><net id="a"/><net id="b"/></pnml>')


def test_a_file_of_another_kind_is_refused() -> None:
    """The suffix says which reader to take."""
    with pytest.raises(Refused, match=r"m\.txt:1: file: not a known kind of model; one of \.bpmn, \.pnml, \.csv"):
        read_model("m.txt", b"")
    assert words(read_model("M.PNML", pnml(PLACES + STEP + ARCS))) == {"a"}
