"""Whether the compiled core says what the plain one says: both play the same logs, and every byte is compared.

    python -m tests.compiled        after `make compiled`; `make check-compiled` does both

Each log is played in order as history, out of order with records spoilt, and live, with restores at random cuts of one
seed. A play is told by digests, one for each drain (journal, alerts, partials, counts, refused records) and a last one
of what gauges show, so that the first drain that differs is named. Real logs need CASEWATCH_TEST_DATA.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from agents.definition_files import load_definition
from agents.logs import read_log
from stream import shard as played
from stream.inputs import Batch, Input, Received
from stream.process import Process, compile_process
from stream.shard import Shard
from tests.bench.bench_backtest import EXAMPLES, ticket_events
from tests.bench.bench_throughput import LOANS

ROOT: Final = Path(__file__).parents[1]
COMPILED: Final = ROOT / "build" / "compiled"
MODES: Final = ("history", "spoilt", "live")
MOST_EVENTS: Final = 12_000
BATCH: Final = 50
SPOILING: Final[tuple[Any, ...]] = (
    None, "", 5, 1.5, True, [], {}, 2**64 - 1, -(2**63), 1e300, "x" * 300, "2012-13-01", {"value": 1},
)  # fmt: skip
ENDED: Final = """
case: {ends: [A_DECLINED, A_CANCELLED, A_ACTIVATED], reopen: 5d, idle_limit: 40d, retention: 50d}
"""
SEPSIS: Final = """
process: sepsis
version: "1"
events: {topics: [hospital.events], format: xes-json}
case: {ends: [Release A, Release B, Release C, Release D, Release E], reopen: 20d, retention: 60d, segments: [case:org]}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: acid, kind: between, from: ER Sepsis Triage, to: LacticAcid, target: 3h,
     targets: [{where: Age > 70, target: 2h}]}
  - {id: stay, kind: case_duration, target: 5d, where: Age > 50}
  - {id: quiet, kind: idle, target: 1d, pause: {from: Admission NC, to: CRP}}
slo:
  - {id: on-time, of: antibiotics, objective: 90%, window: 7d}
constraints:
  - {id: cells, declare: "Response[ER Triage, Leucocytes] | A.Age > 60 | |0,2,h"}
  - {id: registered, declare: "Precedence[ER Registration, ER Triage] | | |"}
  - {id: at-once, declare: "Chain Response[IV Liquid, IV Antibiotics] | | |"}
  - {id: twice, declare: "Existence2[CRP] | | |"}
  - {id: in-turn, declare: "Alternate Response[CRP, Leucocytes] | | |"}
  - {id: not-both, declare: "Not Co-Existence[Release A, Admission IC] | | |"}
  - {id: seldom, declare: "Absence3[LacticAcid] | | |0,10,h"}
rules:
  - {id: ward, kind: role, activity: CRP, group: B, attribute: "org:group"}
"""
TRAVEL: Final = """
process: travel
version: "1"
events: {topics: [travel], format: xes-json}
model: {file: declaration_documents.bpmn}
case: {reopen: 10d, idle_limit: 60d, retention: 70d}
sla:
  - {id: length, kind: case_duration, target: 10d}
  - {id: paid, kind: waiting, from: Declaration SUBMITTED by EMPLOYEE, target: 2d}
rules:
  - {id: two, kind: four_eyes, activities: [Declaration SUBMITTED by EMPLOYEE, Declaration APPROVED by ADMINISTRATION]}
"""

Rows = list[tuple[int, dict[str, Any]]]


class Play(NamedTuple):
    """A definition file and a log."""

    name: str
    definition: Path
    log: Path


def plays(folder: Path) -> Iterator[Play]:
    """What can be played here, its files in `folder`."""
    shutil.copytree(EXAMPLES, folder / "desk")
    tickets = folder / "tickets.jsonl"
    tickets.write_bytes(b"\n".join(ticket_events(MOST_EVENTS)))
    yield Play("tickets", folder / "desk" / "customer-service.yaml", tickets)
    named = os.environ.get("CASEWATCH_TEST_DATA")
    if named is None:
        return
    data = Path(named)
    shutil.copy(data / "models_discovered/bpic2012_complete_imf02.pnml", folder / "model.pnml")
    shutil.copy(data / "bpic2020_travel/declaration_documents.bpmn", folder)
    loans, sepsis = data / "bpic2012_loan/BPIC12.xes.gz", data / "sepsis/Sepsis_Cases.xes.gz"
    travel = data / "bpic2020_travel/DomesticDeclarations.xes.gz"
    texts = (("loans", LOANS, loans), ("loans, ended", LOANS + ENDED, loans), ("sepsis", SEPSIS, sepsis))
    for name, text, log in (*texts, ("travel", TRAVEL, travel)):
        definition = folder / f"{name}.yaml"
        definition.write_text(text)
        yield Play(name, definition, log)


class Player:
    """Feeds a shard, cuts it into restores, and keeps a digest of each drain."""

    def __init__(self, process: Process, seed: int) -> None:
        self.process, self.chance = process, random.Random(seed)
        self.source = Input(process.definition.events.topics[0], 0)
        self.shard = Shard([process])
        self.journal: dict[bytes, bytes] = {}
        self.digests: list[str] = []
        self.offset = self.restores = 0

    def play(self, rows: Rows, mode: str) -> list[str]:
        """Play a log to its end; the digests."""
        if mode != "history":
            rows = sorted(rows, key=lambda row: row[0] + self.chance.randrange(900_000))
        far = max(at for at, _ in rows) + 10**11
        for begin in range(0, len(rows), BATCH):
            part = rows[begin : begin + BATCH]
            now = max(at for at, _ in part) if mode == "live" else far
            self._feed([(at if mode == "live" else far, self._met(value, mode)) for at, value in part], now)
        mark = Received(self.offset, far, None, "history", far)
        self.shard.observe(Batch(self.source, self.offset, [mark], self.offset + 1, self.offset + 1, far))
        while self.shard.advance(far, 1_000):
            pass
        self._drain()
        self._note(self.shard.snapshot(far))
        return [*self.digests, f"{self.restores} restores, {len(self.journal)} records"]

    def _met(self, value: dict[str, Any], mode: str) -> dict[str, Any]:
        """A record as it is read: one in a hundred has a field that says something else."""
        if mode != "spoilt" or self.chance.random() > 0.01:
            return value
        return {**value, self.chance.choice(sorted(value)): self.chance.choice(SPOILING)}

    def _feed(self, stamped: Rows, now: int) -> None:
        records = [Received(self.offset + n, at, value) for n, (at, value) in enumerate(stamped)]
        begin, self.offset = self.offset, self.offset + len(records)
        self.shard.observe(Batch(self.source, begin, records, self.offset, self.offset, now))
        if self.chance.random() < 0.3:
            while self.shard.advance(now, 7):
                pass
        if self.chance.random() < 0.1:
            self._drain()
        if self.chance.random() < 0.03:
            self._drain()
            self.shard, self.restores = Shard([self.process]), self.restores + 1
            self.shard.restore(self.journal.items())

    def _drain(self) -> None:
        effects = self.shard.drain()
        for key, record in effects.journal:
            if record is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = record
        self._note((effects.journal, effects.alerts, effects.dead_letters, list(effects.partials)))
        self._note(sorted(effects.counts.items()))

    def _note(self, said: object) -> None:
        self.digests.append(sha256(repr(said).encode()).hexdigest()[:16])


def played_by_this() -> dict[str, Any]:
    """Everything played by the core that this process has; `core`: from which file."""
    found: dict[str, Any] = {"core": str(played.__file__)}
    with tempfile.TemporaryDirectory() as name:
        for play in plays(Path(name)):
            definition, model = load_definition(play.definition)
            process = compile_process(definition, model, b"of no importance")
            log = read_log(play.log, definition.events.mapping)
            rows = [(one.timestamp_ms, one.value) for one in log.records if one.timestamp_ms is not None][:MOST_EVENTS]
            for seed, mode in enumerate(MODES):
                found[f"{play.name}, {mode}"] = Player(process, seed).play(rows, mode)
    return found


def played_by(*path: Path) -> subprocess.Popen[bytes]:
    """Another process that plays everything, the core taken from the first folder that has it."""
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONSAFEPATH": "1"}
    return subprocess.Popen([sys.executable, "-m", "tests.compiled", "play"], stdout=subprocess.PIPE, env=surroundings)


def main(arguments: list[str]) -> int:
    """Play both and compare them; 1 where they differ, or are not what they should be."""
    if arguments == ["play"]:
        sys.stdout.buffer.write(orjson.dumps(played_by_this()))
        return 0
    if not COMPILED.is_dir():
        sys.stderr.write("there is no build/compiled; `make compiled` makes it\n")
        return 1
    both = [played_by(ROOT), played_by(COMPILED, ROOT)]
    plain, compiled = (orjson.loads(program.communicate()[0] or b"{}") for program in both)
    return int(compared(plain, compiled))


def compared(plain: dict[str, Any], compiled: dict[str, Any]) -> bool:
    """Whether two cores differ, which is told; also one that is not what it should be does."""
    cores = str(plain.pop("core", "")), str(compiled.pop("core", ""))
    differs = not cores[0].endswith(".py") or not cores[1].startswith(str(COMPILED)) or cores[1].endswith(".py")
    sys.stdout.write(f"plain: {cores[0] or 'it failed'}\ncompiled: {cores[1] or 'it failed'}\n")
    for name, digests in plain.items():
        other = compiled.get(name, [])
        first = next((n for n, pair in enumerate(zip(digests, other, strict=False)) if pair[0] != pair[1]), len(other))
        differs = differs or digests != other
        same = f"equal in {len(digests) - 1} digests, {digests[-1]}"
        sys.stdout.write(f"{name}: {same if digests == other else f'differs from digest {first} on'}\n")
    return differs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
