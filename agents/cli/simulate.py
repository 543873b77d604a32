"""`casewatch simulate`: made-up support tickets on a topic, first their history, then live.

For trying Casewatch out beside a real broker. Invariant: a topic that holds records already gets no second history, and
no ticket number twice.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Annotated

import typer

from agents.simulator.producer import Destination, produce, reach
from agents.simulator.profile import DEFAULT_SEED, continued_scenario, demo_scenario
from agents.wall_clock import now_ms
from schemas.duration import parse_duration


def simulate(
    brokers: Annotated[str, typer.Option(envvar="CASEWATCH_BROKERS")] = "localhost:9092",
    topic: Annotated[str, typer.Option(help="Created if it is missing.")] = "support.tickets",
    seed: Annotated[int, typer.Option(help="Equal seeds give equal tickets.")] = DEFAULT_SEED,
    history: Annotated[str, typer.Option(help="How far back the first ticket lies, like 21d.")] = "21d",
    rate: Annotated[float, typer.Option(min=0.1, help="New tickets a minute, once live.")] = 30,
) -> None:
    """Write simulated support tickets to a topic: weeks of history at once, then live until stopped."""
    # What the Kafka client would say of a broker that is away is said by `reach`, once an attempt.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(_until_stopped(_simulation(Destination(brokers, topic), seed, parse_duration(history), rate)))


async def _simulation(destination: Destination, seed: int, history_ms: int, rate: float) -> None:
    in_use = await reach(destination, _say)
    now = now_ms()
    scenario = continued_scenario(seed, now, rate) if in_use else demo_scenario(seed, now, history_ms, rate)
    await produce(destination, scenario, now, _say)


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run until the work ends or SIGINT or SIGTERM comes, which ends it without a complaint."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
