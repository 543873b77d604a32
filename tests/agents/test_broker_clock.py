"""A machine's clock that is wrong is put right by the broker's, and nothing is concluded before that is known."""

from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata
from structlog.testing import capture_logs

from agents.broker_clock import BrokerClock

NOW = 1_795_348_800_000
HOUR_MS = 3_600_000
STATE = TopicPartition("casewatch.state.a", 0)


class Bench:
    """A broker clock over a machine's clock that is off by so much; `at` is the true time."""

    def __init__(self, off_ms: int = 0) -> None:
        self.at, self.off_ms = NOW, off_ms
        self.clock = BrokerClock(lambda: self.at + self.off_ms, lambda: (self.at - NOW) / 1000)

    def commit(self, before_ms: int = 5, after_ms: int = 5, kind: int = 1) -> None:
        """Send, have appended and hear of it, with so much time before the append and after it."""
        sent_at = self.clock.wall()
        appended_at = self.at + before_ms
        self.at = appended_at + after_ms
        self.clock.measured(sent_at, RecordMetadata(*STATE, STATE, 7, appended_at, kind, 0))


def test_nothing_is_known_before_the_first_measurement() -> None:
    """Unless the machine's clock is to be believed."""
    bench = Bench()

    before = bench.clock.known
    bench.clock.believe()

    assert (before, bench.clock.known) == (False, True)


def test_a_clock_that_fits_between_sending_and_answer_is_right() -> None:
    """No skew is made up out of the time that a commit takes."""
    bench = Bench()

    bench.commit(40, 200)

    assert (bench.clock.known, bench.clock.skew_ms, bench.clock.complaint) == (True, 0, None)
    assert bench.clock.now() == bench.at


def test_a_clock_that_is_an_hour_ahead_or_behind_is_put_right() -> None:
    """To within the time that the commit took; and it is said by how much it is off."""
    ahead, behind = Bench(HOUR_MS), Bench(-HOUR_MS)

    with capture_logs() as logged:
        ahead.commit()
        behind.commit()

    assert abs(ahead.clock.now() - ahead.at) <= 10
    assert abs(behind.clock.now() - behind.at) <= 10
    assert ahead.clock.complaint == "this machine's clock is 3600.0 s ahead of the broker's"
    assert behind.clock.complaint == "this machine's clock is 3600.0 s behind the broker's"
    assert [(line["log_level"], line["event"]) for line in logged] == [
        ("error", ahead.clock.complaint), ("error", behind.clock.complaint),
    ]  # fmt: skip


def test_a_slow_answer_does_not_spoil_a_good_measurement() -> None:
    """The figure stands as long as it fits."""
    bench = Bench(HOUR_MS)
    bench.commit(1, 1)

    bench.commit(9_000, 9_000)

    assert abs(bench.clock.skew_ms - HOUR_MS) <= 2


def test_a_wrong_clock_is_told_once_a_minute() -> None:
    """However many commits show it."""
    bench = Bench(HOUR_MS)

    with capture_logs() as logged:
        for _ in range(130):
            bench.commit()
            bench.at += 990

    assert len(logged) == 3


def test_a_clock_that_jumps_is_not_believed_until_it_is_measured_again() -> None:
    """Set an hour ahead while the worker runs: no deadline may fall due on the strength of that."""
    bench = Bench()
    bench.commit()

    bench.off_ms = HOUR_MS
    jumped = bench.clock.known
    asked = bench.clock.wants_measuring(), bench.clock.wants_measuring()
    bench.commit()

    assert (jumped, asked, bench.clock.known) == (False, (True, False), True)
    assert abs(bench.clock.now() - bench.at) <= 10


def test_a_clock_that_is_set_back_makes_no_event_one_of_the_future() -> None:
    """What is read before the next measurement is still read now."""
    bench = Bench()
    bench.commit()

    bench.off_ms = -HOUR_MS

    assert (bench.clock.known, bench.clock.now()) == (False, bench.at)


def test_a_worker_with_nothing_to_commit_measures_once_a_minute() -> None:
    """A minute after the last measurement, which took a moment each time."""
    bench = Bench()
    bench.commit()

    asked: list[int] = []
    for second in range(1, 125):
        bench.at = NOW + second * 1_000
        if bench.clock.wants_measuring():
            asked.append(second)
            bench.commit()

    assert asked == [61, 122]


def test_without_append_times_the_machines_clock_is_believed_and_that_is_said() -> None:
    """A topic that stamps what producers claim has nothing to compare with."""
    bench = Bench(HOUR_MS)

    with capture_logs() as logged:
        bench.commit(kind=0)
        bench.commit(kind=0)

    assert (bench.clock.known, bench.clock.skew_ms, bench.clock.wants_measuring()) == (True, 0, False)
    assert [line["log_level"] for line in logged] == ["warning"]


def test_a_journalled_clock_that_is_ahead_of_the_time_is_told_with_the_figure() -> None:
    """Written by a worker whose clock was wrong, perhaps; half a minute is nothing to speak of."""
    bench = Bench()
    bench.commit()

    with capture_logs() as logged:
        bench.clock.compare_journalled("a/0", bench.at + 30_000)
        bench.clock.compare_journalled("a/1", bench.at + HOUR_MS)
        bench.clock.compare_journalled("a/2", None)

    assert [(line["task"], line["ahead_seconds"], line["log_level"]) for line in logged] == [("a/1", 3600.0, "error")]
