"""Keeps the picture up to date: asks for `/metrics` twice a second and reads the alerts topic as it grows.

Invariant: a worker that does not answer (yet) changes nothing in the picture; no record of the topic is told twice.
"""

import asyncio
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from agents.demo.alert_book import Told
from agents.demo.picture import LIVE, Picture
from agents.demo.reading import Reading
from agents.wall_clock import now_ms

Hear = Callable[[Told], None]

_EVERY_S = 0.5
_ANSWER_WITHIN_S = 2.0


async def watch_metrics(picture: Picture, port: int) -> None:
    """Read `/metrics` of the worker on loopback until cancelled."""
    while True:
        text = await asyncio.to_thread(_scrape, port)
        if text is not None:
            picture.readings.append(Reading.parse(text, now_ms()))
            picture.step = LIVE if picture.reading.live else picture.step
        await asyncio.sleep(_EVERY_S)


def _scrape(port: int) -> str | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        return answer.read().decode("utf-8") if answer.status == 200 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


async def watch_alerts(picture: Picture, hear: Hear) -> None:
    """Read the alerts topic from its beginning until cancelled, and pass on what is new."""
    await _until_there(picture.brokers, picture.alerts_topic)
    consumer = AIOKafkaConsumer(
        picture.alerts_topic, bootstrap_servers=picture.brokers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        while True:
            for records in (await consumer.getmany(timeout_ms=250, max_records=1_000)).values():
                for record in records:
                    _take(picture, record.value, hear)
    finally:
        await consumer.stop()


def _take(picture: Picture, value: bytes | None, hear: Hear) -> None:
    told = picture.book.read(orjson.loads(value)) if value is not None else None
    if told is not None:
        hear(told)


async def _until_there(brokers: str, topic: str) -> None:
    """Wait for the worker to create the topic: some brokers create one by themselves when asked for it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        while True:
            if topic in await admin.list_topics():
                return
            await asyncio.sleep(0.2)
    finally:
        await admin.close()
