"""`casewatch conformance` against Declare constraints: the verdicts in its rows, and its summary."""

import csv
from pathlib import Path

from tests.agents.cli.calling import Command
from tests.agents.cli.conforming import THREE, cells, rows, rules, table, xes
from tests.stream.declare.literature import FORMULAS
from tests.stream.declare.progression import Automaton, renamed

EVENT_HEADER = "case,index,activity,constraint,verdict"
CASE_HEADER = "case,events,constraint,verdict,violations"
INFORM = "Response[open, close] | | |0,30,m"
HEADER = "case:concept:name,concept:name,time:timestamp"
SEPSIS = {
    "Init[ER Registration]": ("Init[A]", "ER Registration"),
    "Chain Response[ER Registration, ER Triage]": ("Chain Response[A, B]", "ER Registration", "ER Triage"),
    "Precedence[IV Liquid, Admission NC]": ("Precedence[A, B]", "IV Liquid", "Admission NC"),
}
"""The constraints of a file that are nothing but order, as formulas have them."""


def minutes(*events: tuple[str, int, str]) -> str:
    """Write a CSV log of case, minute and activity."""
    return table("log.csv", *[f"{case},{activity},2026-03-02T09:{minute:02}Z" for case, minute, activity in events])


def seconds(name: str, count: int) -> str:
    """Write a CSV log of one case that is opened so many times, one each second."""
    return table(name, *[f"A,open,2026-03-02T09:{at // 60:02}:{at % 60:02}Z" for at in range(count)])


def verdicts(text: str, constraint: str) -> list[str]:
    """The verdicts on one constraint, in the order of the rows."""
    return [row[4] for row in rows(text) if row[3] == constraint]


def ends(text: str) -> list[tuple[str, str, str]]:
    """Case, verdict and violations of each row of the table of cases."""
    return [(case, verdict, violations) for case, _, _, verdict, violations in rows(text)]


def test_every_event_has_a_row_for_each_constraint_with_one_of_the_four_verdicts(conformance: Command) -> None:
    """Settled for good by the first event; owed, then answered; allowed once, then broken."""
    ran = conformance(table("log.csv", "A,open", "A,pay", "A,close", "A,pay"), "--per-event", "-", model=rules(*THREE))

    assert ran.code == 0
    assert ran.out.splitlines()[:4] == [
        EVENT_HEADER,
        "A,1,open,Init[open],permanently_satisfied",
        'A,1,open,"Response[open, close]",temporarily_violated',
        "A,1,open,Absence2[pay],temporarily_satisfied",
    ]
    assert [row[1:3] for row in rows(ran.out)[::3]] == [["1", "open"], ["2", "pay"], ["3", "close"], ["4", "pay"]]
    assert verdicts(ran.out, THREE[0]) == ["permanently_satisfied"] * 4
    assert verdicts(ran.out, THREE[1]) == ["temporarily_violated"] * 2 + ["temporarily_satisfied"] * 2
    assert verdicts(ran.out, THREE[2]) == ["temporarily_satisfied"] * 3 + ["permanently_violated"]


def test_every_case_has_a_row_for_each_constraint_as_its_end_leaves_it(conformance: Command) -> None:
    """Whatever was temporary is settled; cases come in the order of the log."""
    log = table("log.csv", "B,open", "A,pay", "B,close", "A,open", "A,pay")

    ran = conformance(log, "--per-case", "-", model=rules(*THREE))

    assert ran.code == 0
    assert ran.out.splitlines() == [
        CASE_HEADER,
        "B,2,Init[open],permanently_satisfied,0",
        'B,2,"Response[open, close]",permanently_satisfied,0',
        "B,2,Absence2[pay],permanently_satisfied,0",
        "A,3,Init[open],permanently_violated,1",
        'A,3,"Response[open, close]",permanently_violated,1',
        "A,3,Absence2[pay],permanently_violated,1",
    ]


def test_the_summary_says_each_constraint_in_words_and_how_its_cases_ended(conformance: Command) -> None:
    """One case of two keeps everything; the rules stand in the order of their file."""
    log = table("log.csv", "A,open", "A,close", "B,open", "B,pay", "B,pay")

    ran = conformance(log, model=rules(*THREE))

    assert ran.out.splitlines()[:3] == [
        "cases: 2, 1 of them without any violation (50.0%)",
        "events: 5 used, 0 skipped, 0 refused",
        "constraints: 3, violated 2 times",
    ]
    assert cells(ran.out) == [
        ["open must come first", "2", "0", "0"],
        ["open must be followed by close", "1", "1", "1"],
        ["pay must be done at most once", "1", "1", "1"],
    ]
    assert "judged 5 events in " in ran.err


def test_a_deadline_is_missed_once_the_time_of_an_event_is_past_it(conformance: Command) -> None:
    """Exactly at the due instant it may still be met; a minute later it is broken for good."""
    log = minutes(("A", 0, "open"), ("A", 30, "pay"), ("A", 31, "pay"), ("B", 0, "open"), ("B", 30, "close"))

    ran = conformance(log, "--per-event", "-", "--per-case", "c.csv", model=rules(INFORM))

    assert [row[4] for row in rows(ran.out)] == [
        *["temporarily_violated", "temporarily_violated", "permanently_violated"],
        *["temporarily_violated", "temporarily_satisfied"],
    ]
    assert ends(Path("c.csv").read_text()) == [("A", "permanently_violated", "1"), ("B", "permanently_satisfied", "0")]


def test_a_case_ends_with_its_last_event_and_what_is_owed_then_is_violated(conformance: Command) -> None:
    """Each activation by itself, though the time for none of them is over."""
    log = minutes(("A", 0, "open"), ("A", 1, "open"), ("A", 2, "pay"))

    ran = conformance(log, "--per-case", "-", model=rules(INFORM))

    assert ends(ran.out) == [("A", "permanently_violated", "2")]


def test_conditions_see_the_attributes_of_events_and_cases_as_they_stand(conformance: Command) -> None:
    """An earlier event's attribute stands until a later one changes it; those of the case are called `case:NAME`."""
    log = table(
        "log.csv",
        *["A,open,2026-03-02T09:00Z,high,5000", "A,pay,2026-03-02T09:01Z,,5000", "A,pay,2026-03-02T09:02Z,low,5000"],
        *["B,open,2026-03-02T09:00Z,high,10", "B,pay,2026-03-02T09:01Z,,10"],
        header=HEADER + ",priority,case:amount",
    )

    ran = conformance(log, "--per-case", "-", model=rules("Absence[pay] |A.priority is high and A.case:amount > 99"))

    assert ends(ran.out) == [("A", "permanently_violated", "1"), ("B", "permanently_satisfied", "0")]


def test_skipped_events_are_no_steps_and_still_bring_their_attributes(conformance: Command) -> None:
    """As a running case reads them; without the option each counts as a step, which is said."""
    lines = ["A,open,2026-03-02T09:00Z,start,high", "A,open,2026-03-02T09:01Z,complete,"]
    log = table("log.csv", *lines, header=HEADER + ",lifecycle:transition,priority")
    model = rules("Existence[open] |A.priority is high", "Absence2[open]")

    used = conformance(log, "--completed-only", "--per-case", "-", model=model)
    whole = conformance(log, "--per-case", "-", model=model)

    assert [row[1:2] + row[3:] for row in rows(used.out)] == [["1", "permanently_satisfied", "0"]] * 2
    assert [row[1:2] + row[4:] for row in rows(whole.out)] == [["2", "0"], ["2", "1"]]
    assert "1 events are not of lifecycle `complete`, and each counts as a step" in whole.err


def test_a_constraint_of_which_much_is_broken_counts_more_than_lists_hold(conformance: Command) -> None:
    """A hundred unanswered activations are a hundred violations; of three hundred not all are followed."""
    model = rules("Response[open, close] | | |0,1,d")

    ran = conformance(seconds("log.csv", 100), "--per-case", "-", model=model)
    cut = conformance(seconds("log.csv", 300), "--per-case", "-", model=model)

    assert ends(ran.out) == [("A", "permanently_violated", "100")]
    assert "at least" not in ran.err
    assert ends(cut.out) == [("A", "permanently_violated", "256")]
    assert "at least, in 1 cases with more than 256 events to follow: `Response[open, close]" in cut.err


def test_names_with_commas_quotes_and_line_breaks_come_back_as_they_are(conformance: Command) -> None:
    """Rows are read back by a reader of CSV; the summary shows brackets as they are."""
    constraints = ['Response["a, ""b""", "[red]x"] |A.n is "x, y"', 'Absence["a, ""b"""]']
    model = rules(*constraints)
    with Path("log.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER.split(","), ['A, "1"', 'a, "b"', "2026-03-02T09:00Z"]])

    ran = conformance("log.csv", "--per-event", "e.csv", "--per-case", "c.csv", model=model)

    events, cases = (rows(Path(name).read_text()) for name in ("e.csv", "c.csv"))
    assert [row[:3] for row in events] == [['A, "1"', "1", 'a, "b"']] * 2
    assert [row[3] for row in events] == [row[2] for row in cases] == constraints
    assert '[red]x (where A.n is "x, y")' in ran.out


def test_a_case_of_which_no_event_is_used_is_judged_as_one_in_which_nothing_happened(conformance: Command) -> None:
    """It has a row for each constraint, with conditions or without."""
    model = rules("Existence[open]", "Existence[open] |A.x > 1")

    ran = conformance(xes(("A", [("open", "start")])), "--completed-only", "--per-case", "-", model=model)

    assert [row[1:2] + row[3:] for row in rows(ran.out)] == [["0", "permanently_violated", "1"]] * 2


def test_events_without_a_time_are_taken_to_be_at_that_of_the_one_before_them(conformance: Command) -> None:
    """The first of a case at that of the next; where constraints ask for the time, that is said."""
    log = table("log.csv", "A,open,", "A,pay,2026-03-02T09:00Z", "A,close,", header=HEADER)

    ran = conformance(log, "--per-case", "-", model=rules(INFORM))
    plain = conformance(log, "--per-case", "-", model=rules("Response[open, close]"))

    assert ends(ran.out) == ends(plain.out) == [("A", "permanently_satisfied", "0")]
    assert "2 events have no time, and are taken to be at that of the one before them in their case" in ran.err
    assert "have no time" not in plain.err


def test_verdicts_on_a_real_log_are_those_of_progression(conformance: Command, test_data: Path) -> None:
    """After every event and at every end, for the constraints that are nothing but order."""
    log, model = (str(test_data / "sepsis" / name) for name in ("Sepsis_Cases.xes.gz", "sepsis.decl"))

    ran = conformance(log, "--per-event", "e.csv", "--per-case", "c.csv", model=model)

    assert ran.code == 0
    events, cases = (rows(Path(name).read_text()) for name in ("e.csv", "c.csv"))
    for constraint, (name, *names) in SEPSIS.items():
        oracle = Automaton(renamed(FORMULAS[name], dict(zip("AB", names, strict=False))), names)
        state, told, expected, ended = oracle.start, [], [], {}
        for case, index, activity, _, verdict in (row for row in events if row[3] == constraint):
            state = oracle.after[oracle.start if index == "1" else state][
                activity if activity in oracle.activities else oracle.activities[-1]
            ]
            told.append(verdict)
            expected.append(oracle.verdict(state).replace(" ", "_"))
            ended[case] = expected[-1].replace("temporarily", "permanently")
        assert len(told) == 15_214
        assert told == expected
        assert {row[0]: row[3] for row in cases if row[2] == constraint} == ended
