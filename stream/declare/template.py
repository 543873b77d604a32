"""The templates of the Declare literature: their names, their many spellings, and how they look for their targets.

MP-Declare (Burattin, Maggi, Sperduti 2016) reads a template over two activities as one or two *halves*. An activation
is an event of the activating activity that meets the activation condition; a target is an event of the other activity
that meets the correlation condition and lies within the window of time. A half says where each activation must have,
or must not have, a target:

| template on [A, B] | activation | target | where the target is looked for |
|---|---|---|---|
| (Not) Responded Existence | A | B | before or after |
| (Not) Response | A | B | after |
| Alternate Response | A | B | after, before the next activation |
| (Not) Chain Response | A | B | the very next event |
| (Not) Precedence | B | A | before |
| Alternate Precedence | B | A | before, after the last activation |
| (Not) Chain Precedence | B | A | the event just before |
| (Not) Co-Existence | | | (Not) Responded Existence of [A, B] and of [B, A] |
| (Alternate, Chain, Not, Not Chain) Succession | | | the Response and the Precedence of that kind |

In the two last lines each half has its own activation, with the same conditions: `A.` is always the event that
activates, `T.` the other one. Where both activities are the same, the target is another event than the activation.
Choice and Exclusive Choice have no target: the activation condition says which events of either activity count.
"""

import re
from difflib import get_close_matches
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from schemas.problem import Fault

MOST = 1_000  # the greatest number that a template may count to


class Template(StrEnum):
    """A template by its usual name; the number of the first three is the constraint's `count`."""

    EXISTENCE = "Existence"
    ABSENCE = "Absence"
    EXACTLY = "Exactly"
    INIT = "Init"
    END = "End"
    CHOICE = "Choice"
    EXCLUSIVE_CHOICE = "Exclusive Choice"
    RESPONDED_EXISTENCE = "Responded Existence"
    CO_EXISTENCE = "Co-Existence"
    RESPONSE = "Response"
    PRECEDENCE = "Precedence"
    SUCCESSION = "Succession"
    ALTERNATE_RESPONSE = "Alternate Response"
    ALTERNATE_PRECEDENCE = "Alternate Precedence"
    ALTERNATE_SUCCESSION = "Alternate Succession"
    CHAIN_RESPONSE = "Chain Response"
    CHAIN_PRECEDENCE = "Chain Precedence"
    CHAIN_SUCCESSION = "Chain Succession"
    NOT_RESPONDED_EXISTENCE = "Not Responded Existence"
    NOT_CO_EXISTENCE = "Not Co-Existence"
    NOT_RESPONSE = "Not Response"
    NOT_PRECEDENCE = "Not Precedence"
    NOT_SUCCESSION = "Not Succession"
    NOT_CHAIN_RESPONSE = "Not Chain Response"
    NOT_CHAIN_PRECEDENCE = "Not Chain Precedence"
    NOT_CHAIN_SUCCESSION = "Not Chain Succession"

    @property
    def counts(self) -> bool:
        """Whether a number belongs to it."""
        return self in _COUNTED

    @property
    def arity(self) -> int:
        """How many activities it takes."""
        return 1 if self in _UNARY else 2

    @property
    def has_target(self) -> bool:
        """Whether it relates activations to targets, so that there is something to correlate."""
        return self in HALVES

    @property
    def negative(self) -> bool:
        """Whether it forbids a target."""
        return self.value.startswith("Not ")


_COUNTED: Final = frozenset({Template.EXISTENCE, Template.ABSENCE, Template.EXACTLY})
_UNARY: Final = _COUNTED | {Template.INIT, Template.END}


class Place(Enum):
    """Where a half looks for its target."""

    AFTER = "after"
    BEFORE = "before"
    ANYWHERE = "anywhere"


class Reach(Enum):
    """How far it looks."""

    ALL = "all"
    ALTERNATE = "alternate"  # not past another activation
    CHAIN = "chain"  # the neighbour only


class Half(NamedTuple):
    """One relation between activations and targets; `activation` is the place of the activity in the brackets."""

    place: Place
    reach: Reach
    activation: int


_RESPONDED, _RESPONDED_BACK = Half(Place.ANYWHERE, Reach.ALL, 0), Half(Place.ANYWHERE, Reach.ALL, 1)


def _halves() -> dict[Template, tuple[Half, ...]]:
    found: dict[Template, tuple[Half, ...]] = {}
    for negation in ("", "Not "):
        found[Template(f"{negation}Responded Existence")] = (_RESPONDED,)
        found[Template(f"{negation}Co-Existence")] = (_RESPONDED, _RESPONDED_BACK)
        for reach, kind in ((Reach.ALL, ""), (Reach.ALTERNATE, "Alternate "), (Reach.CHAIN, "Chain ")):
            if negation and reach is Reach.ALTERNATE:
                continue
            after, before = Half(Place.AFTER, reach, 0), Half(Place.BEFORE, reach, 1)
            found[Template(f"{negation}{kind}Response")] = (after,)
            found[Template(f"{negation}{kind}Precedence")] = (before,)
            found[Template(f"{negation}{kind}Succession")] = (after, before)
    return found


HALVES: Final = _halves()
"""The halves of each template that has targets."""


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


_BY_NAME: Final = {_plain(template): template for template in Template}
_ALIASES: Final = {
    "last": Template.END,  # MINERful and older Declare
    "participation": Template.EXISTENCE,
    "atleast": Template.EXISTENCE,
    "atmost": Template.ABSENCE,
    "uniqueness": Template.ABSENCE,
}
_ONE_MORE: Final = frozenset({"atmost", "uniqueness"})  # at most n is the absence of n + 1
_NUMBER_WORDS: Final = {"one": "1", "two": "2", "three": "3"}
_SPELLED: Final = re.compile(r"([a-z]+?)(\d+|one|two|three)?")


def read_template(written: str) -> tuple[Template, int | None]:
    """The template that a name means, and the number in it, if any: in any case, with or without blanks and hyphens,
    with `Negation` for `Not`, and under MINERful's names (AtMostOne, Participation); raises `Fault`."""
    match = _SPELLED.fullmatch(re.sub(r"^neg(ation)?(?=[a-z])", "not", _plain(written)))
    name = match.group(1) if match else ""
    template = _BY_NAME.get(name) or _ALIASES.get(name)
    if match is None or template is None:
        raise Fault(f"`{written.strip()}` is no template of Declare", _meant(name))
    digits = match.group(2)
    if digits is None:
        return template, 2 if name == "uniqueness" else None
    if not template.counts:
        raise Fault(f"{template} takes no number", f"write {template}[…]")
    return template, count_of(_NUMBER_WORDS.get(digits, digits)) + (name in _ONE_MORE)


def _meant(name: str) -> str:
    """What may have been meant by an unknown name; very long ones are not compared."""
    likely = get_close_matches(name[:60], _BY_NAME, n=1, cutoff=0.75)
    return f"did you mean {_BY_NAME[likely[0]]}?" if likely else "write one like Response, Precedence or Absence2"


def count_of(digits: str) -> int:
    """The number of a counting template; raises `Fault` outside 1 … 1,000."""
    if len(digits) > 6 or not 1 <= int(digits) <= MOST:
        raise Fault(f"{digits[:20]} is not a number that a template can count to", f"a number from 1 to {MOST}")
    return int(digits)
