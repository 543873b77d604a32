"""What is journalled beside cases - by whoever keeps score, by an intake and behind one - stays readable as it was
written."""

from pathlib import Path

import orjson
import pytest

from schemas.partial import PartialKind
from stream.effects import PassedOn
from stream.inputs import Batch
from stream.rekeying import Rekeyer
from tests.stream.driver import at, definition, event
from tests.stream.ledger.driver import ANSWER, HOUR
from tests.stream.test_rekeying import Way
from tests.stream.test_scorekeeper import PARTIALS, RATE, SLO, T0, Keeper, Tasks

TESTDATA = Path(__file__).parent / "testdata"
ASKED = definition(sla=[ANSWER, RATE], slo=[SLO], events={"silence": "10m"})

Journal = dict[bytes, bytes | None]


def score() -> tuple[Keeper, Tasks]:
    """An objective that is missed, a rate that is too high, and a source that has fallen silent."""
    tasks = Tasks(ASKED)
    tasks.answered(T0, bad=1)
    tasks.reopened(T0 + 1_000, T0 + 60_000, T0 + 120_000, T0 + 180_000)
    tasks._tell(PartialKind.FEED, "crm.tickets", 0, 0, [T0])
    tasks._tell(PartialKind.CLOCK, "", 0, 0, [T0 + HOUR // 2, T0 + HOUR // 2, True, None])
    return Keeper(ASKED).read(tasks.topic).commit(), tasks


def scattered() -> tuple[Way, Journal, Journal]:
    """A case whose beginning was passed on from one of two partitions; the journals of that intake and of the task that
    has the case."""
    way = Way(behind=1)
    way.write(0, event(0, "Opened"), event(5, "Noted"))
    way.take_in(0, at(6))
    way.take_in(1, at(6))
    [task], [passed] = way.tasks, way.passed
    task.observe(way_batch(way))
    task.advance(at(6))
    assert len(passed) > 2
    return way, dict(way.effects[0].journal), dict(task.drain().journal)


def way_batch(way: Way) -> Batch:
    """All that was passed on."""
    [records] = way.passed
    return Batch(way.tasks[0].source, 0, records, len(records), len(records), at(6))


def written(name: str) -> Journal:
    """A journal as it is written now."""
    if name == "score":
        return score()[0].journal
    return dict(zip(("intake", "rekeyed"), scattered()[1:], strict=True))[name]


def kept(name: str) -> dict[bytes, bytes]:
    """The journal as it was written in layout 1."""
    lines = map(orjson.loads, (TESTDATA / f"{name}-layout-1.jsonl").read_bytes().splitlines())
    return {line["key"].encode(): orjson.dumps(line["value"]) for line in lines}


@pytest.mark.parametrize("name", ["score", "intake", "rekeyed"])
def test_the_journal_that_is_written_is_the_one_that_was_recorded(name: str) -> None:
    """A change of form raises the layout, and the record of the old one stays."""
    now = {key: orjson.loads(value) for key, value in written(name).items() if value is not None}
    assert now == {key: orjson.loads(value) for key, value in kept(name).items()}


def test_a_score_that_was_recorded_goes_on() -> None:
    """What was said is not said again; what comes next is said as by a keeper that never stopped."""
    known, tasks = score()
    keeper = Keeper(ASKED)
    keeper.journal = dict(kept("score"))
    keeper.adopted(ASKED)
    assert keeper.core.position(PARTIALS) == len(tasks.topic)
    before = {rule: len(lines) for rule, lines in known.said.items()}
    tasks.clock(T0 + 4 * HOUR)
    for each in (keeper, known):
        each.read(tasks.topic).commit()
    assert set(before) >= {"on-time", "reopens"}
    assert {rule: lines[before.get(rule, 0) :] for rule, lines in known.said.items()} == {
        rule: keeper.said[rule] for rule in known.said
    }


def test_an_intake_and_the_task_behind_it_go_on_from_what_was_recorded() -> None:
    """Nothing is passed on again, and the deadline of the case is told."""
    way, _, _ = scattered()
    way.intakes[0] = Rekeyer([way.process], task=0)
    way.intakes[0].restore(kept("intake").items())
    way.tasks[0] = way.task(0)
    way.tasks[0].restore(kept("rekeyed").items())
    assert way.intakes[0].position(way.inputs[0]) == 2
    assert way.tasks[0].position(way.tasks[0].source) == len(way.passed[0])
    for source in (0, 1):
        way.take_in(source, at(40))
    assert sum(isinstance(each, PassedOn) for each in way.effects[-2].rekeyed) == 0
    way.read(at(40))
    assert way.said() == [("T-1", "raised")]
