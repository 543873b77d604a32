"""The command line on a machine whose clock is wrong: `python -m tests.broker.wrong_clock SECONDS COMMAND…`.

The clock is set under the libraries too, so that they see the same wrong time as the product.
"""

import sys
import time

from agents.cli import main as command_line
from agents.wall_clock import now_ms


def main() -> None:
    """Set the clock, and run the command."""
    ahead_ns = int(sys.argv.pop(1)) * 1_000_000_000
    right = time.time_ns  # noqa: TID251 - the right time is what the wrong one is made of
    time.time_ns = lambda: right() + ahead_ns  # noqa: TID251 - here the time of day is set, not read
    time.time = lambda: now_ms() / 1000  # noqa: TID251 - likewise
    command_line()


if __name__ == "__main__":
    main()
