"""A core that only counts, for proving that nothing is lost and nothing is applied twice; and a worker that runs it.

Per key it counts events and adds up their numbers, and says both in one alert per event. Run as a module it is a whole
worker: `python -m tests.broker.counting TOPIC…`, the topics being one source group.
"""

import sys
from collections import Counter
from collections.abc import Iterable

import orjson

from agents.app import run_worker
from agents.logging_setup import set_up_logging
from agents.settings import read_settings
from agents.source_groups import SourceGroup
from agents.worker import Worker
from stream.control import ControlRecord
from stream.effects import AlertRecord, DeadLetter, Effects
from stream.inputs import Batch, Input, Received, Refusal
from stream.shard import PositionGap
from stream.snapshot import Snapshot

TASK = b"task"


class CountingShard:
    """The five calls of a shard over nothing but counts."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.positions: dict[Input, int] = {}
        self.counts: dict[str, list[int]] = {}
        self.changed: dict[str, None] = {}
        self.alerts: list[AlertRecord] = []
        self.letters: list[DeadLetter] = []
        self.clock: int | None = None

    def position(self, source: Input) -> int | None:
        """The next offset to read."""
        return self.positions.get(source)

    def observe(self, batch: Batch) -> None:
        """Count; an event that says `"explode": true` raises, as a defect of the core would."""
        position = self.positions.get(batch.input, batch.start)
        if batch.start > position:
            raise PositionGap(f"{batch.start} after {position}")
        for received in batch.records:
            if received.offset >= position:
                self._count(batch.input, received)
        self.positions[batch.input] = max(batch.next, position)

    def _count(self, source: Input, received: Received) -> None:
        event = received.value
        if isinstance(event, Refusal) or event is None:
            return
        if event.get("explode"):
            raise ZeroDivisionError("an event that the core cannot take")
        key = str(event["key"])
        counted = self.counts.setdefault(key, [0, 0])
        counted[0] += 1
        counted[1] += int(event["number"])
        self.changed[key] = None
        self.alerts.append(AlertRecord(f"{key}-{counted[0]}", orjson.dumps(counted)))

    def refuse(self, source: Input, received: Received, refusal: Refusal) -> None:
        """Set a record aside."""
        self.letters.append(DeadLetter(source, received.offset, "counting", refusal.reason, refusal.message))
        self.positions[source] = received.offset + 1

    def control(self, records: Iterable[ControlRecord], end: int | None = None) -> bool:
        """Nothing is ordered here."""
        return False

    def advance(self, now: int, limit: int = 1000) -> bool:
        """Nothing is ever due."""
        self.clock = now
        return False

    def next_deadline(self) -> int | None:
        """Nothing is ever due."""
        return None

    def drain(self) -> Effects:
        """The counts that changed."""
        journal: list[tuple[bytes, bytes | None]] = [(k.encode(), orjson.dumps(self.counts[k])) for k in self.changed]
        if journal or self.letters:
            journal.append((TASK, orjson.dumps({s.topic: at for s, at in self.positions.items()})))
        effects = Effects(journal, self.alerts, self.letters, Counter())
        self.changed, self.alerts, self.letters = {}, [], []
        return effects

    def restore(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take up the counts."""
        for key, value in records:
            assert value is not None
            if key == TASK:
                self.positions = {Input(topic, self.partition): at for topic, at in orjson.loads(value).items()}
            else:
                self.counts[key.decode()] = orjson.loads(value)

    def snapshot(self, now: int) -> Snapshot:
        """Nothing to show."""
        return Snapshot({}, {}, {})


def main(topics: list[str]) -> int:
    """Run a counting worker with the settings of the environment."""
    settings = read_settings()
    set_up_logging(settings.log)
    group = SourceGroup(topics[0], tuple(topics), (), tuple("earliest" for _ in topics))
    sys.argv[1:] = []
    return run_worker(Worker(settings, [group], "test", lambda _, partition: CountingShard(partition)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
