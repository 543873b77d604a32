"""Objectives over sliding windows: what is said of them, when, and that no order of arrival changes it."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.layout import UnreadableState
from stream.ledger.burn_rate import BURNS, budget_left, budget_of, burn_rate
from stream.ledger.ledger import Record
from tests.stream.ledger.driver import DAY, HOUR, Publisher, Watched, at, objective, only_goal

WIDTH = only_goal(objective()).asks.bucket_ms
T0 = at(0) // WIDTH * WIDTH
WINDOW = 12 * HOUR


def changes(watched: Watched) -> list[tuple[str, str | None, int]]:
    """(state, stage, milliseconds after T0) of every record."""
    return [(str(a.state), a.stage, round(a.happened_at.timestamp() * 1000) - T0) for a in watched.alerts]


def test_an_objective_that_is_missed_is_a_breach_at_the_end_of_its_bucket() -> None:
    """One late answer in nine in time is the whole budget of a tenth, and not more; a second one is more."""
    task, watched = Publisher(objective(min_count=10)), Watched(objective(min_count=10))
    watched.tell(task.window(T0, 18, 0), task.window(T0 + 2 * HOUR, 0, 2), task.clock(T0 + 4 * HOUR))
    assert [alert.stage for alert in watched.alerts if alert.stage == "breach"] == []
    watched.tell(task.window(T0 + 5 * HOUR, 0, 1), task.clock(T0 + 6 * HOUR))
    breach = watched.alerts[-1]
    assert (breach.stage, breach.state, breach.happened_at.timestamp() * 1000) == (
        "breach", "raised", T0 + 5 * HOUR + WIDTH,
    )  # fmt: skip
    assert (breach.explanation.good, breach.explanation.bad) == (18, 3)
    assert breach.summary == "all cases: answer over 12 h: 85.71 % of 21 in time, the objective is 90 %"
    assert (breach.kind, breach.case, breach.settled, breach.severity) == ("slo", None, True, "critical")


def test_it_is_resolved_when_what_was_late_leaves_the_window() -> None:
    """The window is half open: what lies in a bucket leaves it a whole window after the bucket's end."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.window(T0 + 5 * HOUR, 9, 0), task.clock(T0 + 11 * HOUR))
    assert changes(watched) == [("raised", "breach", WIDTH), ("resolved", "breach", 5 * HOUR + WIDTH)]
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WINDOW))
    assert [state for state, _, _ in changes(watched)] == ["raised"]
    watched.tell(task.clock(T0 + WINDOW + WIDTH))
    assert changes(watched)[1:] == [("resolved", "breach", WINDOW + WIDTH)]


def test_nothing_is_said_of_too_few() -> None:
    """Below the minimum count one late case is no trend."""
    task, watched = Publisher(objective(min_count=3)), Watched(objective(min_count=3))
    watched.tell(task.window(T0, 0, 2), task.clock(T0 + HOUR))
    assert watched.alerts == []
    watched.tell(task.window(T0 + HOUR, 0, 1), task.clock(T0 + 2 * HOUR))
    assert [state for state, _, _ in changes(watched)] == ["raised"]


def test_of_a_budget_that_is_overspent_nothing_is_said_to_be_left() -> None:
    """A third of what few are left is late, where a tenth may be: the budget is spent three times and more."""
    task, watched = Publisher(objective(min_count=4)), Watched(objective(min_count=4))
    watched.tell(task.window(T0, 1, 1), task.window(T0 + HOUR, 2, 1), task.clock(T0 + WINDOW + WIDTH))
    assert watched.alerts[-1].state == "resolved"
    assert watched.alerts[-1].summary == (
        "all cases: answer over 12 h: 66.67 % of 3 in time, too few to judge"
        " (objective 90 %, 233 % more than the error budget is spent)"
    )


def test_of_a_window_that_is_empty_again_nobody_says_that_it_was_met() -> None:
    """What was late has left it, and nothing came."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WINDOW + WIDTH))
    assert watched.alerts[-1].summary.startswith("all cases: answer over 12 h: none came due, too few to judge")


def test_a_budget_that_burns_too_fast_puts_the_objective_at_risk() -> None:
    """Over the last tenth of the window more than a tenth is late, though over all of it the share still holds."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 50, 0), task.window(T0 + 8 * HOUR, 3, 1), task.clock(T0 + 8 * HOUR + WIDTH))
    (alert,) = watched.alerts
    assert (alert.stage, alert.explanation.burns, alert.severity) == ("at_risk", "slow", "warning")
    assert alert.explanation.burn_rate == 2.5
    assert alert.explanation.budget_left is not None
    assert round(alert.explanation.budget_left, 6) == round(1 - (1 / 54) / 0.1, 6)
    watched.tell(task.window(T0 + 8 * HOUR + WIDTH, 2, 0), task.clock(T0 + 8 * HOUR + WIDTH + WINDOW // 120))
    assert changes(watched)[1:] == [("resolved", "at_risk", 8 * HOUR + WIDTH + WINDOW // 120)]


def test_where_too_little_happened_lately_a_budget_goes_on_burning() -> None:
    """A short window with fewer than the minimum says nothing: an alert must not come and go with each occurrence."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 50, 0), task.window(T0 + 8 * HOUR, 3, 1))
    watched.tell(task.clock(T0 + 8 * HOUR + WINDOW // 10))
    assert [state for state, _, _ in changes(watched)] == ["raised"]
    watched.tell(task.clock(T0 + 8 * HOUR + WIDTH + WINDOW // 10))
    assert changes(watched)[1:] == [("resolved", "at_risk", 8 * HOUR + WIDTH + WINDOW // 10)]


def test_the_burn_rates_are_those_of_the_workbook() -> None:
    """Of a month's budget 10 % go in 3 days at rate 1, 5 % in 6 hours at 6, 2 % in 1 hour at 14.4."""
    month = 30 * DAY
    spent = {b.name: (b.long * month, b.short * month, b.rate, b.rate * b.long) for b in BURNS}
    assert {name: tuple(map(float, figures)) for name, figures in spent.items()} == {
        "slow": (3 * DAY, 6 * HOUR, 1.0, 0.10),
        "fast": (6 * HOUR, 30 * 60_000, 6.0, 0.05),
        "very fast": (HOUR, 5 * 60_000, 14.4, 0.02),
    }


def test_a_burn_rate_is_the_share_of_errors_in_units_of_the_budget() -> None:
    """For 99.9 % the budget is one in a thousand: 1 % of errors burns ten times too fast."""
    budget = budget_of(0.999)
    assert budget == Fraction(1, 1000)
    assert burn_rate(99, 1, budget) == 10
    assert burn_rate(0, 0, budget) == 0
    assert budget_left(9_995, 5, budget) == Fraction(1, 2)
    assert budget_left(99, 1, budget) == -9


def test_a_rate_exactly_at_its_threshold_is_not_above_it() -> None:
    """A budget that burns exactly as fast as it may will just do."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 9, 1), task.clock(T0 + HOUR))
    assert watched.alerts == []


def test_nothing_is_said_before_every_task_has_spoken_and_passed() -> None:
    """The least clock counts; a task that has seen nothing holds nobody back."""
    defined = objective()
    one, two, three = (Publisher(defined, task) for task in range(3))
    watched = Watched(defined, (0, 1, 2))
    watched.tell(one.window(T0, 0, 3), one.clock(T0 + 9 * HOUR), two.clock(T0 + WIDTH - 1))
    watched.tell(three.clock(None))
    assert watched.alerts == []
    watched.tell(two.clock(T0 + WIDTH))
    assert changes(watched) == [("raised", "breach", WIDTH)]
    watched.tell(two.clock(T0), two.clock(T0 + 2 * WIDTH))
    assert len(watched.alerts) == 1


def test_segments_are_judged_apart() -> None:
    """What one supplier does is not held against the other; labels name the segment."""
    defined = objective(by=["supplier", "team"])
    task, watched = Publisher(defined), Watched(defined)
    watched.tell(
        task.window(T0, 0, 1, ("northwind", "")), task.window(T0, 1, 0, ("contoso", "a")), task.clock(T0 + WIDTH)
    )
    (alert,) = watched.alerts
    assert (alert.subject, alert.labels) == ("supplier northwind, team (none)", {"supplier": "northwind"})


def test_cases_without_a_value_are_not_called_all_cases() -> None:
    """Those of no supplier are a segment of their own, and the alert says so, as scorecards do."""
    defined = objective(by=["supplier"])
    task, watched = Publisher(defined), Watched(defined)
    watched.tell(task.window(T0, 0, 1, ("",)), task.window(T0, 9, 0, ("contoso",)), task.clock(T0 + WIDTH))
    (alert,) = watched.alerts
    assert alert.summary.startswith("supplier (none): answer over 12 h: 0 % of 1 in time")
    assert alert.labels == {}


def test_a_correction_before_it_has_settled_takes_an_alert_back() -> None:
    """What was late was answered in time after all; the alert is retracted, and its id goes on when it comes again."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WIDTH, T0, live=True))
    assert [(a.state, a.settled) for a in watched.alerts] == [("raised", False)]
    watched.tell(task.window(T0, 1, 0))
    assert [a.state for a in watched.alerts] == ["raised", "retracted"]
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + 2 * WIDTH, T0 + WIDTH, live=True))
    assert [(a.state, a.settled, a.revision) for a in watched.alerts][2:] == [("raised", True, 3)]
    assert len({alert.id for alert in watched.alerts}) == 1


def test_that_an_alert_has_settled_is_said() -> None:
    """Once no task can correct it any more, nothing but that changes."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WIDTH, T0, live=True))
    watched.tell(task.clock(T0 + 3 * WIDTH, T0 + 2 * WIDTH, live=True))
    assert [(a.state, a.settled, a.grade) for a in watched.alerts] == [
        ("raised", False, "exact"), ("updated", True, "exact"),
    ]  # fmt: skip


def test_a_correction_of_what_has_settled_counts_from_then_on_and_is_graded() -> None:
    """A case that was reopened broke its promise long ago: the window knows, and says that it was told late."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 1, 0), task.clock(T0 + HOUR))
    watched.tell(task.window(T0, 0, 1), task.window(T0 + 2 * HOUR, 1, 0), task.clock(T0 + 3 * HOUR))
    assert [(a.state, a.grade) for a in watched.alerts] == [("raised", "late")]
    assert changes(watched)[0] == ("raised", "breach", HOUR)


def test_memory_does_not_grow_with_what_is_counted() -> None:
    """A window holds its buckets, and what has left it is forgotten, in memory and journal."""
    defined = objective(window="1h", min_count=1_000_000_000)
    task, watched = Publisher(defined), Watched(defined)
    width = only_goal(defined).asks.bucket_ms
    assert HOUR // width <= 8_640
    for bucket in range(0, 3 * HOUR // width, 10):
        moment = T0 + bucket * width
        watched.tell(task.window(moment, bucket, 1), task.clock(moment))
    (followed,) = watched.ledger.followed.values()
    assert len(followed.series.measure.tally.buckets) <= HOUR // width // 10 + 2  # type: ignore[attr-defined]  # a window's
    assert len(watched.journal) <= HOUR // width // 10 + 5
    states = (b'["series"', b'["passed"')
    assert len(watched.ledger.revisions) == len([key for key in watched.journal if not key.startswith(states)])


def test_partials_that_are_nobodys_are_counted() -> None:
    """Bad ones never kill and never vanish."""
    task, watched = Publisher(objective()), Watched(objective())
    stranger = Publisher(objective(window="20h"))
    odd = [(b"no key", b"[1]"), (task.window(T0, 1, 0)[0], b"{}"), (task.window(T0, 1, 0)[0], None)]
    watched.tell(*odd, stranger.window(T0, 0, 9), task.clock(T0 + HOUR))
    assert watched.alerts == []
    assert watched.counts["partials", "unknown"] == 1
    assert sum(count for (name, *_), count in watched.counts.items() if name == "partials") == 4


Occurrence = tuple[int, int, bool, int]
"""Bucket, task, whether it was good, segment."""
later = st.lists(
    st.tuples(st.integers(0, 24), st.integers(0, 2), st.sampled_from((True, True, False)), st.integers(0, 1)),
    max_size=40,
)
occurrences = st.builds(lambda good, found: [(0, 0, True, 0)] * good + found, st.sampled_from((0, 50, 400)), later)
"""Many good ones at first leave a budget that later ones burn; without them every bad one spends it at once."""
COARSE = objective(objective="95%", window="1h", by=["supplier"], min_count=2)
STEP = HOUR // 12
"""Occurrences lie so far apart that a dozen of them make a window."""


def expected(found: list[Occurrence], clock: int) -> list[tuple[str, str, str | None, int]]:
    """Brute force: every bucket boundary up to the clock, judged over all occurrences one by one."""
    width, told = only_goal(COARSE).asks.bucket_ms, []
    for segment in (0, 1):
        mine = [(T0 + bucket * STEP, good) for bucket, _, good, s in found if s == segment]
        level, subject = 0, f"supplier {'ab'[segment]}"
        edges = {instant // width * width + width for instant, _ in mine}
        spans = [HOUR, *(n * width for b in BURNS for n in (-(-b.long * HOUR // width), -(-b.short * HOUR // width)))]
        stage = None
        for boundary in sorted({e + span for e in edges for span in (0, *map(int, spans))}):
            if boundary > clock:
                break
            now = judged(mine, boundary, width)
            if now != level:
                stage = {0: stage, 4: "breach"}.get(now, "at_risk")
                state = "resolved" if not now else "raised" if not level else "updated"
                told.append((subject, state, stage, boundary))
            level = now
    return sorted(told, key=lambda line: (line[0], line[3]))


def judged(mine: list[tuple[int, bool]], boundary: int, width: int) -> int:
    """The level at a boundary, by the definitions alone: share of errors over a window, in units of the budget."""

    def errors(span: Fraction) -> tuple[int, Fraction]:
        buckets = max(1, -(-span * HOUR // width))
        inside = [good for instant, good in mine if boundary - buckets * width <= instant < boundary]
        return len(inside), Fraction(inside.count(False), len(inside) or 1) / Fraction(1, 20)

    count, burnt = errors(Fraction(1))
    if count >= 2 and burnt > 1:
        return 4
    for level in (3, 2, 1):
        burn = BURNS[level - 1]
        count, burnt = errors(burn.long)
        lately, still = errors(burn.short)
        if count >= 2 and burnt > burn.rate and (lately < 2 or still > burn.rate):
            return level
    return 0


def published(found: list[Occurrence], step: int, tasks: list[Publisher]) -> dict[int, list[Record]]:
    """What each task publishes when its clock comes to a step: the buckets that have changed, then its clock."""
    records: dict[int, list[Record]] = {}
    for task in range(3):
        records[task] = []
        for segment in (0, 1):
            mine = [good for bucket, t, good, s in found if (bucket, t, s) == (step - 1, task, segment)]
            if mine:
                sums = mine.count(True), mine.count(False)
                records[task].append(tasks[task].window(T0 + (step - 1) * STEP, *sums, (("a", "b")[segment],)))
        records[task].append(tasks[task].clock(T0 + step * STEP))
    return records


@settings(max_examples=60, deadline=None)
@given(found=occurrences, turns=st.lists(st.integers(0, 2), max_size=60), cuts=st.sets(st.integers(0, 60)))
def test_any_order_of_tasks_and_any_cut_says_what_brute_force_finds(
    found: list[Occurrence], turns: list[int], cuts: set[int]
) -> None:
    """Tasks run ahead of each other as they like, partials come twice, the Ledger is restored anywhere."""
    tasks, watched = [Publisher(COARSE, task) for task in range(3)], Watched(COARSE, (0, 1, 2))
    waiting: dict[int, list[list[Record]]] = {task: [] for task in range(3)}
    last = 40
    for step in range(1, last + 1):
        for task, records in published(found, step, tasks).items():
            waiting[task].append(records)
    turns = turns + [task for _ in range(last) for task in (2, 0, 1)]
    for number, task in enumerate(turns):
        if waiting[task]:
            records = waiting[task].pop(0)
            watched.tell(*reversed(records[:-1]), *records[:1], records[-1], limit=1 + number % 3)
        if number in cuts:
            watched.restart()
    told = [(a.subject or "", str(a.state), a.stage, round(a.happened_at.timestamp() * 1000)) for a in watched.alerts]
    assert sorted(told, key=lambda line: (line[0], line[3])) == expected(found, T0 + last * STEP)
    revisions = [(a.subject, a.revision) for a in watched.alerts]
    assert len(set(revisions)) == len(revisions)


@settings(max_examples=60, deadline=None)
@given(found=occurrences, wrong=occurrences, order=st.randoms(use_true_random=False), cut=st.booleans())
def test_what_was_corrected_in_time_is_as_if_it_had_never_been_said(
    found: list[Occurrence], wrong: list[Occurrence], order: Random, cut: bool
) -> None:
    """Whatever was told first, the last values alone decide what stands when all has settled."""
    end = T0 + 30 * STEP
    tasks, watched = [Publisher(COARSE, task) for task in range(3)], Watched(COARSE, (0, 1, 2))
    for step in range(1, 27):
        records = [r for records in published(wrong, step, tasks).values() for r in records[:-1]]
        watched.tell(*records, *(task.clock(T0 + step * STEP, T0, live=True) for task in tasks))
    places = sorted({(b, t, s) for b, t, _, s in (*wrong, *found)})
    right = []
    for bucket, task, segment in places:
        goods = [good for b, t, good, s in found if (b, t, s) == (bucket, task, segment)]
        sums = goods.count(True), goods.count(False)
        right.append(tasks[task].window(T0 + bucket * STEP, *sums, (("a", "b")[segment],)))
    order.shuffle(right)
    watched.ledger.observe(right)
    if cut:
        watched.tell()
        watched.restart()
    watched.tell(*(task.clock(end) for task in tasks))
    stands = {a.subject: (str(a.state), a.settled) for a in watched.alerts}
    truth = {line[0]: line[1] for line in expected(found, end)}
    for subject in {a.subject for a in watched.alerts} | set(truth):
        closed = ("resolved", "retracted")
        assert subject is not None
        if truth.get(subject, "resolved") == "resolved":
            assert stands.get(subject, ("resolved", True))[0] in closed
        else:
            assert stands[subject] in (("raised", True), ("updated", True))


told = st.tuples(st.just("told"), st.integers(0, 30), st.integers(0, 1), st.integers(0, 3), st.integers(0, 2))
passed = st.tuples(st.just("passed"), st.integers(0, 4), st.integers(0, 1), st.integers(0, 6), st.integers(0, 1))


@settings(max_examples=80, deadline=None)
@given(acts=st.lists(st.one_of(told, passed), max_size=50), cuts=st.sets(st.integers(0, 50)))
def test_a_restore_anywhere_changes_no_byte(acts: list[tuple[str, int, int, int, int]], cuts: set[int]) -> None:
    """Corrections in and out of time, tasks apart, little said at a time: a Ledger that forgets says the same."""
    tasks = [Publisher(COARSE, task) for task in (0, 1)]
    steady, forgetful = Watched(COARSE, (0, 1)), Watched(COARSE, (0, 1), forgetful=True)
    clocks, settled = [T0, T0], [T0, T0]
    for number, (act, first, task, good, bad) in enumerate(acts):
        if act == "told":
            record = tasks[task].window(T0 + first * STEP, good, bad, ("ab"[bad == 2],))
        else:
            clocks[task] += first * STEP
            settled[task] = max(settled[task], clocks[task] - good * STEP)
            record = tasks[task].clock(clocks[task], settled[task], live=True)
        steady.tell(record, now=number, limit=1)
        forgetful.tell(record, now=number, limit=1)
        if number in cuts:
            forgetful.restart()
    assert forgetful.bodies == steady.bodies
    assert forgetful.journal == steady.journal


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(told, max_size=30), order=st.randoms(use_true_random=False))
def test_partials_in_any_order_and_again_say_the_same(
    acts: list[tuple[str, int, int, int, int]], order: Random
) -> None:
    """The highest revision of a key counts, wherever it comes."""
    task, bodies = Publisher(COARSE), []
    records = [task.window(T0 + at * STEP, good, bad, ("a",)) for _, at, _, good, bad in acts]
    clock = task.clock(T0 + 20 * STEP)
    for again in (False, True):
        watched = Watched(COARSE)
        shuffled = [*records, *(records if again else ())]
        if again:
            order.shuffle(shuffled)
        watched.tell(*shuffled, clock)
        bodies.append(watched.bodies)
    assert bodies[0] == bodies[1]


def test_too_many_segments_are_counted_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded in segments too; those that are followed are not affected."""
    monkeypatch.setattr("stream.ledger.ledger.MOST_SEGMENTS", 2)
    defined = objective(by=["supplier"])
    task, watched = Publisher(defined), Watched(defined)
    watched.tell(*(task.window(T0, 0, 1, (name,)) for name in "abc"), task.clock(T0 + WIDTH))
    assert [alert.labels["supplier"] for alert in watched.alerts] == ["a", "b"]
    assert watched.counts["partials", "unknown"] == 1


def test_a_journal_that_cannot_be_read_is_refused() -> None:
    """A state of another layout, or none at all, is never guessed at."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WIDTH))
    other = b'["passed","tickets"]', b"[99,[0,0,true]]"
    for key, value in ((b'["series","tickets"]', b"[1]"), (b"[", b"[1]"), other):
        fresh = Watched(objective())
        with pytest.raises(UnreadableState):
            fresh.ledger.restore([*watched.journal.items(), (key, value)])


def test_a_definition_that_changed_what_is_counted_starts_anew() -> None:
    """Another window has other buckets: what was journalled of the old one is passed over, and no alert repeats."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 0, 1), task.clock(T0 + WIDTH))
    wider = Watched(objective(window="24h"))
    wider.ledger.restore(watched.journal.items())
    assert wider.ledger.followed == {}
    assert wider.ledger.clock == T0 + WIDTH


def test_the_next_deadline_is_the_next_boundary_at_which_anything_changes() -> None:
    """What has entered leaves the shortest window first."""
    task, watched = Publisher(objective()), Watched(objective())
    watched.tell(task.window(T0, 1, 0), task.clock(T0))
    assert watched.ledger.next_deadline() == T0 + WIDTH
    watched.tell(task.clock(T0 + WIDTH))
    assert watched.ledger.next_deadline() == T0 + 2 * WIDTH
