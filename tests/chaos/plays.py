"""What campaigns play: definitions over real logs, each with promises over many cases, so that somebody keeps score."""

import os
from pathlib import Path

SEPSIS = """
process: sepsis
version: "1"
events: {topics: [events], format: xes-json}
case: {ends: [Release A, Release B, Release C, Release D, Release E], segments: ["case:InfectionSuspected"]}
sla:
  - {id: antibiotics, kind: between, from: ER Sepsis Triage, to: IV Antibiotics, target: 60m}
  - {id: stay, kind: case_duration, target: 14d}
  - {id: quiet, kind: idle, target: 3d}
  - {id: returns, kind: rate, of: Return ER, window: 7d, at_most: 6}
slo:
  - {id: promptly, of: antibiotics, objective: 60%, window: 28d}
privacy: {resource: drop}
"""

LOANS = """
process: loans
version: "1"
events: {topics: [events], format: xes-json}
model: {file: model.pnml}
sla:
  - {id: decided, kind: case_duration, target: 14d}
  - {id: accepted, kind: between, from: A_PARTLYSUBMITTED, to: [A_ACCEPTED, A_DECLINED, A_CANCELLED], target: 3d}
  - {id: quiet, kind: idle, target: 5d}
  - {id: fraud, kind: rate, of: W_Beoordelen fraude, window: 7d, at_most: 20}
slo:
  - {id: in-time, of: accepted, objective: 80%, window: 28d}
privacy: {resource: drop}
"""
LOANS_SPAN_DAYS = 166


def sepsis_log(data: Path) -> Path:
    """A thousand cases of a year and a half."""
    return data / "sepsis" / "Sepsis_Cases.xes.gz"


def sepsis_in(folder: Path, topic: str = "events") -> Path:
    """Write the definition for that log."""
    (folder / "definition.yaml").write_text(SEPSIS.replace("[events]", f"[{topic}]"))
    return folder / "definition.yaml"


def loans_log(data: Path) -> Path:
    """Thirteen thousand cases of half a year."""
    return data / "bpic2012_loan" / "BPIC12.xes.gz"


def loans_in(folder: Path, data: Path) -> Path:
    """Write the definition for that log, and its model beside it."""
    model = data / "models_discovered" / "bpic2012_complete_imf02.pnml"
    (folder / "model.pnml").write_bytes(model.read_bytes())
    (folder / "definition.yaml").write_text(LOANS)
    return folder / "definition.yaml"


def data_folder() -> Path:
    """The folder of real logs, as the environment names it."""
    return Path(os.environ["CASEWATCH_TEST_DATA"]).resolve()
