"""Figures from `/metrics`: summed over labels, zero where nothing is said."""

import pytest

from agents.demo.reading import Reading

METRICS = """\
# HELP casewatch_events_total Records read, by what became of them
# TYPE casewatch_events_total counter
casewatch_events_total{outcome="applied",process="p",topic="t"} 90.0
casewatch_events_total{outcome="duplicate",process="p",topic="t"} 10.0
# TYPE casewatch_events_created gauge
casewatch_events_created{outcome="applied",process="p",topic="t"} 1.7e+09
# TYPE casewatch_dead_letters_total counter
casewatch_dead_letters_total{process="p",reason="invalid_json"} 2.0
casewatch_dead_letters_total{process="p",reason="no_zone"} 1.0
# TYPE casewatch_lag_events gauge
casewatch_lag_events{partition="0",topic="t"} 5.0
casewatch_lag_events{partition="1",topic="t"} 7.0
# TYPE casewatch_cases gauge
casewatch_cases{process="p",state="open"} 40.0
casewatch_cases{process="p",state="at_risk"} 4.0
casewatch_cases{process="p",state="breached"} 3.0
casewatch_cases{process="p",state="deviating"} 2.0
# TYPE casewatch_clock_mode gauge
casewatch_clock_mode{mode="live",partition="0",topic="t"} 1.0
casewatch_clock_mode{mode="historical",partition="0",topic="t"} 0.0
casewatch_clock_mode{mode="live",partition="1",topic="t"} 1.0
"""


def test_figures_are_summed_over_their_labels() -> None:
    """Events over outcomes, dead letters over reasons, lag over partitions; times of creation are no events."""
    reading = Reading.parse(METRICS, 1_000)

    assert reading == Reading(1_000, 40, 4, 3, 2, events=100.0, waiting=12, dead_letters=3, live=True)


def test_a_worker_that_says_nothing_yet_reads_as_zeros() -> None:
    """Without a single metric every figure is zero, and nothing is called live."""
    assert Reading.parse("", 1_000) == Reading(1_000)


def test_one_input_in_history_means_not_live() -> None:
    """The demo is live only when every input is."""
    text = METRICS.replace('mode="live",partition="1"', 'mode="behind",partition="1"')

    assert not Reading.parse(text, 0).live


def test_text_that_is_no_metrics_is_refused() -> None:
    """A page of something else raises instead of reading as zeros."""
    with pytest.raises(ValueError, match="metric"):
        Reading.parse("<html>not metrics</html>", 0)


@pytest.mark.parametrize(
    ("earlier", "later", "rate"),
    [
        (Reading(at=1_000, events=100), Reading(at=3_000, events=110), 5.0),
        (Reading(at=1_000, events=100), Reading(at=1_000, events=110), 0.0),
        (Reading(at=1_000, events=100), Reading(at=2_000, events=0), 0.0),
    ],
    ids=["ten in two seconds", "no time between", "the worker began anew"],
)
def test_the_rate_is_events_over_seconds_and_never_negative(earlier: Reading, later: Reading, rate: float) -> None:
    """No time between two readings, or a worker whose counters began anew, gives zero."""
    assert later.rate_since(earlier) == rate
