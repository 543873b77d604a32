"""The program as a whole: its commands, and what each costs."""

import subprocess
import sys
from errno import EACCES, ENOSPC, EPIPE
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from agents.cli import COMMANDS, Command, main
from schemas.problem import Fault, Problem, Refused

PLAIN = Path(__file__).parents[2] / "schemas" / "testdata" / "minimal.good.yaml"
NAMES = [command.name for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_command_of_the_table_is_there(command: Command) -> None:
    """The module of each holds a function of its name."""
    function = getattr(import_module(f"agents.cli.{command.module}"), command.module)

    assert callable(function)
    assert signature(function).return_annotation in (None, "None")


def test_help_names_every_command_without_loading_any() -> None:
    """The first thing that a newcomer types answers from the table alone."""
    script = (
        "import sys; from agents.cli import main\n"
        "sys.argv = ['casewatch', '--help']\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "print(sorted(name for name in sys.modules if name.startswith('agents.cli.')), file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert all(f"\n  {name} " in ran.stdout for name in NAMES)
    assert ran.stderr.strip() == "['agents.cli.exits', 'agents.cli.writing']"


def test_checking_a_definition_loads_no_kafka_client() -> None:
    """A check answers at once, on a machine that has never seen a broker; conditions alone cost what CEL loads."""
    script = (
        "import sys; from agents.cli import main\n"
        f"sys.argv = ['casewatch', 'check', {str(PLAIN)!r}]\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "print([name for name in ('faust', 'aiokafka', 'asyncio.events', 'structlog') if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (Refused([Problem("m.bpmn", 3, "task", "it is odd", "mend it")]), 1, "m.bpmn:3: task: it is odd; mend it\n"),
        (Fault("`x` is not a duration", "write 4h"), 2, "`x` is not a duration; write 4h\n"),
        (PermissionError(EACCES, "No", "x"), 3, "x: No; see that it is there and may be used\n"),
        (OSError(ENOSPC, "Full"), 3, "standard output: Full; make room there\n"),
        (BrokenPipeError(EPIPE, "Gone"), 0, ""),
    ],
)
def test_a_refusal_that_a_command_lets_through_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: Exception, code: int, said: str
) -> None:
    """Found wrong is 1, used wrongly 2, the machine failed 3; a reader that has gone is no failure."""

    def refuse(_: object) -> None:
        raise raised

    monkeypatch.setattr("agents.cli.application", refuse)
    monkeypatch.setattr("agents.cli.writing._give_up_output", lambda: None)  # the tests go on writing

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == code
    assert capsys.readouterr().err == said
