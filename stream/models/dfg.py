"""Directly-follows graphs as CSV in, a net out whose runs are the walks from the start to an end.

A line is one edge: `source,target`, and after them any columns, of which `frequency` is added up. The file begins with
its header and is parted by commas, semicolons or tabs. A first activity stands behind an empty source (or `▶`, or
`start`), a last one before an empty target (or `■`, or `end`): what common tools write. Invariant: what the lines mean
is honoured, or refused by line; what had to be guessed is said.
"""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from schemas.problem import Problem, Refused
from stream.models.net import Net, Transition

COLUMNS = {
    "source": ("source", "from"),
    "target": ("target", "to"),
    "frequency": ("frequency", "count", "weight", "n"),
}
DELIMITERS = (",", ";", "\t")
STARTS = frozenset({"", "▶", "ARTIFICIAL_START"})  # pm4py's and bupaR's
ENDS = frozenset({"", "■", "ARTIFICIAL_END"})
LARGEST = 8 * 2**20  # bytes
MOST_EDGES = 20_000
MOST_PROBLEMS = 20  # a file of another kind is wrong in every line

Edge = tuple[str, str]  # source and target; empty where the case begins or ends


class FollowsGraph(NamedTuple):
    """The activities in the order of the file, and how often each edge was seen (None: the file does not say)."""

    activities: tuple[str, ...]
    edges: dict[Edge, int | None]
    notes: tuple[str, ...]


def read_dfg(name: str, content: bytes) -> Net:
    """The net of a directly-follows graph; raises `Refused` with every problem found."""
    graph = read_follows(name, content)
    places = ("start", "end", *(f"after {activity}" for activity in graph.activities))
    at = {activity: place for place, activity in enumerate(graph.activities, 2)}
    steps = []
    for source, target in graph.edges:
        before, after = at.get(source, 0), at.get(target, 1)
        steps.append(Transition(target or None, {before: 1}, {after: 1}, f"{source or '▶'} → {target or '■'}"))
    return Net(places, tuple(steps), {0: 1}, {1: 1}, graph.notes)


def read_follows(name: str, content: bytes) -> FollowsGraph:
    """The graph itself; raises `Refused` with every problem found, by line."""
    return _Reader(name, content).graph()


class _Reader:
    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.edges: dict[Edge, int | None] = {}
        self.text = self.decoded(content)

    def refuse(self, line: int, element: str, wrong: str, right: str) -> None:
        self.problems.append(Problem(self.name, line, element, wrong, right))

    def decoded(self, content: bytes) -> str:
        if len(content) > LARGEST:
            self.refuse(1, "file", f"{len(content)} bytes", f"at most {LARGEST} bytes")
            raise Refused(self.problems)
        try:
            return content.removeprefix(b"\xef\xbb\xbf").decode()
        except UnicodeDecodeError as error:
            self.refuse(content.count(b"\n", 0, error.start) + 1, "file", "it is not UTF-8", "save it as UTF-8")
            raise Refused(self.problems) from None

    def graph(self) -> FollowsGraph:
        for line, cells in self.rows():
            self.edge(line, cells)
            if len(self.problems) > MOST_PROBLEMS or len(self.edges) > MOST_EDGES:
                break
        if len(self.edges) > MOST_EDGES:
            self.refuse(1, "file", f"more than {MOST_EDGES} edges", "the edges of one process")
        if self.problems:
            raise Refused(self.problems)
        self.marked_by_word("start", 0)
        self.marked_by_word("end", 1)
        self.inferred("start", 0)
        self.inferred("end", 1)
        if self.problems:
            raise Refused(self.problems)
        activities = tuple(dict.fromkeys(activity for edge in self.edges for activity in edge if activity))
        self.unreachable(activities)
        return FollowsGraph(activities, self.edges, tuple(self.notes))

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The lines after the header, as cells by column."""
        lines = self.text.replace("\r\n", "\n").split("\n")
        delimiter = max(DELIMITERS, key=lines[0].count)
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
        try:
            columns = self.columns(next(reader, []))
            for cells in reader:
                if len(cells) < 2 and not any(cells):
                    continue
                if len(cells) <= max(columns["source"], columns["target"]):
                    self.refuse(reader.line_num, "line", f"{len(cells)} cells", "one cell for each column")
                    continue
                yield reader.line_num, {column: cells[at] for column, at in columns.items() if at < len(cells)}
        except csv.Error as error:
            self.refuse(reader.line_num, "line", f"no CSV: {error}", "cells parted by commas, quoted where need be")

    def columns(self, header: list[str]) -> dict[str, int]:
        """Where each column stands."""
        written = [cell.strip().lower() for cell in header]
        found: dict[str, int] = {}
        for column, names in COLUMNS.items():
            at = [index for index, cell in enumerate(written) if cell in names]
            if len(at) > 1:
                self.refuse(1, "header", f"{len(at)} columns for the {column}", f"one named {column}")
            if at:
                found[column] = at[0]
        if "source" not in found or "target" not in found:
            right = "a first line such as `source,target,frequency`"
            self.refuse(1, "header", "no columns named source and target", right)
        if self.problems:
            raise Refused(self.problems)
        return found

    def edge(self, line: int, cells: dict[str, str]) -> None:
        source = "" if cells["source"].strip() in STARTS else cells["source"]
        target = "" if cells["target"].strip() in ENDS else cells["target"]
        which = f"{source or '▶'} → {target or '■'}"
        if not source and not target:
            self.refuse(line, which, "neither a source nor a target", "at least one activity")
            return
        if cells["source"].strip() in ENDS - {""} or cells["target"].strip() in STARTS - {""}:
            self.refuse(line, which, "leads away from the end or into the start", "▶ as a source, ■ as a target")
            return
        written = cells.get("frequency", "").strip()
        if written and not (written.isascii() and written.isdigit() and len(written) < 16):
            self.refuse(line, which, f"the frequency {written[:40]!r}", "a whole number")
            return
        if written and not int(written):
            self.notes.append(f"line {line}: {which} was never seen (frequency 0) and is left out")
            return
        before = self.edges.get((source, target))
        self.edges[source, target] = (before or 0) + int(written) if written else before

    def marked_by_word(self, word: str, side: int) -> None:
        """Take `start` and `end` for marks where nothing else marks them, and they are on one side only."""
        if any(not edge[side] for edge in self.edges):
            return
        spellings = {edge[side] for edge in self.edges if edge[side].strip().lower() == word}
        if len(spellings) != 1 or any(edge[1 - side] in spellings for edge in self.edges):
            return
        (spelling,) = spellings
        if all(edge[1 - side] for edge in self.edges if edge[side] == spelling):
            self.notes.append(f"{spelling!r} is taken as the mark of the {word}, not as an activity")
            self.edges = {
                (("" if side == 0 else edge[0]), ("" if side == 1 else edge[1])) if edge[side] == spelling else edge: n
                for edge, n in self.edges.items()
            }

    def inferred(self, word: str, side: int) -> None:
        """Where nothing marks the start or the end, take the only activity that can be meant."""
        if any(not edge[side] for edge in self.edges):
            return
        followed = {edge[1 - side] for edge in self.edges}
        only = sorted({edge[side] for edge in self.edges} - followed)
        column = ("source", "target")[side]
        if len(only) == 1:
            which = "follows no other" if side == 0 else "is followed by no other"
            self.notes.append(f"no line marks the {word}: {only[0]!r} is taken, the only activity that {which}")
            self.edges["" if side == 0 else only[0], only[0] if side == 0 else ""] = None
            return
        mark = ("▶", "■")[side]
        self.refuse(1, "file", f"no {word}: no line has an empty {column}", f"a line with an empty {column}, or {mark}")

    def unreachable(self, activities: tuple[str, ...]) -> None:
        ahead, back = self.walk("", 0), self.walk("", 1)
        for activity in activities:
            if activity not in ahead:
                self.notes.append(f"{activity!r} can never happen: no walk from the start leads to it")
            elif activity not in back:
                self.notes.append(f"no walk leads from {activity!r} to an end: a case that reaches it never ends")
        if not any(not target and (source in ahead) for source, target in self.edges):
            self.refuse(1, "file", "no walk leads from the start to an end", "edges that join them")
            raise Refused(self.problems)

    def walk(self, mark: str, side: int) -> set[str]:
        """The activities that walks from the start reach (side 0), or from which the end is reached (side 1)."""
        follows: dict[str, list[str]] = {}
        for edge in self.edges:
            follows.setdefault(edge[side], []).append(edge[1 - side])
        seen, todo = set[str](), [mark]
        while todo:
            for other in follows.get(todo.pop(), ()):
                if other and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen
