"""The picture on a terminal: big figures on top, the newest alerts in plain sentences, where to look further below.

Invariant: drawing changes nothing and fits the given console, however narrow.
"""

from rich import box
from rich.align import Align
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agents.demo.alert_book import Heading, Told
from agents.demo.picture import LIVE, Picture
from agents.demo.wording import age, number, sparkline

COLOURS = {
    Heading.AT_RISK: "yellow",
    Heading.BREACH: "red",
    Heading.DEVIATION: "magenta",
    Heading.TAKEN_BACK: "bright_black",
}
SIDE_FROM = 100
"""Narrower terminals show the alerts alone."""

_SIDE_WIDTH = 38
_TILES_HEIGHT = 4


def draw(picture: Picture, now: int, width: int, height: int) -> RenderableType:
    """The whole screen at `now` (ms UTC) for a terminal of that many columns and rows."""
    middle = Layout(name="middle")
    alerts = Layout(_alerts(picture, now, height - _TILES_HEIGHT - 7), ratio=1)
    middle.split_row(*([alerts, Layout(_side(picture), size=_SIDE_WIDTH)] if width >= SIDE_FROM else [alerts]))
    screen = Layout()
    screen.split_column(
        Layout(_title(picture), size=2),
        Layout(_tiles(picture), size=_TILES_HEIGHT),
        middle,
        Layout(_footer(picture), size=3),
    )
    return screen


def _title(picture: Picture) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column()
    line.add_column(justify="right")
    name = Text.assemble(("Casewatch", "bold"), "  customer service ", ("· simulated tickets", "bright_black"))
    line.add_row(name, Text(picture.step, "bold green" if picture.step == LIVE else "cyan"))
    return line


def _tiles(picture: Picture) -> RenderableType:
    reading = picture.reading
    tiles = Table.grid(expand=True)
    figures = [
        ("open tickets", reading.open, "cyan"),
        ("at risk", reading.at_risk, COLOURS[Heading.AT_RISK]),
        ("late", reading.breached, COLOURS[Heading.BREACH]),
        ("off the model", reading.deviating, COLOURS[Heading.DEVIATION]),
    ]
    for _ in figures:
        tiles.add_column(ratio=1)
    tiles.add_row(*(_tile(name, value, colour) for name, value, colour in figures))
    return tiles


def _tile(name: str, value: int, colour: str) -> RenderableType:
    body = Group(Align.center(Text(number(value), f"bold {colour}")), Align.center(Text(name)))
    return Panel(body, border_style=colour, box=box.ROUNDED, padding=(0, 0))


def _alerts(picture: Picture, now: int, rows: int) -> RenderableType:
    table = Table(box=None, expand=True, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(justify="right", width=6, no_wrap=True)
    table.add_column(width=15, no_wrap=True)
    table.add_column(ratio=1)
    for told in list(picture.book.told)[-1 : -max(rows, 1) - 1 : -1]:
        table.add_row(*_alert_row(told, now, live=picture.is_live(told)))
    if not picture.book.told:
        table.add_row("", "", Text("The first alerts come as the history is read.", "bright_black"))
    return Panel(table, title="Newest alerts", title_align="left", border_style="bright_black", box=box.ROUNDED)


def _alert_row(told: Told, now: int, *, live: bool) -> tuple[Text, Text, Text]:
    colour = COLOURS[told.heading]
    mark = "●" if told.severity == "critical" else "○"
    summary = Text(told.summary, "" if live else "bright_black")
    return Text(age(now - told.happened_at), "bright_black"), Text(f"{mark} {told.heading}", colour), summary


def _side(picture: Picture) -> RenderableType:
    feed = Table.grid(expand=True, padding=(0, 1))
    feed.add_column()
    feed.add_column(justify="right")
    reading = picture.reading
    feed.add_row("events a second", Text(number(round(picture.rate(), 1)), "bold"))
    feed.add_row("waiting to be read", Text(number(reading.waiting), "bold"))
    feed.add_row("read so far", Text(number(reading.events), "bold"))
    feed.add_row("refused, set aside", Text(number(reading.dead_letters), "bold"))
    trend = Text(sparkline(picture.rates(), _SIDE_WIDTH - 4), "cyan")
    return Group(
        Panel(_suppliers(picture), title="Alerts by supplier", title_align="left", border_style="bright_black"),
        Panel(Group(feed, trend), title="Feed", title_align="left", border_style="bright_black"),
    )


def _suppliers(picture: Picture) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right")
    late, off = (picture.book.by_supplier[heading] for heading in (Heading.BREACH, Heading.DEVIATION))
    suppliers = sorted(late.keys() | off.keys(), key=lambda name: (-late[name] - off[name], name))
    for heading, counts in (("late", late), ("off the model", off)):
        colour = COLOURS[Heading.BREACH if counts is late else Heading.DEVIATION]
        table.add_row(Text(heading, "bright_black"), "", "")
        for name in suppliers:
            table.add_row(name, _bar(counts[name], max(counts.values(), default=0), colour), number(counts[name]))
    return Group(table, Text("each gets a third of all tickets", "italic bright_black"))


def _bar(value: int, top: int, colour: str) -> Text:
    return Text("█" * (round(12 * value / top) if top else 0), colour)


def _footer(picture: Picture) -> RenderableType:
    where = Text(no_wrap=True, overflow="ellipsis")
    where.append("metrics ", "bright_black").append(picture.metrics_url or "…")
    where.append("   alerts topic ", "bright_black").append(f"{picture.alerts_topic} on {picture.brokers}")
    return Group(
        where, Text("The tickets are simulated. Ctrl-C ends everything and leaves nothing behind.", "bright_black")
    )
