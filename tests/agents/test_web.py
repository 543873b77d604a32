"""The worker answers over HTTP whatever its brokers do."""

import asyncio
import urllib.error
import urllib.request
from collections import Counter

import pytest

from agents.health import Health
from agents.metrics import Metrics
from agents.web import WebServer
from schemas.settings import Address
from tests.programs import free_port


class Survey:
    """Answers for a worker without tasks."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics, self.refreshed = metrics, 0

    def exposition(self) -> bytes:
        """As the metrics are."""
        return self.metrics.exposition()

    def refresh(self) -> None:
        """Count how often somebody asked."""
        self.refreshed += 1


def get(port: int, path: str) -> tuple[int, str]:
    """Status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def test_ready_means_that_nothing_stands_in_the_way() -> None:
    """503 with every reason, 200 once there is none; alive all the while."""
    health, port = Health(), free_port()
    survey = Survey(Metrics("1"))
    server = WebServer(Address("127.0.0.1", port), health, survey)
    await server.start()
    try:
        health.block("task orders/1", "orders/1 is being restored")
        waiting = await asyncio.to_thread(get, port, "/readyz")
        alive = await asyncio.to_thread(get, port, "/healthz")
        health.broker_up = True
        health.clear("start")
        health.clear_all_but((), "task ")
        ready = await asyncio.to_thread(get, port, "/readyz")
    finally:
        await server.stop()

    assert waiting[0] == 503
    assert waiting[1].splitlines()[1:] == [
        "- the brokers do not answer",
        "- the worker is starting",
        "- orders/1 is being restored",
    ]
    assert (alive[0], ready, survey.refreshed) == (200, (200, "ready\n"), 2)


async def test_an_address_that_is_taken_is_an_error_at_the_start() -> None:
    """Two workers on one machine need two ports."""
    address = Address("127.0.0.1", free_port())
    first, second = (WebServer(address, Health(), Survey(Metrics("1"))) for _ in range(2))
    await first.start()
    try:
        with pytest.raises(OSError, match="in use"):
            await second.start()
    finally:
        await first.stop()
        await second.stop()


def test_what_the_core_counts_becomes_metrics() -> None:
    """Under the names of the dashboards; a name that is not known is passed over."""
    metrics = Metrics("1.2")
    metrics.add_counts(Counter({("events", "p", "t", "applied"): 3, ("unknown", "x"): 1}))
    metrics.add_counts(Counter({("events", "p", "t", "applied"): 2, ("dead_letters", "p", "no_case"): 1}))
    metrics.set_clock_mode("t", 0, "live")

    lines = metrics.exposition().decode().splitlines()

    assert 'casewatch_events_total{outcome="applied",process="p",topic="t"} 5.0' in lines
    assert 'casewatch_dead_letters_total{process="p",reason="no_case"} 1.0' in lines
    assert 'casewatch_clock_mode{mode="live",partition="0",topic="t"} 1.0' in lines
    assert 'casewatch_clock_mode{mode="behind",partition="0",topic="t"} 0.0' in lines
    assert any(line.startswith("casewatch_build_info{python=") and 'version="1.2"' in line for line in lines)
