"""What the commands that read logs share: instants of options, progress elsewhere than on a terminal, problems told."""

from pathlib import Path

import pytest

from agents.cli.reading import instant_option, progress_shown, tell_problems
from agents.logs import Log
from schemas.problem import Fault, Problem


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T01:00:00.250+01:00", 250),
        ("1969-12-31T23:59:59Z", -1_000),
        (None, None),
    ],
)
def test_an_option_names_an_instant(text: str | None, instant: int | None) -> None:
    """In milliseconds UTC; an option that was not given names none."""
    assert instant_option("--until", text) == instant


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("tomorrow", "--until: `tomorrow` is no instant"),
        ("", "--until: `` is no instant"),
        ("2026-01-31", "--until: `2026-01-31` has no time zone"),
        ("2026-01-31T00:00", "--until: `2026-01-31T00:00` has no time zone"),
    ],
)
def test_an_option_that_names_no_instant_is_a_fault_with_a_remedy(text: str, wrong: str) -> None:
    """No zone is ever guessed."""
    with pytest.raises(Fault) as fault:
        instant_option("--until", text)

    assert str(fault.value).startswith(f"{wrong}; write ")


def test_problems_beyond_those_kept_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Problems first, then remarks, on standard error; the rest as a number."""
    problem = Problem("log.jsonl", 3, "line", "it is not JSON", "write one JSON object a line")

    tell_problems(Path("log.jsonl"), Log([], None, [problem], 41, ["there are no events in it"]))

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "log.jsonl:3: line: it is not JSON; write one JSON object a line",
        "log.jsonl: there are no events in it",
        "… and 40 problems more",
    ]


def test_a_clean_log_is_told_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing wrong, nothing said."""
    tell_problems(Path("log.jsonl"), Log([], None, [], 0, []))

    assert capsys.readouterr() == ("", "")


def progress_told(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A thousand steps that take so long together."""
    steps = iter(range(1_001))
    monkeypatch.setattr("agents.cli.reading.monotonic", lambda: next(steps) * seconds / 1_000)
    with progress_shown("backtest", 1_000) as progressed:
        for done in range(1, 1_001):
            progressed(done)


def test_away_from_a_terminal_progress_is_a_line_for_each_twentieth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand steps of a hundredth each make twenty lines, not a thousand."""
    progress_told(monkeypatch, seconds=40)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"backtest: {done} of 1000 events" for done in range(50, 1_001, 50)]


def test_progress_of_what_is_soon_done_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line a second at most."""
    progress_told(monkeypatch, seconds=2.5)

    assert capsys.readouterr().err.splitlines() == [f"backtest: {done} of 1000 events" for done in (400, 800)]


def test_progress_of_nothing_is_no_division_by_zero(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty log has a total of 0."""
    with progress_shown("backtest", 0) as progressed:
        progressed(0)

    assert capsys.readouterr() == ("", "")
