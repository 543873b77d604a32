"""What time it is for a task: one clock for each input, and the least of them for the task.

A clock is a frontier: every instant before it is over, and no event from before it is expected any more. An input
that is behind, or that brings history, moves by its own events; one that is read to its end and live moves by the
wall clock. So a worker that was down says nothing of a case whose closing event it has yet to read, and a replay of
last year stays in last year (design, *Time never lies*). Invariant: a task's clock never goes back.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

STALE_MS = 2_000
IDLE_MS = 10_000


class ClockMode(StrEnum):
    """What moves an input's clock."""

    BEHIND = "behind"
    HISTORICAL = "historical"
    LIVE = "live"


class InputClock:
    """The clock of one input for one process; all instants in milliseconds UTC.

    `newest_at` is the newest event time, `newest_stamp` the timestamp of the newest record of any kind, `mark` the
    frontier that a clock mark set, `read_at` when records were last read (wall clock), `end` the input's last stable
    offset, None until it is known: until then nothing is said about time. `cold`: the input was read from offset 0, so
    that what is missing from a case was never there; `first_at` is the time of the first event read. `delay`: by how
    much (ms) the newest event came late, where that makes the input historical without being a replay: so far is the
    task blind.
    """

    __slots__ = (
        "cold", "delay", "end", "first_at", "historical", "mark", "newest_at", "newest_stamp", "position", "read_at",
    )  # fmt: skip

    def __init__(self) -> None:
        self.newest_at: int | None = None
        self.first_at: int | None = None
        self.cold = True
        self.newest_stamp = 0
        self.historical = False
        self.delay = 0
        self.mark: int | None = None
        self.position = 0
        self.end: int | None = None
        self.read_at = 0

    def reached(self, position: int, end: int) -> None:
        """Note how far the input has been read, and where it ends."""
        self.position, self.end = position, end

    def saw_record(self, stamped_at: int, read_at: int) -> None:
        """Note a record of any kind."""
        if stamped_at > self.newest_stamp:
            self.newest_stamp = stamped_at
        self.read_at = read_at

    def saw_event(self, at: int, historical: bool, delay: int = 0) -> None:
        """Note an event: the newest one decides whether the input is historical, and by how much (ms) it is delayed."""
        if self.first_at is None:
            self.first_at = at
        if self.newest_at is None or at >= self.newest_at:
            self.newest_at, self.historical, self.delay = at, historical, delay

    def saw_mark(self, instant: int) -> None:
        """Note a clock mark: every instant up to and including it is over."""
        self.mark = max(instant + 1, self.mark or 0)
        self.historical = True

    def catch_up(self, stretched: int) -> None:
        """Note that a backlog no more than `stretched` (ms) late has ended: the input is no delayed feed for that."""
        if self.historical and self.newest_at is not None and self.newest_stamp - self.newest_at <= stretched:
            self.historical, self.delay = False, 0

    def warm(self, at: int, horizon: int) -> bool:
        """Whether a case first seen at `at` (ms) may be an old one: the input was first read from the middle."""
        return not self.cold and self.first_at is not None and at <= self.first_at + horizon

    def mode(self, now: int) -> ClockMode:
        """What moves this clock at wall time `now`."""
        if self.end is None:
            return ClockMode.BEHIND
        if self.position < self.end and (self.newest_stamp == 0 or now - self.newest_stamp > STALE_MS):
            return ClockMode.BEHIND
        return ClockMode.HISTORICAL if self.historical else ClockMode.LIVE

    def frontiers(self, now: int, lateness: int, patience: int) -> "Moment | None":
        """The instants before which everything is over, and beyond change; None while nothing is known."""
        if self.mode(now) is ClockMode.LIVE and self.has_spoken:
            mark = self.mark or 0
            return Moment(max(now - patience, mark), max(now - lateness, mark), True)
        if self.newest_at is None:
            return None if self.mark is None else Moment(self.mark, self.mark, False)
        instant = self.newest_at - lateness
        if self.mark is not None and self.mark > instant:
            instant = self.mark
        return Moment(instant, instant, False)

    @property
    def has_spoken(self) -> bool:
        """Whether any event has come, or a clock mark. Before that there is no case that time could be up for, and the
        first to come may as well be history."""
        return self.newest_at is not None or self.mark is not None

    def silent(self, now: int) -> bool:
        """Whether the input was read to its end without a word."""
        return not self.has_spoken and self.mode(now) is ClockMode.LIVE

    @property
    def read_to_end(self) -> bool:
        """Whether nothing of the input is known to be waiting."""
        return self.end is not None and self.position >= self.end

    def idle(self, now: int) -> bool:
        """Whether the input was read to its end and has been quiet since."""
        return self.read_to_end and now - self.read_at > IDLE_MS

    def out_of_work(self, now: int) -> bool:
        """Whether there is nothing to read, and what was read last, if anything, was history."""
        return self.silent(now) or (self.mode(now) is ClockMode.HISTORICAL and self.idle(now))

    def record(self) -> list[int | bool | None]:
        """The journalled form; position and end belong to the task."""
        return [self.newest_at, self.first_at, self.cold, self.newest_stamp, self.historical, self.mark, self.read_at]

    def restore(self, fields: list[Any]) -> None:
        """Take up what `record` described."""
        self.newest_at, self.first_at, self.cold, self.newest_stamp, self.historical, self.mark, self.read_at = fields

    def follow(self, fields: list[Any]) -> None:
        """Take up what whoever reads the input tells of it (`record`). That a backlog has ended is known here alone: it
        holds until another event is the newest, or another mark is set."""
        caught_up, known = not self.historical, (self.newest_at, self.mark)
        self.restore(fields)
        if caught_up and known == (self.newest_at, self.mark):
            self.historical = False


class Moment(NamedTuple):
    """Two frontiers (ms): instants before `clock` are over, those before `settled_to` beyond any change; `live` where
    the wall clock moves them."""

    clock: int
    settled_to: int
    live: bool


BEFORE_TIME = Moment(-(1 << 62), -(1 << 62), False)
END_OF_TIME = Moment(1 << 62, 1 << 62, False)


class TaskClock:
    """The least of the inputs' clocks; `moment` is `BEFORE_TIME` until something is known of every input."""

    __slots__ = ("lateness", "moment", "patience")

    def __init__(self, lateness: int, patience: int) -> None:
        self.lateness, self.patience = lateness, patience
        self.moment = BEFORE_TIME

    @property
    def now(self) -> int | None:
        """The clock, None before time is known."""
        return None if self.moment is BEFORE_TIME else self.moment.clock

    def move(self, inputs: Sequence[InputClock], wall: int) -> None:
        """Take the least of the inputs that count, at wall time `wall`; never back.

        An input of history that was read to its end does not hold the others, nor does one that has yet to say its
        first word; one of which nothing is known holds all.
        """
        if len(inputs) == 1:
            frontiers = inputs[0].frontiers(wall, self.lateness, self.patience)
        else:
            frontiers = self._least(inputs, wall)
        if frontiers is None:
            return
        clock, settled_to, live = self.moment
        if frontiers.clock > clock or frontiers.settled_to > settled_to or frontiers.live is not live:
            later = max(frontiers.clock, clock), max(frontiers.settled_to, settled_to)
            self.moment = Moment(*later, frontiers.live)

    def hold(self, before: Moment, settled_to: int) -> None:
        """Let nothing settle beyond an instant (ms) that had not settled `before`."""
        if self.moment is not BEFORE_TIME and self.moment.settled_to > settled_to:
            self.moment = self.moment._replace(settled_to=max(before.settled_to, settled_to))

    def _least(self, inputs: Sequence[InputClock], wall: int) -> Moment | None:
        heard = [i for i in inputs if not i.silent(wall)]
        counted = [i for i in heard if not (i.mode(wall) is ClockMode.HISTORICAL and i.idle(wall))]
        found = [i.frontiers(wall, self.lateness, self.patience) for i in counted or heard]
        if not found:
            return None
        known = [frontiers for frontiers in found if frontiers is not None]
        if len(known) < len(found):
            return None
        pick = min if counted else max
        live = all(frontiers.live for frontiers in known)
        return Moment(pick(f.clock for f in known), pick(f.settled_to for f in known), live)
