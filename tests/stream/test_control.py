"""What a task is told from elsewhere: each record once, whoever hands it over again."""

import pytest

from stream.control import ControlRecord, control_key
from stream.process import Process
from stream.shard import Shard
from tests.stream.driver import definition


def shard() -> Shard:
    """A task of one process, `orders`."""
    return Shard([Process(definition(process="orders"), None)])


def counted(told: Shard) -> dict[tuple[str, ...], int]:
    """What became of orders since the last look."""
    return {key[1:]: count for key, count in told.drain().counts.items() if key[0] == "control"}


def test_an_order_is_taken_once_over_a_restore() -> None:
    """Handed over again, it changes nothing; the position is journalled."""
    told, order = shard(), ControlRecord(7, control_key("strange", "orders"), b"{}")
    told.control([order, order])
    journal = told.drain()
    assert journal.counts["control", "strange", "unknown"] == 1

    restored = shard()
    restored.restore(journal.journal)
    restored.control([order])
    assert counted(restored) == {}
    restored.control([order._replace(offset=8)])
    assert counted(restored) == {("strange", "unknown"): 1}


def test_what_is_no_order_is_counted_and_changes_nothing() -> None:
    """Whatever lies on the topic."""
    told = shard()
    keys = [b"", b"{}", b"[1, 2]", b'["silence"]', b"\xff"]
    told.control([ControlRecord(offset, key, b"{}") for offset, key in enumerate(keys)])
    told.control([ControlRecord(9, control_key("silence", "nobody"), b"{")])
    assert sum(count for (kind, _), count in counted(told).items() if kind == "unreadable") == 6


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("active", b'{"identity":["x"],"at":1}'),
        ("active", b'{"identity":"x","at":"today"}'),
        ("active", b'{"identity":null,"at":1}'),
        ("active", b"7"),
        ("silence", b"[-9223372036854775808,0,null]"),
        ("silence", b"[9223372036854775807,9223372036854775807,null]"),
        ("silence", b"[true,1,null]"),
        ("silence", b'{"a":1,"b":2,"c":3}'),
    ],
)
def test_an_order_that_cannot_be_is_not_journalled(kind: str, told: bytes) -> None:
    """What it says would not be read again when the task is restored."""
    task = shard()
    (topic,) = task.watches["orders"].process.definition.events.topics
    about = (topic,) if kind == "silence" else ()
    task.control([ControlRecord(0, control_key(kind, "orders", *about), told)])
    effects = task.drain()

    assert sum(count for key, count in effects.counts.items() if key[:2] == ("control", "unreadable")) == 1
    restored = shard()
    restored.restore(effects.journal)
    assert restored.watches["orders"].versions.wanted is None
    assert not restored.watches["orders"].outages.known


def test_orders_of_a_topic_that_was_created_anew_are_all_taken() -> None:
    """It ends before what was heard of the one before it: nothing of it was heard, and that is journalled."""
    told, order = shard(), ControlRecord(7, control_key("strange", "orders"), b"{}")
    told.control([order])
    told.drain()

    told.control([], 0)
    told.control([order._replace(offset=0), order._replace(offset=1)], 2)
    journal = told.drain()
    assert journal.counts["control", "strange", "unknown"] == 2

    restored = shard()
    restored.restore(journal.journal)
    restored.control([order._replace(offset=1), order._replace(offset=2)], 3)
    assert counted(restored) == {("strange", "unknown"): 1}


def test_a_task_that_has_heard_all_of_the_topic_takes_nothing_twice() -> None:
    """The topic ends where it has heard it to."""
    told, order = shard(), ControlRecord(7, control_key("strange", "orders"), b"{}")
    told.control([order], 8)
    told.drain()

    told.control([order], 8)

    assert counted(told) == {}
