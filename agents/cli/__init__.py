"""The command line: one module per command, each imported only when its command is called.

Invariant: a command pays for its own imports alone, so that `casewatch check` answers at once and never loads a Kafka
client. Data goes to standard output, everything else to standard error. A refusal that a command lets through is
printed here, one problem a line; a fault in an option likewise.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Final, NamedTuple

import typer

from agents.cli.exits import DONE, FOUND_WRONG, USED_WRONGLY
from agents.cli.writing import end_by, end_of_writing
from schemas.problem import Fault, Refused


class Command(NamedTuple):
    """A command: the module `agents.cli.MODULE` holds a function of the same name."""

    name: str
    module: str
    help: str


COMMANDS: Final = (
    Command("demo", "demo", "See it work: a broker, a worker and an example process, in this terminal."),
    Command("run", "run", "Watch processes: a worker against Kafka."),
    Command("check", "check", "Say whether definitions are right, and if not, everything that is wrong in them."),
    Command("model", "model", "Show what a model file says, and whether its cases can end; draw it."),
    Command("backtest", "backtest", "Try a definition on history, without a broker."),
    Command("conformance", "conformance", "Say how far the cases of an event log are from a model."),
    Command("replay", "replay", "Feed an event log into a topic."),
    Command("topics", "topics", "Show the topics that Casewatch needs, and whether they are right."),
    Command("alerts", "alerts", "Read the alerts."),
    Command("dead-letters", "dead_letters", "Show what was refused and why; feed it in again."),
    Command("rebuild", "rebuild", "Build the state anew from history, and put it in force."),
    Command("forget", "forget", "Remove a case and its alerts, and say what cannot be reached."),
    Command("doctor", "doctor", "Examine an installation: what is wrong, and what to do."),
    Command("schema", "schema", "Print the JSON Schema of definitions, or of the records that are published."),
    Command("simulate", "simulate", "Write made-up support tickets to a topic."),
)


def main() -> None:
    """Run the command line; ends the process with the exit code that `agents.cli.exits` explains."""
    sys.exit(end_of_writing(_called()))


def _called() -> int | str | None:
    """Call the command; the exit code."""
    try:
        application(sys.argv[1:])(prog_name="casewatch")
    except Refused as refused:
        for problem in refused.problems:
            print(problem, file=sys.stderr)
        return FOUND_WRONG
    except Fault as fault:
        print(fault, file=sys.stderr)
        return USED_WRONGLY
    except OSError as error:
        return end_by(error)
    except SystemExit as ended:
        # Typer and Rich end the program by themselves when the reader of a pipe has gone.
        gone = ended.__context__
        return end_by(gone) if isinstance(gone, BrokenPipeError) else ended.code
    return DONE


def application(arguments: Sequence[str]) -> typer.Typer:
    """Build the application for these arguments: the command they name in full, of the others name and help only."""
    app = typer.Typer(
        name="casewatch",
        help="Watches every running case of a business process, live, from its event stream.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for command in COMMANDS:
        module = import_module(f"agents.cli.{command.module}") if command.name == wanted else None
        app.command(command.name, help=command.help)(getattr(module, command.module) if module else _not_called)
    return app


def _not_called() -> None:
    """Stands for the commands that were not asked for."""


def _print_version(asked: bool) -> None:
    if asked:
        print(version("casewatch"))
        raise typer.Exit


def _options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Hold the options of the program itself."""
