"""The page on speed and the bench behind it: they tell of the same stages, and the stages make up the whole."""

from pathlib import Path
from typing import Any

import pytest

from agents.definition_files import load_definition
from deploy import compile_core
from tests.bench import bench_parts, bench_restore, bench_throughput, cores, speed_page, stages, streams_peer
from tests.bench.bench_backtest import EXAMPLES
from tests.bench.bench_throughput import tickets
from tests.bench.figures import Table
from tests.bench.hooks import Timed, TimersCost

EVENTS = 300


@pytest.fixture(scope="module")
def costs() -> bench_parts.Seconds:
    """What a few made-up tickets cost, measured once."""
    definition, model = load_definition(EXAMPLES / "customer-service.yaml")
    partitions = bench_parts.partitioned(tickets(EVENTS))
    return bench_parts.costs(bench_parts.Load(definition, model, partitions), rounds=1)


def test_the_page_tells_of_the_stages_that_the_bench_measures(costs: bench_parts.Seconds) -> None:
    """A stage that is added, renamed or left out makes the page out of date."""
    assert speed_page.rows(speed_page.PAGE.read_text(), "parts") == list(costs) == list(bench_parts.ROWS)


def test_each_stage_is_counted_once() -> None:
    """Known seconds: of the fold what each definition has more than the one before; announcing is no part of looks."""
    parts, cut = bench_parts, stages
    folds = [{cut.FOLD: seconds} for seconds in (1.0, 3.0, 6.0)]
    full = {cut.FOLD: 10.0, cut.DECODE: 100.0, cut.LOOK: 50.0, cut.PACK: 7.0, cut.BATCHES: 8.0, cut.GARBAGE: 9.0}
    own = {parts.ADMIT: 0.5, parts.ANNOUNCE: 20.0, parts.WHOLE: 200.0}

    rows = parts.in_rows([*folds, full], own)

    assert rows == {
        cut.DECODE: 100.0, parts.ADMIT: 0.5, parts.CASE: 0.5, parts.CLOCKS: 2.0, parts.CONSTRAINTS: 3.0,
        parts.MODEL: 4.0, parts.LOOKS: 30.0, parts.ANNOUNCE: 20.0, cut.PACK: 7.0, cut.BATCHES: 8.0, cut.GARBAGE: 9.0,
        parts.REST: 16.0, parts.WHOLE: 200.0,
    }  # fmt: skip


def test_every_event_is_in_the_partition_of_its_key_and_in_order() -> None:
    """So the tasks of the bench see what tasks of a worker see."""
    partitions = bench_parts.partitioned(tickets(EVENTS))

    keys = [{record.key for record in records} for records in partitions]
    assert sum(map(len, partitions)) == EVENTS
    assert sum(map(len, keys)) == len(set().union(*keys))
    assert [[record.offset for record in records] for records in partitions] == [[*range(len(r))] for r in partitions]


def test_of_two_timed_functions_each_has_its_own_time_without_that_of_the_timers() -> None:
    """Known costs: what is called takes 2 s as measured, of which 0.1 s a call are its timer's."""
    caller, called, cost = Timed(), Timed(), TimersCost()
    cost.inside, cost.outside = 0.1, 0.3
    caller.calls, caller.seconds, called.calls, called.seconds = 1, 10.0, 5, 2.0

    own, below = cost.own(caller, called)

    assert own == pytest.approx(10 - 0.1 - (2 + 5 * 0.2))
    assert below == pytest.approx(2 - 5 * 0.1)


def test_each_core_is_held_against_the_others_by_events_and_by_busy_time() -> None:
    """Known figures; a core that was not measured has no ratio."""
    other = {"events/s": 10.0, "busy µs an event": 90.0}
    monitor = {
        cores.PLAIN: {"events/s": 25.0, "busy µs an event": 45.0},
        cores.COMPILED: {"events/s": 40.0, "busy µs an event": 30.0},
    }

    both = bench_throughput.held_against(monitor, other)
    plain = bench_throughput.held_against({cores.PLAIN: monitor[cores.PLAIN]}, other)

    assert plain == {"monitor ÷ it": 2.5, "by busy time": 2.0}
    assert both == plain | {"compiled ÷ it": 4.0, "compiled, by busy time": 3.0}


def test_a_compiled_core_counts_only_if_it_is_of_these_sources(tmp_path: Path, monkeypatch: Any) -> None:
    """What was made from other sources is not measured."""
    monkeypatch.setattr(cores, "MADE", tmp_path)
    assert list(cores.cores()) == [cores.PLAIN]

    (tmp_path / compile_core.STAMP).write_text("of other sources")
    assert list(cores.cores()) == [cores.PLAIN]

    (tmp_path / compile_core.STAMP).write_text(compile_core.identity())
    assert list(cores.cores()) == [cores.PLAIN, cores.COMPILED]


def test_a_table_takes_the_place_of_the_last_one() -> None:
    """What stands around its marks stays, other tables included."""
    table = Table("t", ("a", "b"), {"first": {"a": 1.25, "b": 12_345}, "second": {"a": 0.254}}, ["noted"])
    (begins, ends), (others, end) = speed_page.marks("parts"), speed_page.marks("throughput")
    page = f"before\n{others}\n{end}\n{begins}\nold\n{ends}\nafter\n"

    filled = speed_page.filled(page, "parts", speed_page.written(table))

    assert speed_page.rows(filled, "parts") == ["first", "second"]
    assert "| first | 1.2 | 12,345 |\n| second | 0.25 | - |" in filled
    assert "old" not in filled
    assert filled.startswith(f"before\n{others}\n{end}\n")
    assert filled.endswith(f"- noted\n{ends}\nafter\n")


def test_a_page_without_marks_is_left_alone() -> None:
    """It says which lines it needs."""
    with pytest.raises(speed_page.NoPlace, match="needs two lines"):
        speed_page.filled("no marks", "parts", "table")


def test_a_kafka_streams_program_that_is_not_there_says_why(tmp_path: Path, monkeypatch: Any) -> None:
    """The throughput bench tells its row's reason instead of failing."""
    monkeypatch.setenv(streams_peer.VARIABLE, str(tmp_path))

    with pytest.raises(streams_peer.Absent, match="not there"):
        streams_peer.built(tmp_path)


def test_a_kafka_streams_program_is_looked_for_beside_the_real_logs(tmp_path: Path, monkeypatch: Any) -> None:
    """Unless a variable names its folder."""
    beside = tmp_path / "peers" / "kafka-streams"
    beside.mkdir(parents=True)
    (beside / "pom.xml").write_text("<project/>")
    monkeypatch.delenv(streams_peer.VARIABLE, raising=False)
    monkeypatch.setenv("CASEWATCH_TEST_DATA", str(tmp_path / "data"))

    assert streams_peer.sources() == beside


def test_the_busy_time_is_that_since_the_first_event() -> None:
    """A process that started at 100 s and was busy for 3 s before its first event at 104 s."""
    samples = [(100.0, 0.5), (102.0, 2.0), (104.0, 3.0), (106.0, 4.5)]

    assert streams_peer.busy_since(samples, seconds=2.0) == 1.5


def test_the_state_that_is_read_back_has_a_record_for_each_case() -> None:
    """So that records a second are cases a second."""
    journal = bench_restore.journalled(30)

    assert sum(key.startswith(b"case/") for key in journal) == 30
    assert bench_restore.restored(bench_restore.compiled(), journal) > 0


def test_a_worker_restores_from_its_tasks_being_assigned_to_the_last_of_them() -> None:
    """Two tasks in two seconds, as its log has them."""
    log: list[dict[str, Any]] = [
        {"event": "tasks assigned", "timestamp": "2026-11-23T07:00:00.500000Z"},
        {"event": "task restored", "timestamp": "2026-11-23T07:00:01.500000Z", "records": 50},
        {"event": "task restored", "timestamp": "2026-11-23T07:00:02.500000Z", "records": 150},
        {"event": "stopped, work committed", "timestamp": "2026-11-23T07:00:09.500000Z"},
    ]

    assert bench_restore.rate(log) == {"records": 200, "records/s": 100.0}
