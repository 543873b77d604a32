"""`casewatch backtest`: its alerts, its summary, what it says of what was wrong, and its exit codes."""

import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.agents.cli.calling import Command, Ran, called

DEFINITION = """
process: tickets
version: "1"
events: {topics: [tickets], mapping: {case: id, activity: act, timestamp: at}}
case: {ends: [Closed]}
sla:
  - {id: answer, kind: between, from: Open, to: Answer, target: 1h, at_risk: [50%]}
"""
RULES = "rules: [{id: two, kind: four_eyes, activities: [Open, Answer]}]\n"
DEADLINES = """
process: permits
version: "1"
events: {topics: [permits], format: xes-json}
case: {ends: last_event}
sla:
  - {id: deadline, kind: due, due: "case:deadline", at_risk: []}
"""


@pytest.fixture
def backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `casewatch backtest` with a definition's text, in a folder of its own."""

    def run(*arguments: str, definition: str = DEFINITION) -> Ran:
        Path("definition.yaml").write_text(definition)
        return called(monkeypatch, capfd, "backtest", "--definition", "definition.yaml", *arguments)

    monkeypatch.chdir(tmp_path)
    return run


def event(case: str, act: str, time: str) -> str:
    """One line of a log, of a time of one day."""
    return json.dumps({"id": case, "act": act, "at": f"2026-03-02T{time}:00Z"})


def log(name: str, *lines: str) -> str:
    """Write a log."""
    Path(name).write_text("\n".join(lines) + "\n")
    return name


def told(text: str) -> list[tuple[str, str, str]]:
    """Case, stage and state of each alert in JSON lines."""
    alerts = [json.loads(line) for line in text.splitlines()]
    return [(alert["case"], alert["stage"], alert["state"]) for alert in alerts]


LATE = ('{"id": "A", "act": "Open", "at": "2026-03-02T09:00:00Z"}', event("A", "Answer", "11:00"))


def test_every_transition_is_a_line_in_order_of_what_happened(backtest: Command) -> None:
    """A case that was warned of, broke its target and was answered after all: each said as it came."""
    ran = backtest(log("log.jsonl", *LATE), "--alerts", "out.jsonl")

    assert ran.code == 0
    assert told(Path("out.jsonl").read_text()) == [
        ("A", "at_risk", "raised"),
        ("A", "breach", "updated"),
        ("A", "breach", "resolved"),
    ]


def test_final_leaves_one_line_for_each_alert_its_last(backtest: Command) -> None:
    """The line is word for word the last of that alert among all transitions."""
    name = log("log.jsonl", *LATE, event("B", "Open", "10:15"), event("C", "Open", "12:00"))
    backtest(name, "--alerts", "all.jsonl")

    ran = backtest(name, "--alerts", "final.jsonl", "--final")

    last = {json.loads(line)["id"]: line for line in Path("all.jsonl").read_text().splitlines()}
    assert ran.code == 0
    assert sorted(Path("final.jsonl").read_text().splitlines()) == sorted(last.values())
    assert told(Path("final.jsonl").read_text()) == [("A", "breach", "resolved"), ("B", "breach", "updated")]


@pytest.mark.parametrize(
    ("until", "stages"),
    [
        (None, []),
        ("2026-03-02T09:29:59.999Z", []),
        ("2026-03-02T09:30:00Z", ["at_risk"]),
        ("2026-03-02T09:59:59.999Z", ["at_risk"]),
        ("2026-03-02T11:00:00+01:00", ["at_risk", "breach"]),
    ],
)
def test_letting_time_pass_raises_what_is_due_by_then_that_instant_included(
    backtest: Command, until: str | None, stages: list[str]
) -> None:
    """Open at nine with an hour's target: a warning at half past, a breach at ten; nothing without `--until`."""
    options = () if until is None else ("--until", until)

    ran = backtest(log("log.jsonl", event("A", "Open", "09:00")), "--alerts", "-", *options)

    assert ran.code == 0
    assert [stage for _, stage, _ in told(ran.out)] == stages


def test_until_before_the_last_event_cuts_nothing(backtest: Command) -> None:
    """It moves the clock, which never goes back: the log is read to its end."""
    name = log("log.jsonl", *LATE)

    assert backtest(name, "--alerts", "-", "--until", "2026-03-02T08:00Z").out == backtest(name, "--alerts", "-").out


def test_several_logs_are_one_history_in_order_of_time(backtest: Command) -> None:
    """Openings in one file and answers in another give what one file with all of them gives."""
    opened = [event(case, "Open", time) for case, time in (("A", "09:00"), ("B", "09:10"), ("C", "09:20"))]
    answered = [event(case, "Answer", time) for case, time in (("B", "09:50"), ("A", "10:30"))]
    whole = log("whole.jsonl", opened[0], opened[1], opened[2], answered[0], answered[1])
    expected = backtest(whole, "--alerts", "-")

    ran = backtest(log("answers.jsonl", *answered), log("openings.jsonl", *opened), "--alerts", "-")

    assert ran == expected._replace(err=ran.err)
    assert ("A", "breach", "resolved") in told(ran.out)
    assert "read 5 events" in ran.err


def test_bad_lines_are_told_with_their_place_and_counted_and_the_rest_is_read(backtest: Command) -> None:
    """No JSON, no case, no time zone: three lines said once each, two events applied, and exit code 0."""
    no_case = '{"act": "Open", "at": "2026-03-02T09:00:00Z"}'
    no_zone = '{"id": "D", "act": "Open", "at": "2026-03-02T09:00:00"}'

    ran = backtest(log("log.jsonl", LATE[0], "not a line", no_case, no_zone, LATE[1]))

    assert ran.code == 0
    assert ran.err.splitlines()[0].startswith("log.jsonl:2: line: it is not JSON")
    assert ran.err.splitlines()[1].startswith("log.jsonl:4: at: `2026-03-02T09:00:00` has no time zone")
    assert [line.split(" at ")[0] for line in ran.err.splitlines() if line.startswith("log.jsonl:")][2:] == [
        "log.jsonl:3: missing_case: case"
    ]
    assert "events: 2 applied, 2 refused; open cases at the end: 1" in ran.out


def test_strict_refuses_a_log_at_its_first_bad_line(backtest: Command) -> None:
    """Exit code 1, the line named, and no alerts written."""
    ran = backtest(log("log.jsonl", *LATE, "not a line", "nor this"), "--strict", "--alerts", "out.jsonl")

    assert (ran.code, ran.out) == (1, "")
    assert [line.split(": ")[0] for line in ran.err.splitlines()] == ["log.jsonl:3"]
    assert not Path("out.jsonl").exists()


REFUSED = [
    ("log.csv", "id,act,at\nA,Open,2026-03-02T09:00Z\n,Open,2026-03-02T09:00Z\n", "3: missing_case: "),
    ("log.csv", "id,act,at\nA\x07,Open,2026-03-02T09:00Z\n", "2: invalid_case: "),
    ("log.jsonl", '{"id": "A", "act": "Open"}\n', "1: missing_timestamp: "),
    (
        "log.xes",
        '<log>\n<trace><string key="concept:name" value="A"/>\n<event>'
        '<string key="concept:name" value="Open"/></event></trace></log>',
        "3: missing_timestamp: ",
    ),
]


@pytest.mark.parametrize(("name", "content", "said"), REFUSED)
def test_strict_refuses_an_event_that_the_core_would_refuse(
    backtest: Command, name: str, content: str, said: str
) -> None:
    """The line can be read, and yet it is no event: exit code 1, its place and reason, no alerts."""
    Path(name).write_text(content)

    ran = backtest(name, "--strict", "--alerts", "out.jsonl")

    assert (ran.code, ran.out) == (1, "")
    assert [line[: len(name) + 1 + len(said)] for line in ran.err.splitlines()] == [f"{name}:{said}"]
    assert not Path("out.jsonl").exists()


def test_a_refused_event_is_told_with_the_file_that_it_stands_in(backtest: Command) -> None:
    """Of two logs in one history, each names its own lines."""
    no_case = '{"act": "Open", "at": "2026-03-02T09:30Z"}'
    names = (log("first.jsonl", LATE[0], no_case), log("second.jsonl", no_case, LATE[1]))

    ran = backtest(*names)

    told = [line.split(": ")[:2] for line in ran.err.splitlines() if ".jsonl:" in line]
    assert ran.code == 0
    assert told == [["first.jsonl:2", "missing_case"], ["second.jsonl:1", "missing_case"]]


@pytest.mark.parametrize("line", ['{"id": "A"}', "no line at all"])
def test_a_log_of_which_nothing_can_be_read_is_a_failure(backtest: Command, line: str) -> None:
    """Exit code 1, whether the lines are refused by the reader or by the core."""
    ran = backtest(log("log.jsonl", line, line))

    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "not one event could be read"


def test_a_definition_for_history_alone_needs_neither_topics_nor_a_mapping(backtest: Command) -> None:
    """Columns have the names of XES, and the process stands for the topic."""
    Path("log.csv").write_text(
        "case:concept:name,concept:name,time:timestamp\nA,Open,2026-03-02T09:00Z\nB,Open,2026-03-02T11:00Z\n"
    )
    definition = "process: p\nversion: '1'\nsla: [{id: done, kind: case_duration, target: 1h, at_risk: []}]\n"

    ran = backtest("log.csv", "--alerts", "-", definition=definition)

    assert (ran.code, told(ran.out)) == (0, [("A", "breach", "raised")])
    assert json.loads(ran.out)["evidence"]["topic"] == "p"


def test_alerts_on_standard_output_stand_there_alone(backtest: Command) -> None:
    """A pipe gets JSON lines and nothing else; the summary goes to standard error."""
    name = log("log.jsonl", *LATE)

    piped = backtest(name, "--alerts", "-")
    backtest(name, "--alerts", "out.jsonl")

    assert piped.out == Path("out.jsonl").read_text()
    assert "tickets 1" in piped.err


def test_the_summary_says_how_many_alerts_there_are_of_what_and_what_became_of_them(backtest: Command) -> None:
    """A case that was warned of and then broke its target counts once, under its breach."""
    name = log("log.jsonl", *LATE, event("B", "Open", "10:15"))

    ran = backtest(name)

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ran.out.splitlines() if "│" in line]
    assert ["answer", "breach", "1", "0", "1", "0"] in rows
    assert ["answer", "at_risk", "1", "1", "0", "0"] in rows
    assert "events: 3 applied; open cases at the end: 2" in ran.out
    assert "read 3 events" in ran.err
    assert "of one core" in ran.err


def test_rules_that_are_named_in_brackets_stand_in_the_summary_as_they_are(backtest: Command) -> None:
    """A constraint without an id is called by its text, and activities may be written small."""
    Path("r.decl").write_text("Absence[open]\nResponse[open, /closed]\n")
    definition = DEFINITION[: DEFINITION.index("sla:")] + "model: {file: r.decl}\n"

    ran = backtest(log("log.jsonl", event("A", "open", "09:00")), definition=definition)

    assert ran.code == 0
    assert "│ Absence[open] " in ran.out


def test_events_that_rules_on_people_cannot_judge_are_told_apart(backtest: Command) -> None:
    """They are applied, and counted once."""
    definition = DEFINITION.replace("at}}", "at, resource: by}}").replace("sla:", RULES + "sla:")

    ran = backtest(log("log.jsonl", *LATE), definition=definition)

    assert "events: 2 applied; open" in ran.out
    assert "not judged by rules on people: 2 events, which do not carry what a rule asks for" in ran.out


@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_a_due_date_that_is_none_is_told_with_its_place_and_counted_once(
    backtest: Command, strict: tuple[str, ...]
) -> None:
    """Its event is applied without it."""
    definition = DEFINITION.replace("timestamp: at}", "timestamp: at, attributes: {by: by}}")
    definition += "  - {id: promised, kind: due, due: by}\n"
    soon = '{"id": "A", "act": "Note", "at": "2026-03-02T09:30:00Z", "by": "soon"}'

    ran = backtest(log("log.jsonl", LATE[0], soon, LATE[1]), *strict, definition=definition)

    assert ran.err.startswith("log.jsonl:2: attributes.by: `soon` is ")
    assert "events: 3 applied, 1 bad attribute; open" in ran.out


def test_a_condition_that_fails_on_history_is_told_in_the_summary(backtest: Command) -> None:
    """It was false for every case: without a word nobody would know why there are no alerts."""
    definition = DEFINITION.replace("timestamp: at}", "timestamp: at, attributes: {amount: amount}}")
    definition = definition.replace("at_risk: [50%]", "where: amount > 1000")
    opened = '{"id": "A", "act": "Open", "at": "2026-03-02T09:00:00Z", "amount": "5000"}'

    ran = backtest(log("log.jsonl", opened, LATE[1]), definition=definition)

    assert "answer: a condition could not be computed and was taken for false (once)" in ran.out


@pytest.mark.parametrize("name", ["log.jsonl", "./definition.yaml", "r.decl"])
def test_a_file_that_is_read_is_never_written(backtest: Command, name: str) -> None:
    """Neither the log nor the definition nor its model: exit code 2, and they are what they were."""
    Path("r.decl").write_text("Absence[open]\n")
    definition = DEFINITION[: DEFINITION.index("sla:")] + "model: {file: r.decl}\n"
    path = log("log.jsonl", *LATE)

    ran = backtest(path, "--alerts", name, definition=definition)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"--alerts: `{Path(name)}` is read by this command; name another file\n"
    assert Path(path).read_text().splitlines() == list(LATE)
    assert Path("definition.yaml").read_text() == definition


@pytest.mark.parametrize("missing", ["log", "definition"])
def test_a_file_that_is_not_there_is_named(backtest: Command, missing: str) -> None:
    """Exit code 1, one line, no traceback."""
    name = "none.jsonl" if missing == "log" else log("log.jsonl", *LATE)
    options = () if missing == "log" else ("--definition", "none.yaml")

    ran = backtest(name, *options)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"none.{'jsonl' if missing == 'log' else 'yaml'}:1: ")
    assert len(ran.err.splitlines()) == 1


def test_everything_wrong_in_a_definition_is_told(backtest: Command) -> None:
    """Before any log is opened: each with its line."""
    wrong = DEFINITION.replace("target: 1h", "target: soon").replace("ends:", "end:")

    ran = backtest("none.jsonl", definition=wrong)

    assert (ran.code, ran.out) == (1, "")
    assert [line.split(": ")[0] for line in ran.err.splitlines()] == ["definition.yaml:5", "definition.yaml:7"]


@pytest.mark.parametrize("until", ["soon", "2026-03-02T10:00"])
def test_an_until_that_is_no_instant_is_wrong_use(backtest: Command, until: str) -> None:
    """Exit code 2, and the option is named."""
    ran = backtest(log("log.jsonl", *LATE), "--until", until)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"--until: `{until}`")


def test_without_logs_it_is_wrong_use(backtest: Command) -> None:
    """Exit code 2, with the usage."""
    ran = backtest()

    assert (ran.code, ran.out) == (2, "")
    assert "backtest [OPTIONS] {LOG}..." in ran.err


def test_a_log_without_events_gives_no_alerts(backtest: Command) -> None:
    """It is said, and it is no failure."""
    ran = backtest(log("log.jsonl"), "--alerts", "out.jsonl")

    assert ran.code == 0
    assert "there are no events in it" in ran.err
    assert Path("out.jsonl").read_text() == ""
    assert "events: none; open cases at the end: 0" in ran.out


def test_two_runs_write_the_same_bytes(backtest: Command) -> None:
    """Nothing of the wall clock or of a hash's seed gets into an alert."""
    name = log("log.jsonl", *LATE, event("B", "Open", "10:15"))

    assert backtest(name, "--alerts", "-").out == backtest(name, "--alerts", "-").out


def deadlines(path: Path) -> dict[str, tuple[datetime, datetime]]:
    """Case to (its deadline, its last event), of the cases that have a deadline."""
    with gzip.open(path) as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 -- a file of the test data
    found: dict[str, tuple[datetime, datetime]] = {}
    for trace in root.findall("{*}trace"):
        fields = {field.get("key"): field.get("value", "") for field in trace}
        times = [f.get("value", "") for e in trace.findall("{*}event") for f in e if f.get("key") == "time:timestamp"]
        if "deadline" in fields:
            last = max(map(datetime.fromisoformat, times))
            found[str(fields["concept:name"])] = datetime.fromisoformat(fields["deadline"]), last
    return found


def test_a_deadline_is_met_by_the_last_event_of_a_case_that_ends_with_it(backtest: Command, test_data: Path) -> None:
    """Of 1,434 applications for a permit, 92 miss their deadline: one breach each, at that instant, none else."""
    path = test_data / "receipt_wabo" / "receipt.xes.gz"
    every = deadlines(path)
    missed = {case: due for case, (due, last) in every.items() if last > due}

    ran = backtest(str(path), "--alerts", "-", "--final", definition=DEADLINES)

    alerts: dict[str, list[Any]] = defaultdict(list)
    for alert in map(json.loads, ran.out.splitlines()):
        alerts[alert["case"]].append((alert["stage"], datetime.fromisoformat(alert["due_at"])))
    assert (len(every), len(missed)) == (1_434, 92)
    assert alerts == {case: [("breach", due.astimezone(UTC))] for case, due in missed.items()}
