"""What is said of many cases that are due in one instant is what each of them would have been told alone."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import shares
from stream.clock import Moment
from stream.echo import Echo
from stream.effects import Effects
from stream.inputs import Batch, Received
from stream.lives import WARM
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import SOURCE, at, event, process
from tests.stream.nets import sequence
from tests.stream.test_properties import OFFICE, SLAS, SPECIAL, WATCHED

ALIKE = 4
"""So many cases have each history."""

PROMISES = [*SLAS, *SPECIAL]
SHOWN: dict[str, Any] = {"case": {"segments": ["team"], "idle_limit": "2h"}}
ONE_EACH: list[Process] = [process(sla=[promise], calendars={"office": OFFICE}, **SHOWN) for promise in PROMISES]
COUNTED: Process = process(
    sla=[{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "10m", "at_risk": []}],
    slo=[{"id": "on-time", "of": "answer", "objective": "90%", "window": "1d"}],
    **SHOWN,
)


class Deaf(Echo):
    """Hears no case that is like another: each is looked at."""

    def situation(self, *_: object) -> None:
        """Never one."""
        return


class Twins:
    """Two tasks that are told the same, one without echoes."""

    def __init__(self, watched: Process) -> None:
        self.shard, self.deaf = Shard([watched]), Shard([watched])
        lookout = self.deaf.watches["tickets"].lookout
        lookout.echo = Deaf(lookout.announcer)
        self.offset = self.moulds = 0

    def told(self, values: list[dict[str, Any]], now: int) -> tuple[Effects, Effects]:
        """What both have to say of records, and of time that passes to `now` (ms)."""
        records = [Received(self.offset + nth, value["at"], value) for nth, value in enumerate(values)]
        following = self.offset + len(records)
        batch = Batch(SOURCE, self.offset, records, following, following, now)
        self.offset = following
        return self._told_by(self.shard, batch, now), self._told_by(self.deaf, batch, now)

    def _told_by(self, shard: Shard, batch: Batch, now: int) -> Effects:
        shard.observe(batch)
        while shard.advance(now, 7):
            self.moulds = max(self.moulds, len(shard.watches["tickets"].lookout.echo.moulds))
        self.moulds = max(self.moulds, len(shard.watches["tickets"].lookout.echo.moulds))
        return shard.drain()


ACTIVITIES = st.sampled_from(["Opened", "Answered", "Called", "Noted"])
MARKED = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(["high", "low"]),
        "team": st.sampled_from(["shop", "desk", 1, True]),
        "lifecycle": st.sampled_from(["start", "complete", "suspend", "resume"]),
        "promised": st.sampled_from([at(20), at(40)]),
    },
)
FIRST = st.sampled_from(["Opened", "Opened", "Called"])
SECOND = st.none() | st.tuples(st.sampled_from([0, 2, 4]), ACTIVITIES, MARKED)


@settings(max_examples=200)
@given(
    st.sampled_from([WATCHED, COUNTED, *ONE_EACH]),
    FIRST,
    st.lists(st.tuples(st.sampled_from([0, 0, 1]), MARKED, SECOND), min_size=1, max_size=4),
    st.lists(st.integers(5, 100), min_size=1, max_size=5),
)
def test_an_echo_says_to_the_byte_what_a_look_would_have_said(
    watched: Process,
    first: str,
    kinds: list[tuple[int, dict[str, Any], tuple[int, str, dict[str, Any]] | None]],
    waits: list[int],
) -> None:
    """Alerts, journal, partials and counts are equal after every step of time, of cases that are almost alike."""
    values = [
        value
        for number in range(ALIKE * len(kinds))
        for value in history(first, f'case "{number}"', *kinds[number % len(kinds)])
    ]
    values.sort(key=lambda value: value["at"])
    twins = Twins(watched)
    for minute in range(5):
        came = [value for value in values if value["at"] == at(minute)]
        heard, looked = twins.told(came, at(minute))
        assert heard == looked
    for minute in sorted([*waits, 101, 300]):
        heard, looked = twins.told([], at(minute))
        assert heard == looked


def history(
    first: str, case: str, minute: int, marked: dict[str, Any], second: tuple[int, str, dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """One step or two of a case."""
    begun = event(minute, first, case, **marked)
    return [begun] if second is None else [begun, event(max(second[0], minute), second[1], case, **second[2])]


@pytest.mark.parametrize("at_risk", [[], ["50%"]], ids=["unwarned", "warned"])
def test_many_that_are_due_at_once_are_told_from_one_mould(at_risk: list[str]) -> None:
    """Each alert has its own case, id, start and place; all else is equal."""
    watched = process(sla=[{**SLAS[0], "id": "answer", "target": "60m", "at_risk": at_risk}])
    twins = Twins(watched)
    opened = [event(0, "Opened", f"T-{number}") for number in range(50)]
    twins.told(opened, at(20))
    twins.told([], at(40))
    heard, looked = twins.told([], at(70))
    assert twins.moulds == 1
    assert heard == looked
    bodies = [orjson.loads(alert.body or b"") for alert in heard.alerts]
    assert len({body["id"] for body in bodies}) == 50
    assert {body["case"] for body in bodies} == {value["case"] for value in opened}
    assert sorted(body["evidence"]["offsets"] for body in bodies) == [[offset] for offset in range(50)]
    assert {body["summary"].removeprefix(body["case"]) for body in bodies} == {
        ": no Answered within 1 h of Opened (due Mon 2 Nov 2026 10:00 UTC)"
    }


def test_warnings_of_working_time_are_told_from_one_mould_whenever_their_clocks_started() -> None:
    """What came by night is warned of in one instant of the morning."""
    promise = {**SLAS[0], "id": "answer", "target": "2h", "at_risk": ["50%"], "calendar": "office"}
    twins = Twins(process(sla=[promise], calendars={"office": OFFICE}))
    evening = 13 * 60
    twins.told([event(evening + number, "Opened", f"T-{number}") for number in range(30)], at(evening + 31))
    moulds = []
    for minute in range(evening + 60, evening + 16 * 60, 10):
        heard, looked = twins.told([], at(minute))
        assert heard == looked
        moulds.append((len(heard.alerts), twins.moulds))
    assert (30, 1) in moulds


def test_a_single_deadline_makes_no_mould() -> None:
    """What is alone in being due then is looked at as ever."""
    twins = Twins(process(sla=[{**SLAS[0], "id": "answer", "target": "60m", "at_risk": []}]))
    twins.told([event(0, "Opened", "T-1"), event(1, "Opened", "T-2")], at(20))
    heard, _ = twins.told([], at(70))
    assert len(heard.alerts) == 2
    assert not twins.moulds


def test_moulds_last_no_longer_than_a_moment() -> None:
    """What is said a second later was noticed a second later."""
    twins = Twins(process(sla=[{**SLAS[0], "id": "answer", "target": "60m", "at_risk": []}]))
    twins.told([event(0, "Opened", f"T-{number}") for number in range(9)], at(20))
    twins.told([], at(70))
    echo = twins.shard.watches["tickets"].lookout.echo
    assert echo.moulds
    echo.situation(next(iter(twins.shard.watches["tickets"].cases.values())), at(60), Moment(at(71), at(70), True), 0)  # type: ignore[arg-type]  # none of them is packed
    assert not echo.moulds


def test_cases_of_one_mould_count_on_scorecards_as_what_each_of_them_was() -> None:
    """Cases of two teams that began on three days are promised for one instant: each is counted in its team."""
    due = {"id": "promise", "kind": "due", "due": "promised", "at_risk": []}
    twins = Twins(process(sla=[due], **{**SHOWN, "case": {"segments": ["team"], "idle_limit": "30d"}}))
    day, promised = 24 * 60, at(4 * 24 * 60)
    for number in range(48):
        begun = number // 16 * day + number % 16
        value = event(begun, "Opened", f"T-{number}", team=f"team {number % 2}", promised=promised)
        twins.told([value], at(begun))
    heard, looked = twins.told([], at(5 * day))
    assert heard == looked
    assert twins.moulds == 2
    assert len(heard.alerts) == 48
    counted_in = {orjson.loads(key)[3][0] for key, _ in heard.partials if b"card" in key and b"team" in key}
    assert counted_in == {"team 0", "team 1"}


def test_a_case_whose_beginning_came_late_is_counted_apart_from_those_met_in_the_middle() -> None:
    """All break one promise in one instant; half of them are known from their beginning by then."""
    promise = {"id": "close", "kind": "between", "from": "Answered", "to": "Closed", "target": "60m", "at_risk": []}
    net = sequence("Opened", "Answered", "Closed")
    twins = Twins(process(net, model={"file": "m.pnml"}, sla=[promise], case={"idle_limit": "30d"}))
    twins.offset = 500  # read from the middle
    twins.told([event(3, "Answered", f"T-{number}") for number in range(12)], at(3))
    heard, looked = twins.told([event(2, "Opened", f"T-{number}") for number in range(6)], at(4))
    assert heard == looked
    heard, looked = twins.told([], at(80))
    assert heard == looked
    assert twins.moulds == 2
    cases = [twins.shard.watches["tickets"].kept.opened(f"T-{number}") for number in range(12)]
    assert [case and case.card[0].flags & WARM for case in cases] == [0] * 6 + [WARM] * 6


def test_what_scorecards_leave_out_is_noted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """More values than there is room for, of cases that are counted anew as they break a promise."""
    monkeypatch.setattr(shares, "MOST_SHARES", 1)
    promise = {"id": "a", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m", "at_risk": []}
    parts: dict[str, Any] = {"sla": [promise], "case": {"segments": ["team"], "idle_limit": "30d"}}
    own = process(**parts, scorecard={"window": "7d", "by": [[]]})
    other = process(**parts, scorecard={"window": "7d", "by": [["team"]]})
    twins = Twins(own)
    twins.told([event(1, "Opened", f"T-{number}", team=f"team {number // 4}") for number in range(12)], at(1))
    for shard in (twins.shard, twins.deaf):
        shard.knowing({"tickets": {other.identity: other}})
        assert shard.watches["tickets"].activate(other.identity, at(1))
    heard, looked = twins.told([], at(80))
    assert heard == looked
    assert heard.counts["scorecards", "tickets", "left_out"] == 8
