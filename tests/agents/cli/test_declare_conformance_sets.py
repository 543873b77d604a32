"""`casewatch conformance` against sets of constraints: where they come from, what is remarked on, what is refused."""

from pathlib import Path

import pytest

from tests.agents.cli.calling import Command
from tests.agents.cli.conforming import THREE, cells, rows, rules, sequence, table
from tests.pnml import pnml

HEADER = "case:concept:name,concept:name,time:timestamp"
DEFINITION = "process: tickets\nversion: '1'\n"


def test_a_set_that_no_case_can_keep_is_said_to_be_one_and_judged_all_the_same(conformance: Command) -> None:
    """Each constraint by itself."""
    ran = conformance(table("log.csv", "A,open"), model=rules("Init[open]", "Absence[open]"))

    assert ran.code == 0
    assert "no case can keep `Init[open]` and `Absence[open]` together; each is judged by itself all the" in ran.err
    assert [row[1:] for row in cells(ran.out)] == [["1", "0", "0"], ["0", "1", "1"]]


def test_names_that_only_one_side_knows_are_remarked_on(conformance: Command) -> None:
    """Activities that a file declares are known to it; attributes that no event has are named."""
    model = rules("activity talk", "Response[open, close] |A.amount > 5", "Absence[pay]")
    lines = [f"A,{activity},2026-03-02T09:00Z,7" for activity in ("open", "talk", "muse")]

    ran = conformance(table("log.csv", *lines, header=HEADER + ",case:amount"), model=model)

    assert "not named by any constraint, but activities of the log: `muse`\n" in ran.err
    assert "not activities of the log, but named by the constraints: `close`, `pay`\n" in ran.err
    assert "no event has `amount`, which conditions read; it is there as `case:amount`\n" in ran.err


def test_a_log_that_shares_no_name_with_the_constraints_is_told_so(conformance: Command) -> None:
    """The verdicts are those of cases in which nothing happened that is asked about."""
    model = rules("Absence[open]", "Existence[open]")

    ran = conformance(table("log.csv", "A,Open"), "--per-case", "c.csv", model=model)

    assert ran.code == 0
    assert "no activity of the log is named by a constraint: these figures say nothing of the process" in ran.out
    assert "(the log has `Open`, the constraints `open`)" in ran.err
    assert [row[3:] for row in rows(Path("c.csv").read_text())] == [
        ["permanently_satisfied", "0"],
        ["permanently_violated", "1"],
    ]


def test_a_log_without_events_gives_headers_and_a_summary_of_nothing(conformance: Command) -> None:
    """It is said, and it is no failure."""
    ran = conformance(table("log.csv"), "--per-event", "e.csv", "--per-case", "c.csv", model=rules(*THREE))

    assert ran.code == 0
    assert "there are no events in it" in ran.err
    assert Path("e.csv").read_text() == "case,index,activity,constraint,verdict\n"
    assert Path("c.csv").read_text() == "case,events,constraint,verdict,violations\n"
    assert ran.out.splitlines()[0] == "cases: 0"
    assert [row[1:] for row in cells(ran.out)] == [["0", "0", "0"]] * 3


def test_a_log_of_which_nothing_can_be_read_is_a_failure(conformance: Command) -> None:
    """Exit code 1, as for a net; under `--strict` at the first bad line."""
    log = table("log.csv", ",open", ",close")

    ran = conformance(log, model=rules(*THREE))
    strict = conformance(log, "--strict", model=rules(*THREE))

    assert (ran.code, ran.err.splitlines()[-1]) == (1, "not one event could be read")
    assert (strict.code, strict.out, strict.err.splitlines()[-1][:11]) == (1, "", "log.csv:2: ")


def test_a_definition_whose_model_is_declare_needs_no_other(conformance: Command) -> None:
    """Its file and its own constraints are judged together, the latter under their ids."""
    rules("Init[open]")
    Path("d.yaml").write_text(
        DEFINITION
        + "model: {file: rules.decl}\n"
        + 'constraints: [{id: answered, declare: "Response[open, close]"}]\n'
    )

    ran = conformance(table("log.csv", "A,open"), "--definition", "d.yaml", "--per-case", "c.csv", model=None)

    assert ran.code == 0
    assert rows(Path("c.csv").read_text()) == [
        ["A", "1", "Init[open]", "permanently_satisfied", "0"],
        ["A", "1", "answered", "permanently_violated", "1"],
    ]
    assert [row[0] for row in cells(ran.out)] == ["open must come first", "answered: open must be followed by close"]


def test_a_definition_with_constraints_alone_is_judged_by_its_mapping(conformance: Command) -> None:
    """Columns, and what its attributes are called, are the definition's."""
    mapping = "{case: id, activity: step, timestamp: at, attributes: {priority: prio}}"
    constraint = '{id: calm, declare: "Absence[open] |A.priority is high"}'
    Path("d.yaml").write_text(f"{DEFINITION}events: {{mapping: {mapping}}}\nconstraints: [{constraint}]\n")
    log = table("log.csv", "A,open,2026-03-02T09:00Z,high", header="id,step,at,prio")

    ran = conformance(log, "--definition", "d.yaml", "--per-case", "-", model=None)

    assert rows(ran.out) == [["A", "1", "calm", "permanently_violated", "1"]]


def test_instants_among_the_attributes_that_cannot_be_read_are_absent_and_counted(conformance: Command) -> None:
    """The others are numbers, milliseconds since 1970."""
    attribute = "{path: due, format: '%d/%m/%Y', timezone: UTC}"
    mapping = f"{{case: id, activity: step, timestamp: at, attributes: {{due: {attribute}}}}}"
    constraint = '{id: soon, declare: "Absence[open] |A.due > 1000"}'
    Path("d.yaml").write_text(f"{DEFINITION}events: {{mapping: {mapping}}}\nconstraints: [{constraint}]\n")
    lines = ["A,open,2026-03-02T09:00Z,05/03/2026", "B,open,2026-03-02T09:00Z,soon"]

    ran = conformance(table("log.csv", *lines, header="id,step,at,due"), "--definition", "d.yaml", model=None)

    assert "1 instants among the attributes could not be read, and count as absent" in ran.out
    assert cells(ran.out)[0][1:] == ["1", "1", "1"]


def test_what_a_terminal_might_take_for_an_order_is_spelled_out(conformance: Command) -> None:
    """In the table and in remarks; rows have it as it stands."""
    model = rules('Init["\x1b[31mopen"]', 'Absence["\x1b[31mopen"]')

    ran = conformance(table("log.csv", "A,x", "A,\x1b[31mopen"), "--per-case", "c.csv", model=model)

    assert "\x1b" not in ran.out + ran.err
    assert "no case can keep" in ran.err
    assert '"\\u001b[31mopen must come first"' in ran.out
    assert "\x1b[31mopen" in Path("c.csv").read_text()


def test_beside_a_net_the_constraints_of_a_definition_are_not_judged_and_that_is_said(conformance: Command) -> None:
    """The net is what the log is aligned with, unless a Declare file is named."""
    Path("net.pnml").write_text(pnml(sequence("a", "b")))
    constraint = '{id: x, declare: "Absence[a]"}'
    Path("d.yaml").write_text(f"{DEFINITION}model: {{file: net.pnml}}\nconstraints: [{constraint}]\n")
    log = table("log.csv", "A,a", "A,b")

    ran = conformance(log, "--definition", "d.yaml", model=None)
    named = conformance(log, "--definition", "d.yaml", model=rules("Absence[b]"))

    assert "the definition's constraints are not judged beside its net" in ran.err
    assert ran.out.startswith("cases: 1, 1 of them fit (100.0%)\n")
    assert [row[0] for row in cells(named.out)] == ["b must not be done"]


@pytest.mark.parametrize("options", [("--final", "end"), ("--ignore-guards",), ("--process", "p")])
def test_options_that_say_nothing_about_constraints_are_refused(conformance: Command, options: tuple[str, ...]) -> None:
    """Exit code 1, the file and the option named, for a file and for a definition."""
    Path("d.yaml").write_text(DEFINITION + "model: {file: rules.decl}\n")

    ran = conformance("none.csv", *options, model=rules(*THREE))
    defined = conformance("none.csv", *options, "--definition", "d.yaml", model=None)

    said = f"rules.decl:1: {options[0]}: says nothing about a Declare file; leave it out\n"
    assert (ran.code, ran.out, ran.err) == (1, "", said)
    assert defined == ran


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("Init[open]", "Nonsense[open]"), "rules.decl:2: Nonsense[open]: "),
        (("activity open",), "rules.decl:1: file: it has no constraint to judge a case by; "),
        (("",), "rules.decl:1: the file: it says nothing; "),
    ],
)
def test_a_file_that_cannot_judge_is_refused(conformance: Command, lines: tuple[str, ...], said: str) -> None:
    """Exit code 1, before the log is looked for."""
    ran = conformance("none.csv", model=rules(*lines))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(said)


def test_a_declare_file_that_is_not_there_is_named(conformance: Command) -> None:
    """Exit code 1 and one line."""
    ran = conformance(table("log.csv", "A,a"), model="none.decl")

    assert (ran.code, ran.err) == (1, "none.decl:1: file: there is no such file; name a model file\n")


def test_the_file_of_the_constraints_is_never_written(conformance: Command) -> None:
    """Exit code 2, and it is what it was."""
    ran = conformance(table("log.csv", "A,a"), "--per-case", "./rules.decl", model=rules(*THREE))

    assert (ran.code, ran.err) == (2, "--per-case: `rules.decl` is read by this command; name another file\n")
    assert Path("rules.decl").read_text().splitlines() == list(THREE)
