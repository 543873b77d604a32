"""Whether the worker is ready, and if not, why: a set of named obstacles, each told to people in a sentence.

Invariant: ready means that no obstacle stands; every part that waits puts one up under its own name and takes it down.
"""

from collections.abc import Iterable


class Health:
    """The worker's obstacles to being ready, and whether the brokers answer."""

    def __init__(self) -> None:
        self.broker_up = False
        self._obstacles: dict[str, str] = {"start": "the worker is starting"}

    def block(self, name: str, reason: str) -> None:
        """Put up the obstacle `name`, or change what it says."""
        self._obstacles[name] = reason

    def says(self, name: str) -> str | None:
        """What the obstacle `name` says, if it stands."""
        return self._obstacles.get(name)

    def clear(self, name: str) -> None:
        """Take down the obstacle `name`, if it stands."""
        self._obstacles.pop(name, None)

    def clear_all_but(self, names: Iterable[str], prefix: str) -> None:
        """Take down every obstacle whose name begins with `prefix`, but for `names`."""
        kept = set(names)
        for name in [name for name in self._obstacles if name.startswith(prefix) and name not in kept]:
            del self._obstacles[name]

    @property
    def reasons(self) -> list[str]:
        """Why the worker is not ready; empty if it is."""
        broker = [] if self.broker_up or "broker" in self._obstacles else ["the brokers do not answer"]
        return broker + list(self._obstacles.values())

    @property
    def ready(self) -> bool:
        """Whether the worker is restored, caught up and in touch with its brokers."""
        return not self.reasons
