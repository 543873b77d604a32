"""Who did what in a case, as far as rules on people have to know: what one may not do alone, and what only some may.

Four eyes: of each resource the first event of each named activity is remembered; the first event of a second activity
by the same resource breaks the rule, together with the earliest of the others. A role is judged by the event alone.
What an event does not carry is not held against anybody. Invariant: what was done is a function of the steps in their
order, and a resource is known here by whatever name the process reads it under.
"""

from typing import Any, NamedTuple

from schemas.rules import FourEyes, Role, Rule
from stream.event import Anchor, Event

MOST_ACTS = 256
"""First events of somebody at some activity that are remembered of a case; what comes after is judged by them alone."""
MOST_OFFENCES = 64
"""Offences that are told of one case."""
LONGEST_FOUND = 200


class Act(NamedTuple):
    """The first event of a resource at one of the activities of a four-eyes rule, by the rule's number."""

    rule: int
    resource: str
    anchor: Anchor


class Offence(NamedTuple):
    """A rule that was broken, by which events; `who` did it, if that is known, and the group `found` instead."""

    rule: int
    who: str | None
    anchors: tuple[Anchor, ...]
    found: str | None = None


class Conduct(NamedTuple):
    """What people have done in a case."""

    acts: tuple[Act, ...] = ()
    offences: tuple[Offence, ...] = ()


BLAMELESS = Conduct()


class People:
    """The rules of one definition, found by activity."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.of: dict[str, tuple[int, ...]] = {}
        for number, rule in enumerate(rules):
            for activity in rule.activities if isinstance(rule, FourEyes) else rule.activity:
                self.of[activity] = (*self.of.get(activity, ()), number)
        self.by_resource = any(isinstance(rule, FourEyes) for rule in rules)
        self.attributes = frozenset(rule.attribute for rule in rules if isinstance(rule, Role))

    def judged(self, conduct: Conduct, event: Event, anchor: Anchor) -> Conduct:
        """What people have done after a step."""
        for number in self.of.get(event.activity, ()):
            rule = self.rules[number]
            if isinstance(rule, Role):
                conduct = _by_member(conduct, number, rule, event, anchor)
            elif event.resource:
                conduct = _by_another(conduct, Act(number, event.resource, anchor))
        return conduct

    def unjudged(self, event: Event) -> bool:
        """Whether a rule asks of a step what it does not carry."""
        rules = [self.rules[number] for number in self.of.get(event.activity, ())] if event.completes else []
        return any(_group(rule, event) is None if isinstance(rule, Role) else not event.resource for rule in rules)


def _by_another(conduct: Conduct, act: Act) -> Conduct:
    """Four eyes."""
    mine = [done for done in conduct.acts if done.rule == act.rule and done.resource == act.resource]
    if any(done.anchor.activity == act.anchor.activity for done in mine):
        return conduct
    offences = conduct.offences
    if len(conduct.acts) >= MOST_ACTS and any(_is_of(told, act) for told in offences):
        return conduct
    if mine and len(offences) < MOST_OFFENCES:
        offences = (*offences, Offence(act.rule, act.resource, (mine[0].anchor, act.anchor)))
    return Conduct(conduct.acts if len(conduct.acts) >= MOST_ACTS else (*conduct.acts, act), offences)


def _is_of(offence: Offence, act: Act) -> bool:
    """Whether it was told already that somebody did this, too."""
    activity = offence.anchors[-1].activity
    return (offence.rule, offence.who, activity) == (act.rule, act.resource, act.anchor.activity)


def _by_member(conduct: Conduct, number: int, rule: Role, event: Event, anchor: Anchor) -> Conduct:
    """A role: the event's own attribute is the group, or names it among others."""
    group = _group(rule, event)
    if group is None or rule.group in group or len(conduct.offences) >= MOST_OFFENCES:
        return conduct
    found = ", ".join(group)[:LONGEST_FOUND]
    return conduct._replace(offences=(*conduct.offences, Offence(number, event.resource, (anchor,), found)))


def _group(rule: Role, event: Event) -> list[str] | None:
    """The groups that an event carries; None where it says nothing of them."""
    value: Any = (event.attributes or {}).get(rule.attribute)
    if value is None or value == "":
        return None
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
