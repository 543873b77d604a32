"""The Kafka Streams program that throughput is held against: built where its sources are, run on the same topic.

It is no part of the project: a folder `kafka-streams` of its own, named by `CASEWATCH_TEST_PEER` or found beside the
real logs, with a Maven file and one class, `SlaPeer`. It keeps a count and the last step of each case in a store in
memory, and forwards one record in a case's life, exactly once, in transactions five times a second. Invariant: what is
built and kept lies in the bench's folder, and where the program cannot be had, a sentence says why.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tests.bench.figures import busy_seconds
from tests.programs import NotReady

NAME: Final = "the Kafka Streams program (does far less)"
VARIABLE: Final = "CASEWATCH_TEST_PEER"
BUILD_S: Final = 300
RUN_S: Final = 300
SAMPLED_EVERY_S: Final = 0.02
TOLD: Final = re.compile(rb": (\d+) events/s")

Sample = tuple[float, float]
"""When (s), and for how long the process had been busy by then (s)."""


class Absent(Exception):
    """The program cannot be had here; the message says why."""


def sources() -> Path:
    """The folder of the program; raises `Absent`."""
    named, data = os.environ.get(VARIABLE), os.environ.get("CASEWATCH_TEST_DATA")
    if named is None and data is None:
        raise Absent(f"neither {VARIABLE} nor CASEWATCH_TEST_DATA says where it is")
    folder = Path(named) if named else Path(data or "").resolve().parent / "peers" / "kafka-streams"
    if not (folder / "pom.xml").is_file():
        raise Absent("its folder is not there")
    return folder


def built(folder: Path) -> str:
    """Build the program in a folder; its class path. Raises `Absent` where that fails."""
    found, libraries, classes = sources(), folder / "peer" / "lib", folder / "peer" / "classes"
    if lacking := [tool for tool in ("mvn", "javac", "java") if shutil.which(tool) is None]:
        raise Absent(f"no {' and no '.join(lacking)} on this machine")
    fetch = ["mvn", "-B", "-q", "-f", str(found / "pom.xml"), "dependency:copy-dependencies"]
    _made([*fetch, f"-DoutputDirectory={libraries}"])
    _made(["javac", "-cp", f"{libraries}/*", "-d", str(classes), *map(str, found.rglob("*.java"))])
    return f"{classes}:{libraries}/*"


def _made(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=BUILD_S)
    except subprocess.TimeoutExpired:
        raise Absent(f"{command[0]} did not end within {BUILD_S} s") from None
    if done.returncode:
        told = (done.stdout + done.stderr).strip().splitlines()
        raise Absent(f"{command[0]} failed: {told[0] if told else 'it said nothing'}")


class Peer:
    """The program, built in `folder`; `pinned` is what its processes are started under."""

    def __init__(self, folder: Path, pinned: Sequence[str]) -> None:
        self.folder, self.pinned, self.path = folder, pinned, built(folder)

    def figures(self, bootstrap: str, topic: str, events: int) -> dict[str, float]:
        """Events a second and microseconds busy, from the first tenth of the events on: what the first tenth takes by
        itself, warming up included, is taken off what all take."""
        few = events // 10
        first_s, first_busy = self._run(bootstrap, topic, few)
        all_s, all_busy = self._run(bootstrap, topic, events)
        return {
            "events/s": (events - few) / (all_s - first_s),
            "busy µs an event": (all_busy - first_busy) / (events - few) * 1e6,
        }

    def _run(self, bootstrap: str, topic: str, events: int) -> tuple[float, float]:
        """Seconds from the first event to the last, and for how many of them its process was busy."""
        output = self.folder / "peer" / f"{events}.log"
        java = ["java", "-Xmx2g", f"-Djava.io.tmpdir={self.folder}", "-cp", self.path, "SlaPeer"]
        with output.open("wb") as out:
            command = [*self.pinned, *java, bootstrap, topic, str(events), "1", "memory"]
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            samples = _samples(process, output)
        finally:
            process.kill()
            process.wait()
        told = TOLD.search(output.read_bytes())
        assert told is not None, "it has told by now"
        seconds = events / int(told[1])
        return seconds, busy_since(samples, seconds)


def _samples(process: "subprocess.Popen[bytes]", output: Path) -> list[Sample]:
    """How busy the process was until it told what it had found."""
    samples: list[Sample] = []
    give_up_at = monotonic() + RUN_S
    while TOLD.search(output.read_bytes()) is None:
        if process.poll() is not None or monotonic() > give_up_at:
            raise NotReady(f"the Kafka Streams program told nothing\n{output.read_text()[-2_000:]}")
        samples.append((monotonic(), busy_seconds(process.pid)))
        sleep(SAMPLED_EVERY_S)
    return samples


def busy_since(samples: Sequence[Sample], seconds: float) -> float:
    """For how long it was busy in the last so many seconds of the samples."""
    ended_at, busy = samples[-1]
    return busy - min(samples, key=lambda sample: abs(sample[0] - (ended_at - seconds)))[1]
