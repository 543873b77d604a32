"""Each BPMN construct shows exactly the runs that the standard gives it, or is refused by its element."""

import pytest

from schemas.problem import Refused
from stream.models import read_model
from tests.stream.models.constructs import EVERY, Construct
from tests.stream.models.language import bpmn, words


@pytest.mark.parametrize("construct", [c for c in EVERY if not c.refused], ids=lambda c: c.name)
def test_a_construct_shows_exactly_its_runs(construct: Construct) -> None:
    """As written out by hand from the standard."""
    net = read_model("m.bpmn", bpmn(construct.process, construct.rest))
    assert words(net, construct.longest) == construct.words


@pytest.mark.parametrize("construct", [c for c in EVERY if c.refused], ids=lambda c: c.name)
def test_what_cannot_be_honoured_is_refused_by_its_element(construct: Construct) -> None:
    """And never approximated."""
    with pytest.raises(Refused) as refused:
        read_model("m.bpmn", bpmn(construct.process, construct.rest))
    assert str(refused.value.problems[0]).startswith(f"m.bpmn:2: {construct.refused}")
