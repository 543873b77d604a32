"""The Grafana dashboard as the tests read it: its panels, and every query, with Grafana's variables filled in."""

from pathlib import Path
from typing import Any, NamedTuple

import orjson

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
# What Grafana would put there: every process, and four scrapes at least.
VARIABLES = {"$process": ".*", "$__rate_interval": "1m"}


class Query(NamedTuple):
    """One query of one panel, ready for Prometheus."""

    panel: str
    expression: str


def read_dashboard() -> dict[str, Any]:
    """Return the dashboard's JSON."""
    dashboard: dict[str, Any] = orjson.loads((GRAFANA / "dashboards" / "casewatch.json").read_bytes())
    return dashboard


def queries() -> list[Query]:
    """Return every query of every panel, in the order of the page."""
    return [
        Query(panel["title"], _filled_in(target["expr"]))
        for panel in read_dashboard()["panels"]
        for target in panel.get("targets", [])
    ]


def _filled_in(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression
