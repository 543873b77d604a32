"""What subscribers are told when state was built anew: the difference, under the next revision of each id."""

from collections.abc import Sequence
from typing import Any

import orjson

from agents.reconciling import differences

NOW = "2026-11-22T12:00:00Z"


def alert(id: str, revision: int = 1, **fields: Any) -> dict[str, dict[str, Any]]:
    """One alert on case `c-ID`, by its id."""
    told = {"id": id, "process": "p", "case": f"c-{id}", "state": "raised", "stage": "breach", "settled": True}
    return {id: told | {"revision": revision, "noticed_at": "2026-01-01T00:00:00Z", "version": "1"} | fields}


def told(found: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, Any, Any]]:
    """Id, state and revision of each record, None for a tombstone."""
    bodies = [(id, None if body is None else orjson.loads(body)) for id, body in found]
    return [(id, body and body["state"], body and body["revision"]) for id, body in bodies]


def test_what_says_the_same_is_not_told_again_and_goes_on_from_its_last_revision() -> None:
    """However often, when and under which version it was told, and whether as raised or updated."""
    rebuilt = alert("a", 2, state="updated", noticed_at=NOW, version="2", episode=1)

    found = differences(rebuilt, alert("a", 7, episode=3), NOW)

    assert (found.log, found.present, found.counts["same"]) == ([], [], 1)
    assert found.revisions == {("p", "c-a"): {"a": 7}}


def test_what_says_something_else_is_told_as_the_next_revision() -> None:
    """A target that holds from the beginning moves what was due."""
    found = differences(alert("a", 1, due_at="earlier"), alert("a", 4, due_at="later"), NOW)

    assert told(found.log) == told(found.present) == [("a", "raised", 5)]
    assert found.revisions == {("p", "c-a"): {"a": 5}}


def test_what_is_new_is_told_from_the_first_revision_unless_it_was_taken_back_meanwhile() -> None:
    """History that was raised and retracted while it was read again concerns nobody."""
    found = differences(alert("a", 3) | alert("b", 3, state="resolved") | alert("c", 2, state="retracted"), {}, NOW)

    assert told(found.log) == [("a", "raised", 1), ("b", "resolved", 1)]
    assert found.revisions[("p", "c-c")] == {"c": 0}


def test_what_is_no_longer_true_is_taken_back_and_leaves() -> None:
    """An open alert is retracted on the log and on its topic; one that is closed only leaves."""
    found = differences({}, alert("a", 4) | alert("b", 2, state="resolved"), NOW)

    assert told(found.log) == [("a", "retracted", 5)]
    assert sorted(told(found.present), key=str) == sorted(
        [("a", "retracted", 5), ("a", None, None), ("b", None, None)], key=str
    )
    assert (found.counts["retracted"], found.counts["forgotten"]) == (1, 2)


def test_done_twice_nothing_is_told_the_second_time() -> None:
    """A swap that broke off is done again."""
    rebuilt = alert("a", 1, due_at="earlier") | alert("b") | alert("s", case=None)
    published = alert("a", 4, due_at="later") | alert("x", 3)
    first = differences(rebuilt, published, NOW)
    now_there = {id: orjson.loads(body) for id, body in first.present if body is not None}
    after = {id: body for id, body in (published | now_there).items() if id != "x"}

    second = differences(rebuilt, after, NOW)

    assert (second.log, second.present) == ([], [])
    assert second.revisions == first.revisions
    assert first.revisions[("p", None)] == {"s": 1}
