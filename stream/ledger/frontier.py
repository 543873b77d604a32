"""What time it is over all tasks of a process: the least of the clocks that they publish.

Invariant: it is not known before every task has spoken, and it never goes back; a task that has seen nothing, and says
so, holds nobody back.
"""

from collections.abc import Iterable
from typing import Any

from stream.clock import Moment


class Frontier:
    """The clocks of one process; `moment` is None while a task is yet to be heard of, or none has seen anything."""

    __slots__ = ("by_task", "moment", "tasks")

    def __init__(self, tasks: Iterable[int]) -> None:
        self.tasks = tuple(sorted(tasks))
        self.by_task: dict[int, Moment | None] = {}
        self.moment: Moment | None = None

    def put(self, task: int, value: list[Any]) -> None:
        """Take a task's clock: (clock, settled to, live), instants in ms or None."""
        clock, settled_to, live = value
        self.by_task[task] = None if clock is None else Moment(clock, settled_to, live)
        if all(task in self.by_task for task in self.tasks):
            self._move([moment for task in self.tasks if (moment := self.by_task[task]) is not None])

    def _move(self, known: list[Moment]) -> None:
        if not known:
            return
        clock, settled_to = min(m.clock for m in known), min(m.settled_to for m in known)
        if self.moment is not None:
            clock, settled_to = max(clock, self.moment.clock), max(settled_to, self.moment.settled_to)
        self.moment = Moment(clock, settled_to, all(m.live for m in known))
