"""The campaigns in full, on a broker of their own: what was done, and what came of it.

    python -m tests.chaos [--rounds 20] [--seed 1]

Prints its figures and its seed, so that it can be run again; ends with 1 if anything was lost, repeated or changed.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.broker.kafka import Kafka
from tests.chaos.campaign import Campaign, Plan, Report

DEFINITION = """
process: loans
version: "1"
events: {topics: [events], format: xes-json}
model: {file: model.pnml}
sla:
  - {id: decided, kind: case_duration, target: 14d}
  - {id: accepted, kind: between, from: A_PARTLYSUBMITTED, to: [A_ACCEPTED, A_DECLINED, A_CANCELLED], target: 3d}
  - {id: quiet, kind: idle, target: 5d}
privacy: {resource: drop}
"""
SECONDS_A_ROUND = 5.0


def campaign(rounds: int, seed: int, *, broker: bool) -> Report:
    """Run one campaign over the loans of BPIC 2012."""
    data = Path(os.environ["CASEWATCH_TEST_DATA"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "definition.yaml").write_text(DEFINITION)
        model = data / "models_discovered" / "bpic2012_complete_imf02.pnml"
        (folder / "model.pnml").write_bytes(model.read_bytes())
        log = data / "bpic2012_loan" / "BPIC12.xes.gz"
        speed = 0 if broker else 166 * 86_400 / (rounds * SECONDS_A_ROUND)  # the log spans 166 days
        plan = Plan(folder / "definition.yaml", log, speed, rounds, seed=seed, broker=broker)
        kafka = Kafka(folder / "kafka")
        kafka.start()
        try:
            return asyncio.run(Campaign(plan, kafka, folder).run())
        finally:
            kafka.kill()


def main() -> int:
    """Run the campaigns one after the other; the exit code."""
    options = argparse.ArgumentParser(description="Ends workers and brokers at random, and counts.")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    failed = False
    for broker in (False, True):
        report = campaign(asked.rounds, asked.seed, broker=broker)
        outcome = report.outcome
        assert outcome is not None
        done = ", ".join(f"{name} {count} times" for name, count in sorted(report.done.items()))
        print(f"workers{' and broker' if broker else ''}, seed {asked.seed}: {done}")
        events = sum(case[0] for case in outcome.cases.values())
        print(f"  {len(outcome.cases)} cases, {events} events, {outcome.transitions} transitions of alerts")
        print(f"  wrong: {len(report.wrong)}", *report.wrong[:20], sep="\n    ")
        failed = failed or bool(report.wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
