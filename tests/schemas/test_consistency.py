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
    "rules",
    "constraints",
    "attribute",
    "privacy",
    "resource",
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


def test_ids_are_taken_once_over_all_that_alerts_bear() -> None:
    """An SLA, a constraint and a rule of one name could not be told apart."""
    written = {"sla": [{"id": "a"}], "constraints": [{"id": "a"}, {"id": "b"}], "rules": [{"id": "b"}, {"id": "model"}]}

    assert _wrong(written) == [
        (("rules", 1, "id"), "the id `model` is that of the model's own alerts"),
        (("constraints", 0, "id"), "the id `a` is taken by an SLA"),
        (("rules", 0, "id"), "the id `b` is taken by a constraint"),
    ]


def test_four_eyes_need_to_be_told_apart() -> None:
    """By a resource that is read, and not dropped; records with XES names have one."""
    eyes = {"rules": [{"kind": "four_eyes"}, {"kind": "role"}]}
    mapped = {"events": {"mapping": {"resource": "who"}}}
    unmapped: dict[str, Any] = {"events": {"mapping": {}}}

    assert _wrong(eyes) == _wrong(eyes | mapped) == []
    assert [path for path, _ in _wrong(eyes | unmapped)] == [("rules", 0, "kind")]
    assert [path for path, _ in _wrong(eyes | mapped | {"privacy": {"resource": "drop"}})] == [("rules", 0, "kind")]


def test_who_did_it_is_not_shown_under_another_name() -> None:
    """Unless the definition says that it is kept."""
    shown = {"events": {"mapping": {"resource": "who", "attributes": {"agent": {"path": "who"}, "team": "team"}}}}
    named = {"case": {"segments": ["org:resource", "org:group"]}}

    assert [path for path, _ in _wrong(shown)] == [("events", "mapping", "attributes", "agent")]
    assert [path for path, _ in _wrong(named)] == [("case", "segments", 0)]
    assert _wrong(shown | {"privacy": {"resource": "keep"}}) == []


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
