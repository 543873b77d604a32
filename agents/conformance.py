"""Conformance over history: cases and a model in, what every prefix and every case costs out.

Invariant: cases come in the order in which they are given, and events in that of their case, numbered from 1, so that
two runs write the same bytes. The rows are CSV (RFC 4180, lines ended by a line feed); names stand in them as they are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import eq
from time import process_time
from typing import Final, NamedTuple, TypeVar

from agents.collector import collector_at_rest
from agents.logs.cases import Cases
from stream.conformance.automaton import Automaton
from stream.conformance.judging import Grade, Judge, Judged

_SPECIAL: Final = frozenset(',"\n\r')
_TOLD_EVERY: Final = 1_000

Write = Callable[[bytes], object]
Progress = Callable[[int], None]


class Tables(NamedTuple):
    """What takes the rows of events and of cases, None for nothing."""

    per_event: Write | None = None
    per_case: Write | None = None


@dataclass(slots=True)
class Report:
    """What a log costs.

    `closed` cases have a closing cost; `cost` is their sum, `fitting` those of cost 0 among them, and `reference` what
    they would cost if no event were synchronised. `raised` says for each activity how many of its events raised the
    cost of their case, `raised_by` how much; `short` cases ended before the model does, `short_by` so many steps.
    `cases` and `events` are counted by grade; `gave_up` says that too many certificates were lost to win all back.
    """

    cases: Counter[Grade] = field(default_factory=Counter)
    events: Counter[Grade] = field(default_factory=Counter)
    closed: int = 0
    fitting: int = 0
    cost: int = 0
    reference: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    raised_by: Counter[str] = field(default_factory=Counter)
    short: int = 0
    short_by: int = 0
    gave_up: bool = False
    seconds: float = 0.0

    @property
    def fitness(self) -> float | None:
        """1 - cost / reference over the log (van der Aalst, Process Mining, 2nd ed. 2016, 8.3); None without cases."""
        return 1 - self.cost / self.reference if self.reference else None

    def add(self, activities: Sequence[str], judged: Judged, shortest: int) -> None:
        """Count a case; `shortest` is what the cheapest run of the model costs without any event."""
        costs, closing = judged.costs, judged.closing
        self.cases[closing.grade] += 1
        exact = len(costs) if judged.at_least is costs else sum(map(eq, costs, judged.at_least))
        self.events["exact"] += exact
        self.events["bounded"] += len(costs) - exact
        if closing.cost is not None:
            self.closed += 1
            self.cost += closing.cost
            self.fitting += closing.cost == 0
            self.reference += len(costs) + shortest
            self.short_by += (missing := closing.cost - (costs[-1] if costs else 0))
            self.short += missing > 0
        if costs and costs[-1]:
            self.locate(activities, costs)

    def locate(self, activities: Sequence[str], costs: Sequence[int]) -> None:
        """Count where costs rise."""
        before = 0
        for activity, cost in zip(activities, costs, strict=True):
            if cost > before:
                self.raised[activity] += 1
                self.raised_by[activity] += cost - before
            before = cost


def run(automaton: Automaton, cases: Cases, tables: Tables, progress: Progress) -> Report:
    """Judge every case, write its rows, and sum up. `seconds` count the time that one core was busy."""
    report, rows, judge = Report(), Rows(tables), Judge(automaton)
    shortest = automaton.completion(automaton.start())
    began, done, told = process_time(), 0, 0
    with collector_at_rest():
        for name, case in cases.by_name.items():
            judged = judge.judge(case.activities)
            rows.write(name, case.activities, judged)
            report.add(case.activities, judged, shortest)
            done += len(case.activities)
            if done - told >= _TOLD_EVERY:
                told = done
                progress(done)
    progress(done)
    report.gave_up = not judge.attempts
    report.seconds = process_time() - began
    return report


class Rows:
    """Writes the rows of cases to the tables that are asked for, each below its header."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        # The parts of a row recur, so that each is made once and rows are only joined.
        self.indices = _Made[int](lambda index: f",{index},")
        self.activities = _Made[str](cell)
        self.exact = _Made[int](lambda cost: f",{cost},exact,{cost}\n")
        if tables.per_event is not None:
            tables.per_event(b"case,index,activity,cost,grade,at_least\n")
        if tables.per_case is not None:
            tables.per_case(b"case,events,cost,grade,at_least\n")

    def write(self, name: str, activities: Sequence[str], judged: Judged) -> None:
        """Write one case."""
        per_event, per_case = self.tables
        if per_event is not None:
            per_event("".join(chain.from_iterable(self._events(cell(name), activities, judged))).encode())
        if per_case is not None:
            cost, at_least = ("" if number is None else number for number in judged.closing)
            per_case(f"{cell(name)},{len(activities)},{cost},{judged.closing.grade},{at_least}\n".encode())

    def _events(self, case: str, activities: Sequence[str], judged: Judged) -> Iterable[tuple[str, ...]]:
        costs, at_least = judged.costs, judged.at_least
        exact = map(self.exact.__getitem__, costs)
        verdicts = exact if at_least is costs else map(self._verdict, costs, at_least)
        indices = map(self.indices.__getitem__, range(1, len(costs) + 1))
        return zip(repeat(case), indices, map(self.activities.__getitem__, activities), verdicts)

    def _verdict(self, cost: int, at_least: int) -> str:
        return self.exact[cost] if cost == at_least else f",{cost},bounded,{at_least}\n"


Part = TypeVar("Part")


class _Made(dict[Part, str]):
    """Texts, each made when it is first asked for."""

    def __init__(self, make: Callable[[Part], str]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, part: Part) -> str:
        made = self[part] = self.make(part)
        return made


def cell(text: str) -> str:
    """A text as a cell of CSV, quoted where it has to be."""
    if _SPECIAL.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'
