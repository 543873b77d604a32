"""What holds for every outage: once it is over, all is as if the source had never been silent."""

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stream.driver import MINUTE, Task, event
from tests.stream.test_properties import END, LATENESS, WATCHED, carried, standing

SILENT_AFTER = 20
CASES = ("A", "B")


class Outage(NamedTuple):
    """A history in order of time; what of it came at its time, and what after the outage, in which order.

    Minutes: when the source was last heard, when it was known to be silent, when it spoke again.
    """

    history: list[dict[str, Any]]
    before: list[dict[str, Any]]
    backlog: list[dict[str, Any]]
    after: list[dict[str, Any]]
    last: int
    since: int
    recovered: int


def happenings(least: int, most: int) -> st.SearchStrategy[list[tuple[int, str, str, dict[str, Any]]]]:
    """What happens from one minute to another."""
    one = st.tuples(
        st.integers(least, most),
        st.sampled_from(["Opened", "Answered", "Called", "Closed"]),
        st.sampled_from(CASES),
        carried,
    )
    return st.lists(one, max_size=10)


@st.composite
def outages(draw: st.DrawFn) -> Outage:
    """An outage of a source; its backlog comes in any order that keeps equal times of a case."""
    last = draw(st.integers(5, 30))
    since = last + SILENT_AFTER
    recovered = since + draw(st.integers(1, 60))
    found = [
        *sorted([*draw(happenings(0, last)), (last, "Noted", "C", {})], key=lambda one: one[0]),
        *sorted(draw(happenings(last + 1, recovered - 1)), key=lambda one: one[0]),
        *sorted([(recovered, "Noted", "D", {}), *draw(happenings(recovered, recovered + 40))], key=lambda one: one[0]),
    ]
    history = [event(at, step, case, id=f"e{n}", **more) for n, (at, step, case, more) in enumerate(found)]
    minutes = [one[0] for one in found]
    backlog = [n for n, minute in enumerate(minutes) if last < minute < recovered]
    shuffled = draw(st.permutations(backlog))
    ties: dict[tuple[str, int], list[int]] = {}
    for n in backlog:
        ties.setdefault((history[n]["case"], minutes[n]), []).append(n)
    arrived = [ties[history[n]["case"], minutes[n]].pop(0) for n in shuffled]
    return Outage(
        history,
        [value for value, minute in zip(history, minutes, strict=True) if minute <= last],
        [history[n] for n in arrived],
        [value for value, minute in zip(history, minutes, strict=True) if minute >= recovered],
        *(last, since, recovered),
    )


def spoken(outage: Outage) -> Task:
    """The task whose source was never silent."""
    task = Task(WATCHED)
    task.live(*outage.history)
    task.wait(END)
    return task


def silent(outage: Outage, restarts: list[bool], fresh_first: int, gap: int) -> Task:
    """The task whose source was; its backlog begins to come up to `fresh_first` events after it spoke again, each `gap`
    seconds after the one before. After each step it may be restarted."""
    task, cuts = Task(WATCHED), iter([*restarts, *[False] * 1_000])

    def cut() -> None:
        if next(cuts):
            task.restart()

    for value in outage.before:
        task.live(value)
        cut()
    for minute in range(outage.last + 3, outage.since, 7):
        task.wait(minute)
    task.wait(outage.since + 0.2)
    task.hear(outage.last, outage.since)
    cut()
    for minute in range(outage.since + 1, outage.recovered, 13):
        task.wait(minute)
        cut()
    first, *rest = outage.after
    task.live(first, now=outage.recovered)
    task.hear(outage.last, outage.since, outage.recovered)
    cut()
    now, soon = float(outage.recovered), [value for value in rest if value["at"] <= first["at"] + LATENESS * MINUTE]
    for value in [*soon[:fresh_first], *outage.backlog, *[value for value in rest if value not in soon[:fresh_first]]]:
        now = max(now, outage.recovered + (value["at"] - first["at"]) / MINUTE)
        if value["at"] < first["at"]:
            now = max(now, min(now + gap / 60, outage.recovered + LATENESS))
        task.live(value, now=now)
        cut()
    for minute in range(outage.recovered + 41, outage.recovered + 200, 31):
        task.wait(minute)
        cut()
    task.wait(END)
    return task


@settings(max_examples=60, deadline=None)
@given(outages(), st.lists(st.booleans(), max_size=40), st.integers(0, 3), st.integers(0, 120))
def test_after_an_outage_all_is_as_if_there_had_been_none(
    outage: Outage, restarts: list[bool], fresh_first: int, gap: int
) -> None:
    """Ids, final states and instants are the same, in whatever order the backlog came and wherever the run was cut."""
    assert standing(silent(outage, restarts, fresh_first, gap)) == standing(spoken(outage))


@settings(max_examples=60, deadline=None)
@given(outages(), st.integers(0, 3), st.integers(0, 120))
def test_a_silence_raises_no_service_level_that_its_backlog_answers(
    outage: Outage, fresh_first: int, gap: int
) -> None:
    """Whatever is raised once a source is known to be silent is raised, at some time, where it never was."""
    known_at = event(outage.since, "")["at"]
    told = [a for a in silent(outage, [], fresh_first, gap).alerts if a.noticed_at.timestamp() * 1_000 > known_at]
    true = {alert.id for alert in spoken(outage).alerts}
    assert {alert.id for alert in told if alert.kind == "sla" and alert.state == "raised"} <= true
