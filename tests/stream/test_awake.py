"""Cases that are left alone are packed: nothing but memory tells them from others."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from stream.awake import Awake, Room
from stream.case import Case
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence

STEPS = ("Opened", "Answered", "Closed")
ASKED = process(
    sequence(*STEPS),
    sla=[
        {"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m"},
        {"id": "resolution", "kind": "case_duration", "target": "8h"},
    ],
    constraints=[{"id": "call-back", "declare": "Response[Called, Answered] | | |0,30,m"}],
    slo=[{"id": "on-time", "of": "answer", "objective": "90%", "window": "12h", "min_count": 1}],
    case={"ends": ["Closed"]},
)
STORY = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([*STEPS, "Called", "Noted"]), st.integers(-9, 3)), max_size=40
)


def told(story: list[tuple[int, str, int]], most: int) -> Task:
    """Events of a dozen cases, some out of order, by a task that keeps so many cases unpacked."""
    task = Task(ASKED)
    for watch in task.shard.watches.values():
        watch.kept.awake.share(Room(most))
    minute = 20
    for number, (case, activity, moved) in enumerate(story):
        minute += 4
        task.live(event(minute + moved, activity, f"T-{case}", id=str(number)), now=minute + 3)
    task.wait(minute + 1000)
    return task


def counted(task: Task) -> dict[bytes, bytes | None]:
    """The sums that a task has journalled."""
    return {key: value for key, value in task.journal.items() if key.startswith(b"partial/")}


@given(STORY)
def test_packed_cases_say_what_unpacked_ones_say(story: list[tuple[int, str, int]]) -> None:
    """To the byte: alerts, and what objectives and scorecards count."""
    packed, unpacked = told(story, most=1), told(story, most=1_000)
    assert packed.alerts == unpacked.alerts
    assert counted(packed) == counted(unpacked)
    assert packed.shard.snapshot(0).cases == unpacked.shard.snapshot(0).cases


def test_no_more_cases_are_unpacked_than_may_be() -> None:
    """The one that was looked at last is."""
    task = told([(case, "Opened", 0) for case in range(12)], most=3)
    (watch,) = task.shard.watches.values()
    task.live(event(5000, "Noted", "T-7"), now=5001)
    packed = {case_id for case_id, case in watch.cases.items() if isinstance(case, bytes)}
    assert len(packed) == 9
    assert "T-7" not in packed


def silent(most: int) -> Task:
    """Six cases that are late by the time when their source turns out to have been silent, and speaks again."""
    task = told([], most)
    for number in range(6):
        task.live(event(2000 + number, "Opened", f"S-{number}"))
    task.wait(2100)
    task.hear(2005, 2070)
    task.wait(2101)
    task.hear(2005, 2070, recovered=2110)
    task.live(event(2110, "Answered", "S-3"), now=2110)
    task.wait(2600)
    return task


def test_a_silence_reaches_packed_cases() -> None:
    """What was said of them is muted and told again as it is of unpacked ones."""
    packed, unpacked = silent(most=1), silent(most=1_000)
    assert any(alert.muted for alert in packed.alerts)
    assert packed.alerts == unpacked.alerts


def test_a_case_that_an_outdated_deadline_unpacked_is_packed_again() -> None:
    """A call brought the next look forward; the one that it replaced is passed over when its time comes."""
    task = told([], most=2)
    for number in range(6):
        for activity in ("Opened", "Called", "Answered"):
            task.live(event(2000 + number, activity, f"S-{number}"))
    for minute in range(2030, 2080, 5):
        task.wait(minute)
    (watch,) = task.shard.watches.values()
    assert sum(isinstance(case, Case) for case in watch.cases.values()) <= 2


def sharer(room: Room, ids: range) -> Awake:
    """One that keeps these cases unpacked."""
    awake = Awake()
    awake.share(room)
    for number in ids:
        awake.use(f"T-{number}")
    return awake


def test_what_one_task_does_not_need_another_may_use() -> None:
    """Only when there is no room for all has the one that takes more than its share to pack."""
    room = Room(10)
    small, large = sharer(room, range(2)), sharer(room, range(8))
    assert list(large.surplus()) == []
    large.use("T-8")
    large.use("T-9")
    small.use("T-1")
    assert list(small.surplus()) == []
    assert list(large.surplus()) == ["T-0", "T-1"]
    assert len(small.order) + len(large.order) == 10


def test_a_task_that_is_given_up_leaves_its_room_to_the_others() -> None:
    """Its shard is freed at once, without a search for cycles."""
    room = Room(4)
    kept, given_up = Task(ASKED), Task(ASKED)
    for task in (kept, given_up):
        task.shard.sharing(room)
        task.live(*(event(0, "Opened", f"T-{case}") for case in range(4)))
    kept.wait(1)
    (watch,) = kept.shard.watches.values()
    assert len(watch.kept.awake.order) == 2
    gc.disable()
    try:
        given_up.shard = kept.shard
        assert list(room.sharers) == [watch.kept.awake]
    finally:
        gc.enable()
    kept.live(*(event(1, "Called", f"T-{case}") for case in range(4)))
    assert len(watch.kept.awake.order) == 4


def asleep(task: Task) -> set[str]:
    """The cases that are packed."""
    (watch,) = task.shard.watches.values()
    return {case_id for case_id, case in watch.cases.items() if isinstance(case, bytes)}


def test_what_was_woken_for_a_moment_is_packed_before_any_other() -> None:
    """The others in the order in which they were last looked at."""
    awake = Awake()
    awake.share(Room(1))
    for case_id in ("old", "middle", "new", "woken"):
        awake.use(case_id)
    awake.use("middle")

    awake.doze("woken")

    assert list(awake.surplus()) == ["woken", "old", "new"]
    assert list(awake.order) == ["middle"]


def test_of_those_woken_for_a_moment_the_last_goes_first() -> None:
    """One that something happens in meanwhile is as any other."""
    awake = Awake()
    awake.share(Room(0))
    for case_id in ("busy", "first", "second", "touched"):
        awake.use(case_id)
    for case_id in ("first", "touched", "second"):
        awake.doze(case_id)

    awake.use("touched")

    assert list(awake.surplus()) == ["second", "first", "busy", "touched"]


def test_deadlines_of_packed_cases_do_not_push_out_those_in_which_something_happens() -> None:
    """Nine old cases come due: each is looked at, says what it has to say, and is packed again; the three that were
    looked at last stay unpacked."""
    task = Task(ASKED)
    (watch,) = task.shard.watches.values()
    watch.kept.awake.share(Room(3))
    for n in range(9):
        task.live(event(n, "Opened", f"T-{n}"))
    for n in range(3):
        task.live(event(30 + n, "Opened", f"N-{n}"))
    old, busy = {f"T-{n}" for n in range(9)}, {f"N-{n}" for n in range(3)}
    assert asleep(task) == old

    task.wait(69)

    assert {alert.case for alert in task.alerts if alert.stage == "breach"} == old
    assert asleep(task) == old
    assert set(watch.cases) - asleep(task) == busy


def test_an_event_that_would_begin_one_case_too_many_is_set_aside() -> None:
    """Those that are there go on, and what is over makes room; all events of the one that had none are set aside."""
    task = Task(process(case={"ends": ["Closed"], "reopen": "5m", "retention": "1h"}))
    task.shard.sharing(Room(cases=2))

    for case in ("A", "B", "C"):
        task.live(event(0, "Opened", case))
    task.live(event(1, "Called", "C"), event(1, "Closed", "A"))
    refused = [(letter.offset, letter.reason) for letter in task.dead_letters]
    task.wait(600)
    task.live(event(600, "Opened", "D"))

    (watch,) = task.shard.watches.values()
    assert refused == [(2, "too_many_cases"), (3, "too_many_cases")]
    assert [letter.reason for letter in task.dead_letters] == ["too_many_cases"] * 2
    assert set(watch.cases) == {"B", "D"}
