"""People read each alert once and each change of it; machines get every record."""

from typing import Any

import orjson
import pytest

from agents.cli.alerts import Shown

RAISED: dict[str, Any] = {
    "id": "p/answer/7", "process": "p", "kind": "sla", "stage": "breach", "state": "raised", "severity": "critical",
    "settled": False, "revision": 1, "noticed_at": "2026-11-22T12:00:00.000Z", "summary": "7 waits for its answer",
}  # fmt: skip
SETTLED = RAISED | {"state": "updated", "settled": True, "revision": 2}
RESOLVED = RAISED | {"state": "resolved", "settled": True, "revision": 3, "summary": "7 was answered 5 min late"}


def printed(capsys: pytest.CaptureFixture[str], shown: Shown, *alerts: dict[str, Any]) -> list[str]:
    """What is printed of alerts that come one after the other."""
    for alert in alerts:
        shown.show(orjson.dumps(alert))
    return capsys.readouterr().out.splitlines()


def test_people_are_not_told_again_when_an_alert_is_only_settled(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence is the same; what becomes of the alert later is told."""
    lines = printed(capsys, Shown(None, None, people=True), RAISED, SETTLED, RESOLVED)

    assert [line.split()[3] for line in lines] == ["raised", "resolved"]


def test_an_update_that_says_something_new_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Here the stage has risen."""
    at_risk = RAISED | {"stage": "at_risk", "severity": "warning"}

    lines = printed(capsys, Shown(None, None, people=True), at_risk, RAISED | {"state": "updated"})

    assert [line.split()[4] for line in lines] == ["at_risk", "breach"]


def test_alerts_of_two_ids_with_one_sentence_are_both_told(capsys: pytest.CaptureFixture[str]) -> None:
    """And so is one that left and comes back under its id."""
    shown = Shown(None, None, people=True)

    lines = printed(capsys, shown, RAISED, RAISED | {"id": "p/answer/8"})
    shown.forget("p/answer/7")
    again = printed(capsys, shown, RAISED)

    assert (len(lines), len(again)) == (2, 1)


def test_a_pipe_gets_every_record_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The settling one too."""
    lines = printed(capsys, Shown(None, None, people=False), RAISED, SETTLED, RESOLVED)

    assert [orjson.loads(line) for line in lines] == [RAISED, SETTLED, RESOLVED]
