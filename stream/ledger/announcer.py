"""The alerts of a series: the difference between its present episode and what was said last.

Invariant: an alert's id is a hash of process, rule and segment, so that it is the same in every run; the table of
`stream.lifecycle` says which records a change calls for, and each has the next revision.
"""

from collections import Counter
from hashlib import blake2b
from typing import Any

import orjson

from schemas.alert import State
from stream.effects import AlertRecord
from stream.ledger.goals import Goal
from stream.ledger.reading import Episode
from stream.ledger.series import Series, read_episode
from stream.ledger.wording import explanation, severity_of, stage_of, subject_of, summary
from stream.lifecycle import Truth, transitions
from stream.wording import iso_instant


class Speaker:
    """Says what has become of one series; `records` and `counts` are shared, and wait to be drained."""

    __slots__ = ("counts", "episode", "goal", "id", "records", "revision", "segment", "settled", "state", "told")

    def __init__(self, goal: Goal, segment: tuple[str, ...], out: tuple[list[AlertRecord], Counter[Any]]) -> None:
        self.goal, self.segment = goal, segment
        self.records, self.counts = out
        subject = [goal.process, goal.asks.id, "segment", *segment]
        self.id = blake2b(orjson.dumps(subject), digest_size=16).hexdigest()
        self.state: State | None = None
        self.revision, self.episode = 0, 1
        self.told: Episode | None = None
        self.settled = False

    def say(self, series: Series, now: int) -> bool:
        """Publish what is to be said of the present episode; `now` is the wall clock (ms). True if anything was."""
        present, settled = series.present, series.settled
        truth = Truth.GONE if present is None else Truth.HOLDS if present.closed_at is None else Truth.CLOSED
        changed = present != self.told or settled is not self.settled
        states = transitions(self.state, truth, changed=changed)
        if self.state is None and not states:
            return False
        self.settled = settled
        self.told = present or self.told
        grade = "late" if series.late else series.measure.grade
        for state in states:
            assert self.told is not None  # nothing is said before there was an episode
            if state is State.RAISED and self.state is State.RESOLVED:
                self.episode += 1
            self.state, self.revision = state, self.revision + 1
            self.records.append(AlertRecord(self.id, orjson.dumps(self._body(self.told, grade, now))))
            rule, stage = self.goal.asks.id, stage_of(self.goal, self.told)
            self.counts["alerts", self.goal.process, rule, self.goal.kind, stage, state.value, grade] += 1
        return bool(states)

    def _body(self, episode: Episode, grade: str, now: int) -> dict[str, Any]:
        goal, state = self.goal, self.state
        assert state is not None  # it has just been taken
        subject = subject_of(goal, self.segment)
        closing = state is State.RESOLVED and episode.closed_at is not None
        return {
            "schema": 1,
            "id": self.id,
            "process": goal.process,
            "version": goal.version,
            "subject": subject,
            "rule": goal.asks.id,
            "kind": goal.kind,
            "stage": stage_of(goal, episode),
            "state": state.value,
            "grade": grade,
            "settled": self.settled,
            "severity": severity_of(goal, episode),
            "episode": self.episode,
            "revision": self.revision,
            "happened_at": iso_instant(episode.closed_at or 0) if closing else iso_instant(episode.at),
            "noticed_at": iso_instant(now),
            "summary": summary(goal, subject, episode, state),
            "explanation": {"started_at": iso_instant(episode.since), **explanation(goal, episode, state)},
            "labels": goal.labels(self.segment),
            "owner": goal.owner,
            "manager": goal.manager,
        }

    def record(self) -> list[Any]:
        """The journalled form."""
        return [self.state, self.revision, self.episode, self.told, self.settled]

    def restore(self, fields: list[Any]) -> None:
        """Take up what `record` described."""
        state, self.revision, self.episode, told, self.settled = fields
        self.state = None if state is None else State(state)
        self.told = None if told is None else read_episode(told)
