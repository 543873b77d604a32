"""What is said in the log of service levels that are in trouble."""

from collections import Counter

from structlog.testing import capture_logs

from agents.complaints import HOUR_MS, Complaints

FAILED = ("sla_troubles", "tickets", "answer", "condition_failed")
RAN_OUT = ("sla_troubles", "tickets", "answer", "no_working_time")


def test_a_trouble_is_said_once_an_hour_for_each_service_level_and_reason() -> None:
    """However often it is counted; other counters are no trouble."""
    now = [0]
    complaints = Complaints(lambda: now[0])
    with capture_logs() as said:
        complaints.note(Counter({FAILED: 5, ("events", "tickets", "t", "applied"): 9}))
        complaints.note(Counter({FAILED: 1, RAN_OUT: 1}))
        now[0] = HOUR_MS - 1
        complaints.note(Counter({FAILED: 1}))
        now[0] = HOUR_MS
        complaints.note(Counter({FAILED: 2}))

    assert [(one["rule"], one["reason"], one["times"]) for one in said] == [
        ("answer", "condition_failed", 5),
        ("answer", "no_working_time", 1),
        ("answer", "condition_failed", 2),
    ]
