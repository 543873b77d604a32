"""How a command that talks to a broker ends when the broker does not: one line, and the exit code for it."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from agents.cli.exits import OUTSIDE_FAILED
from agents.cli.writing import OF_THIS_MACHINE
from agents.retry import TRANSIENT, explain

T = TypeVar("T")


def run_outside(brokers: str, work: Coroutine[Any, Any, T]) -> T | None:
    """Run `work`; a broker that fails ends the command with exit code 3, Ctrl-C ends it quietly.

    What this machine fails with, a full disk or a closed pipe, is let through.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what went wrong is told here, once
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        pass
    except TRANSIENT as error:
        if isinstance(error, OSError) and error.errno in OF_THIS_MACHINE:
            raise  # the disk or a pipe, not the broker
        print(f"{brokers}: {explain(error)}; see that the brokers run and have what was asked for", file=sys.stderr)
        raise typer.Exit(OUTSIDE_FAILED) from None
    return None
