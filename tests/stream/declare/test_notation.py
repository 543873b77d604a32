"""The notation of constraints: what is read, in its one canonical form, and what is refused with a remedy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.problem import Fault
from stream.declare import Constraint, read_constraint
from stream.declare.condition import Comparison, Condition, Correlation, Junction, Membership, Negation, Reference
from stream.declare.template import MOST, Template
from stream.declare.value import number_of
from stream.declare.window import Window

READ = {
    "Response[A, B]": "Response[A, B]",
    "response(A,B)": "Response[A, B]",
    "  CHAIN-RESPONSE [ A , B ] | | |": "Chain Response[A, B]",
    "ChainResponse[A, B]": "Chain Response[A, B]",
    "not_co_existence[A, B]": "Not Co-Existence[A, B]",
    "Negation Response[A, B]": "Not Response[A, B]",
    "CoExistence[A, B]": "Co-Existence[A, B]",
    "Last[A]": "End[A]",
    "Existence1[A]": "Existence[A]",
    "Existence2[A] | |": "Existence2[A]",
    "Existence[A, 2]": "Existence2[A]",
    "Existence[2, A]": "Existence2[A]",
    "Absence1[A]": "Absence[A]",
    "AtMostOne[A]": "Absence2[A]",
    "AtMost2[A]": "Absence3[A]",
    "Uniqueness[A]": "Absence2[A]",
    "Participation[A]": "Existence[A]",
    "AtLeastTwo[A]": "Existence2[A]",
    "Exactly[A]": "Exactly1[A]",
    'Response["Check, then pay", "Say ""no"" [2]"]': 'Response["Check, then pay", "Say ""no"" [2]"]',
    "Existence[Step [2]]": 'Existence["Step [2]"]',
    "Existence[Überprüfung / 検査: #1]": "Existence[Überprüfung / 検査: #1]",
    'Existence["7"]': 'Existence["7"]',
    "Absence[A] | A.Price>50||": "Absence[A] |A.Price > 50",
    "Init[A] |A.format is not zipped |0,234,h": "Init[A] |A.format is not zipped |0,234,h",
    "End[A] |A.format is not zipped |112,234,h": "End[A] |A.format is not zipped |112,234,h",
    "Response[A, B] | | |0,30,M": "Response[A, B] | | |0,30,m",
    "Response[A, B] | | |0,60,s": "Response[A, B] | | |0,1,m",
    "Response[A, B] | | | 0 , 0.5 , s ": "Response[A, B] | | |0,0.5,s",
    "Response[A, B] | | |36,48,h": "Response[A, B] | | |36,48,h",
    "Response[A, B] | | |24,48,h": "Response[A, B] | | |1,2,d",
    "Response[A, B] |a.x IS y AND (A.z is not 5 OR not A.w in (p, q r))": (
        "Response[A, B] |A.x is y and (A.z is not 5 or not (A.w in (p, q r)))"
    ),
    "Response[A, B] |A.x == 5.0 and A.y <> 3 |T.x>=A.x or different org:group": (
        "Response[A, B] |A.x = 5 and A.y != 3 |T.x >= A.x or different org:group"
    ),
    'Response[A, B] |A."loan (EUR)" > 1e3 and A.Loan goal is Home improvement (big)': (
        'Response[A, B] |A."loan (EUR)" > 1000 and A."Loan goal" is "Home improvement (big)"'
    ),
    'Response[A, B] |A.x is "a|b and c"': 'Response[A, B] |A.x is "a|b and c"',
    "Choice[A, B] |A.x is 1 |0,1,d": "Choice[A, B] |A.x is 1 |0,1,d",
    "Chain Precedence[A, B] |A.g is ? |T.g is E |1121801,1121801,s": (
        "Chain Precedence[A, B] |A.g is ? |T.g is E |1121801,1121801,s"
    ),
}
"""As written, and as the constraint's text."""

REFUSED = {
    "Respons[A, B]": "`Respons` is no template of Declare",
    "Response": "is not a constraint",
    "Response[A, B": "is not closed",
    "Response[A]": "takes two activities, not `A`",
    "Response[A, B, C]": "takes two activities",
    "Response[A, ]": "takes two activities",
    "Init[A, B]": "takes one activity",
    "Response2[A, B]": "takes no number",
    "Existence0[A]": "0 is not a number that a template can count to",
    "Absence1001[A]": "1001 is not a number",
    "Existence2[A, 3]": "has two numbers",
    "Response[A, B] A.x is 3": "stands behind the bracket",
    "Response[A, B] |A.x is 3 | | | 3": "more than three conditions",
    "Response[A, B] |T.x is 3": "there is no T. here",
    "Response[A, B] |same x": "there is none here",
    "Response[A, B] | |B.x is 3": "there is no B. here",
    "Choice[A, B] |A.x is 1 |A.y is 2 |0,1,d": "nothing to correlate",
    "Existence[A] |x is 3": "this is not a condition",
    "Existence[A] |A.x": "this is not a condition",
    "Existence[A] |A.x is": "a value is missing",
    "Existence[A] |A.x is 1 and": "this is not a condition, at its end",
    "Existence[A] |(A.x is 1": "a parenthesis is not closed",
    "Response[A, B] | |same Case ID and (T.x is a|": "a parenthesis is not closed",
    "Existence[A] |A.x is 1)": "does not belong to the condition: `)`",
    "Existence[A] |A.x > red": "`red` is not a number",
    "Existence[A] |A.x in red": "a list in parentheses is missing",
    "Existence[A] |A.x in ()": "has an empty value",
    "Existence[A] |A.x in (a, , b)": "has an empty value",
    "Existence[A] |A.x in (" + '"' * 4_000: "a list in parentheses is missing",
    "Existence[A] |A.x in (" + " " * 4_000 + "x": "a list in parentheses is missing",
    "Existence[A] |A.x and A.y is 3": "this is not a condition",
    "Existence[A] |" + "(" * 60 + "A.x is 1" + ")" * 60: "nested too deeply",
    "Response[A, B] | | |0,30": "is not a condition on time",
    "Response[A, B] | | |0,30,y": "is not a condition on time",
    "Response[A, B] | | |-1,30,m": "is not a condition on time",
    "Response[A, B] | | |5,3,m": "ends before it begins",
    "Response[A, B] | | |0,99999,d": "longer than a hundred years",
    "Init[A] | |2,4,s": "Init with `2,4,s` can never be kept: time counts from the case's first step itself",
    "Response[" + "A" * 2_000 + ", B]": "the name of an activity is too long",
    "Response[" + "A" * 9_000 + ", B]": "too long for a constraint",
}
"""What is written, and what the fault says of it."""

activities = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
values = st.text(st.sampled_from('abAT.5 (),|"<=>andornotis'), min_size=1, max_size=8).map(str.strip).filter(bool)
texts = values.filter(lambda written: number_of(written) is None)
numbers = st.integers(-999, 999) | st.sampled_from([0.5, -2.25])


def conditions(sides: str) -> st.SearchStrategy[Condition]:
    """Conditions that read these sides."""
    references = st.builds(Reference, st.sampled_from(sides), values)
    lists = st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)
    atoms: st.SearchStrategy[Condition] = st.builds(Membership, references, lists, st.booleans())
    atoms |= st.builds(Comparison, references, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), references | numbers)
    atoms |= st.builds(Comparison, references, st.sampled_from(["=", "!="]), texts)
    if "T" in sides:
        atoms |= st.builds(Correlation, values, st.booleans())
    return st.recursive(atoms, lambda inner: st.builds(Negation, inner) | _joined(inner), max_leaves=4)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Parts that are not joined by the same word themselves, as the reader flattens those."""

    def build(word: str, parts: list[Condition]) -> Condition:
        kept = [part for part in parts if not (isinstance(part, Junction) and part.word == word)]
        return Junction(word, tuple(kept)) if len(kept) > 1 else parts[0]

    return st.builds(build, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))


windows = st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)).map(lambda limits: Window(min(limits), max(limits)))


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    """Constraints of every kind, with names and values that are hard to write."""
    template = draw(st.sampled_from(list(Template)))
    names = draw(st.lists(activities, min_size=template.arity, max_size=template.arity))
    count = draw(st.integers(1, MOST)) if template.counts else 1
    correlation = draw(st.none() | conditions("AT")) if template.has_target else None
    window = draw(st.none() | windows)
    if window and template is Template.INIT:
        window = Window(0, window.most)
    return Constraint(template, tuple(names), count, draw(st.none() | conditions("A")), correlation, window)


@pytest.mark.parametrize(("written", "text"), READ.items())
def test_a_constraint_is_read_in_every_usual_spelling(written: str, text: str) -> None:
    """Spellings of one constraint are one constraint, with one text."""
    constraint = read_constraint(written)
    assert constraint.text == text
    assert read_constraint(text) == constraint


@pytest.mark.parametrize(("written", "wrong"), REFUSED.items(), ids=[written[:40] for written in REFUSED])
def test_what_is_not_a_constraint_is_refused_with_its_reason(written: str, wrong: str) -> None:
    """A fault quotes what is wrong and offers what would be right."""
    with pytest.raises(Fault) as refused:
        read_constraint(written)
    assert wrong in refused.value.wrong
    assert refused.value.right


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("Respnse[A, B]", "did you mean Response?"),
        ("not chain respones[A, B]", "did you mean Not Chain Response?"),
        ("Absense2[A]", "did you mean Absence?"),
        ("Whatever[A]", "write one like Response, Precedence or Absence2"),
        ("R" * 4_000 + "[A]", "write one like Response, Precedence or Absence2"),
    ],
)
def test_an_unknown_template_is_told_the_one_that_is_spelled_most_like_it(written: str, right: str) -> None:
    """Where none is like it, what templates look like."""
    with pytest.raises(Fault) as refused:
        read_constraint(written)
    assert refused.value.right == right


@settings(max_examples=60)
@given(constraints())
def test_the_text_of_a_constraint_reads_back_as_the_same_constraint(constraint: Constraint) -> None:
    """Whatever names, values, conditions and windows: the canonical text loses nothing."""
    assert read_constraint(constraint.text) == constraint


@settings(max_examples=60)
@given(st.text(st.sampled_from('Response[A, B] |T.x is >="(),0m#\n'), max_size=60), st.booleans())
def test_anything_is_read_or_refused(text: str, behind: bool) -> None:
    """No text makes the reader fail in another way."""
    try:
        found = read_constraint("Init[A] |A.x " * behind + text)
    except Fault:
        return
    assert read_constraint(found.text) == found


def test_declared_names_say_how_commas_divide() -> None:
    """Where names contain commas, those that are declared are told apart without quotes."""
    known = frozenset({"Check, then pay", "Ship", "A", "Check"})
    assert read_constraint("Response[Check, then pay, Ship]", known).activities == ("Check, then pay", "Ship")
    assert read_constraint("Existence[Check, then pay]", known).activities == ("Check, then pay",)


def test_a_window_says_its_length_in_ms() -> None:
    """Half an hour is 1,800,000 ms; without a third condition there is no window."""
    assert read_constraint("Response[A, B] | | |0,30,m").window_ms == (0, 1_800_000)
    assert read_constraint("Response[A, B]").window_ms is None


def test_the_attributes_of_a_constraint_are_those_of_its_conditions() -> None:
    """Both sides count, and `same` names an attribute too."""
    found = read_constraint("Response[A, B] |A.x is 1 |T.y > A.z and same org:group |0,1,h")
    assert found.attributes == {"x", "y", "z", "org:group"}
