"""Whoever takes a task from outside of the group is told from a broker that ended a transaction."""

import asyncio

import pytest

from agents import contest
from agents.contest import Contest
from agents.health import Health
from agents.source_groups import TaskId

TASK = TaskId("events", 0)


async def test_a_task_that_is_taken_twice_may_have_been_taken_by_the_broker() -> None:
    """Transactions that take too long are ended under any load."""
    health = Health()
    contested = Contest(health)
    assert [contested.taken(TASK, "casewatch") for _ in range(3)] == [False, False, True]
    assert not contested.taken(TaskId("events", 1), "casewatch")
    assert "another installation writes under CASEWATCH_PREFIX `casewatch`" in str(health.says("contested"))


async def test_a_contest_is_over_when_nobody_takes_a_task_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The obstacle leaves by itself, and what was counted is forgotten."""
    monkeypatch.setattr(contest, "OVER_S", 0.05)
    health = Health()
    contested = Contest(health)
    for _ in range(3):
        contested.taken(TASK, "casewatch")
    async with asyncio.timeout(5):
        while health.says("contested") is not None:
            await asyncio.sleep(0.01)
    assert not contested.taken(TASK, "casewatch")
