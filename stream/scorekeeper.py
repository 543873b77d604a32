"""The Ledger as the core of a task: fed with partials as a topic brings them, and rebuilt from what it journalled.

What partials are taken of is journalled. Where there is more than then, all partials are read again from the first:
those that were passed over count from now on, the others have the revisions that they had. Until all is read that had
been read, no time passes and nothing is journalled, so that it is done as a whole or anew. Invariant: a record at or
below a position that was applied changes nothing; a topic that silence fell on, or that speaks again, is told to the
shards in the same drain in which it is said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson

from schemas.definition import Definition
from stream.control import ControlRecord, InForce, control_key
from stream.effects import DeadLetter, Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import UnreadableState
from stream.ledger.feed import Silence
from stream.ledger.ledger import Ledger
from stream.ledger.standing import figures
from stream.shard import TASK_KEY, PositionGap
from stream.snapshot import Snapshot

LAYOUT: Final = 1


class Scorekeeper:
    """The Ledger of these definitions behind the calls of a shard; `tasks`: which tasks each process has; `under`: as
    which versions they were in force. `again_to`: up to where partials are read again, None where they are not."""

    def __init__(
        self,
        definitions: Sequence[Definition],
        tasks: Mapping[str, Iterable[int]],
        source: Input,
        under: InForce | None = None,
    ) -> None:
        self.ledger, self.source, self.under = Ledger(definitions, tasks), source, under or InForce()
        self.next: int | None = None
        self.again_to: int | None = None
        self.held = False
        self.moved = False
        self.told: dict[tuple[str, str], Silence] = {}
        self.dead_letters: list[DeadLetter] = []

    def position(self, source: Input) -> int | None:
        """The next offset to read, None if nothing was ever read, or all is to be read again."""
        return self.next if source == self.source else None

    @property
    def clock(self) -> int | None:
        """The least clock of the processes (ms), None while one is not known."""
        return self.ledger.clock

    def observe(self, batch: Batch) -> None:
        """Take a batch of partials; raises `PositionGap` if it starts beyond the position."""
        if self.next is not None and batch.start > self.next:
            raise PositionGap(f"{batch.input}: read up to {self.next}, but the batch starts at {batch.start}")
        read_to = self.next or 0
        self.ledger.observe(r.raw for r in batch.records if r.raw is not None and r.offset >= read_to)
        self._reached(batch.next)
        self._read_again(batch)

    def _read_again(self, batch: Batch) -> None:
        """Let time pass once all is read again, or all that is left: the topic may be another one."""
        if self.again_to is None:
            return
        at_the_end = not batch.records and batch.next >= batch.end  # an end that comes with records may be any of them
        if at_the_end or batch.next >= self.again_to:
            self.again_to = None

    def _reached(self, position: int) -> None:
        if self.next is None or position > self.next:
            self.next, self.moved = position, True

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""
        self.dead_letters.append(DeadLetter(source, received.offset, None, refusal.reason, refusal.message))
        self._reached(received.offset + 1)

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """What is ordered from elsewhere is for shards; whether other versions are in force than those that it was
        opened under."""
        return self.under.superseded(records)

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to the least clock of each process, unless partials are read again; whether more is due."""
        if self.again_to is not None:
            return False
        more = self.ledger.advance(now, limit)
        self.held = self.held and more
        return more

    def drain(self) -> Effects:
        """What has changed since the last drain; nothing that is lasting until what was read again is followed up."""
        letters, self.dead_letters = self.dead_letters, []
        if self.held:
            return Effects([], [], letters, Counter())
        effects = self.ledger.drain()
        silences = {(one.process, one.topic): one for one in self.ledger.silences()}
        told = [(control_key("silence", *at), _told(one)) for at, one in silences.items() if self.told.get(at) != one]
        self.told = silences
        if self.moved or effects or letters:
            asked = sorted(self.ledger.asked)
            record = {"layout": LAYOUT, "positions": {self.source.topic: self.next}, "asked": asked}
            effects.journal.append((TASK_KEY, orjson.dumps(record, default=tuple)))
            self.moved = False
        return effects._replace(dead_letters=letters, control=told)

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild from journalled (key, value) pairs in order; raises `UnreadableState`. Where partials are taken now
        that were passed over then, all are to be read again."""
        latest = dict(records)
        task = latest.pop(TASK_KEY, None)
        known = None if task is None else self._restore_task(task)
        self.ledger.restore(latest.items(), known)
        if known is not None and not self.ledger.asked <= known and self.next is not None:
            self.again_to, self.next, self.held = self.next, None, True
        self.told = {(one.process, one.topic): one for one in self.ledger.silences()}

    def _restore_task(self, record: bytes) -> set[tuple[str, str]]:
        """Take up the position; of what partials were taken, which programs of before did not say."""
        try:
            fields = orjson.loads(record)
            if fields["layout"] != LAYOUT:
                raise UnreadableState(f"layout {fields['layout']!r}; this version reads layout {LAYOUT}")
            position = fields["positions"].get(self.source.topic)
            self.next = None if position is None else int(position)
            return {(process, rule) for process, rule in fields.get("asked", ())}
        except (ValueError, TypeError, LookupError) as error:
            raise UnreadableState(f"the record under {TASK_KEY!r} cannot be read: {error!r}") from error

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show: no cases, no clocks of inputs, but where goals and feeds stand."""
        return Snapshot({}, {}, {}, tuple(figures(self.ledger.followed.values(), self.ledger.feeds.feeds)))


def _told(silence: Silence) -> bytes:
    return orjson.dumps([silence.last_at, silence.since, silence.recovered_at])
