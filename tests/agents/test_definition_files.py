"""Definition files: good ones are read as they say, bad ones refused with everything that is wrong in them.

A bad file names its mistakes itself, in remarks at its end: `#= LINE: ELEMENT: what is wrong; what would be right`.
"""

import re
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.definition_files import load_definition
from schemas.definition import (
    ActivityDuration,
    Between,
    Calendar,
    CaseDuration,
    CaseRules,
    Definition,
    Due,
    EventSource,
    Idle,
    Mapping,
    ModelReference,
    Privacy,
    Roles,
    TimePath,
    Waiting,
)
from schemas.duration import WorkingDays
from schemas.problem import Refused
from schemas.sla import CancelWhen, Pause, StageSeverity, TargetWhere

TESTDATA = Path(__file__).parents[1] / "schemas" / "testdata"
GOOD = sorted(path.name for path in TESTDATA.glob("*.good.yaml"))
BAD = sorted(path.name for path in TESTDATA.glob("*.bad.*.yaml"))
HEAD = "process: p\nversion: '1'\nevents: {topics: [t], mapping: {case: c, activity: a, timestamp: t}}\n"
HOUR = 60 * 60 * 1000
DAY = 24 * HOUR


def _problems(path: Path) -> list[str]:
    with pytest.raises(Refused) as refused:
        load_definition(path)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_a_definition(name: str) -> None:
    """Nothing is said of it, and its model's bytes come with it; those of a Declare model are its constraints."""
    definition, model = load_definition(TESTDATA / name)

    named = definition.model is not None and not definition.model.file.endswith(".decl")
    assert (model is not None) == named


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_all_that_is_wrong_in_it(name: str) -> None:
    """Each problem with line, element, what is wrong and what would be right; no more and no fewer."""
    file = TESTDATA / name
    expected = re.findall(r"^#= (.*)$", file.read_bytes().decode(errors="replace"), re.MULTILINE)

    assert expected
    assert _problems(file) == [f"{file}:{line}" for line in expected]


def test_everything_that_can_be_written_is_read() -> None:
    """The file that says everything, against the same definition built by hand."""
    definition, model = load_definition(TESTDATA / "whole.good.yaml")

    assert model == (TESTDATA / "two-steps.pnml").read_bytes()
    assert definition == Definition(
        process="customer-requests",
        version="3",
        description="Requests from customers, from first contact to closing.",
        roles=Roles(owner="Head of Service", manager="Service desk lead"),
        events=EventSource.model_validate(
            {
                "topics": ("crm.tickets", "crm.mails"),
                "start_at": "2026-01-30T23:00Z",
                "mapping": Mapping(
                    case="ticket.id",
                    activity="ticket.state",
                    timestamp=TimePath(path="d", format="%d/%m/%Y %H:%M", timezone="Europe/Rome"),
                    lifecycle="phase",
                    resource="agent",
                    event_id="id",
                    attributes={
                        "priority": "ticket.priority",
                        "supplier": "ticket.partner",
                        "promised": TimePath(path="ticket.promised", format="epoch_ms"),
                    },
                ),
                "lateness_ms": 10 * 60 * 1000,
                "patience_ms": 0,
            }
        ),
        case=CaseRules(
            ends=("Closed", "Cancelled"),
            idle_limit_ms=30 * DAY,
            warm_horizon_ms=14 * DAY,
            reopen_ms=HOUR * 3 // 2,
            retention_ms=90 * DAY,
            segments=("priority", "supplier"),
        ),
        model=ModelReference(
            file="two-steps.pnml",
            activities={"Opened": "Open ticket"},
            unobserved=("Close ticket",),
            severity="info",
        ),
        sla=(
            Between(
                id="first-response",
                from_=("Opened",),
                to=("First answer", "Resolved"),
                target_ms=4 * HOUR,
                at_risk=(0.75, 0.9),
                occurrence="first",
                severity="critical",
            ),
            Due(id="promised-date", due="promised", until=("Closed",)),
            CaseDuration(id="done", target_ms=2 * DAY, at_risk=(0.5,)),
            Idle(id="stalled", target_ms=90_000, at_risk=()),
            Between(
                id="solved",
                from_=("Opened",),
                to=("Resolved",),
                target_ms=WorkingDays(2),
                calendar="office",
                targets=(TargetWhere(where="priority == '1'", target_ms=4 * HOUR),),
                where="attributes['supplier'] != 'none'",
                pause=Pause(from_=("Asked",), to=("Answered", "Reminded")),
                cancel=CancelWhen(when="activity == 'Withdrawn'"),
                overdue_every_ms=WorkingDays(1),
                severity=StageSeverity(at_risk="info", breach="warning", overdue="critical"),
            ),
            ActivityDuration(
                id="check", activity=("Check", "Pack"), target_ms=HOUR, pause="lifecycle", cancel=("Withdrawn",)
            ),
            Waiting(id="queue", from_=("Check",), target_ms=HOUR, pause=Pause(while_="priority == '3'")),
            Waiting(id="pick-up", from_=("Check",), to=("Pack",), target_ms=HOUR),
        ),
        calendars={
            "office": Calendar(
                timezone="Europe/Berlin",
                hours=(*[((480, 720), (780, 1080))] * 5, ((1320, 1560),), ()),
                holidays=(date(2026, 12, 25),),
                extra={date(2026, 12, 24): ((480, 720),)},
            )
        },
        privacy=Privacy(resource="keep"),
    )


def test_a_group_that_is_not_mapped_is_read_under_its_own_name() -> None:
    """Logs and topics are read alike, whatever the mapping leaves out."""
    definition, _ = load_definition(TESTDATA / "formats.good.yaml")

    assert definition.events.mapping is not None
    assert definition.events.mapping.attributes["org:group"] == "org:group"
    assert definition.events.mapping.attributes["priority"] == "ticket.priority"


def test_constraints_of_files_are_written_out() -> None:
    """A definition says by itself what is asked: a Declare model is its lines, and what two files say is said once."""
    definition, _ = load_definition(TESTDATA / "constraints.good.yaml")

    first, *declared = definition.constraints
    assert (first.id, first.severity) == ("inform-manager", "critical")
    assert [(one.id, one.declare, one.file, one.severity) for one in declared] == [
        (text, text, None, "info")
        for text in ("Init[Opened]", "Response[Opened, Answered]", "Precedence[Answered, Closed]")
    ]


def test_a_mistake_in_a_declare_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    """The file that is wrong is named, not the one that names it."""
    (tmp_path / "rules.decl").write_text("activity A\nactivity B\nResponse[A, B] | | |\nRespond[A, B] | | |\n")
    file = tmp_path / "d.yaml"
    file.write_text(HEAD + "constraints: [{file: rules.decl}]\n")

    (told,) = _problems(file)

    assert told.startswith(f"{tmp_path / 'rules.decl'}:4: ")


def test_plain_words_stay_text() -> None:
    """`No` is an activity and 1.10 a version, whatever older YAML makes of them; an alias is what it stands for."""
    survey, _ = load_definition(TESTDATA / "words_of_yaml.good.yaml")
    hospital, _ = load_definition(TESTDATA / "xes_names.good.yaml")

    assert survey.case.ends == ("No", "100", "2026-01-01")
    assert [sla.from_ for sla in survey.sla if isinstance(sla, Between)] == [("On", "Yes"), ("On", "Yes")]
    assert hospital.version == "1.10"


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    """What an editor on Windows saves is read like any other file."""
    file = tmp_path / "d.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())

    assert load_definition(file)[0].process == "p"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("empty.yaml", "it is empty"),
        ("none.yaml", "there is no such file"),
        (".", "it is a directory"),
        ("a\0b", "it cannot be read"),
    ],
)
def test_what_holds_no_definition_is_one_problem(tmp_path: Path, name: str, wrong: str) -> None:
    """Nothing to read, or nowhere to read it: refused like a bad file, without a trace of the program."""
    (tmp_path / "empty.yaml").touch()

    problems = _problems(tmp_path / name)

    assert len(problems) == 1
    assert f":1: file: {wrong}" in problems[0]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A definition is written by people; a quarter of a mebibyte is none."""
    file = tmp_path / "d.yaml"
    file.write_text("#" * (256 * 1024 + 1))

    assert _problems(file) == [f"{file}:1: file: it is larger than 256 KiB; name a definition file in YAML"]


def test_a_huge_model_is_not_read(tmp_path: Path) -> None:
    """By its size alone: a gigabyte of nothing is refused at once, without room for it in memory."""
    with Path(tmp_path, "m.pnml").open("wb") as model:
        model.truncate(2**30)
    file = tmp_path / "d.yaml"
    file.write_text(HEAD + "model: {file: m.pnml}\n")

    tracemalloc.start()
    problems = _problems(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    right = "name a file by its path from the definition's own folder"
    assert problems == [f"{file}:4: model.file: `m.pnml`: it is larger than 8 MiB; {right}"]
    assert peak < 2**20


def test_the_problems_of_the_model_follow_those_of_the_definition(tmp_path: Path) -> None:
    """One list for the person who has to mend both files, each problem in its own file."""
    (tmp_path / "m.pnml").write_text("<pnml>\n<net>")
    file = tmp_path / "d.yaml"
    file.write_text(HEAD + "model: {file: m.pnml, colour: red}\n")

    own, *models = _problems(file)

    assert own.startswith(f"{file}:4: model.colour: unknown key `colour`")
    assert models
    assert all(line.startswith(f"{tmp_path / 'm.pnml'}:") for line in models)


def test_problems_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Five mistakes of five kinds, told from top to bottom."""
    file = tmp_path / "d.yaml"
    file.write_text(
        "process: a b\nversion: '1'\nevents: {topics: [t], mapping: {case: c, activity: a, timestamp: t}}\n"
        "case: {segments: [x], reopen: soon}\nmodel: {file: m.bpmn}\nsla: []\nsla: []\n"
    )

    lines = [int(line.removeprefix(f"{file}:").split(":")[0]) for line in _problems(file)]

    assert lines == [1, 4, 4, 5, 7]


@given(st.text(max_size=200) | st.text("{}[]:,-&*!|>'\"\n\t #ab?%@", max_size=60))
def test_no_text_gets_past_the_check_unnoticed(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands in a file, it is a definition or it is refused with places."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text.encode(errors="replace"))

    with pytest.raises(Refused) as refused:
        load_definition(file)

    assert all(problem.line >= 1 and problem.wrong and problem.right for problem in refused.value.problems)


VALUES = st.sampled_from(["x", "4h", "true", "[]", "{}", "[x, [y]]", "{kind: due}", "{a: {b: c}}", "", "idle", "null"])
KEYS = [
    *("process", "version", "roles", "events", "case", "model", "sla", "privacy", "description"),
    *("topics", "mapping", "start_at", "format", "timestamp", "attributes", "file", "kind", "id", "due", "unobserved"),
]


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_no_shape_gets_past_the_check_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, outer: dict[str, str], inner: dict[str, str]
) -> None:
    """Known keys in wrong places with wrong values are refused with places, too."""
    nested = "{" + ", ".join(f"{key}: {value}" for key, value in inner.items()) + "}"
    file = tmp_path_factory.getbasetemp() / "shape.yaml"
    lines = [f"{key}: {value}" for key, value in outer.items()]
    file.write_text("\n".join([*lines, f"sla: [{nested}]", f"events: {nested}"]))

    with pytest.raises(Refused) as refused:
        load_definition(file)

    assert all(problem.line >= 1 and problem.wrong and problem.right for problem in refused.value.problems)
