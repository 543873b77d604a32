"""Says whether code that delivers has changed since the campaigns ran: `python -m tests.chaos.changed`.

Delivery is what stands between a record of a source and a committed record of ours: reading, state, commits,
membership. Invariant: it only warns, and ends with 0: a campaign takes an hour, and is run before a release, not before
each commit.
"""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import orjson

from tests.chaos.report import KEPT, ROOT

DELIVERY = (
    "agents/app.py", "agents/assignor.py", "agents/broker_clock.py", "agents/codec.py", "agents/committer.py",
    "agents/connection.py", "agents/contest.py", "agents/control_reader.py", "agents/custody.py",
    "agents/dead_letters.py", "agents/feed.py", "agents/generations.py", "agents/intake*.py", "agents/journal.py",
    "agents/membership.py", "agents/monitor.py", "agents/outbox.py", "agents/readiness.py", "agents/restore.py",
    "agents/retry.py", "agents/scorekeeper.py", "agents/settling.py", "agents/source_groups.py", "agents/tasks.py",
    "agents/topic_reader.py", "agents/topics.py", "agents/worker.py", "stream/admission.py", "stream/announcer.py",
    "stream/awake.py", "stream/case.py", "stream/clock.py", "stream/control.py", "stream/core.py",
    "stream/deadlines.py", "stream/echo.py", "stream/effects.py", "stream/inputs.py", "stream/journalled.py",
    "stream/kept.py", "stream/layout.py", "stream/ledger/*.py", "stream/lifecycle.py", "stream/lookout.py",
    "stream/pace.py", "stream/partials.py", "stream/rekeyed.py", "stream/rekeying.py", "stream/said.py",
    "stream/scorekeeper.py", "stream/shard.py", "stream/shares.py", "stream/timekeeper.py", "stream/versions.py",
    "stream/watch.py",
)  # fmt: skip
"""Patterns as git takes them."""


def warnings(kept: dict[str, Any]) -> Iterable[str]:
    """One line for each revision that campaigns ran on and that the files that deliver differ from."""
    ran_on: dict[str, list[str]] = {}
    for name, run in kept.items():
        ran_on.setdefault(run["revision"].rstrip("+"), []).append(name)
    for revision, names in sorted(ran_on.items()):
        ran = f"campaigns ({', '.join(sorted(names))}) ran on {revision[:12]}"
        changed = changed_since(revision)
        if changed is None:
            yield f"{ran}, which this repository does not know: run `make chaos`"
        elif changed:
            yield f"code that delivers has changed since {ran}: {', '.join(changed)}"


def changed_since(revision: str) -> list[str] | None:
    """The files that deliver and differ from a revision; None if there is no such revision."""
    paths = [f":(glob){pattern}" for pattern in DELIVERY]
    command = ["git", "-C", str(ROOT), "diff", "--name-only", revision, "--", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode != 0 else done.stdout.split()


def main() -> int:
    """Print the warnings."""
    if not KEPT.exists():
        print("no campaign has run yet: `make chaos`", file=sys.stderr)
        return 0
    for warning in warnings(orjson.loads(KEPT.read_bytes())):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
