"""Problems as people and scripts read them."""

from schemas.problem import Fault, Problem, Refused

FIRST = Problem("a.yaml", 7, "sla[a].target", "`4 hours` is not a duration", "write it like 4h")
SECOND = Problem("a.yaml", 9, "model.file", "there is no such file", "name a file")


def test_a_problem_prints_its_place_what_is_wrong_and_what_would_be_right() -> None:
    """The form that editors and scripts take apart."""
    assert str(FIRST) == "a.yaml:7: sla[a].target: `4 hours` is not a duration; write it like 4h"


def test_a_refusal_holds_every_problem_in_order() -> None:
    """Printed, it has one line for each."""
    refused = Refused(iter([FIRST, SECOND]))

    assert refused.problems == (FIRST, SECOND)
    assert str(refused) == f"{FIRST}\n{SECOND}"


def test_a_fault_is_a_value_error_that_knows_the_remedy() -> None:
    """Whoever knows no place can still print both halves."""
    fault = Fault("it is empty", "write a name")

    assert isinstance(fault, ValueError)
    assert str(fault) == "it is empty; write a name"
