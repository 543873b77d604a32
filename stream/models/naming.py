"""How a net's parts are named to a person: an activity by its label, a place by the activities around it.

Invariant: whatever has an id in the file is named with it, so that it can be found there.
"""

from collections.abc import Iterable, Sequence

from stream.models.net import Net

MOST_NAMED = 3  # activities named before or after a place
LONGEST = 12  # activities of a trace shown in full


class Names:
    """The names of a net's places and steps."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self._into: dict[int, list[int]] = {}
        self._from: dict[int, list[int]] = {}
        for number, step in enumerate(net.transitions):
            for place in step.pre:
                self._from.setdefault(place, []).append(number)
            for place in step.post:
                self._into.setdefault(place, []).append(number)

    def step(self, number: int) -> str:
        """A step by its label and element."""
        label, _, post, element = self.net.transitions[number]
        if label is not None:
            return _quoted(label) + (f" ({element})" if element not in (None, label) else "")
        ahead = self.activities(post, ahead=True)
        return f"the silent step {element or number}" + (f" towards {ahead}" if ahead else "")

    def place(self, place: int) -> str:
        """A place by its name in the file and the nearest activities on either side."""
        behind, ahead = self.activities([place], ahead=False), self.activities([place], ahead=True)
        around = [f"after {behind}"] * bool(behind) + [f"before {ahead}"] * bool(ahead)
        return f"place {self.net.places[place]}" + (f" ({', '.join(around)})" if around else "")

    def activities(self, places: Iterable[int], *, ahead: bool) -> str:
        """The nearest activities ahead of places, or behind them, looking through silent steps."""
        found, seen, todo = dict[str, None](), set(places), list(places)
        for place in todo:  # grows
            for number in (self._from if ahead else self._into).get(place, ()):
                step = self.net.transitions[number]
                if step.label is not None:
                    found[_quoted(step.label)] = None
                    continue
                further = [other for other in (step.post if ahead else step.pre) if other not in seen]
                seen.update(further)
                todo.extend(further)
        shown = [*found][:MOST_NAMED]
        return ", ".join(shown) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")

    def trace(self, steps: Sequence[int]) -> str:
        """The activities of a run, in order; a long one is shortened in its middle."""
        shown = [_quoted(label) for number in steps if (label := self.net.transitions[number].label) is not None]
        if len(shown) > LONGEST:
            half = LONGEST // 2
            shown[half:-half] = [f"… {len(shown) - 2 * half} more …"]
        return ", ".join(shown)

    def tokens(self, marking: dict[int, int]) -> str:
        """Where tokens are."""
        named = [self.place(place) + (f" ({number} tokens)" if number > 1 else "") for place, number in marking.items()]
        shown = named[:MOST_NAMED]
        return " and ".join(shown) + (f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else "")


def _quoted(label: str) -> str:
    """A label on one line."""
    return f"`{' '.join(label.split())}`"
