"""Puts the picture before the user: drawn over and over on a terminal, as lines that are added elsewhere.

Invariant: the terminal is given back as it was, however the demo ends.
"""

import asyncio
from typing import Protocol

from rich.console import Console
from rich.live import Live

from agents.demo.alert_book import Told
from agents.demo.picture import Picture
from agents.demo.plain import PlainLines
from agents.demo.screen import draw
from agents.wall_clock import now_ms

_FRAME_S = 0.25
_FIGURES_EVERY_S = 2.0


class Show(Protocol):
    """A way to show the picture: `hear` is told of each new alert, `run` shows until cancelled."""

    def hear(self, told: Told) -> None:
        """Take note of a new alert."""

    async def run(self) -> None:
        """Show the picture until cancelled."""


class Screen:
    """Draws the whole picture, four times a second."""

    def __init__(self, picture: Picture, console: Console) -> None:
        self._picture = picture
        self._console = console

    def hear(self, told: Told) -> None:
        """Nothing to do: the next frame shows it."""

    async def run(self) -> None:
        """Draw on the terminal's second screen until cancelled."""
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while True:
                width, height = self._console.size
                live.update(draw(self._picture, now_ms(), width, height), refresh=True)
                await asyncio.sleep(_FRAME_S)


class Lines:
    """Writes a line for each alert that is new, and figures every two seconds; `BrokenPipeError` ends it."""

    def __init__(self, picture: Picture, console: Console) -> None:
        self._picture = picture
        self._console = console
        self._lines = PlainLines(picture)
        self._step = ""

    def hear(self, told: Told) -> None:
        """Write the alert."""
        line = self._lines.alert(told)
        if line is not None:
            self._write(line)

    async def run(self) -> None:
        """Write where to look, then figures until cancelled."""
        self._write(self._lines.places())
        while True:
            if self._picture.step != self._step:
                self._step = self._picture.step
                self._write(f"{'demo':8} {self._step}")
            if self._picture.readings:
                self._write(self._lines.figures())
            await asyncio.sleep(_FIGURES_EVERY_S)

    def _write(self, line: str) -> None:
        # Not by rich's print, which ends the process on the spot when nobody reads any more.
        self._console.file.write(f"{line}\n")
        self._console.file.flush()
