"""`casewatch alerts`: the alerts as they stand, and as they change."""

import sys
from typing import Annotated, Any

import orjson
import typer

from agents.cli.outside import run_outside
from agents.connection import Connection
from agents.logging_setup import set_up_logging
from agents.settings import read_settings
from agents.topic_reader import read_topic
from agents.topics import TopicNames
from schemas.alert import State
from schemas.settings import LogLevel


def alerts(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on, and show each change as it comes.")] = False,
    state: Annotated[State | None, typer.Option(help="Only alerts in this state.")] = None,
    process: Annotated[str | None, typer.Option(help="Only alerts of this process.")] = None,
) -> None:
    """Show the alerts as they stand: JSON lines on a pipe, a line for people on a terminal."""
    settings = read_settings()
    set_up_logging(LogLevel.WARNING)
    shown = Shown(state, process, sys.stdout.isatty())
    topic = TopicNames(settings.prefix).alerts
    run_outside(settings.brokers, _show(Connection(settings), topic, follow, shown))


class Shown:
    """Which alerts are shown, and in which form."""

    def __init__(self, state: State | None, process: str | None, people: bool) -> None:
        self._state, self._process, self._people = state, process, people
        self._told: dict[str, tuple[str, ...]] = {}

    def show(self, body: bytes) -> None:
        """Print an alert, if it is wanted; people are told only what reads differently from the last time."""
        alert = orjson.loads(body)
        if self._state not in (None, alert["state"]) or self._process not in (None, alert["process"]):
            return
        if not self._people:
            print(body.decode(), flush=True)
        elif self._told.get(alert["id"]) != (said := _said(alert)):
            self._told[alert["id"]] = said
            print(line(alert), flush=True)

    def forget(self, id: str) -> None:
        """Take note that an alert has left the topic: nothing more will come of it."""
        self._told.pop(id, None)


def _said(alert: dict[str, Any]) -> tuple[str, ...]:
    """What a person learns from an alert. That it is settled now is an update which says nothing new."""
    state = State.RAISED if alert["state"] == State.UPDATED else alert["state"]
    return str(state), str(alert.get("stage")), str(alert["severity"]), str(alert["summary"])


def line(alert: dict[str, Any]) -> str:
    """Tell an alert on one line: when, how bad, what has become of it, and what it is about."""
    noticed = str(alert["noticed_at"])[:19].replace("T", " ")
    stage = alert.get("stage") or alert["kind"]
    state = "muted" if alert.get("muted") else alert["state"]
    return f"{noticed}  {alert['severity']:8} {state:12} {stage:9} {alert['process']}: {alert['summary']}"


async def _show(connection: Connection, topic: str, follow: bool, shown: Shown) -> None:
    present: dict[bytes, bytes] | None = {}
    async for record in read_topic(connection, topic, follow):
        if record is None:
            for body in (present or {}).values():
                shown.show(body)
            present = None
        elif present is not None:
            present.pop(record.key, None)  # an alert stands where it last changed
            if record.value is not None:
                present[record.key] = record.value
        elif record.value is not None:
            shown.show(record.value)
        else:
            shown.forget(record.key.decode())
