"""A bounded memo: remembers the newest results and forgets the oldest, one for each new one, so that nothing stalls.

Invariant: never more entries than the limit, and a forgotten entry can always be computed again.
"""

from collections import deque
from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """A dict that `put` keeps within its limit, oldest entries leaving first."""

    __slots__ = ("limit", "order")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit, self.order = limit, deque[Key]()

    def put(self, key: Key, value: Value) -> Value:
        """Remember a new key's value, and return it."""
        self[key] = value
        self.order.append(key)
        if len(self.order) > self.limit:
            del self[self.order.popleft()]
        return value
