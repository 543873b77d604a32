"""Declare files: what is read of them, what is remarked on, and what is refused line by line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.problem import Refused
from stream.declare import Declaration, read_declare

GOOD = """\
# An example with everything in it.
activity Ask
activity Check, then pay
activity Ship: abroad

bind Ask: amount, org:group
bind Check, then pay, Ask: amount
bind Ship: abroad: amount
amount, fee: float between 0 and 1e6
org:group: A, B, ?
Response[Ask, Check, then pay] |A.amount > 100 |same org:group |0,30,m
Existence[Ship: abroad]
"""

READ = {
    "MikeModel.decl": 3,
    "files__Response.decl": 1,
    "diagnosis.decl": 13,
    "reference10.decl": 10,
    "sepsis.decl": 4,
    "declare_models__decl-model-v3.decl": 2,
    "drive_test.decl": 3,
    "drive_test_encode_free.decl": 3,
    "nodata_model.decl": 55,
    "shop_cart.decl": 15,
    "data-model1-simplified.decl": 4,
    "data-model1.decl": 14,
    "data-model2.decl": 2,
    "data_model.decl": 14,
    "test_models__decl-model-v3.decl": 4,
    "decl-model.decl": 2,
    "decl-model2.decl": 4,
    "decl-model3.decl": 4,
    "decl-model4.decl": 1,
    "decl-model5.decl": 1,
    "decl-model6.decl": 4,
    "float_test_model.decl": 0,
    "model1.decl": 17,
    "model2.decl": 34,
    "model3.decl": 51,
    "model4.decl": 68,
}
"""Public files by the ends of their names, and how many constraints they have."""

REFUSED = {
    "Sepsis_new_declaration.decl": (30, "`!pos` is no template of Declare"),
    "Sepsis_old_declaration.decl": (58, "`pos` is no template of Declare"),
    "DeclareFiles__model.decl": (58, "`pos` is no template"),
    "DeclareFiles__experimental_model.decl": (14, "`absolute_pos` is no template of Declare"),
    "experimental_model2.decl": (13, "`absolute_pos` is no template"),
    "model_exp2.decl": (19, "`absolute_pos` is no template"),
    "payload_range_test.decl": (42, "`payload_range` is no template"),
    "experimental_model_neg.decl": (18, "`absolute_pos` is no template"),
    "experimental_model_pos.decl": (13, "`!pos` is no template"),
    "variability_model.decl": (10, "`absolute_pos` is no template"),
    "BusinessTrip.decl": (22, "`B.Application`: there is no B. here"),
    "xRay.decl": (22, "`B.Application`: there is no B. here"),
    "example1.decl": (37, "`B.Price`: there is no B. here"),
}
"""Public files that hold something else than Declare (positions and payloads for a generator of logs, or an older way
to name the target): the first line refused, and why."""

BAD = {
    b"": (1, "the file: it says nothing"),
    b"\xef\xbb\xbf\r\n# only this\r\n": (1, "the file: it says nothing"),
    b"activity A\n\xff": (2, "the file: it is not UTF-8 text"),
    b"activity\nExistence[A]": (1, "activity: it has no name"),
    b"Existence[A]\nhello": (2, "hello: this is nothing that a Declare file says"),
    b"Existence[A]\nx:": (2, "x:: this is nothing that a Declare file says"),
    b"Existence[A]\nbind A": (2, "bind: `A` binds nothing"),
    b"Existence[A]\nbind A, : x": (2, "bind: `A, : x` binds nothing"),
    b"Existence[A]\nx: integer": (2, "x: integer: `integer` is no range"),
    b"Existence[A]\nx: float between 3 and 2": (2, "is no range; write float between LEAST and GREATEST"),
    b"Existence[A]\nx: integer between a and b": (2, "is no range"),
    b"Existence[A]\n\nRespond[A, B] |A.x is 3": (3, "Respond[A, B]: `Respond` is no template of Declare"),
    b"Existence[A]\nx, y<: a, b": (2, "`y<` is not the name of an attribute"),
    b"Existence[A]\n" + b"x" * 200_000: (2, "this line is too long"),
    b"\n" * 200_000: (100_001, "the file: it has more than 100000 lines"),
}
"""A file, and the first line refused and why."""


def problems(content: bytes, name: str = "rules.decl") -> list[str]:
    """What is wrong in a file, as it is printed."""
    with pytest.raises(Refused) as refused:
        read_declare(name, content)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_read_with_any_line_ends_and_a_mark_in_front(ends: str, mark: bytes) -> None:
    """Declarations, bindings, values and constraints; names may contain commas and colons."""
    found = read_declare("rules.decl", mark + GOOD.replace("\n", ends).encode())
    assert found.activities == ("Ask", "Check, then pay", "Ship: abroad")
    assert [constraint.text for constraint in found.constraints] == [
        'Response[Ask, "Check, then pay"] |A.amount > 100 |same org:group |0,30,m',
        "Existence[Ship: abroad]",
    ]
    assert found.notes == ()


def test_what_is_odd_and_clear_is_remarked_on() -> None:
    """A constraint said twice counts once; undeclared activities and attributes are taken as they are."""
    content = b"activity A\nactivity A\nx: 1, 2\nResponse[A, B] |A.y is 3\nresponse[A,B]|A.y is 3\nbind C: x"
    found = read_declare("rules.decl", content)
    assert len(found.constraints) == 1
    assert found.notes == (
        "line 2: activity A is declared twice",
        "line 4: B is taken as an activity, though it is not declared as one",
        "line 5: B is taken as an activity, though it is not declared as one",
        "line 5: the same as line 4: Response[A, B] |A.y is 3",
        "line 6: C is taken as an activity, though it is not declared as one",
        "line 4: y is not among the declared attributes",
    )


def test_a_file_without_constraints_says_that_there_is_nothing_to_watch() -> None:
    """Activities alone are a declaration, though an idle one."""
    found = read_declare("rules.decl", b"activity A")
    assert found == Declaration((), ("A",), ("it has no constraint, so there is nothing to watch",))


@pytest.mark.parametrize(("content", "expected"), BAD.items(), ids=[repr(content[:30]) for content in BAD])
def test_a_bad_line_is_refused_with_its_place_and_reason(content: bytes, expected: tuple[int, str]) -> None:
    """Each problem prints as one line with file, line, element, what is wrong and what would be right."""
    line, wrong = expected
    found = problems(content)
    assert found[0].startswith(f"rules.decl:{line}: ")
    assert wrong in found[0]


def test_all_problems_of_a_file_are_told_together() -> None:
    """In the order of the file, the good lines between them notwithstanding."""
    found = problems(b"nothing\nExistence[A]\nInit[A, B]\nResponse[A, B] | | |5,3,m")
    assert [problem.split(":")[1] for problem in found] == ["1", "3", "4"]


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["activity ", "bind ", "A", "[", "]", "|", ":", ", ", "x", " is ", "\n", "#", "Init"])))
def test_any_text_is_a_declaration_or_refused(pieces: list[str]) -> None:
    """Nothing else comes of it, and never a refusal without a problem."""
    told: tuple[object, ...] = ()
    try:
        found = read_declare("rules.decl", "".join(pieces).encode())
        told = found.constraints or found.activities
    except Refused as refused:
        told = refused.problems
    assert told


def test_every_public_file_is_read_or_refused_line_by_line(test_data: Path) -> None:
    """The tables above name each of them; constraints that were read have a text that reads back."""
    files = sorted(test_data.rglob("*.decl"))
    assert len(files) == 43
    for file in files:
        ends = [end for end in (*READ, *REFUSED) if file.name.endswith(end)]
        expected = max(ends, key=len, default=file.name)
        if expected in READ:
            assert len(read_declare(file.name, file.read_bytes()).constraints) == READ[expected], file.name
        else:
            line, wrong = REFUSED[expected]
            found = problems(file.read_bytes(), file.name)
            assert found[0].startswith(f"{file.name}:{line}: "), file.name
            assert wrong in found[0], file.name
