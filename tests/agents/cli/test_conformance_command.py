"""`casewatch conformance`: its rows, in which order and under which names, and its summary."""

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from stream.models.net import Transition
from tests.agents.cli.calling import Command
from tests.agents.cli.conforming import CASE_HEADER, EVENT_HEADER, rows, sequence, table, xes
from tests.pnml import pnml
from tests.stream.conformance.random_nets import nested, small, trace


def test_every_event_has_a_row_with_the_cost_of_the_prefix_up_to_it(conformance: Command) -> None:
    """One step is skipped and one event is no step: costs rise where that is first certain, and never fall."""
    ran = conformance(table("log.csv", "A,a", "A,x", "A,c"), "--per-event", "-")

    assert ran.code == 0
    assert ran.out.splitlines() == [EVENT_HEADER, "A,1,a,0,exact,0", "A,2,x,1,exact,1", "A,3,c,2,exact,2"]


def test_every_case_has_a_row_with_its_cost_and_that_of_the_cheapest_completion(conformance: Command) -> None:
    """A fits, B ends a step early, C does so and has a stranger."""
    log = table("log.csv", "A,a", "B,a", "A,b", "C,x", "B,b", "A,c", "C,a", "C,b")

    ran = conformance(log, "--per-case", "-")

    assert ran.code == 0
    assert ran.out.splitlines() == [CASE_HEADER, "A,3,0,exact,0", "B,2,1,exact,1", "C,3,2,exact,2"]


def test_both_tables_and_the_summary_are_written_at_once(conformance: Command) -> None:
    """Two files, and the summary on standard output."""
    ran = conformance(table("log.csv", "A,a", "A,b", "A,c", "B,a"), "--per-event", "e.csv", "--per-case", "c.csv")

    assert ran.code == 0
    assert Path("e.csv").read_text().splitlines()[0] == EVENT_HEADER
    assert len(rows(Path("e.csv").read_text())) == 4
    assert rows(Path("c.csv").read_text()) == [["A", "3", "0", "exact", "0"], ["B", "1", "2", "exact", "2"]]
    assert ran.out.splitlines()[:5] == [
        "cases: 2, 1 of them fit (50.0%)",
        "events: 4 used, 0 skipped, 0 refused",
        "cost: 2, 1.00 a case",
        "fitness: 0.8000 (1 - cost / cost if no event matched any step)",
        "certainty: 4 prefix costs exact; 2 closing costs exact",
    ]


def test_the_summary_says_where_costs_arise(conformance: Command) -> None:
    """By activity, the costliest first, strangers marked, and what is missing at the end."""
    ran = conformance(table("log.csv", "A,a", "A,x", "A,x", "A,c", "B,a"))

    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ran.out.splitlines() if "│" in line]
    assert cells == [
        ["x", "2", "2", "2", "no step of the model"],
        ["c", "1", "1", "1", ""],
        ["the end", "2", "1", "2", "steps missing"],
    ]


def test_prefix_and_closing_costs_are_those_of_brute_force(conformance: Command) -> None:
    """Random nets with loops, silent steps and parallel branches, through files and back."""
    random = Random("conformance command")
    for _ in range(6):
        net, oracle = small(nested, random, "abcdef", most=400)
        cases = {f"case {number}": trace(random, oracle, "abcdefz") for number in range(5)}
        cases = {case: events for case, events in cases.items() if events}
        Path("net.pnml").write_text(pnml(net))
        log = xes(*[(case, [(event, "") for event in events]) for case, events in cases.items()])

        ran = conformance(log, "--per-event", "e.csv", "--per-case", "c.csv", model="net.pnml")

        costs = {case: oracle.costs(events) for case, events in cases.items()}
        assert ran.code == 0
        assert rows(Path("e.csv").read_text()) == [
            [case, str(index), event, str(cost), "exact", str(cost)]
            for case, events in cases.items()
            for index, (event, cost) in enumerate(zip(events, costs[case][0][1:], strict=True), 1)
        ]
        assert rows(Path("c.csv").read_text()) == [
            [case, str(len(events)), str(costs[case][1][-1]), "exact", str(costs[case][1][-1])]
            for case, events in cases.items()
        ]


def test_events_are_taken_in_order_of_time_and_ties_in_that_of_the_file(conformance: Command) -> None:
    """Rows in any order; cases stand in the order in which the file first names them."""
    log = table(
        "log.csv",
        "B,c,2026-03-05T09:00Z",
        "A,c,2026-03-03T09:00Z",
        "A,b,2026-03-02T10:00+01:00",
        "B,b,2026-03-04T09:00Z",
        "B,a,2026-03-04T09:00Z",
        "A,a,2026-03-02T08:59Z",
    )

    ran = conformance(log, "--per-event", "-")

    assert [row[:3] for row in rows(ran.out)] == [
        *(["B", "1", "b"], ["B", "2", "a"], ["B", "3", "c"]),
        *(["A", "1", "a"], ["A", "2", "b"], ["A", "3", "c"]),
    ]


def test_events_without_times_are_taken_in_the_order_of_the_file(conformance: Command) -> None:
    """A XES log may have none."""
    ran = conformance(xes(("A", [("a", ""), ("b", ""), ("c", "")])), "--per-case", "-")

    assert (ran.code, rows(ran.out)) == (0, [["A", "3", "0", "exact", "0"]])


def test_traces_without_a_name_are_numbered_and_traces_of_one_name_are_one_case(conformance: Command) -> None:
    """Both are said."""
    ran = conformance(xes(("", [("a", "")]), ("A", [("a", "")]), ("A", [("b", "")])), "--per-case", "-")

    assert [row[:3] for row in rows(ran.out)] == [["trace-1", "1", "2"], ["A", "2", "1"]]
    assert "1 traces have no name and are called trace-N" in ran.err
    assert "1 traces have the name of an earlier one and are one case with it" in ran.err


STATES = [("a", "start"), ("a", "COMPLETE"), ("b", ""), ("c", "start"), ("c", "complete")]


def test_completed_only_skips_events_of_other_lifecycles(conformance: Command) -> None:
    """In whatever letters; an event that says nothing counts; indices count those used."""
    ran = conformance(xes(("A", STATES)), "--completed-only", "--per-event", "-")

    assert rows(ran.out) == [["A", str(index), event, "0", "exact", "0"] for index, event in enumerate("abc", 1)]
    assert "events: 3 used, 2 skipped, 0 refused" in ran.err


def test_without_it_every_event_is_a_step_and_that_is_said(conformance: Command) -> None:
    """Two starts too many."""
    ran = conformance(xes(("A", STATES)), "--per-case", "-")

    assert rows(ran.out) == [["A", "5", "2", "exact", "2"]]
    assert "2 events are not of lifecycle `complete`, and each counts as a step" in ran.err


def test_a_case_of_which_no_event_is_used_costs_the_shortest_run(conformance: Command) -> None:
    """It was there, and nothing of it was completed."""
    ran = conformance(xes(("A", [("a", "start")])), "--completed-only", "--per-case", "-")

    assert rows(ran.out) == [["A", "0", "3", "exact", "3"]]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "jsonl.gz", "xes.gz"])
def test_every_kind_of_log_is_read(conformance: Command, kind: str) -> None:
    """Under the standard names of XES, plain or packed."""
    if kind.startswith("csv"):
        content = Path(table("log", "A,a", "A,b")).read_bytes()
    elif kind.startswith("xes"):
        content = Path(xes(("A", [("a", ""), ("b", "")]))).read_bytes()
    else:
        events = [{"case:concept:name": "A", "concept:name": name} for name in "ab"]
        content = "\n".join(map(json.dumps, events)).encode()
    Path(f"log.{kind}").write_bytes(gzip.compress(content) if kind.endswith("gz") else content)

    ran = conformance(f"log.{kind}", "--per-case", "-")

    assert (ran.code, rows(ran.out)) == (0, [["A", "2", "1", "exact", "1"]])


def test_columns_are_named_by_options(conformance: Command) -> None:
    """Their times in a pattern and a zone of their own."""
    log = table("log.csv", "b;02/03/2026 10:00;T 1", "a;02/03/2026 09:00;T 1", header="step;when;ticket")
    columns = ("--case", "ticket", "--activity", "step", "--timestamp", "when")

    ran = conformance(log, *columns, "--time-format", "%d/%m/%Y %H:%M", "--timezone", "Europe/Rome", "--per-event", "-")

    assert [row[:4] for row in rows(ran.out)] == [["T 1", "1", "a", "0"], ["T 1", "2", "b", "0"]]


DEFINITION = """
process: tickets
version: "1"
events: {topics: [tickets], mapping: {case: ticket, activity: step, timestamp: when}}
model: {file: abc.pnml, activities: {Opened: a}, unobserved: [b]}
"""


def test_a_definition_brings_its_mapping_its_model_and_its_names(conformance: Command) -> None:
    """`Opened` is what the model calls a, and b happens without an event."""
    Path("tickets.yaml").write_text(DEFINITION)
    log = table("log.csv", "T,Opened,2026-03-02T09:00Z", "T,c,2026-03-02T10:00Z", header="ticket,step,when")

    ran = conformance(log, "--definition", "tickets.yaml", "--per-event", "-", model=None)

    assert (ran.code, rows(ran.out)) == (0, [["T", "1", "a", "0", "exact", "0"], ["T", "2", "c", "0", "exact", "0"]])
    assert conformance(log, "--definition", "tickets.yaml", "--per-event", "-").out == ran.out


def test_a_definition_says_how_its_model_is_read_unless_an_option_does(conformance: Command) -> None:
    """Its final marking is that after b; the option's is that after c."""
    Path("abc.pnml").write_text(pnml(sequence("a", "b", "c")._replace(final={0: 1})))
    Path("tickets.yaml").write_text(DEFINITION.replace("file: abc.pnml", "file: abc.pnml, final: p2"))
    log = table("log.csv", "T,Opened,2026-03-02T09:00Z", header="ticket,step,when")
    words = (log, "--definition", "tickets.yaml", "--per-case", "-")

    assert rows(conformance(*words, model=None).out) == [["T", "1", "0", "exact", "0"]]
    assert rows(conformance(*words, "--final", "p3", model=None).out) == [["T", "1", "1", "exact", "1"]]


def test_names_are_quoted_as_csv_has_it(conformance: Command) -> None:
    """Commas, quotes, line breaks and blanks come back as they were."""
    names = ['say "a", b', "two\nlines", " blank ", "a;b", "naïve ☕"]
    lines = [json.dumps({"case:concept:name": f"{name},1", "concept:name": name}) for name in names]
    Path("log.jsonl").write_text("\n".join(lines))

    ran = conformance("log.jsonl", "--per-event", "e.csv", "--per-case", "c.csv")

    assert ran.code == 0
    assert [row[:3] for row in rows(Path("e.csv").read_bytes().decode())] == [[f"{n},1", "1", n] for n in names]
    assert [row[0] for row in rows(Path("c.csv").read_bytes().decode())] == [f"{name},1" for name in names]


def test_a_final_marking_is_named_by_its_places(conformance: Command) -> None:
    """The net may stop after b or after c, and does not say which."""
    net = sequence("a", "b", "c")
    steps = (*net.transitions[:2], Transition("c", {1: 1}, {3: 1}))
    Path("net.pnml").write_text(pnml(net._replace(transitions=steps, final={})))
    log = table("log.csv", "A,a", "A,b", "B,a", "B,c")

    refused = conformance(log, model="net.pnml")
    ran = conformance(log, "--final", "p2", "--per-case", "-", model="net.pnml")

    assert refused.code == 1
    assert [row[2] for row in rows(ran.out)] == ["0", "2"]


def test_a_data_net_is_read_for_its_control_flow_when_told_to(conformance: Command) -> None:
    """Its guards are not evaluated, so that without the option it is refused."""
    Path("net.pnml").write_text(pnml(sequence("a")).replace('id="t0"', 'id="t0" guard="x > 1"', 1))
    log = table("log.csv", "A,a")

    refused = conformance(log, model="net.pnml")
    ran = conformance(log, "--ignore-guards", "--per-case", "-", model="net.pnml")

    assert (refused.code, "--ignore-guards" in refused.err) == (1, True)
    assert (ran.code, rows(ran.out)) == (0, [["A", "1", "0", "exact", "0"]])


def test_two_runs_write_the_same_bytes(conformance: Command) -> None:
    """Nothing of a hash's seed or of the hour gets in."""
    log = table("log.csv", "B,b", "A,a", "B,x", "A,c", "C,c")
    first = [conformance(log, option, "-").out for option in ("--per-event", "--per-case")]

    assert [conformance(log, option, "-").out for option in ("--per-event", "--per-case")] == first
