"""What the worker counts and measures, for Prometheus, in a registry of its own.

Invariant: no case id, resource or alert id is ever a label; what the core counts is added when its commit has
succeeded, so that a restore does not count anything twice."""

import platform
from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stream.ledger.standing import Figure
from stream.versions import Count

_COMMIT_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_RESTORE_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)

CASE_STATES: Final = ("open", "at_risk", "breached", "deviating")
CLOCK_MODES: Final = ("behind", "historical", "live")


class Metrics:
    """Every metric of a worker, under the names that dashboards use."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._make_counters()
        self._make_gauges()
        registry = self.registry
        self.commit_seconds = Histogram(
            "casewatch_commit_seconds", "How long a commit of a task took", registry=registry, buckets=_COMMIT_BUCKETS
        )
        self.restore_seconds = Histogram(
            "casewatch_restore_seconds",
            "How long a restore of a task took",
            registry=registry,
            buckets=_RESTORE_BUCKETS,
        )
        build = self._gauge("casewatch_build_info", "What is running", "version", "python")
        build.labels(version, platform.python_version()).set(1)

    def _make_counters(self) -> None:
        self.events = self._counter(
            "casewatch_events", "Records read, by what became of them", "process", "topic", "outcome"
        )
        self.dead_letters = self._counter("casewatch_dead_letters", "Records refused, by reason", "process", "reason")
        what = "What went wrong in service levels: conditions that failed, calendars without time left, bounds reached"
        self.sla_troubles = self._counter("casewatch_sla_troubles", what, "process", "rule", "reason")
        what = "Clocks that were still running, and not overdue, when their case ended: cancelled, without an answer"
        self.unanswered = self._counter("casewatch_sla_unanswered", what, "process", "rule")
        self.partials = self._counter("casewatch_partials", "Partials read, by what became of them", "outcome")
        told = "What tasks were told from elsewhere, by what became of it"
        self.orders = self._counter("casewatch_control", told, "kind", "outcome")
        missed = "Cases whose definition version is lost (missing), and orders to use one that is (unknown)"
        self.versions = self._counter("casewatch_lost_versions", missed, "process", "outcome")
        what = "Alerts that time alone would raise while a source is silent: held, muted, then released or dropped"
        self.doubted = self._counter("casewatch_doubted_alerts", what, "process", "rule", "outcome")
        what = "Silences of sources that the shards were told of: begun, ended"
        self.silences = self._counter("casewatch_silences", what, "process", "topic", "outcome")
        left = "Cases that scorecards do not count, since there are too many segments"
        self.left_out = self._counter("casewatch_scorecards", left, "process", "outcome")
        labels = ("process", "rule", "kind", "stage", "state", "grade")
        self.alerts = self._counter("casewatch_alerts", "Transitions of alerts", *labels)
        self._counters: Mapping[str, Counter] = {
            "events": self.events,
            "dead_letters": self.dead_letters,
            "alerts": self.alerts,
            "sla_troubles": self.sla_troubles,
            "unanswered": self.unanswered,
            "partials": self.partials,
            "control": self.orders,
            "scorecards": self.left_out,
            "versions": self.versions,
            "doubted": self.doubted,
            "silences": self.silences,
        }

    def _make_gauges(self) -> None:
        self.lag_events = self._gauge("casewatch_lag_events", "Records waiting to be read", "topic", "partition")
        lag = "How old the newest event is while records wait; 0 when caught up"
        self.lag_seconds = self._gauge("casewatch_lag_seconds", lag, "topic", "partition")
        self.cases = self._gauge("casewatch_cases", "Cases by state", "process", "state")
        self._make_figures()
        by_version = "Open cases by the definition version that they began on; the one in force is always there"
        self.version_cases = self._gauge(
            "casewatch_version_cases", by_version, "process", "version", "identity", "in_force"
        )
        self.clock_mode = self._gauge(
            "casewatch_clock_mode", "What moves an input's clock", "topic", "partition", "mode"
        )
        delayed = "How late a delayed feed brings its newest event: so far is the monitor blind; 0 for any other"
        self.feed_delay = self._gauge("casewatch_feed_delay_seconds", delayed, "topic", "partition")
        self.clock_seconds = self._gauge("casewatch_clock_seconds", "A task's clock (Unix time)", "group", "partition")
        skew = "By how much this machine's clock is ahead of the broker's; below 0 where it is behind"
        self.clock_skew = self._gauge("casewatch_clock_skew_seconds", skew)
        stall = "The longest that the event loop stood still within the last minute: nothing is read meanwhile"
        self.loop_stall = self._gauge("casewatch_loop_stall_seconds", stall)
        held = "The longest that its own work held the event loop within the last minute: without the machine's part"
        self.loop_held = self._gauge("casewatch_loop_held_seconds", held)
        self.ready = self._gauge("casewatch_ready", "Whether the worker is restored and caught up")
        self.broker_up = self._gauge("casewatch_broker_up", "Whether the brokers answer")

    def _make_figures(self) -> None:
        goal = ("process", "objective", "segment")
        rate = ("process", "rule", "segment")
        self._figures: Mapping[str, Gauge] = {
            "objective_good": self._gauge("casewatch_objective_good", "Occurrences in time over the window", *goal),
            "objective_bad": self._gauge("casewatch_objective_bad", "Occurrences late over the window", *goal),
            "objective_budget_left": self._gauge(
                "casewatch_objective_budget_left", "Share of the error budget that is left; below 0: overspent", *goal
            ),
            "objective_level": self._gauge(
                "casewatch_objective_level", "0 well; burning 1 slowly, 2 fast, 3 very fast; 4 missed", *goal
            ),
            "rate_count": self._gauge("casewatch_rate_count", "How many there were within the window", *rate),
            "rate_level": self._gauge("casewatch_rate_level", "1 where there are too many, or too few", *rate),
            "feed_silent": self._gauge("casewatch_feed_silent", "1 while a source is silent", "process", "topic"),
        }

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self.registry)

    def add_counts(self, counts: Tally[tuple[str, ...]]) -> None:
        """Add what the core counted; keys are the counter's name and its label values."""
        for (name, *labels), count in counts.items():
            counter = self._counters.get(name)
            if counter is not None:
                counter.labels(*(label or "" for label in labels)).inc(count)

    def forget_tasks(self) -> None:
        """Drop the gauges of tasks, which may have gone to another worker; the next reading sets those that are
        ours."""
        of_tasks = self.lag_events, self.lag_seconds, self.cases, self.clock_mode, self.feed_delay, self.clock_seconds
        for gauge in (*of_tasks, *self._figures.values()):
            gauge.clear()

    def set_clock_mode(self, topic: str, partition: int, current: str) -> None:
        """Say which mode an input is in: 1 for that, 0 for the others."""
        for mode in CLOCK_MODES:
            self.clock_mode.labels(topic, partition, mode).set(int(mode == current))

    def set_figures(self, figures: Iterable[Figure]) -> None:
        """Set where goals and feeds stand; what is not among them any more leaves."""
        for gauge in self._figures.values():
            gauge.clear()
        for figure in figures:
            labels = (figure.process, figure.of, figure.segment)
            self._figures[figure.name].labels(*labels[: 2 if figure.name == "feed_silent" else 3]).set(figure.value)

    def set_cases(self, process: str, by_state: Iterable[tuple[str, int]]) -> None:
        """Set how many cases of a process are in each state."""
        for state, count in by_state:
            self.cases.labels(process, state).set(count)

    def set_versions(self, versions: Tally[tuple[str, Count]]) -> None:
        """Set how many open cases each version of a process has; each is counted under what it is but for how many."""
        self.version_cases.clear()
        for (process, what), count in versions.items():
            in_force = str(what.active).lower()
            self.version_cases.labels(process, what.version, what.identity, in_force).set(count)

    def exposition(self) -> bytes:
        """Write all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
