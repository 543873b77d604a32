"""How far time can be trusted while a source is silent, and until its backlog can no longer come.

What time alone makes true is true only if nothing has happened unseen. While a topic of a process is silent, time
stands at its newest record, for all cases of the process: any topic may have what they wait for. Once it speaks again,
its lateness has grown by the length of the outage: what was due before is told when that has passed, what is due later
as ever, but for a first lateness in which the backlog may come in.
Invariant: trusted time goes back only when a silence is heard; what is known of a silence is dropped once everything
from before its end has settled.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stream.clock import BEFORE_TIME, END_OF_TIME, ClockMode, InputClock, Moment
from stream.fold import Fold
from stream.inputs import Input
from stream.ledger.feed import Silence


class Outages:
    """The silences of one process in one task that still matter, by topic and newest record before.

    `sure`: the trusted frontiers, for whatever was due by `gate` (ms); where that is None, for everything.
    """

    __slots__ = ("gate", "known", "lateness", "patience", "phase", "sure")

    def __init__(self, lateness: int, patience: int) -> None:
        self.lateness, self.patience = lateness, patience
        self.known: dict[tuple[str, int], Silence] = {}
        self.sure = END_OF_TIME
        self.gate: int | None = None
        self.phase: tuple[Any, ...] = ()

    def hear(self, silence: Silence) -> bool:
        """Take what is told of a topic; whether that is new."""
        at = silence.topic, silence.last_at
        former = self.known.get(at)
        if former == silence or (former is not None and former.recovered_at is not None):
            return False
        self.known[at] = silence
        if former is None:
            self.gate, self.sure = None, _least((self.sure, self._stood(silence)))
        return True

    def _stood(self, silence: Silence) -> Moment:
        """Where time stood when the topic was last heard."""
        return Moment(silence.last_at - self.patience, silence.last_at - self.lateness, False)

    def move(self, clocks: Mapping[Input, InputClock], moment: Moment, wall: int) -> bool:
        """Trust time as far as the inputs' clocks allow at wall clock `wall` (ms), `moment` being what it
        would be otherwise; whether what was told has to be looked at again, since another time counts now."""
        reached: list[Moment] = []
        quiet = False
        for at, silence in list(self.known.items()):
            of_topic = [clock for source, clock in clocks.items() if source.topic == silence.topic]
            frontier = _least(self._frontier(silence, clock, wall) for clock in of_topic)
            if frontier.settled_to >= (silence.recovered_at or frontier.settled_to + 1):
                del self.known[at]
                continue
            reached.append(frontier)
            quiet = quiet or silence.recovered_at is None
        pairs = zip(reached, self.known.values(), strict=True)
        grace = any(s.recovered_at is not None and f.settled_to <= s.last_at for f, s in pairs)
        self.gate = None if quiet or grace else max((s.recovered_at or 0 for s in self.known.values()), default=None)
        sure = _least((*reached, moment))
        if self.known:
            further = Moment(max(sure.clock, self.sure.clock), max(sure.settled_to, self.sure.settled_to), True)
            sure = _least((further, moment))
        self.sure = sure._replace(live=moment.live and not grace) if self.known else END_OF_TIME
        before, self.phase = self.phase, (tuple(self.known.values()), self.gate)
        return before != self.phase

    def _frontier(self, silence: Silence, clock: InputClock, wall: int) -> Moment:
        """How far time can be trusted for one silence, by the clock of an input of its topic."""
        stood = self._stood(silence)
        settled_to = clock.mark or BEFORE_TIME.clock
        if silence.recovered_at is not None:
            stretched = silence.recovered_at - silence.last_at + self.lateness
            if clock.idle(wall):
                clock.catch_up(stretched)
            heard_to = wall if clock.mode(wall) is ClockMode.LIVE else clock.newest_at or BEFORE_TIME.clock
            again = [s.last_at for s in self.known.values() if s.topic == silence.topic and s.recovered_at is None]
            settled_to = max(settled_to, min((heard_to, *again)) - stretched)
        return Moment(max(stood.clock, settled_to), max(stood.settled_to, settled_to), True)

    def sure_of(self, fold: Fold, moment: Moment) -> Moment:
        """How far time can be trusted for a case, `moment` being what the clocks say."""
        sure = self.sure
        if self.gate is None:
            return sure
        if fold.ended_at is None:
            nearest = fold.next_mark(sure.clock)
            if sure.clock <= (fold.idle_until() if nearest is None else nearest) <= self.gate:
                return sure
        return Moment(moment.clock, sure.settled_to, sure.live)

    def record(self) -> dict[str, Any]:
        """What is journalled; nothing where no silence matters."""
        return {"silences": [list(self.known.values()), self.sure]} if self.known else {}

    def restore(self, fields: list[Any] | None) -> None:
        """Take up what was journalled under that name."""
        if fields is not None:
            known, sure = fields
            self.known = {(one.topic, one.last_at): one for one in (Silence(*each) for each in known)}
            self.sure = Moment(*sure)


def _least(moments: Iterable[Moment]) -> Moment:
    """The least of each frontier."""
    found = list(moments)
    return Moment(min(m.clock for m in found), min(m.settled_to for m in found), all(m.live for m in found))


def silence_told(process: str, about: Sequence[str], told: Any) -> Silence:
    """A silence as the control topic tells it: about a topic, when it was last heard, since when it is silent, and when
    it spoke again (ms, None while it is silent); raises `ValueError` or `TypeError` if it is none."""
    (topic,), (last_at, since, recovered_at) = about, told
    known = (last_at, since) if recovered_at is None else (last_at, since, recovered_at)
    if not all(type(instant) is int and BEFORE_TIME.clock < instant < END_OF_TIME.clock for instant in known):
        raise ValueError("the instants of a silence are whole milliseconds within time")
    return Silence(process, topic, last_at, since, recovered_at)
