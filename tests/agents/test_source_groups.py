"""Definitions that share a topic are read together; the groups do not depend on the order of the files."""

from itertools import permutations

import pytest

from agents.source_groups import Watched, group_sources
from schemas.definition import Definition
from schemas.problem import Refused
from stream.process import compile_process


def watched(process: str, *topics: str, start_at: str = "earliest") -> Watched:
    """A definition of these topics."""
    mapping = {"case": "id", "activity": "act", "timestamp": "at"}
    events = {"topics": topics, "start_at": start_at, "mapping": mapping}
    definition = Definition.model_validate({"process": process, "version": "1", "events": events})
    return Watched(definition, compile_process(definition, None), f"{process}.yaml")


def test_definitions_that_share_a_topic_form_one_group_in_any_order() -> None:
    """a–b and b–c are one group through b, d stands alone; named after the first topic of the first process."""
    given = [watched("one", "b", "a"), watched("two", "c", "b"), watched("three", "d")]

    found = [group_sources(order) for order in permutations(given)]

    assert [(group.name, group.topics, len(group.processes)) for group in found[0]] == [
        ("b", ("b", "a", "c"), 2),
        ("d", ("d",), 1),
    ]
    assert all([group[:2] for group in groups] == [group[:2] for group in found[0]] for groups in found)


def test_a_topic_begins_at_one_place_for_all() -> None:
    """Two definitions that say otherwise are refused, and so are two of one name."""
    with pytest.raises(Refused) as refused:
        group_sources([watched("one", "a"), watched("two", "a", start_at="latest"), watched("two", "b")])

    assert sorted(problem.element for problem in refused.value.problems) == ["events.start_at", "process"]


def test_the_inputs_of_a_task_are_its_partition_of_every_topic() -> None:
    """And each knows where a new installation begins."""
    [group] = group_sources([watched("one", "a", "b", start_at="latest")])

    assert group.inputs(3) == [("a", 3), ("b", 3)]
    assert group.start_of("b") == "latest"
