"""The campaigns in full, each on a broker of its own: what was done, and what came of it.

    python -m tests.chaos                                  all of them, the soak too
    python -m tests.chaos workers brokers --rounds 20 --seed 7
    python -m tests.chaos soak --minutes 60

Prints its figures and its seed, so that it can be run again, and writes them to docs/campaigns.md; ends with 1 if
anything was lost, repeated or changed.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError

from tests.broker.kafka import Kafka
from tests.chaos.campaign import Campaign, Plan
from tests.chaos.embedded import on_the_embedded_broker
from tests.chaos.mass import Amount, floods
from tests.chaos.plays import LOANS_SPAN_DAYS, data_folder, loans_in, loans_log, sepsis_in, sepsis_log
from tests.chaos.report import ROOT, keep
from tests.chaos.result import Result
from tests.chaos.soak import Load, Soak
from tests.chaos.stage import Stage, kafka_in
from tests.chaos.trouble import Hold, absent_at_start, full_disk, no_leader
from tests.chaos.twins import one_static_id, two_installations

SECONDS_A_ROUND = 5.0
HOLD_S = 60.0

Asked = argparse.Namespace


def workers(asked: Asked, folder: Path) -> Result:
    """Workers ended by chance, while the log is written."""
    speed = LOANS_SPAN_DAYS * 86_400 / (asked.rounds * SECONDS_A_ROUND)
    return _campaign(asked, folder, speed, broker=False)


def brokers(asked: Asked, folder: Path) -> Result:
    """Workers and the broker ended by chance, while the log is read."""
    return _campaign(asked, folder, 0, broker=True)


def _campaign(asked: Asked, folder: Path, speed: float, *, broker: bool) -> Result:
    data = data_folder()
    definition = loans_in(folder, data)
    plan = Plan(loans_log(data), speed, asked.rounds, seed=asked.seed, broker=broker)
    kafka = kafka_in(folder)
    try:
        return asyncio.run(Campaign(plan, kafka, Stage(kafka.bootstrap, folder, definition)).run())
    finally:
        kafka.kill()


def absent(asked: Asked, folder: Path) -> Result:
    """The broker absent at the start."""
    kafka = Kafka(folder / "kafka")
    stage = Stage(kafka.bootstrap, folder, sepsis_in(folder), 3)
    try:
        return asyncio.run(absent_at_start(kafka, stage, _hold(asked)))
    finally:
        kafka.kill()


def disk(asked: Asked, folder: Path) -> Result:
    """The broker out of disk."""
    data = data_folder()
    return asyncio.run(full_disk(folder, loans_in(folder, data), Hold(loans_log(data), asked.hold), 6))


def leader(asked: Asked, folder: Path) -> Result:
    """Partitions without a leader."""
    return asyncio.run(no_leader(folder, sepsis_in(folder), _hold(asked)))


def twins(asked: Asked, folder: Path) -> Result:
    """Two installations where there should be one."""
    kafka = kafka_in(folder)
    stage = Stage(kafka.bootstrap, folder, sepsis_in(folder), 3)
    try:
        result = asyncio.run(two_installations(stage, sepsis_log(data_folder())))
        asyncio.run(one_static_id(stage, result))
        return result
    finally:
        kafka.kill()


def embedded(asked: Asked, folder: Path) -> Result:
    """The embedded broker."""
    kafka = kafka_in(folder)
    stage = Stage(kafka.bootstrap, folder, sepsis_in(folder), 3)
    try:
        return asyncio.run(on_the_embedded_broker(stage, sepsis_log(data_folder()), kills=3, seed=asked.seed))
    finally:
        kafka.kill()


def mass(asked: Asked, folder: Path) -> Result:
    """Bad and outsized input."""
    kafka = kafka_in(folder)
    amount = Amount(seed=asked.seed).of(asked.share)
    try:
        return asyncio.run(floods(kafka.bootstrap, folder, amount))
    finally:
        kafka.kill()


def soak(asked: Asked, folder: Path) -> Result:
    """A steady load for long."""
    kafka = kafka_in(folder)
    try:
        return asyncio.run(Soak(kafka.bootstrap, folder, Load(asked.minutes * 60, asked.rate, asked.seed)).run())
    finally:
        kafka.kill()


def _hold(asked: Asked) -> Hold:
    return Hold(sepsis_log(data_folder()), asked.hold)


CAMPAIGNS: Final[dict[str, Callable[[Asked, Path], Result]]] = {
    "workers": workers,
    "brokers": brokers,
    "absent": absent,
    "disk": disk,
    "leader": leader,
    "twins": twins,
    "embedded": embedded,
    "mass": mass,
    "soak": soak,
}


def main() -> int:
    """Run the campaigns one after the other; the exit code."""
    options = argparse.ArgumentParser(description="Ends workers and brokers by chance, and counts.")
    options.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=f"some of: {', '.join(CAMPAIGNS)}")
    options.add_argument("--rounds", type=int, default=20, help="disturbances in a campaign by chance")
    options.add_argument("--seed", type=int, default=1, help="what chance begins with")
    options.add_argument("--hold", type=float, default=HOLD_S, help="seconds that trouble with the broker lasts")
    options.add_argument("--minutes", type=float, default=60.0, help="how long the soak lasts")
    options.add_argument("--rate", type=int, default=2_000, help="events a second of the soak")
    options.add_argument("--share", type=float, default=1.0, help="how much of the outsized input")
    asked = options.parse_args()
    if unknown := set(asked.campaigns) - set(CAMPAIGNS):
        options.error(f"no such campaign: {', '.join(sorted(unknown))}")
    failed = False
    for name in asked.campaigns or CAMPAIGNS:
        result = run(name, asked)
        show(result)
        keep([result])
        failed = failed or bool(result.wrong)
    return int(failed)


def run(name: str, asked: Asked) -> Result:
    """Run one campaign; its logs stay in `build/chaos` until it is run again."""
    folder = ROOT / "build" / "chaos" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        return CAMPAIGNS[name](asked, folder)
    except (AssertionError, TimeoutError, OSError, KafkaError) as error:
        return Result(name, f"The campaign `{name}`", {}, [f"it did not come to its end: {error!r}"])


def show(result: Result) -> None:
    """Print what came of a campaign."""
    print(f"{result.name}: {result.title}")
    for what, figure in result.figures.items():
        print(f"  {what}: {figure}")
    print(f"  wrong: {len(result.wrong)}", *result.wrong[:20], sep="\n    ", flush=True)


if __name__ == "__main__":
    sys.exit(main())
