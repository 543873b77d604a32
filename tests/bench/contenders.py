"""What the worker's throughput is held against: programs that read the same topic from a real Kafka, and do far less.

    python -m tests.bench.contenders bare|agent|table BOOTSTRAP TOPIC EVENTS

`bare`: aiokafka alone consumes, decodes, and writes one record of 600 bytes for each event, sent as the worker sends,
in transactions of one producer a partition as often as the worker's. `agent`: a Faust agent on the topic that
does nothing with an event. `table`: one that writes a table once an event. Each ends with one line of JSON: the events
that it counted from the first tenth on, the seconds that they took, and for how many of these its process was busy.
"""

import asyncio
import os
import signal
import sys
from time import monotonic, process_time
from typing import Any, Final

import faust
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

INTERVAL_S: Final = 0.2
RECORD_BYTES: Final = 600
OUT: Final = "bench-out"


class Meter:
    """Counts events; `told` is the line to print once all were seen."""

    def __init__(self, events: int) -> None:
        self.events, self.seen, self.from_, self.began = events, 0, 0, (0.0, 0.0)

    def count(self, more: int) -> bool:
        """Note so many more events; whether all were seen."""
        self.seen += more
        if not self.from_ and self.seen * 10 >= self.events:
            self.from_, self.began = self.seen, (monotonic(), process_time())
        return self.seen >= self.events

    def tell(self) -> None:
        """Print what was found."""
        seconds, busy = monotonic() - self.began[0], process_time() - self.began[1]
        print(orjson.dumps({"events": self.seen - self.from_, "seconds": seconds, "busy": busy}).decode(), flush=True)


class Out:
    """What one partition's events become, waiting for the next transaction of its producer."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        self.partition, self.waiting = partition, list[tuple[bytes, bytes]]()
        self.producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"bench-{partition}")

    async def commit(self) -> None:
        """Write all that waits in one transaction."""
        records, self.waiting = self.waiting, []
        async with self.producer.transaction():
            sent, batch = [], self.producer.create_batch()
            for key, value in records:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    sent.append(await self.producer.send_batch(batch, OUT, partition=self.partition))
                    batch = self.producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            sent.append(await self.producer.send_batch(batch, OUT, partition=self.partition))
            await asyncio.gather(*sent)


async def bare(bootstrap: str, topic: str, meter: Meter) -> None:
    """Consume, decode, produce."""
    options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, **options)
    await consumer.start()
    outs = {place.partition: Out(bootstrap, place.partition) for place in consumer.assignment()}
    await asyncio.gather(*(out.producer.start() for out in outs.values()))
    committing: asyncio.Future[Any] = asyncio.gather(*())
    due, done = monotonic() + INTERVAL_S, False
    while not done:
        for place, records in (await consumer.getmany(timeout_ms=100, max_records=1_000)).items():
            waiting = outs[place.partition].waiting
            for record in records:
                decoded = orjson.loads(record.value)
                value = orjson.dumps(decoded)
                waiting.append((record.key or b"", value + b" " * (RECORD_BYTES - len(value))))
            done = meter.count(len(records))
        if done or monotonic() >= due:
            await committing
            committing = asyncio.gather(*(out.commit() for out in outs.values() if out.waiting))
            due = monotonic() + INTERVAL_S
    await committing
    meter.tell()
    await asyncio.gather(consumer.stop(), *(out.producer.stop() for out in outs.values()))


def agent(bootstrap: str, topic: str, meter: Meter, writes: bool) -> None:
    """Run a Faust agent on the topic until all events were seen."""
    name = f"bench-{'table' if writes else 'agent'}"
    app = faust.App(name, broker=f"kafka://{bootstrap}", store="memory://", web_enabled=False, topic_partitions=4)
    source = app.topic(topic, value_serializer="json", key_serializer="raw")
    table = app.Table("steps", default=int, partitions=4) if writes else None

    @app.agent(source)
    async def reads(events: Any) -> None:
        async for key, _ in events.items():  # noqa: PERF102 -- a Faust stream has no `keys`
            if table is not None:
                table[key] += 1
            if meter.count(1):
                meter.tell()
                os.kill(os.getpid(), signal.SIGKILL)  # its way down is not what is measured

    faust.Worker(app, loglevel="error", quiet=True, redirect_stdouts=False).execute_from_commandline()


def main(what: str, bootstrap: str, topic: str, events: str) -> None:
    """Run one of them."""
    meter = Meter(int(events))
    if what == "bare":
        asyncio.run(bare(bootstrap, topic, meter))
    else:
        agent(bootstrap, topic, meter, what == "table")


if __name__ == "__main__":
    main(*sys.argv[1:])
