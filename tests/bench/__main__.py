"""Every bench, or those that are named: tables on the terminal, the figures in `build/bench.json`.

    python -m tests.bench                      all of them
    python -m tests.bench backtest worker      some
    python -m tests.bench throughput parts --docs   these two write what they find into docs/speed.md, too

Figures of one core of one machine at one moment: read them as ratios to what was measured beside them in the same run.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from tests.bench import speed_page
from tests.bench.figures import Table

BENCHES: Final = (
    "conformance", "conformance_steps", "conformance_command", "cases", "backtest", "sla", "mass", "mass_worker",
    "worker", "restore", "throughput", "workers2", "latency", "load", "million", "parts",
)  # fmt: skip
WRITTEN: Final = Path(__file__).parents[2] / "build" / "bench.json"
WIDTH: Final = 120
WRITE_PAGE: Final = "--docs"


def main(arguments: list[str]) -> int:
    """Run the benches named, or all; the exit code."""
    names = [argument for argument in arguments if argument != WRITE_PAGE]
    if unknown := set(names) - set(BENCHES):
        print(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    if "CASEWATCH_TEST_DATA" not in os.environ:
        print("CASEWATCH_TEST_DATA is not set: real logs are not measured", file=sys.stderr)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    figures: dict[str, float] = {}
    for name in names or BENCHES:
        measure: Callable[[], Table] = import_module(f"tests.bench.bench_{name}").measure
        table = measure()
        table.show(console)
        figures.update(table.named(name))
        if name in speed_page.BENCHES and WRITE_PAGE in arguments:
            speed_page.write(name, table)
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    print("figures: build/bench.json", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
