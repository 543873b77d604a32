"""`casewatch doctor` where there is nothing to examine."""

import json

import pytest

from tests.agents.cli.calling import Captured, called
from tests.programs import free_port


def test_a_broker_that_cannot_be_reached_is_the_finding(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Exit 3, and the same in JSON: a script reads one form only."""
    monkeypatch.setenv("CASEWATCH_BROKERS", f"127.0.0.1:{free_port()}")

    plain = called(monkeypatch, capsys, "doctor")
    ran = called(monkeypatch, capsys, "doctor", "--format", "json")

    assert (plain.code, ran.code) == (3, 3)
    assert plain.out.startswith("wrong     brokers       127.0.0.1:")
    told = json.loads(ran.out)
    assert (told["verdict"], [each["check"] for each in told["findings"]]) == ("wrong", ["brokers"])
    assert "see that the brokers run" in told["findings"][0]["remedy"]
