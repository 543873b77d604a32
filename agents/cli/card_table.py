"""The scorecards of a backtest on a terminal: one line a segment, each figure beside that of the window before.

Invariant: everything shown stands in the cards; what the table leaves out for want of room is said below it.
"""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.duration import DAY, HOUR, MINUTE, SECOND
from schemas.scorecard import Period, Scorecard
from stream.quantiles import roundest
from stream.wording import length_text

MOST_ROWS: Final = 20
STEPS: Final = tuple(
    count * unit
    for unit, counts in ((DAY, (1,)), (HOUR, (12, 6, 1)), (MINUTE, (30, 15, 5, 1)), (SECOND, (30, 15, 5, 1)))
    for count in counts
)
"""What lengths are shown in whole multiples of, the first that is as exact as what is told."""
WHOLE: Final = "all cases"
COLUMNS: Final = ("cases", "started", "closed", "on time", "half within", "9 of 10 within", "open now", "breached now")


def print_cards(cards: Sequence[Scorecard], out: Console, *, written: bool = False) -> None:
    """Print the cards, the whole process first, then the segments in which most happened; `written`: whether all are
    in a file, too."""
    if not cards:
        return
    order = sorted(cards, key=lambda card: (len(card.labels), -card.window.closed - card.window.started))
    window = cards[0].window
    length = length_text(round((window.end - window.start).total_seconds() * 1000))
    title = f"{length} up to {window.end:%Y-%m-%d %H:%M} UTC, in brackets the {length} before"
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "cases" else "right")
    for card in order[:MOST_ROWS]:
        table.add_row(escape(_name(card)), *_row(card))
    out.print(table)
    if len(order) > MOST_ROWS:
        where = "they are with the others that --scorecards wrote" if written else "write them all with --scorecards"
        out.print(f"and {len(order) - MOST_ROWS} more cards: {where}")


def _name(card: Scorecard) -> str:
    return ", ".join(f"{name} {value or '(none)'}" for name, value in card.labels.items()) or WHOLE


def _row(card: Scorecard) -> list[str]:
    figures = [_beside(*pair) for pair in zip(_figures(card.window), _figures(card.before), strict=True)]
    return [*figures, str(card.present.open), str(card.present.breached)]


def _figures(period: Period) -> tuple[str, ...]:
    share = f"{100 * period.on_time / period.closed:.1f} %" if period.on_time is not None and period.closed else "-"
    return str(period.started), str(period.closed), share, _length(period.p50_ms), _length(period.p90_ms)


def _beside(now: str, before: str) -> str:
    return f"{now} ({before})"


def _length(length: int | None) -> str:
    """A length of time, as round as it may be: 4 h where what is told stands for 3 h 58 min as well."""
    return "-" if length is None else length_text(roundest(length, STEPS))
