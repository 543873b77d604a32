"""Brokers that something can be done to: one whose disk fills up, and a second one that alone leads some partitions.

Invariant: a disk is full as the kernel says it is, by a file system of its own that ends with the broker's owner; no
other file system is touched.
"""

import errno
import subprocess
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents.connection import Connection
from agents.settings import read_settings
from tests.broker.kafka import Kafka
from tests.programs import wait_until

MIB = 1024 * 1024


class DiskNotToBeHad(Exception):
    """This machine gives nobody a small file system of their own; the text says what it answered."""


class SmallDisk:
    """A file system in memory of so many MiB, in a mount namespace of its own, so that no privilege is needed."""

    def __init__(self, folder: Path, mib: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        mount = f'mount -t tmpfs -o size={mib}m tmpfs "$0" && echo mounted && exec sleep infinity'
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._keeper = subprocess.Popen(command, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]  # a dict of keywords
        said = self._keeper.stdout.readline()
        if said.strip() != "mounted":
            self._keeper.wait()
            raise DiskNotToBeHad(said.strip() or "unshare ended without a word")

    @property
    def enter(self) -> list[str]:
        """What to put before a command that is to see it."""
        keeper = f"--target={self._keeper.pid}"
        return ["nsenter", "--user", "--mount", "--preserve-credentials", keeper]

    @property
    def ballast(self) -> Path:
        """The file that takes up its room, as seen from outside."""
        return Path(f"/proc/{self._keeper.pid}/root", *self.folder.parts[1:], "ballast")

    def fill(self) -> int:
        """Leave no room; returns how many bytes that took."""
        written = 0
        with self.ballast.open("wb", buffering=0) as file:
            for size in (MIB, 4096):
                try:
                    while True:
                        written += file.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return written

    def clear(self) -> None:
        """Give the room back."""
        self.ballast.unlink()

    def close(self) -> None:
        """End it, with all that is on it."""
        self._keeper.kill()
        self._keeper.communicate()


def broker_on(disk: SmallDisk, folder: Path) -> Kafka:
    """A broker that keeps its data on that disk."""
    broker = Kafka(folder)
    broker.data, broker.enter = disk.folder / "data", disk.enter
    return broker


async def warm_up(broker: Kafka) -> None:
    """Have the broker make what coordinates groups and transactions, while it is the only one to lead them."""
    producer = Connection(read_settings({"CASEWATCH_BROKERS": broker.bootstrap})).producer("warm-up")
    await producer.start()
    await producer.stop()
    consumer = AIOKafkaConsumer("warm-up", bootstrap_servers=broker.bootstrap, group_id="warm-up")
    await create_led(broker.bootstrap, "warm-up", [1])
    await consumer.start()
    await consumer.stop()


async def create_led(bootstrap: str, topic: str, leaders: Iterable[int], **config: str) -> None:
    """Create a topic whose partitions each have one replica, on the broker that is named for it."""
    places = {partition: [leader] for partition, leader in enumerate(leaders)}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = NewTopic(topic, -1, -1, replica_assignments=places, topic_configs=dict(config))
        response = await admin.create_topics([new])
        assert all(code == 0 for _, code, _ in response.topic_errors), response
    finally:
        await admin.close()


def wait_for_end(broker: Kafka, seconds: float) -> int | None:
    """Wait until the broker has ended by itself; its exit status."""
    wait_until(lambda: not broker.program.running, seconds, "the broker to give up")
    assert broker.program.process is not None
    return broker.program.process.returncode
