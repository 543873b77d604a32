"""Which sources have fallen silent: judged per topic over all tasks, live only.

A topic is silent once longer than `events.silence` has passed since its newest record, in the working time of
`events.silence_calendar`, where there is one: a source that never speaks at night is not silent then. What the least
clock has not reached is not yet silent, so that a worker that is down or behind is no dead feed; history has no
silence, since what it waits for has long been written. Invariant: a silence is raised once, at the instant at which it
became one, and resolved once, by the first record after it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from schemas.alert import State
from schemas.definition import Definition
from stream.clock import Moment
from stream.effects import AlertRecord
from stream.wording import day_text, iso_instant, length_text
from stream.worktime import NoWorkingTime, Worktime


class Silence(NamedTuple):
    """What the shards are told of a topic: its newest record before it fell silent, since when it counts as silent, and
    when it spoke again (ms), None while it is silent.

    While it is silent, alerts raised since `last_at` are muted and new ones held; after it, `lateness` for the topic is
    the length of the outage, `recovered_at` less `last_at`, until its clock has passed `recovered_at` by as much.
    """

    process: str
    topic: str
    last_at: int
    since: int
    recovered_at: int | None


class Feed:
    """One topic: its newest record by task, and what was said of it."""

    __slots__ = ("by_task", "changed", "episode", "revision", "said")

    def __init__(self) -> None:
        self.by_task: dict[int, int] = {}
        self.said: Silence | None = None
        self.revision = self.episode = 0
        self.changed = False

    @property
    def newest_at(self) -> int | None:
        """When the newest record of the topic was (ms)."""
        return max(self.by_task.values(), default=None)


class Feeds:
    """The topics of these definitions that have a `silence`."""

    def __init__(
        self, definitions: Sequence[Definition], out: tuple[list[AlertRecord], Counter[tuple[str, ...]]]
    ) -> None:
        self.definitions = {d.process: d for d in definitions if d.events.silence_ms is not None}
        self.out = out
        self.hours: dict[str, Worktime] = {}
        for name, definition in self.definitions.items():
            calendar = definition.calendars.get(definition.events.silence_calendar or "")
            if calendar is not None:
                self.hours[name] = Worktime(calendar)
        topics = [(d.process, topic) for d in self.definitions.values() for topic in d.events.topics]
        self.feeds = {at: Feed() for at in sorted(topics)}

    def put(self, process: str, topic: str, task: int, told: list[int]) -> str:
        """Take the time (ms) of a task's newest record of a topic; what became of it."""
        feed = self.feeds.get((process, topic))
        if feed is None:
            return "unknown"
        (newest_at,) = told
        feed.by_task[task] = max(newest_at, feed.by_task.get(task, newest_at))
        return "applied"

    def due(self, process: str, last_at: int) -> int | None:
        """By when a topic has to speak again (ms), None where its calendar has no such time any more."""
        silence = self.definitions[process].events.silence_ms or 0
        hours = self.hours.get(process)
        if hours is None:
            return last_at + silence
        try:
            return hours.add(last_at, silence)
        except NoWorkingTime:
            return None

    def deadlines(self) -> Iterator[int]:
        """When topics that speak would be silent."""
        for (process, _), feed in self.feeds.items():
            if feed.newest_at is not None and (feed.said is None or feed.said.recovered_at is not None):
                due = self.due(process, feed.newest_at)
                if due is not None:
                    yield due

    def advance(self, moments: Mapping[str, Moment | None], now: int) -> int:
        """Say what has fallen silent, and what speaks again; how many there were."""
        fired = 0
        for (process, topic), feed in self.feeds.items():
            moment = moments[process]
            if moment is not None and feed.newest_at is not None:
                fired += self._judge((process, topic), feed, moment, now)
        return fired

    def _judge(self, at: tuple[str, str], feed: Feed, moment: Moment, now: int) -> int:
        said, newest_at = feed.said, feed.newest_at or 0
        if said is not None and said.recovered_at is None:
            if newest_at <= said.last_at:
                return 0
            feed.said = said._replace(recovered_at=newest_at)
            return self._tell(feed, State.RESOLVED, now)
        due = self.due(at[0], newest_at) if moment.live else None
        if due is None or due >= moment.clock:
            return 0
        feed.said = Silence(*at, newest_at, due, None)
        feed.episode += 1
        return self._tell(feed, State.RAISED, now)

    def _tell(self, feed: Feed, state: State, now: int) -> int:
        assert feed.said is not None  # it has just been set
        feed.revision += 1
        feed.changed = True
        body = self._body(feed.said, state, now) | {"episode": feed.episode, "revision": feed.revision}
        self.out[0].append(AlertRecord(body["id"], orjson.dumps(body)))
        self.out[1]["alerts", feed.said.process, "silence", "feed", "breach", state.value, "exact"] += 1
        return 1

    def _body(self, said: Silence, state: State, now: int) -> dict[str, Any]:
        definition = self.definitions[said.process]
        happened_at = said.since if said.recovered_at is None else said.recovered_at
        return {
            "schema": 1,
            "id": silence_id(said.process, said.topic),
            "process": said.process,
            "version": definition.version,
            "subject": said.topic,
            "rule": "silence",
            "kind": "feed",
            "stage": "breach",
            "state": state.value,
            "grade": "exact",
            "settled": True,
            "severity": "critical",
            "happened_at": iso_instant(happened_at),
            "noticed_at": iso_instant(now),
            "due_at": iso_instant(said.since),
            "summary": _summary(said),
            "explanation": {"started_at": iso_instant(said.last_at)},
            "labels": {},
            "owner": definition.roles.owner,
            "manager": definition.roles.manager,
        }

    def silences(self) -> list[Silence]:
        """The topics that are silent, or were last."""
        return [feed.said for feed in self.feeds.values() if feed.said is not None]

    def journal(self) -> Iterator[tuple[tuple[str, str], list[Any]]]:
        """What has changed of what was said; the newest records are partials."""
        for at, feed in self.feeds.items():
            if feed.changed:
                feed.changed = False
                yield at, [feed.said, feed.revision, feed.episode]

    def restore(self, process: str, topic: str, fields: list[Any]) -> None:
        """Take up what was journalled of a topic, if it is still watched."""
        feed = self.feeds.get((process, topic))
        if feed is not None:
            said, feed.revision, feed.episode = fields
            feed.said = None if said is None else Silence(*said)


def silence_id(process: str, topic: str) -> str:
    """The id of the alert on a topic's silence."""
    return blake2b(orjson.dumps([process, "silence", "topic", topic]), digest_size=16).hexdigest()


def _summary(said: Silence) -> str:
    if said.recovered_at is None:
        return f"{said.topic}: silent since {day_text(said.last_at)}: what its cases wait for may have happened unseen"
    return f"{said.topic}: speaks again after {length_text(said.recovered_at - said.last_at)} of silence"
