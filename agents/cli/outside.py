"""How a command that talks to a broker ends when the broker does not: one line, and the exit code for it."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from agents.cli.exits import OUTSIDE_FAILED
from agents.retry import TRANSIENT, explain

T = TypeVar("T")


def run_outside(brokers: str, work: Coroutine[Any, Any, T]) -> T | None:
    """Run `work`; a broker that fails ends the command with exit code 3, Ctrl-C and a closed pipe end it quietly."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what went wrong is told here, once
    try:
        return asyncio.run(work)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again at exit
    except KeyboardInterrupt:
        pass
    except TRANSIENT as error:
        print(f"{brokers}: {explain(error)}; see that the brokers run and have what was asked for", file=sys.stderr)
        raise typer.Exit(OUTSIDE_FAILED) from None
    return None
