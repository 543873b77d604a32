"""`casewatch demo`: everything that Casewatch does, on this machine, with a simulated process, in this terminal.

Invariant: when it returns nothing of it is left, neither processes nor files nor topics.
"""

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from agents.cli.exits import OUTSIDE_FAILED
from agents.demo.programs import ProgramFailed
from agents.demo.stage import Wanted, run_demo
from agents.embedded_broker import BrokerUnavailable
from agents.simulator.profile import DEFAULT_SEED
from schemas.duration import parse_duration


def demo(
    seed: Annotated[int, typer.Option(help="Equal seeds give equal tickets.")] = DEFAULT_SEED,
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after so long.")] = None,
    history: Annotated[str, typer.Option(help="How much history to begin with, like 21d.")] = "21d",
    rate: Annotated[float, typer.Option(min=0.1, help="New tickets a minute.")] = 30,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a screen, as without a terminal.")] = False,
) -> None:
    """See it work: a broker, a worker and an example process in this terminal; Ctrl-C ends it all."""
    parse_duration(history)
    # The Kafka client's remarks on a broker that is just starting, or ending, would only smear the picture.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        asyncio.run(run_demo(Wanted(seed, history, rate, seconds, plain), Console()))
    except (BrokerUnavailable, ProgramFailed) as failure:
        print(f"casewatch demo: {failure}", file=sys.stderr)
        raise typer.Exit(OUTSIDE_FAILED) from None
    except BrokenPipeError:
        # As after `casewatch demo | head`: enough was read. The interpreter's last flush must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
