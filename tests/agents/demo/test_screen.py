"""The screen and the plain lines, drawn from a picture that is made up."""

import pytest
from rich.console import Console

from agents.demo.alert_book import Told
from agents.demo.picture import LIVE, Picture
from agents.demo.plain import PlainLines
from agents.demo.reading import Reading
from agents.demo.screen import draw
from tests.agents.demo.alerts import an_alert

STARTED = 1_793_617_200_000  # 2026-11-02T11:00:00Z


def a_picture() -> Picture:
    """Live for half a minute, at two events a second."""
    picture = Picture(STARTED, "http://127.0.0.1:21001/metrics", "casewatch.alerts", "127.0.0.1:20000", LIVE)
    for half_second in range(60):
        at = STARTED + half_second * 500
        picture.readings.append(Reading(at, 8_421, 37, 512, 613, events=98_000.0 + half_second, dead_letters=7))
    return picture


def told(picture: Picture, **changes: object) -> Told:
    """One alert, read into the picture's book."""
    new = picture.book.read(an_alert(**changes))
    assert new is not None
    return new


def drawn(picture: Picture, width: int, height: int) -> str:
    """The screen as text, half a minute after the start."""
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as capture:
        console.print(draw(picture, STARTED + 30_000, width, height))
    text = capture.get()
    assert text.strip()
    return text


def test_the_screen_says_everything_that_was_asked_for() -> None:
    """Figures, sentences with their age, suppliers, the rate, where to look further, and how to stop."""
    picture = a_picture()
    told(picture)

    text = drawn(picture, 120, 36)

    assert "30 s  ● breach" in text
    assert "T-1: no First answer within 4 h of Ticket opened" in text
    for words in ("open tickets", "at risk", "off the model", "northwind", "simulated", "Ctrl-C", "live"):
        assert words in text
    assert "http://127.0.0.1:21001/metrics" in text
    assert "casewatch.alerts on 127.0.0.1:20000" in text


@pytest.mark.parametrize(("width", "height"), [(200, 60), (120, 36), (80, 24), (40, 12), (20, 5)])
def test_the_screen_fits_any_terminal(width: int, height: int) -> None:
    """No line is wider and no picture higher than the terminal, with long sentences and without any."""
    full, empty = a_picture(), Picture(STARTED)
    for count in range(100):
        told(full, id=f"a{count}", summary="a sentence that goes on and on " * 6)

    for picture in (full, empty):
        lines = drawn(picture, width, height).rstrip("\n").split("\n")

        assert max(len(line) for line in lines) <= width
        assert len(lines) <= height


def test_the_newest_alert_stands_on_top() -> None:
    """The order is that of arrival, newest first."""
    picture = a_picture()
    told(picture, id="a1", summary="the older one")
    told(picture, id="a2", summary="the newer one")

    text = drawn(picture, 120, 36)

    assert text.index("the newer one") < text.index("the older one")


def test_plain_lines_tell_every_live_alert_and_one_of_each_kind_of_the_history() -> None:
    """Thousands of old alerts are figures, not lines."""
    picture = a_picture()
    lines = PlainLines(picture)
    old = "2026-11-01T00:00:00Z"

    written = [
        lines.alert(told(picture, id="a1", happened_at=old)),
        lines.alert(told(picture, id="a2", happened_at=old)),
        lines.alert(told(picture, id="a3", happened_at=old, stage="at_risk")),
        lines.alert(told(picture, id="a4")),
        lines.alert(told(picture, id="a5", kind="deviation", stage=None, summary="T-5: First answer came twice")),
    ]

    sentence = "T-1: no First answer within 4 h of Ticket opened"
    assert written == [
        f"history  breach         {sentence}",
        None,
        f"history  at risk        {sentence}",
        f"live     breach         {sentence}",
        "live     off the model  T-5: First answer came twice",
    ]


def test_the_first_line_says_where_to_look() -> None:
    """The addresses stand there before anything else is known."""
    line = PlainLines(a_picture()).places()

    assert line == (
        "demo     simulated tickets; metrics http://127.0.0.1:21001/metrics, alerts casewatch.alerts on 127.0.0.1:20000"
    )


def test_the_line_of_figures_has_them_all() -> None:
    """Cases by state, the rate, what waits and what was refused."""
    line = PlainLines(a_picture()).figures()

    assert line == (
        "figures  8,421 open, 37 at risk, 512 late, 613 off the model; 2 events a second, 0 waiting, 7 refused"
    )
