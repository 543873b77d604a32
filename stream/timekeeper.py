"""What time it is for one process in one task: by the clocks of its inputs, and by what is known of their silences.

Invariant: `clock` never goes back, and while a silence matters nothing settles beyond what can be trusted.
"""

from stream.clock import BEFORE_TIME, InputClock, Moment, TaskClock
from stream.inputs import Input
from stream.ledger.feed import Silence
from stream.outages import Outages
from stream.process import Process


class Timekeeper:
    """The inputs' clocks, the task's, and the outages, by the newest version of the process.

    Closed cases are kept for `kept_ms`. A topic that is quiet for less than `unjudged_ms` may turn out to be silent,
    None where its silence is not judged.
    """

    def __init__(self, process: Process, inputs: tuple[Input, ...]) -> None:
        self.by_input = {input: InputClock() for input in inputs}
        self.clocks = tuple(self.by_input.values())
        self.topics = frozenset(input.topic for input in inputs)
        self.clock = TaskClock(process.lateness, process.patience)
        self.outages = Outages(process.lateness, process.patience)
        self.follow(process)

    def follow(self, process: Process) -> None:
        """Go by a version from now on."""
        self.lateness = process.lateness
        self.kept_ms = max(process.retention, process.lateness)
        self.unjudged_ms = process.definition.events.silence_ms
        for timed in (self.clock, self.outages):
            timed.lateness, timed.patience = process.lateness, process.patience

    def horizon(self, clock: InputClock) -> int:
        """The time (ms) before which a case has settled: of its input, and of every other that is still to be read.

        A topic that has been quiet for less than `silence` may turn out to have been silent since its newest event.
        """
        newest_at = clock.newest_at or 0
        for other in self.clocks if len(self.clocks) > 1 else ():
            if other is not clock and not other.read_to_end:
                if other.newest_at is None:
                    return BEFORE_TIME.clock
                newest_at = min(newest_at, other.newest_at)
            elif other is not clock and self.unjudged_ms and other.newest_at is not None:
                newest_at = min(newest_at, max(other.newest_at, (clock.newest_at or 0) - self.unjudged_ms))
        horizon = newest_at - self.lateness
        return min(horizon, self.outages.sure.settled_to) if self.outages.known else horizon

    def hear(self, silence: Silence) -> bool:
        """Take what is told of a source: that it is silent, or that it speaks again; whether it is read here and that
        is new."""
        return silence.topic in self.topics and self.outages.hear(silence)

    def move(self, wall: int) -> bool:
        """Let time pass to wall clock `wall` (ms); whether what was told has to be looked at again, since it can be
        trusted otherwise now."""
        before = self.clock.moment
        self.clock.move(self.clocks, wall)
        if not self.outages.known:
            return False
        differs = self.outages.move(self.by_input, self.clock.moment, wall)
        if self.outages.known:
            self.clock.hold(before, self.outages.sure.settled_to)
        return differs

    @property
    def doubtful(self) -> bool:
        """Whether time cannot be trusted as far as the clock says."""
        return bool(self.outages.known) and self.outages.sure[:2] != self.clock.moment[:2]

    def moment(self) -> Moment | None:
        """How far time has come, None while that is not known."""
        return None if self.clock.now is None else self.clock.moment
