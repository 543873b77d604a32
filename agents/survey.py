"""Looks over the tasks when somebody asks: sets the gauges, and says which tasks have still to catch up.

Invariant: costs nothing while nobody asks, and only reads.
"""

from collections import Counter
from typing import Final

from aiokafka import TopicPartition

from agents.broker_clock import BrokerClock
from agents.custody import Custody
from agents.feed import Feed
from agents.health import Health
from agents.metrics import Metrics
from agents.tasks import Task
from stream.core import Core
from stream.inputs import Input
from stream.ledger.standing import Figure
from stream.snapshot import Snapshot
from stream.versions import Count

UNHEARD_MS: Final = 10_000
"""A broker answers several times a second, also that there is nothing new."""


class Survey:
    """Answers for the worker's tasks."""

    def __init__(self, custody: Custody, feed: Feed, health: Health, metrics: Metrics, clock: BrokerClock) -> None:
        self._custody, self._feed, self._health, self._metrics, self._clock = custody, feed, health, metrics, clock

    def exposition(self) -> bytes:
        """All metrics, with gauges as they are now."""
        self.refresh()
        return self._metrics.exposition()

    def refresh(self) -> None:
        """Set readiness and gauges from what the tasks say."""
        self._note_fetching()
        self._note_clock()
        cases: dict[str, Counter[str]] = {}
        figures: list[Figure] = []
        versions = Counter[tuple[str, Count]]()
        for task in self._custody.tasks.values():
            self._note_catching_up(task)
            if task.shard is None or not task.running:
                continue
            snapshot = task.shard.snapshot(self._clock.now())
            for process, by_state in snapshot.cases.items():
                cases.setdefault(process, Counter()).update(by_state)
            figures.extend(snapshot.figures)
            for process, counts in snapshot.versions.items():
                versions.update({(process, each._replace(open=0)): each.open for each in counts})
            self._set_task(task, task.shard, snapshot)
        for process, counted in cases.items():
            self._metrics.set_cases(process, counted.items())
        self._metrics.set_figures(figures)
        self._metrics.set_versions(versions)
        self._metrics.ready.set(int(self._health.ready))
        self._metrics.broker_up.set(int(self._health.broker_up))

    def _note_fetching(self) -> None:
        if self._feed.trouble is None:
            self._health.clear("fetch")
        else:
            self._health.block("fetch", self._feed.trouble)

    def _note_clock(self) -> None:
        self._metrics.clock_skew.set(self._clock.skew_ms / 1000)
        complaint = self._clock.complaint
        if not self._clock.known and self._custody.running:
            complaint = "the broker's time is not known yet"
        if complaint is None:
            self._health.clear("clock")
        else:
            self._health.block("clock", complaint)

    def _note_catching_up(self, task: Task) -> None:
        name = f"task {task.id}"
        if task.lease is None:
            return
        remaining = task.lease.remaining
        unheard = [source for source in task.inputs if self._feed.unheard_ms(source) > UNHEARD_MS]
        if remaining > 0:
            self._health.block(name, f"{task.id} is catching up: {remaining} records to go")
        elif unheard:
            told = ", ".join(f"{source.topic}/{source.partition}" for source in unheard)
            self._health.block(name, f"{task.id} hears nothing from the brokers of {told}: perhaps nobody leads it")
        else:
            self._health.clear(name)

    def _set_task(self, task: Task, shard: Core, snapshot: Snapshot) -> None:
        clock = shard.clock
        if clock is not None:
            self._metrics.clock_seconds.labels(*map(str, task.id)).set(clock / 1000)
        for source in task.inputs:
            waiting = max(0, self._waiting(source, shard.position(source) or 0))
            newest = snapshot.newest_at.get(source)
            age = 0.0 if newest is None or not waiting else max(0.0, (self._clock.now() - newest) / 1000)
            self._metrics.lag_events.labels(*map(str, source)).set(waiting)
            self._metrics.lag_seconds.labels(*map(str, source)).set(age)
            mode = snapshot.modes.get(source)
            if mode is not None:
                self._metrics.set_clock_mode(source.topic, source.partition, mode)
                self._metrics.feed_delay.labels(*map(str, source)).set(snapshot.delays.get(source, 0) / 1000)

    def _waiting(self, source: Input, position: int) -> int:
        end = self._feed.end(TopicPartition(*source))
        return 0 if end is None else end - position
