"""Rules on people: who may not do two things in a case, and who may do one at all; told at once, on pseudonyms too."""

from typing import Any

import orjson
import pytest

from stream.people import MOST_ACTS, MOST_OFFENCES
from stream.process import needs_key
from stream.pseudonym import pseudonyms
from tests.stream.driver import KEY, Task, at, definition, event, process

EYES: dict[str, Any] = {"id": "two-people", "kind": "four_eyes", "activities": ["Approve", "Pay", "Audit"]}
BOSS: dict[str, Any] = {
    "id": "approver", "kind": "role", "activity": ["Approve", "Sign"], "group": "managers", "attribute": "team"
}  # fmt: skip
NAMED = {"resource": "keep"}


def test_two_activities_by_the_same_hand_are_told_at_once_with_both_events() -> None:
    """The alert names the two events, who did them and when; its time is that of the later one."""
    task = Task(process(rules=[EYES | {"severity": "critical"}], privacy=NAMED))
    task.live(event(0, "Approve", by="Pete", id="a"), event(7, "Checked", by="Pete"), event(9, "Pay", by="Pete"))
    (alert,) = task.alerts
    assert (alert.rule, alert.kind, alert.state, alert.severity, alert.grade) == (
        "two-people", "rule", "raised", "critical", "exact",
    )  # fmt: skip
    assert alert.happened_at.timestamp() * 1000 == at(9)
    done = [(step.activity, step.resource) for step in alert.explanation.events]
    assert done == [("Approve", "Pete"), ("Pay", "Pete")]
    assert alert.explanation.asks == "four_eyes"
    assert alert.evidence is not None
    assert alert.evidence.offsets == (0, 2)
    assert alert.summary == (
        "T-1: Approve and Pay were both done by Pete (Approve Mon 2 Nov 2026 09:00 UTC, Pay Mon 2 Nov 2026 09:09 UTC)"
    )


def test_the_same_activity_twice_by_one_hand_is_no_offence() -> None:
    """Four eyes look at different activities; so does anything without a resource."""
    task = Task(process(rules=[EYES], privacy=NAMED))
    task.live(event(0, "Approve", by="Pete"), event(1, "Approve", by="Pete"), event(2, "Pay", by="Ann"))
    task.live(event(3, "Approve", "T-2"), event(4, "Pay", "T-2"), event(5, "Pay", "T-3", by="Pete"))
    assert task.alerts == []


def test_only_steps_count() -> None:
    """Who is assigned, or starts, has not done it yet."""
    task = Task(process(rules=[EYES], privacy=NAMED))
    task.live(event(0, "Approve", by="Pete", lifecycle="assign"), event(1, "Pay", by="Pete", lifecycle="complete"))
    assert task.alerts == []
    task.live(event(2, "Audit", by="Pete", lifecycle="start"), event(3, "Audit", by="Pete", lifecycle="complete"))
    assert [alert.happened_at.timestamp() * 1000 for alert in task.alerts] == [at(3)]


def test_each_further_activity_is_held_against_the_first() -> None:
    """Three activities by one hand are two alerts; doing the same once more is none."""
    task = Task(process(rules=[EYES], privacy=NAMED))
    task.live(event(0, "Approve", by="Pete"), event(1, "Pay", by="Pete"), event(2, "Pay", by="Pete"))
    task.live(event(3, "Audit", by="Pete"), event(4, "Approve", by="Ann"))
    told = [[step.activity for step in alert.explanation.events] for alert in task.alerts]
    assert told == [["Approve", "Pay"], ["Approve", "Audit"]]


def test_a_pseudonym_tells_people_apart_and_never_their_names() -> None:
    """What is under the key stands in alerts and state; the name stands nowhere."""
    task = Task(process(rules=[EYES]))
    task.live(event(0, "Approve", by="Pete Miller"), event(4, "Pay", by="Pete Miller"), event(5, "Audit", by="Ann"))
    task.wait(10)
    known = pseudonyms(KEY)("Pete Miller")
    assert {step.resource for alert in task.alerts for step in alert.explanation.events} == {known}
    written = b"".join(task.journal.values()) + b"".join(alert.summary.encode() for alert in task.alerts)
    assert known.encode() in written
    assert b"Miller" not in written
    assert b"Ann" not in written


def test_a_pseudonym_depends_on_the_key_alone() -> None:
    """The same under one key, another under another; keys may be longer than the hash takes."""
    assert pseudonyms(KEY)("Pete") == pseudonyms(KEY)("Pete") != pseudonyms(KEY)("pete")
    assert pseudonyms(b"x" * 64)("Pete") != pseudonyms(b"x" * 65)("Pete")
    assert len({pseudonyms(key)("Pete") for key in (b"a", b"b", b"x" * 200, b"x" * 201)}) == 4
    with pytest.raises(ValueError, match="key"):
        pseudonyms(b"")


@pytest.mark.parametrize(
    ("rules", "privacy", "needed"),
    [([EYES], "pseudonym", True), ([EYES], "keep", False), ([BOSS], "pseudonym", False), ([], "pseudonym", False)],
)
def test_a_key_is_needed_only_where_a_rule_asks_for_pseudonyms(
    rules: list[dict[str, Any]], privacy: str, needed: bool
) -> None:
    """Roles are judged by an attribute, and what is kept needs no key."""
    assert needs_key(definition(rules=rules, privacy={"resource": privacy})) is needed


def test_who_did_it_is_not_read_where_no_rule_asks() -> None:
    """What is not needed is not kept, whatever privacy allows."""
    task = Task(process(rules=[BOSS], privacy=NAMED))
    task.live(event(0, "Approve", by="Pete", team="clerks"))
    assert task.alerts[0].explanation.events[0].resource is None
    assert b"Pete" not in b"".join(task.journal.values())


def test_a_step_by_somebody_of_another_group_is_told() -> None:
    """The event's own attribute counts, not what an earlier event said."""
    task = Task(process(rules=[BOSS]))
    task.live(event(0, "Opened", team="managers"), event(5, "Approve", team="clerks"))
    task.live(event(6, "Sign", team="managers"))
    (alert,) = task.alerts
    assert (alert.rule, alert.explanation.group, alert.explanation.found) == ("approver", "managers", "clerks")
    said = "Approve was done by somebody of clerks, and not of managers (Mon 2 Nov 2026 09:05 UTC)"
    assert alert.summary == f"T-1: {said}"


def test_one_of_several_groups_is_enough() -> None:
    """A list is searched for the group; a list without it is an offence."""
    task = Task(process(rules=[BOSS]))
    task.live(event(0, "Approve", team=["clerks", "managers"]), event(1, "Sign", team=["clerks", "cashiers"]))
    assert [alert.explanation.found for alert in task.alerts] == ["clerks, cashiers"]


def test_what_an_event_does_not_carry_is_counted_and_held_against_nobody() -> None:
    """No resource, no group: no verdict, but a number for the operator."""
    task = Task(process(rules=[BOSS, EYES]))
    task.live(event(0, "Approve", by="Pete"), event(1, "Pay"), event(2, "Sign", team=""), event(3, "Noted"))
    assert task.alerts == []
    assert task.counts["events", "tickets", "crm.tickets", "unjudged"] == 3


def test_a_late_event_changes_who_was_first() -> None:
    """Who has the second step of the two has broken the rule, whichever was the first: it is the same alert."""
    task = Task(process(rules=[EYES], privacy=NAMED))
    task.live(event(5, "Approve", by="Pete", id="a"), event(6, "Pay", by="Pete", id="b"))
    task.live(event(4, "Audit", by="Pete", id="c"), now=6)
    standing = {
        tuple(step.activity for step in alert.explanation.events): alert.state for alert in task.final().values()
    }
    assert standing == {("Audit", "Approve"): "raised", ("Audit", "Pay"): "updated"}


def test_an_offence_is_closed_with_its_case_and_counts_as_a_deviation_until_then() -> None:
    """It stands while the case is open."""
    task = Task(process(rules=[EYES], privacy=NAMED, case={"ends": ["Closed"]}))
    task.live(event(0, "Approve", by="Pete"), event(1, "Pay", by="Pete"))
    task.wait(60)
    assert task.shard.snapshot(0).cases["tickets"]["deviating"] == 1
    task.live(event(61, "Closed"))
    task.wait(90)
    assert [state for *_, state in task.said()] == ["raised", "updated", "resolved"]
    assert task.alerts[-1].summary.startswith("T-1: the case has ended; Approve and Pay were both done by Pete")
    assert task.shard.snapshot(0).cases["tickets"]["deviating"] == 0


def test_a_restart_between_the_two_events_forgets_nobody() -> None:
    """Who did what is journalled, long after it has settled; a rule that is gone leaves with what it knew."""
    task = Task(process(rules=[EYES]))
    task.live(event(0, "Approve", by="Pete"), event(100, "Noted"), event(200, "Noted"))
    task.restart()
    task.live(event(300, "Pay", by="Pete"))
    assert task.said() == [("two-people", "four_eyes", "raised")]
    task.drain()
    task.processes = (process(rules=[BOSS]),)
    task.restart()
    task.live(event(301, "Noted"))
    assert task.said()[-1] == ("two-people", "four_eyes", "retracted")


def test_what_is_remembered_of_a_case_is_bounded() -> None:
    """However many people have a hand in it, and however many of them offend."""
    hands = [event(i, "Approve", by=f"P{i}", team="clerks") for i in range(MOST_ACTS + 50)]
    task = Task(process(rules=[BOSS, EYES]))
    task.history(*hands, until=10_000)
    offences = [alert for alert in task.final().values() if alert.rule == "approver"]
    assert len(offences) == MOST_OFFENCES
    task.history(event(10_001, "Noted"), until=20_000)
    acts = orjson.loads(task.journal[b"case/tickets/T-1"])[5][15]
    assert len(acts) == MOST_ACTS


def test_who_is_remembered_is_judged_however_many_came_after() -> None:
    """Beyond the bound nobody new is remembered; who is may still not do the other step, who is not cannot be known."""
    task = Task(process(rules=[EYES], privacy=NAMED))
    task.live(*(event(i / 10, "Approve", by=f"P{i}") for i in range(MOST_ACTS + 3)))
    task.live(event(40, "Pay", by="P7"), event(41, "Pay", by=f"P{MOST_ACTS + 1}"), event(42, "Pay", by="P7"))
    (alert,) = task.alerts
    assert [step.resource for step in alert.explanation.events] == ["P7", "P7"]
