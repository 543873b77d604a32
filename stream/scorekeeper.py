"""The Ledger as the core of a task: fed with partials as a topic brings them, and rebuilt from what it journalled.

Invariant: a record at or below a position that was applied changes nothing; a topic that silence fell on, or that
speaks again, is told to the shards in the same drain in which it is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson

from schemas.definition import Definition
from stream.control import ControlRecord, control_key
from stream.effects import DeadLetter, Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.layout import UnreadableState
from stream.ledger.feed import Silence
from stream.ledger.ledger import Ledger
from stream.ledger.standing import figures
from stream.shard import TASK_KEY, PositionGap, Snapshot

LAYOUT: Final = 1


class Scorekeeper:
    """The Ledger of these definitions behind the calls of a shard; `tasks`: which tasks each process has."""

    def __init__(self, definitions: Sequence[Definition], tasks: Mapping[str, Iterable[int]], source: Input) -> None:
        self.ledger, self.source = Ledger(definitions, tasks), source
        self.next: int | None = None
        self.moved = False
        self.told: dict[tuple[str, str], Silence] = {}
        self.dead_letters: list[DeadLetter] = []

    def position(self, source: Input) -> int | None:
        """The next offset to read, None if nothing was ever read."""
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

    def _reached(self, position: int) -> None:
        if self.next is None or position > self.next:
            self.next, self.moved = position, True

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set aside a record that the core could not take, and go on behind it."""
        self.dead_letters.append(DeadLetter(source, received.offset, None, refusal.reason, refusal.message))
        self._reached(received.offset + 1)

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> None:
        """What is ordered from elsewhere is for shards."""

    def advance(self, now: int, limit: int = 1_000) -> bool:
        """Let time pass to the least clock of each process; whether more is due."""
        return self.ledger.advance(now, limit)

    def drain(self) -> Effects:
        """What has changed since the last drain."""
        effects = self.ledger.drain()
        silences = {(one.process, one.topic): one for one in self.ledger.silences()}
        told = [(control_key("silence", *at), _told(one)) for at, one in silences.items() if self.told.get(at) != one]
        self.told = silences
        letters, self.dead_letters = self.dead_letters, []
        if self.moved or effects or letters:
            record = {"layout": LAYOUT, "positions": {self.source.topic: self.next}}
            effects.journal.append((TASK_KEY, orjson.dumps(record)))
            self.moved = False
        return effects._replace(dead_letters=letters, control=told)

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild from journalled (key, value) pairs in order; raises `UnreadableState`."""
        latest = dict(records)
        task = latest.pop(TASK_KEY, None)
        if task is not None:
            self._restore_task(task)
        self.ledger.restore(latest.items())
        self.told = {(one.process, one.topic): one for one in self.ledger.silences()}

    def _restore_task(self, record: bytes) -> None:
        try:
            fields = orjson.loads(record)
            if fields["layout"] != LAYOUT:
                raise UnreadableState(f"layout {fields['layout']!r}; this version reads layout {LAYOUT}")
            position = fields["positions"].get(self.source.topic)
            self.next = None if position is None else int(position)
        except (ValueError, TypeError, LookupError) as error:
            raise UnreadableState(f"the record under {TASK_KEY!r} cannot be read: {error!r}") from error

    def snapshot(self, now: int) -> Snapshot:
        """What gauges show: no cases, no clocks of inputs, but where goals and feeds stand."""
        return Snapshot({}, {}, {}, tuple(figures(self.ledger.followed.values(), self.ledger.feeds.feeds)))


def _told(silence: Silence) -> bytes:
    return orjson.dumps([silence.last_at, silence.since, silence.recovered_at])
