"""Keeps what campaigns found, and writes it as a page: `docs/campaigns.md`, from `docs/campaigns.json` beside it.

Each campaign has one entry, that of its last run, with the revision it ran on. Invariant: a revision is told only of
a run whose files were those of that revision; one with changes that are in no revision says so.
"""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from agents.wall_clock import now_ms
from tests.broker.kafka import JARS
from tests.chaos.result import Result

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "campaigns.md"
KEPT = ROOT / "docs" / "campaigns.json"
ORDER = ("workers", "brokers", "absent", "disk", "leader", "twins", "embedded", "mass", "soak")
MOST_WRONG = 20
HEAD = """# Campaigns

What was done to workers and brokers while real logs came in, and what came of it: `make chaos` runs them and writes
this page. *Compared* means: equal to what one undisturbed worker comes to from the same topic - state of every case,
ids and last states of alerts, windows and partials, scorecards, dead letters, offsets - with no transition or partial
told twice and none left out. `make check` warns when code that delivers has changed since a campaign ran.
"""


def revision() -> str:
    """The commit that is checked out; `+` behind it if files differ from it."""
    commit = _git("rev-parse", "HEAD")
    return commit + ("+" if _git("status", "--porcelain", "--", "agents", "stream", "schemas", "tests") else "")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    """What it ran on, in words."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kafka = next((jar.stem.rpartition("-")[2] for jar in JARS.glob("kafka-server-[0-9]*.jar")), "unknown")
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}, Apache Kafka {kafka}"


def keep(results: Iterable[Result]) -> None:
    """Put results in the place of those of the same campaigns, and write the page anew."""
    kept: dict[str, Any] = orjson.loads(KEPT.read_bytes()) if KEPT.exists() else {}
    ran_at = datetime.fromtimestamp(now_ms() / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    for result in results:
        run = {"ran_at": ran_at, "revision": revision(), "machine": machine(), "figures": result.figures}
        kept[result.name] = {"title": result.title, **run, "wrong": result.wrong[:MOST_WRONG]}
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
    PAGE.write_text(page(kept))


def page(kept: dict[str, Any]) -> str:
    """The page in Markdown."""
    names = sorted(kept, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return "\n".join([HEAD, *(_section(name, kept[name]) for name in names)])


def _section(name: str, run: dict[str, Any]) -> str:
    verdict = "nothing was wrong" if not run["wrong"] else f"**wrong: {len(run['wrong'])}**"
    lines = [
        f"## {run['title']}\n",
        f"`make chaos CHAOS={name}`, {run['ran_at']} UTC, revision `{run['revision']}`, {run['machine']}: {verdict}.\n",
        "| | |",
        "|---|---:|",
        *(f"| {what} | {_written(figure)} |" for what, figure in run["figures"].items()),
        "",
        *(f"- {each.splitlines()[0]}" for each in run["wrong"]),
        *([""] if run["wrong"] else []),
    ]
    return "\n".join(lines)


def _written(figure: str | int | float) -> str:
    return f"{figure:,}" if isinstance(figure, int) and figure >= 10_000 else str(figure)
