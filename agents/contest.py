"""Whether somebody outside of the group of workers takes its tasks: another installation under the same prefix.

Whoever writes under a prefix bears the transactional ids of its tasks, so that two of them fence each other and nothing
is doubled; but each would go on taking the tasks back for ever. Invariant: a task that was fenced once or twice may
have been so by the broker, which ends transactions that take too long; one that is fenced again and again is contested,
and that is said until nobody has taken one for a while.
"""

import asyncio
from typing import Final

from agents.health import Health
from agents.retry import Notice
from agents.source_groups import TaskId

BY_CHANCE: Final = 2
"""So often a task may be taken from a member of the group before somebody else is to blame."""

OVER_S: Final = 30.0
"""Nobody has taken a task for so long: there is nobody else any more."""

OBSTACLE: Final = "contested"
RIGHT: Final = "end it, or give it a prefix of its own"


class Contest:
    """Counts how often each task was taken, and says so."""

    def __init__(self, health: Health) -> None:
        self._health, self._notice = health, Notice()
        self._taken: dict[TaskId, int] = {}
        self._last_at = float("-inf")

    def taken(self, id: TaskId, prefix: str) -> bool:
        """Note that somebody took a task that the group says is ours; whether somebody else is to blame."""
        loop = asyncio.get_running_loop()
        self._taken[id] = self._taken.get(id, 0) + 1
        self._last_at = loop.time()
        loop.call_later(OVER_S, self._forget)
        if self._taken[id] <= BY_CHANCE:
            return False
        wrong = f"another installation writes under CASEWATCH_PREFIX `{prefix}` and takes tasks from this one"
        self._health.block(OBSTACLE, f"{wrong}; {RIGHT}")
        self._notice.say(wrong, task=str(id), right=RIGHT)
        return True

    def _forget(self) -> None:
        if asyncio.get_running_loop().time() - self._last_at >= OVER_S:
            self._taken.clear()
            self._health.clear(OBSTACLE)
