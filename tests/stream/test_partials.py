"""What a task publishes of windows that span tasks, against a count by hand; and the way from events to an alert."""

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.partial import PartialKey, PartialKind
from stream.history import Entry, play
from stream.inputs import Input, Received
from stream.ledger.ledger import Ledger
from stream.shard import Shard
from tests.stream.driver import START, Task, at, definition, event, process

HOUR = 3_600_000
ANSWER = {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "100m"}
ON_TIME = {"id": "on-time", "of": "answer", "objective": "90%", "window": "60d", "by": ["supplier"], "min_count": 1}
REOPENS = {"id": "reopens", "kind": "rate", "of": "Reopened", "window": "1h", "at_most": 1, "by": ["supplier"]}
CASE = {"ends": ["Closed"], "segments": ["supplier"]}
PARTS: dict[str, Any] = {"sla": [ANSWER, REOPENS], "slo": [ON_TIME], "case": CASE}
WIDTH = definition(**PARTS).slo[0].bucket_ms


def sums(task: Task) -> dict[tuple[str, int], tuple[int, int]]:
    """(supplier, bucket) to what the last partials say of it, good and bad."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    revisions: dict[bytes, int] = {}
    for key, value in task.partials:
        name = PartialKey.decoded(key)
        assert value is not None
        revision, *told = orjson.loads(value)
        if name.kind is PartialKind.WINDOW:
            assert revision > revisions.get(key, -1)
            revisions[key] = revision
            found[name.segment[0], name.bucket] = told[0], told[1]
    return {name: told for name, told in found.items() if told != (0, 0)}


def buckets(*occurrences: tuple[str, float, bool], width: int = WIDTH) -> dict[tuple[str, int], tuple[int, int]]:
    """The same of (supplier, minute, whether it was good), in buckets of `width` ms."""
    good = Counter((supplier, at(minute) // width) for supplier, minute, fine in occurrences if fine)
    bad = Counter((supplier, at(minute) // width) for supplier, minute, fine in occurrences if not fine)
    return {name: (good[name], bad[name]) for name in good | bad}


def test_an_occurrence_counts_once_at_the_earlier_of_answer_and_due() -> None:
    """In time at its answer, late at its due instant, though the answer comes later."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", supplier="a"), event(50, "Answered"))
    task.live(event(60, "Opened", "T-2", supplier="a"))
    task.wait(161)
    assert sums(task) == buckets(("a", 50, True), ("a", 160, False))
    task.live(event(300, "Answered", "T-2"))
    task.wait(400)
    assert sums(task) == buckets(("a", 50, True), ("a", 160, False))


def test_the_segment_is_that_of_the_start() -> None:
    """Who had the case when the clock started answers for it."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", supplier="a"), event(50, "Passed on", supplier="b"), event(60, "Answered"))
    assert sums(task) == buckets(("a", 60, True))


def test_a_promise_that_was_past_when_it_became_known_counts_from_then_on() -> None:
    """Nobody could have counted it before: what was said of the windows until then stands."""
    due = {"id": "answer", "kind": "due", "due": "promised", "until": "Answered"}
    task = Task(process(**PARTS | {"sla": [due, REOPENS]}))
    task.live(event(0, "Opened"), event(60, "Noted", promised=at(20)), event(90, "Answered"))
    assert sums(task) == buckets(("", 60, False))


def test_a_target_that_is_past_when_it_begins_to_apply_counts_from_then_on() -> None:
    """A case that becomes urgent when an urgent one would be late already."""
    urgent = ANSWER | {"targets": [{"where": "priority == 'high'", "target": "10m"}]}
    task = Task(process(**PARTS | {"sla": [urgent, REOPENS]}))
    task.live(event(0, "Opened"), event(60, "Noted", priority="high"), event(90, "Answered"))
    assert sums(task) == buckets(("", 60, False))


def test_the_segment_of_a_rate_is_that_of_its_event_however_events_arrive() -> None:
    """An event that comes late, but in time, puts those behind it under the segment that it has told."""
    values = event(0, "Opened", supplier="a"), event(3, "Noted", supplier="b"), event(4, "Reopened")
    segments = []
    for order in ((0, 1, 2), (0, 2, 1), (2, 1, 0)):
        task = Task(process(**PARTS))
        task.live(*(values[number] for number in order), now=5)
        last = {PartialKey.decoded(key): orjson.loads(value or b"") for key, value in task.partials}
        rates = {key.segment[0]: told[1:] for key, told in last.items() if key.kind is PartialKind.INSTANTS}
        segments.append({name: told for name, told in rates.items() if told != [0, []]})
    assert segments == [{"b": [0, [at(4)]]}] * 3


def test_what_ends_with_its_case_before_it_is_due_does_not_count() -> None:
    """It was not answered, and not late either; reopened, the clock goes on."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", supplier="a"), event(50, "Closed"))
    task.wait(200)
    assert sums(task) == {}
    task.live(event(210, "Noted"))
    assert sums(task) == buckets(("a", 100, False))


def test_what_is_called_off_does_not_count() -> None:
    """A cancelled clock is neither good nor bad."""
    cancelled = ANSWER | {"cancel": "Withdrawn"}
    task = Task(process(**PARTS | {"sla": [cancelled, REOPENS]}))
    task.live(event(0, "Opened", supplier="a"), event(50, "Withdrawn"))
    task.wait(200)
    assert sums(task) == {}


def test_what_was_due_before_it_was_read_is_counted_though_its_case_is_closed_by_then() -> None:
    """A clock that had gone ahead has closed the case as idle and settled it: what no event stopped still counts."""
    waiting = {"id": "answer", "kind": "waiting", "from": "Opened", "target": "4m"}
    task = Task(process(**PARTS | {"sla": [waiting, REOPENS], "case": CASE | {"idle_limit": "25m"}}))
    for value in (event(0, "Opened", id="1"), event(0, "Opened", id="2")):
        task.feed([Received(task.offset, value["at"], value)], at(36))
        task.wait(36)
    assert sums(task) == buckets(("", 0, True), ("", 4, False))


def test_the_end_of_a_case_meets_what_waits_for_it() -> None:
    """A case duration is good where the case ends in time."""
    whole = {"id": "answer", "kind": "case_duration", "target": "100m"}
    task = Task(process(**PARTS | {"sla": [whole, REOPENS]}))
    task.live(event(0, "Opened", supplier="a"), event(50, "Closed"), event(60, "Opened", "T-2"))
    task.wait(200)
    assert sums(task) == buckets(("a", 50, True), ("", 160, False))


def test_a_process_without_goals_publishes_nothing() -> None:
    """No partials, no clock, where there are no scorecards either."""
    task = Task(process(sla=[ANSWER], scorecard="off"))
    task.live(event(0, "Opened"), event(50, "Answered"))
    task.wait(500)
    assert task.partials == []


def test_a_source_is_heard_where_its_silence_matters() -> None:
    """The newest record's own time, once each."""
    task = Task(process(sla=[ANSWER], events={"silence": "1h"}))
    task.live(event(0, "Opened"), event(50, "Answered"))
    heard = [orjson.loads(v or b"") for k, v in task.partials if PartialKey.decoded(k).kind is PartialKind.FEED]
    assert heard == [[at(0), at(0)], [at(50), at(50)]]


def test_what_has_left_its_window_is_forgotten() -> None:
    """Its record leaves the topic and the journal."""
    task = Task(process(**PARTS | {"slo": [ON_TIME | {"window": "1h"}], "scorecard": "off"}))
    task.live(event(0, "Opened", supplier="a"), event(1, "Answered"))
    task.wait(200)
    gone = [key for key, value in task.partials if value is None]
    assert [PartialKey.decoded(key).kind for key in gone] == [PartialKind.WINDOW]
    assert not [key for key in task.journal if key.startswith(b"partial/")]


@pytest.mark.parametrize("ended", ["not", "amid the deadlines", "before any case was looked at"])
def test_what_was_due_within_a_leap_is_counted_before_time_is_told_however_few_deadlines_fire_at_once(
    ended: str,
) -> None:
    """A task that catches up by more than a window between two commits, few cases a commit, whenever it is ended."""
    parts = PARTS | {"sla": [ANSWER], "slo": [ON_TIME | {"window": "1h"}], "scorecard": "off"}
    width = definition(**parts).slo[0].bucket_ms
    task, wall = Task(process(**parts)), 2 * START
    begun = [event(number, "Opened", f"T-{number}", supplier="a") for number in range(9)]
    read = [Received(n, wall, v, replay="run") for n, v in enumerate([*begun, event(9_000, "Noted", "T-9")])]
    task.feed(read[:9], wall)
    if ended == "before any case was looked at":
        task.feed(read[9:], wall)
        task.restart()
    else:
        task.tick(wall)
        task.feed(read[9:], wall)
    while task.shard.advance(wall, 2):
        task.drain()
        if ended == "amid the deadlines":
            task.restart()
    task.drain()

    passed, counted = 0, set()
    for key, value in task.partials:
        if value is None:
            continue
        name, told = PartialKey.decoded(key), orjson.loads(value)
        if name.kind is PartialKind.WINDOW:
            assert (name.bucket + 1) * width > passed
            counted.add((name.bucket, *told[1:]))
        elif name.kind is PartialKind.CLOCK:
            passed = told[1]
    assert counted == {(at(number + 100) // width, 0, 1) for number in range(9)}
    assert passed == at(8_990)


def clocks(task: Task, since: int = 0) -> list[list[Any]]:
    """The clocks that were told: revision, clock, settled to, live, idle at."""
    told = [(PartialKey.decoded(key), value) for key, value in task.partials[since:]]
    return [orjson.loads(value or b"") for name, value in told if name.kind is PartialKind.CLOCK]


@pytest.mark.parametrize("limit", [2, 1_000])
def test_what_was_in_doubt_is_counted_before_time_is_told_however_few_cases_are_reviewed_at_once(limit: int) -> None:
    """A source was silent, speaks again, and then the worker is away for longer than the window."""
    parts = PARTS | {"sla": [ANSWER], "slo": [ON_TIME | {"window": "1h"}], "scorecard": "off"}
    task = Task(process(**parts, events={"silence": "30m"}))
    for number in range(9):
        task.live(event(number, "Opened", f"T-{number}", supplier="a"))
    task.hear(8, 38)
    for minute in range(45, 600, 5):
        task.wait(minute)
    task.feed([Received(task.offset, at(600), event(600, "Noted", "T-99"))], at(600))
    task.hear(8, 38, 600)
    task.feed([Received(task.offset, at(1_999), event(1_999, "Noted", "T-99"))], at(2_000))
    while task.shard.advance(at(2_000), limit):
        task.drain()
    task.drain()

    task.partials = [(key, value) for key, value in task.partials if value is not None]
    width = definition(**parts).slo[0].bucket_ms
    assert sums(task) == buckets(*[("a", number + 100, False) for number in range(9)], width=width)


def test_after_a_restore_time_is_told_as_it_was_until_all_is_looked_at() -> None:
    """Cases that were committed before anybody looked at them hold it: what it was is told, and that nobody idles."""
    task, wall = Task(process(**PARTS)), 2 * START
    task.history(event(0, "Opened", "T-9", supplier="a"))
    task.tick(wall + 11_000)
    begun = [event(1 + number, "Opened", f"T-{number}", supplier="a") for number in range(6)]
    values = [*begun, event(3_000, "Noted", "T-8")]
    read = [Received(task.offset + n, wall + 12_000, value, replay="run") for n, value in enumerate(values)]
    task.feed(read, wall + 12_000)
    task.restart()
    said = len(task.partials)
    while task.shard.advance(wall + 13_000, 2):
        task.drain()
    task.drain()

    idle, working = [told for told in clocks(task) if told not in clocks(task, said)][-2:]
    assert (idle[4], working[4]) == (wall + 11_000, None)
    assert {(told[1], told[4]) for told in clocks(task, said)} == {(idle[1], None), (at(2_990), None)}
    revisions = [told[0] for told in clocks(task)]
    assert revisions == sorted(set(revisions))


def test_before_time_was_ever_told_none_is_told_until_all_is_looked_at() -> None:
    """The first look after a restore finds more cases than it may look at."""
    task = Task(process(**PARTS))
    values = [event(number, "Opened", f"T-{number}", supplier="a") for number in range(6)]
    task.feed([Received(number, at(6), value) for number, value in enumerate(values)], at(6))
    task.restart()
    task.feed([], at(7))
    assert task.shard.advance(at(7), 2)
    task.drain()
    assert clocks(task) == []
    task.tick(at(7))
    assert [told[1] for told in clocks(task)] == [at(7) - 10_000]


@pytest.mark.parametrize("cases", [1, 1_500])
def test_the_end_of_a_history_is_told_however_much_was_due_just_before(cases: int) -> None:
    """A rate that is too low in its last second is told of by a backtest of any size."""
    few = {"id": "few", "kind": "rate", "of": "Reopened", "window": "1h", "at_least": 1}
    plain = {"id": "plain", "kind": "between", "from": "Opened", "to": "Answered", "target": "100m", "at_risk": []}
    parts: dict[str, Any] = {"sla": [plain, few], "scorecard": "off"}
    begun = [event(-39, "Opened", f"T-{number}") for number in range(cases)]
    reopened = [event(minute, "Reopened", "T-0") for minute in (0, 1.0005)]
    shard = Shard([process(**parts)], journalled=False)
    ledger = Ledger([definition(**parts)], {"tickets": (0,)})
    raised: list[str] = []
    for effects in play(shard, Input("crm.tickets", 0), entries([*begun, *reopened]), until=at(61.001)):
        ledger.observe(effects.partials)
        ledger.advance(ledger.clock or 0)
        raised += [orjson.loads(record.body or b"")["rule"] for record in ledger.drain().alerts]
    assert raised == ["few"]


Made = list[tuple[int, int, str, str | None]]
made = st.lists(
    st.tuples(
        st.integers(0, 800),
        st.integers(1, 3),
        st.sampled_from(["Opened", "Answered", "Noted", "Closed"]),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=25,
    unique_by=lambda one: one[0],
)


def by_hand(found: Made, until: int) -> list[tuple[str, float, bool]]:
    """Every occurrence of each case: no fold, no state, one case at a time."""
    told: list[tuple[str, float, bool]] = []
    for case in {case for _, case, _, _ in found}:
        mine = sorted(one for one in found if one[1] == case)
        supplier, start, segment = "", None, ""
        for minute, _, activity, changed in mine:
            supplier = changed or supplier
            if activity == "Opened" and start is None:
                start, segment = minute, supplier
            elif activity == "Answered" and start is not None:
                told.append((segment, min(minute, start + 100), minute <= start + 100))
                start = None
        ended = mine[-1][0] if mine and mine[-1][2] == "Closed" else until + 1
        if start is not None and start + 100 < ended:
            told.append((segment, start + 100, False))
    return told


@settings(max_examples=80, deadline=None)
@given(found=made, jitters=st.lists(st.integers(0, 9), min_size=25, max_size=25), cuts=st.sets(st.integers(0, 25)))
def test_every_occurrence_is_counted_once_however_events_arrive(
    found: Made, jitters: list[int], cuts: set[int]
) -> None:
    """Out of order within lateness, restored anywhere, live: the last partials are what a count by hand gives."""
    arriving = sorted(zip(found, jitters, strict=False), key=lambda pair: pair[0][0] + pair[1])
    task, now = Task(process(**PARTS)), 0
    for number, ((minute, case, activity, supplier), jitter) in enumerate(arriving):
        now = max(now, minute + jitter)
        fields = {} if supplier is None else {"supplier": supplier}
        task.feed([Received(task.offset, at(now), event(minute, activity, f"T-{case}", **fields))], at(now))
        task.tick(at(now))
        if number in cuts:
            task.restart()
    for minute in (1_000, 1_001, 1_500):
        task.wait(minute)
        task.restart()
    assert sums(task) == buckets(*by_hand(found, 1_500))


many = st.lists(
    st.tuples(
        st.integers(0, 800),
        st.integers(1, 9),
        st.sampled_from(["Opened", "Opened", "Answered", "Noted"]),
        st.sampled_from([None, "a", "b"]),
    ),
    min_size=10,
    max_size=30,
    unique_by=lambda one: one[0],
)


@settings(max_examples=80, deadline=None)
@given(found=many, leaps=st.sets(st.integers(0, 30)), limit=st.integers(1, 3), cuts=st.sets(st.integers(0, 40)))
def test_every_occurrence_is_counted_however_time_leaps(
    found: Made, leaps: set[int], limit: int, cuts: set[int]
) -> None:
    """Read with looks now and then, a few cases a look, each look committed, restored anywhere; windows are short."""
    parts = PARTS | {"slo": [ON_TIME | {"window": "1h"}]}
    task, wall, looks = Task(process(**parts)), 2 * START, 0
    read = [*sorted(found), (9_000, 4, "Noted", None)]
    for number, (minute, case, activity, supplier) in enumerate(read):
        fields = {} if supplier is None else {"supplier": supplier}
        value = event(minute, activity, f"T-{case}", **fields)
        task.feed([Received(task.offset, wall, value, replay="run")], wall)
        if number in cuts:
            task.restart()
        more = number in leaps or number == len(read) - 1
        while more:
            more = task.shard.advance(wall, limit)
            task.drain()
            looks += 1
            if looks in cuts:
                task.restart()
    task.partials = [(key, value) for key, value in task.partials if value is not None]
    assert sums(task) == buckets(*by_hand(found, 8_990), width=definition(**parts).slo[0].bucket_ms)


def entries(values: list[dict[str, Any]]) -> list[Entry]:
    """A log of these records."""
    return [Entry(value["at"], value) for value in values]


def test_tasks_apart_say_what_one_task_says() -> None:
    """Cases spread over three partitions give the alerts that a backtest over all of them gives, byte for byte."""
    values: list[dict[str, Any]] = []
    for number in range(120):
        case, minute = f"T-{number}", 30 * number
        values.append(event(minute, "Opened", case, supplier="ab"[number % 2]))
        values.append(event(minute + (200 if 40 < number < 60 else 50 + number % 7), "Answered", case))
        if number % 9 == 0:
            values.append(event(minute + 70, "Reopened", case))
            values.append(event(minute + 75, "Reopened", case))
    values.sort(key=lambda value: value["at"])
    parts = PARTS | {"slo": [ON_TIME | {"window": "2d", "min_count": 5}]}
    watched = process(**parts)
    until = START + 100 * HOUR

    def alerts(tasks: int) -> list[Any]:
        ledger = Ledger([watched.definition], {watched.name: range(tasks)})
        for task in range(tasks):
            mine = [value for value in values if int(value["case"][2:]) % tasks == task]
            shard = Shard([watched], task=task)
            for effects in play(shard, Input("crm.tickets", task), entries(mine), until):
                ledger.observe(effects.partials)
        while ledger.advance(until):
            pass
        return sorted(record.body or b"" for record in ledger.drain().alerts)

    together = alerts(1)
    assert alerts(3) == together
    said = Counter((alert["rule"], alert["stage"], alert["state"]) for alert in map(orjson.loads, together))
    assert said["on-time", "breach", "raised"] >= 1
    assert said["reopens", "breach", "raised"] == said["reopens", "breach", "resolved"] == 14


def test_a_clock_is_not_told_after_a_restore_before_time_has_passed() -> None:
    """What is told goes on from there: a record of a lower revision would be passed over by whoever has the last."""
    task = Task(process(**PARTS))
    task.live(event(0, "Opened", supplier="a"), event(50, "Answered"))
    task.restart()
    said = len(task.partials)
    task.feed([Received(task.offset, at(55), event(55, "Reopened"))], at(55))
    task.drain()
    task.tick(at(56))
    clocks = [orjson.loads(value or b"") for key, value in task.partials if PartialKey.decoded(key).kind == "clock"]
    told_at_once = [PartialKey.decoded(key).kind for key, _ in task.partials[said:]]
    revisions = [revision for revision, *_ in clocks]
    assert told_at_once == [PartialKind.INSTANTS, PartialKind.CLOCK]
    assert revisions == sorted(revisions)
    assert clocks[-1][1] == at(56) - 10_000


def test_partials_of_a_commit_that_was_taken_back_are_outdone_by_those_of_its_repetition() -> None:
    """Of a lost commit readers may have its partials, though its state was given up; the next owner reads further."""
    counted = process(sla=[ANSWER], slo=[ON_TIME], case=CASE)
    lost, owner = Task(counted), Task(counted)
    begun = [event(0, "Opened", f"T-{number}", supplier="a") for number in range(4)]
    answered = [event(1, "Answered", f"T-{number}") for number in range(4)]
    for task in (lost, owner):
        task.live(*begun)
    before = len(lost.partials)
    lost.live(*answered[:2], now=2)
    owner.live(*answered, now=3)

    told = owner.partials[:before] + lost.partials[before:] + owner.partials[before:]
    read = Task(counted)
    read.partials = told

    assert sums(read) == sums(owner)
    assert [good for good, _ in sums(read).values()] == [4]
