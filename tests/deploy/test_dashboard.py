"""The dashboard and the alerting rules on a real Prometheus that scrapes a worker: every query finds a number."""

import math
import re
from pathlib import Path

import pytest
import yaml

from agents.metrics import Metrics
from tests.broker.traffic import WorkerProgram
from tests.deploy.dashboard import GRAFANA, Query, queries, read_dashboard
from tests.deploy.prometheus import DEPLOYED, Prometheus

SUFFIXES = ("_bucket", "_sum", "_count")


def _metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\bcasewatch_\w+", expression))


def _rule_expressions() -> list[str]:
    groups = yaml.safe_load((DEPLOYED / "rules.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def _worker_metrics() -> set[str]:
    """Names as they are scraped: counters end in _total, histograms have three series."""
    names = set()
    for family in Metrics("test").registry.collect():
        if family.type == "histogram":
            names |= {family.name + suffix for suffix in SUFFIXES}
        else:
            names.add(family.name + "_total" if family.type == "counter" else family.name)
    return names


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.panel)
def test_every_query_of_the_dashboard_finds_a_number(query: Query, prometheus: Prometheus) -> None:
    """A panel that shows "No data" or NaN beside a working worker would be a broken panel."""
    values = prometheus.values(query.expression)

    assert values
    assert all(math.isfinite(value) for value in values)


def test_every_rule_is_evaluated_without_an_error(prometheus: Prometheus) -> None:
    """The server that deploys them has no objection, and none is left out."""
    rules = prometheus.rules()

    assert len(rules) == len(_rule_expressions())
    assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"} == {}


def test_every_metric_that_a_rule_reads_is_there(prometheus: Prometheus) -> None:
    """A rule over a name that nobody exports would stay silent for ever."""
    read = {name for expression in _rule_expressions() for name in _metrics_of(expression)}

    assert {name for name in read if not prometheus.query(name)} == set()


def test_the_rules_are_quiet_about_a_worker_that_works(prometheus: Prometheus) -> None:
    """Nothing but the refused events, one of which the worker was fed on purpose, is reported."""
    assert prometheus.firing() == {"CasewatchDeadLetters"}


def test_the_choice_of_processes_offers_the_process(prometheus: Prometheus) -> None:
    """The dashboard's variable is filled from what is scraped."""
    (variable,) = read_dashboard()["templating"]["list"]

    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])

    assert found is not None
    assert prometheus.label_values(found[2], found[1]) == ["customer-service"]


def test_a_worker_writes_nothing_where_it_is_started(running_worker: WorkerProgram) -> None:
    """The container's file system is read-only."""
    assert running_worker.cwd is not None
    assert list(running_worker.cwd.iterdir()) == []


def test_the_dashboard_shows_every_metric_of_the_worker() -> None:
    """And no name that the worker does not export."""
    shown = {name for query in queries() for name in _metrics_of(query.expression)}

    assert shown <= _worker_metrics()
    assert {name.removesuffix("_bucket") for name in shown} | {"casewatch_restore_seconds"} >= {
        name for name in _worker_metrics() if not name.endswith(SUFFIXES)
    }


def test_every_panel_asks_the_provisioned_data_source() -> None:
    """The uid in the dashboard is the uid that provisioning gives."""
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yaml").read_text())
    uids = {source["uid"] for source in provisioned["datasources"]}

    asked = {target["datasource"]["uid"] for panel in read_dashboard()["panels"] for target in panel.get("targets", [])}

    assert asked == uids


def test_no_two_panels_overlap() -> None:
    """Each cell of the grid belongs to one panel, and none lies outside the 24 columns."""
    cells = [
        (column, line)
        for panel in read_dashboard()["panels"]
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_provisioning_looks_where_the_dashboard_is_mounted() -> None:
    """The provider's path is the container's path of the dashboards folder in the compose file."""
    compose = yaml.safe_load((Path(GRAFANA).parents[1] / "docker-compose.yml").read_text())
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "casewatch.yaml").read_text())["providers"][0]

    mounted = {volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]}

    assert provider["options"]["path"] in mounted
