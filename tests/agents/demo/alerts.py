"""Alerts as the worker publishes them, for the tests of the view."""

from typing import Any


def an_alert(**changes: Any) -> dict[str, Any]:
    """A breach of the first response, raised, with the given fields changed."""
    return {
        "schema": 1,
        "id": "a1",
        "process": "customer-service",
        "version": "1",
        "case": "T-1",
        "instance": 1,
        "rule": "first-response",
        "kind": "sla",
        "stage": "breach",
        "state": "raised",
        "grade": "exact",
        "settled": False,
        "severity": "critical",
        "episode": 1,
        "revision": 1,
        "happened_at": "2026-11-02T11:00:00Z",
        "noticed_at": "2026-11-02T11:00:05.400Z",
        "summary": "T-1: no First answer within 4 h of Ticket opened",
        "labels": {"priority": "2", "supplier": "northwind"},
    } | changes
