"""What the parts of a definition say of each other."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.consistency import inconsistencies

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "events",
    "mapping",
    "attributes",
    "case",
    "segments",
    "sla",
    "model",
    "activities",
    "unobserved",
    "kind",
    "due",
)
WRONG_SHAPES = st.recursive(
    ANYTHING, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner) | st.lists(inner, max_size=3), max_leaves=12
)


def _wrong(written: dict[str, Any]) -> list[tuple[Any, str]]:
    return [(found.path, found.wrong) for found in inconsistencies(written)]


def test_ids_are_taken_once() -> None:
    """The second of two equal ids is at fault."""
    written = {"sla": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}

    assert _wrong(written) == [(("sla", 2, "id"), "the id `a` is taken by an SLA above")]


def test_the_name_of_the_models_own_rule_is_taken() -> None:
    """Alerts of an SLA with that name could not be told from those of the model."""
    written = {"sla": [{"id": "models"}, {"id": "model"}]}

    assert _wrong(written) == [(("sla", 1, "id"), "the id `model` is that of the model's own alerts")]


def test_a_clock_is_not_stopped_by_what_starts_it() -> None:
    """The same activities on both ends measure nothing; an overlap may be meant."""
    written = {
        "sla": [{"from": "A", "to": ["A"]}, {"from": ["A", "B"], "to": ["B", "A"]}, {"from": "A", "to": ["A", "B"]}]
    }

    assert [path for path, _ in _wrong(written)] == [("sla", 0, "to"), ("sla", 1, "to")]


def test_segments_and_due_dates_are_mapped_attributes() -> None:
    """Each name that is not mapped is pointed at."""
    written = {
        "events": {"mapping": {"attributes": {"priority": "p"}}},
        "case": {"segments": ["priority", "supplier"]},
        "sla": [{"kind": "due", "due": "promised"}, {"kind": "due", "due": "priority"}],
    }

    assert _wrong(written) == [
        (("case", "segments", 1), "no attribute `supplier` is mapped"),
        (("sla", 0, "due"), "no attribute `promised` is mapped"),
    ]


def test_records_with_the_names_of_xes_have_their_attributes_without_a_mapping() -> None:
    """There is nothing to compare a name with."""
    assert _wrong({"events": {"format": "xes-json"}, "case": {"segments": ["org:group"]}}) == []


def test_a_step_is_observed_or_not() -> None:
    """A step that events are mapped to is no silent one."""
    written = {"model": {"activities": {"Opened": "Open ticket"}, "unobserved": ["Check", "Open ticket"]}}

    assert [path for path, _ in _wrong(written)] == [("model", "unobserved", 1)]


@given(st.dictionaries(st.sampled_from(KEYS), WRONG_SHAPES))
def test_wrong_shapes_are_passed_over(written: dict[str, Any]) -> None:
    """Whatever a file holds, the check comes to an end and points at places by keys and numbers only."""
    for found in inconsistencies(written):
        assert all(isinstance(step, str | int) for step in found.path)
