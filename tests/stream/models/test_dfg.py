"""What directly-follows graphs in CSV files mean, and what they are refused for."""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from stream.models.dfg import read_dfg, read_follows
from tests.stream.models.language import words

HEADER = "source,target,frequency\n"


def refusal(text: str) -> list[str]:
    """The problems that a file is refused for."""
    with pytest.raises(Refused) as refused:
        read_dfg("g.csv", text.encode())
    return [str(problem) for problem in refused.value.problems]


def test_the_runs_are_the_walks_from_the_start_to_an_end() -> None:
    """Loops, choices and several ends."""
    net = read_model("g.csv", (HEADER + ",a,3\na,b,2\nb,b,5\na,c,1\nb,,2\nc,,1\n").encode())
    assert words(net, 4) == {"a b", "a b b", "a b b b", "a c"}
    assert net.notes == ()


@pytest.mark.parametrize("header", ["source,target", "Source;Target;count", "from\tto\tn", "n,from,to"])
def test_columns_are_known_by_their_names(header: str) -> None:
    """In any order, parted by commas, semicolons or tabs."""
    delimiter = next(mark for mark in ";\t," if mark in header)
    cells = {"source": "", "from": "", "target": "a", "to": "a"}
    back = {"source": "a", "from": "a", "target": "", "to": ""}
    lines = [delimiter.join(line.get(name.lower(), "1") for name in header.split(delimiter)) for line in (cells, back)]
    assert words(read_dfg("g.csv", "\r\n".join([header, *lines, ""]).encode("utf-8-sig"))) == {"a"}


@pytest.mark.parametrize(
    ("start", "end"), [("", ""), ("▶", "■"), ("ARTIFICIAL_START", "ARTIFICIAL_END"), ("start", "end")]
)
def test_starts_and_ends_are_marked_as_tools_mark_them(start: str, end: str) -> None:
    """Empty cells, pm4py's signs, bupaR's words, or plain words where nothing else does it."""
    net = read_dfg("g.csv", f"{HEADER}{start},a b,1\na b,{end},1\n".encode())
    assert words(net) == {"a b"}
    assert len(net.notes) == (2 if start == "start" else 0)


def test_a_word_is_an_activity_where_marks_say_where_cases_begin_and_end() -> None:
    """`start` before a marked start, and `end` with something behind it."""
    assert words(read_dfg("g.csv", f"{HEADER},start,1\nstart,end,1\nend,,1\n".encode())) == {"start end"}
    assert words(read_dfg("g.csv", f"{HEADER}start,a,1\na,start,1\na,■,1\n,start,1\n".encode()), 4) == {
        "start a",
        "start a start a",
    }


def test_an_end_that_nothing_marks_is_the_only_activity_without_a_follower() -> None:
    """And that is said; where several could be meant, it is refused."""
    net = read_dfg("g.csv", f"{HEADER}a,b,1\nb,c,1\n".encode())
    assert words(net) == {"a b c"}
    assert net.notes == (
        "no line marks the start: 'a' is taken, the only activity that follows no other",
        "no line marks the end: 'c' is taken, the only activity that is followed by no other",
    )
    assert refusal(f"{HEADER}a,b,1\na,c,1\n") == [
        "g.csv:1: file: no end: no line has an empty target; a line with an empty target, or ■"
    ]
    assert "no start" in refusal(f"{HEADER}a,b,1\nb,a,1\nb,,1\n")[0]


def test_an_edge_twice_is_one_edge_with_the_sum_of_its_frequencies() -> None:
    """A frequency of zero is no edge, and that is said."""
    graph = read_follows("g.csv", f"{HEADER},a,1\na,,2\na,,3\na,b,0\n".encode())
    assert graph.edges == {("", "a"): 1, ("a", ""): 5}
    assert graph.notes == ("line 5: a → b was never seen (frequency 0) and is left out",)


def test_activities_that_no_walk_reaches_are_told() -> None:
    """And those from which no end is reached."""
    net = read_dfg("g.csv", f"{HEADER},a,1\na,,1\na,b,1\nb,b,1\nc,a,1\n".encode())
    assert net.notes == (
        "no walk leads from 'b' to an end: a case that reaches it never ends",
        "'c' can never happen: no walk from the start leads to it",
    )
    assert "no walk leads from the start to an end" in refusal(f"{HEADER},a,1\nb,,1\n")[0]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a,b,often", "g.csv:3: a → b: the frequency 'often'; a whole number"),
        ("a,b,-1", "g.csv:3: a → b: the frequency '-1'; a whole number"),
        ("a", "g.csv:3: line: 1 cells; one cell for each column"),
        (",,1", "g.csv:3: ▶ → ■: neither a source nor a target; at least one activity"),
        ("■,a,1", "g.csv:3: ■ → a: leads away from the end or into the start; ▶ as a source, ■ as a target"),
        ('"a,b,1', "g.csv:3: line: no CSV: unexpected end of data; cells parted by commas, quoted where need be"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(line: str, found: str) -> None:
    """With what is wrong and what would be right."""
    assert found in refusal(f"{HEADER},a,1\n{line}")


def test_what_is_no_graph_at_all_is_refused_once() -> None:
    """A file of another kind is wrong in every line, and need not be told so in each."""
    assert refusal("case,activity\n1,a\n") == [
        "g.csv:1: header: no columns named source and target; a first line such as `source,target,frequency`"
    ]
    assert "no columns" in refusal("")[0]
    assert refusal("source,target,from\n")[0].startswith("g.csv:1: header: 2 columns for the source")
    assert len(refusal(HEADER + "a,b,c\n" * 1000)) < 30
    with pytest.raises(Refused, match=r"g\.csv:2: file: it is not UTF-8; save it as UTF-8"):
        read_dfg("g.csv", b"source,target\n\xff,a\n")
