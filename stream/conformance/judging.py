"""What a whole case costs: event by event, then closed, each cost with its certificate turned into a grade.

A cost is `exact`, or `bounded`: the truth lies between `at_least` and it. Where no way to the final marking is known
there is no closing cost; it is `unreachable` where there is none at all. A certificate that is lost is won back within
a budget, which is counted in work and not in time. Invariant: what is called exact or unreachable is proved, and equal
cases in equal order get equal answers.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from stream.conformance.automaton import INF, Automaton, Frontier, Resolution

BUDGET: Final = 20_000
"""Items looked at to win back one certificate: ten times what a live case is given; some tenths of a second."""
ATTEMPTS: Final = 2_000
"""Certificates of one log that are tried to be won back; beyond, they stay lost."""
_NEVER: Final = 1 << 60
"""More than any case can cost, however long: the engine's INF only bounds single steps."""

Grade = Literal["exact", "bounded", "unreachable"]


class Verdict(NamedTuple):
    """A cost, None where none is known, and the least that the truth can be, None where there is no end at all."""

    cost: int | None
    at_least: int | None

    @property
    def grade(self) -> Grade:
        """How sure the cost is."""
        if self.at_least is None:
            return "unreachable"
        return "exact" if self.cost == self.at_least else "bounded"


class Judged(NamedTuple):
    """A case: after each event the cost of the prefix and the least that it can be, and the verdict on the whole;
    `at_least` is `costs` itself where every prefix is exact."""

    costs: Sequence[int]
    at_least: Sequence[int]
    closing: Verdict


class Judge:
    """Judges the cases of one log; `attempts` counts down to 0."""

    def __init__(self, automaton: Automaton, *, budget: int = BUDGET, attempts: int = ATTEMPTS) -> None:
        self.automaton, self.budget, self.attempts = automaton, budget, attempts
        self.won_back: dict[tuple[str, ...], Judged] = {}

    def judge(self, activities: Sequence[str]) -> Judged:
        """Judge a case by its activities, in the model's names and in order."""
        step = self.automaton.step
        frontier, cost, least = self.automaton.start(), 0, _NEVER
        costs: list[int] = []
        for activity in activities:
            frontier, extra, dropped = frontier.next.get(activity) or step(frontier, activity)
            if dropped < INF and cost + dropped < least:
                least = cost + dropped
            cost += extra
            costs.append(cost)
        closing = self._closing(frontier, cost, least)
        # Costs only rise and certificates only fall: if the last cost is certified, all are.
        if cost <= least and closing.grade != "bounded":
            return Judged(costs, costs, closing)
        return self._again(tuple(activities))

    def _closing(self, frontier: Frontier, cost: int, least: int) -> Verdict:
        completion, cut = self.automaton.completion(frontier), self.automaton.completion_cut(frontier)
        whole = cost + completion if completion < INF else _NEVER
        least = min(whole, least, cost + cut if cut < INF else _NEVER)
        return Verdict(whole if whole < _NEVER else None, least if least < _NEVER else None)

    def _again(self, activities: tuple[str, ...]) -> Judged:
        """Judge a case that has lost a certificate; remembered, for other cases may be the same."""
        known = self.won_back.get(activities)
        if known is not None:
            return known
        had = self.attempts
        case, trying = Resolution(self.automaton.start(), 0, INF), True
        most: list[int] = []
        least: list[int] = []
        for index, activity in enumerate(activities, 1):
            case = _after(self.automaton, case, activity)
            if trying and case.cost > case.floor:
                case = self._won_back(activities[:index], closing=False) or case
                trying = case.cost <= case.floor
            at_least, at_most = self.automaton.interval(case, closing=False)
            most.append(at_most)
            least.append(at_least)
        tighten(least, most)
        judged = Judged(most, most if most == least else least, self._closing_again(activities, case))
        if self.attempts < had:
            self.won_back[activities] = judged
        return judged

    def _closing_again(self, activities: tuple[str, ...], case: Resolution) -> Verdict:
        at_least, at_most = self.automaton.interval(case, closing=True)
        if at_least != at_most and (better := self._won_back(activities, closing=True)):
            low, high = self.automaton.interval(better, closing=True)
            at_least, at_most = max(at_least, low), min(at_most, high)
        return Verdict(at_most if at_most < INF else None, at_least if at_least < INF else None)

    def _won_back(self, activities: tuple[str, ...], *, closing: bool) -> Resolution | None:
        if not self.attempts:
            return None
        self.attempts -= 1
        return self.automaton.resolve(activities, closing=closing, budget=self.budget)


def _after(automaton: Automaton, case: Resolution, activity: str) -> Resolution:
    frontier, extra, dropped = automaton.step(case.frontier, activity)
    return Resolution(frontier, case.cost + extra, min(case.floor, case.cost + dropped))


def tighten(least: list[int], most: list[int]) -> None:
    """Narrow bounds of prefix costs by their neighbours': one more event costs nothing or up to 1 (a log move)."""
    for index in range(1, len(most)):
        least[index] = max(least[index], least[index - 1])
        most[index] = min(most[index], most[index - 1] + 1)
    for index in range(len(most) - 1, 0, -1):
        least[index - 1] = max(least[index - 1], least[index] - 1)
        most[index - 1] = min(most[index - 1], most[index])
