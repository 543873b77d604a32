"""The load of a live desk, as a program of its own: so many events a second, evenly, in steps of ten milliseconds.

    python -m tests.bench.live_load BROKERS TOPIC

Each ticket takes the model's straight way, one event a second; one in twenty is overdue when it is opened, which is one
event in a hundred. It says `began` when it begins, and at the end, as one line of JSON, when the broker took what was
accepted (ms, the broker's stamp): each overdue opening by its case, and how many events it took in each second.
"""

import asyncio
import sys
from collections import Counter
from time import monotonic
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from agents.wall_clock import as_text, now_ms

RATE: Final = 5_000
SECONDS: Final = 70
STEP_S: Final = 0.01
OVERDUE_EVERY: Final = 20
TARGET_MS: Final = 10_000
ACTIVITIES: Final = ("Ticket opened", "Assigned", "First answer", "Resolved", "Closed")
APART: Final = RATE // len(ACTIVITIES)
"""So many tickets are opened between two events of one."""


class Load:
    """What is sent, and what became of it."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self.accepted: dict[str, int] = {}
        self.by_second = Counter[int]()

    async def send(self, number: int) -> None:
        """Send one event, unless its ticket would have been opened before the load began."""
        ticket, step = divmod(number, len(ACTIVITIES))
        ticket -= step * APART
        if ticket < 0:
            return
        overdue = step == 0 and ticket % OVERDUE_EVERY == 0
        at = now_ms() - (TARGET_MS + 500 if overdue else 0)
        case = f"T-{ticket}"
        value = {"case": case, "activity": ACTIVITIES[step], "at": as_text(at), "agent": f"agent-{ticket % 50}"}
        sent = await self._producer.send(self._topic, orjson.dumps(value), case.encode())
        sent.add_done_callback(lambda done: self._note(case if overdue else None, done))

    def _note(self, overdue: str | None, done: "asyncio.Future[RecordMetadata]") -> None:
        stamp = done.result().timestamp
        self.by_second[stamp // 1_000] += 1
        if overdue is not None:
            self.accepted[overdue] = stamp


async def main(brokers: str, topic: str) -> None:
    """Send it all, at its pace: what is behind it is made up for at the next step."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all")
    await producer.start()
    load, began = Load(producer, topic), monotonic()
    sys.stdout.write("began\n")
    sys.stdout.flush()
    try:
        for step in range(round(SECONDS / STEP_S)):
            await asyncio.sleep(began + step * STEP_S - monotonic())
            per_step = round(RATE * STEP_S)
            for number in range(step * per_step, (step + 1) * per_step):
                await load.send(number)
        await producer.flush()
    finally:
        await producer.stop()
    sys.stdout.buffer.write(orjson.dumps([load.accepted, list(load.by_second.items())]) + b"\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
