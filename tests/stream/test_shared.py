"""What cases have in common is kept once, and nobody can tell it from what is not."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from stream.case import NO_IDS, NOTHING_COUNTED, NOTHING_SAID, Case
from stream.fold import NO_ATTRIBUTES, NO_TIES
from stream.shared import LONGEST_SHARED, alone, followed, in_common, merged
from tests.stream.driver import Task, event, process
from tests.stream.nets import sequence

VALUES = st.one_of(st.text(max_size=3), st.integers(0, 2), st.booleans(), st.floats(0, 2), st.just([1]))
ATTRIBUTES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
STEPS = ("Opened", "Answered", "Closed")


def written(attributes: dict[str, Any]) -> bytes:
    """As the journal would have them: the types of values and their order tell."""
    return orjson.dumps(attributes)


@given(ATTRIBUTES, ATTRIBUTES)
def test_attributes_are_merged_as_if_nothing_were_shared(before: dict[str, Any], brought: dict[str, Any]) -> None:
    """To the byte: a one is no True, and the order is that in which they came."""
    known = in_common(dict(before))
    found = merged(known, in_common(dict(brought)))
    assert written(found) == written({**before, **brought})
    assert written(known) == written(before)


def test_attributes_that_are_alike_are_kept_once() -> None:
    """Also where an event brings what its case has already."""
    one, other = in_common({"team": "north"}), in_common({"team": "".join(("nor", "th"))})
    assert one is other
    assert merged(one, other) is one
    assert merged(in_common({"team": "south"}), other) is one


def test_long_texts_and_numbers_are_not_remembered() -> None:
    """A cache of long texts would take more memory than it saves."""
    for value in ("x" * (LONGEST_SHARED + 1), 1, True, 1.0, None, ["x"]):
        assert in_common({"a": value}) is not in_common({"a": value})


def test_the_newest_activities_are_eight() -> None:
    """In the order in which they came."""
    recent: tuple[str, ...] = ()
    for number in range(10):
        recent = followed(recent, str(number))
    assert recent == tuple("23456789")


def test_what_is_shared_stays_as_it_was() -> None:
    """Cases of which much is said leave what they share with others alone."""
    sla = [{"id": "answer", "kind": "between", "from": "Opened", "to": "Answered", "target": "60m"}]
    slo = [{"id": "on-time", "of": "answer", "objective": "90%", "window": "12h", "min_count": 1}]
    task = Task(process(sequence(*STEPS), sla=sla, slo=slo))
    for n in range(3):
        fields = {"team": "a", "case": f"T-{n}"}
        task.live(*(event(n, activity, id=f"{n}{activity}", **fields) for activity in ("Opened", "Opened", "Closed")))
    task.wait(90)
    task.live(event(91, "Answered", id="9", team="b"))
    assert len(task.alerts) > 3
    assert (NOTHING_SAID, NO_IDS, NOTHING_COUNTED, NO_ATTRIBUTES, NO_TIES) == ({}, {}, {}, {}, {})
    assert [alone(activity) for activity in STEPS] == [{activity: 1} for activity in STEPS]


def test_two_states_of_a_case_share_what_an_event_did_not_change() -> None:
    """Clocks, attributes and what few cases have anything of are there once."""
    sla = [{"id": "done", "kind": "case_duration", "target": "8h"}]
    task = Task(process(sequence(*STEPS), sla=sla))
    task.live(event(0, "Opened", team="a"), event(60, "Answered", team="a"))
    (watch,) = task.shard.watches.values()
    case = watch.cases["T-1"]
    assert isinstance(case, Case)
    assert case.settled is not None
    assert case.fold.clocks is case.settled.clocks
    assert case.fold.attributes is case.settled.attributes is case.tail[0].attributes
    assert case.fold.aside is case.settled.aside
