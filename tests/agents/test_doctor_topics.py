"""What an examination says of topics, from what the brokers answer."""

from collections.abc import Iterable

import pytest

from agents.cluster_view import ClusterView, PartitionView, Right, TopicView, read_view
from agents.diagnosis import Diagnosis, Verdict, as_json, worst
from agents.doctor_topics import NOT_ALLOWED, judge_topics
from agents.source_groups import SourceGroup
from agents.topics import Found, TopicNames, needed_topics

NEEDED = needed_topics(TopicNames("casewatch"), [SourceGroup("orders", ("orders",), (), ("earliest",))])
SOURCE = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "retention.ms": "604800000"}
BROKERS = {1: "a:9092", 2: "b:9092", 3: "c:9092"}
ALL = frozenset(Right)


def seen(*partitions: PartitionView, rights: frozenset[Right] | None = ALL, error: int = 0) -> TopicView:
    """A topic as the brokers show it; one partition with three copies, unless others are given."""
    return TopicView(error, partitions or (PartitionView(0, 0, 1, (1, 2, 3), (1, 2, 3)),), rights)


def judged(source: dict[str, str] = SOURCE, view: TopicView | None = None) -> list[Diagnosis]:
    """Everything that is not right of an installation whose source has these settings and this look."""
    found = {each.name: Found(1, dict(each.config)) for each in NEEDED} | {"orders": Found(1, source)}
    views = {each.name: seen() for each in NEEDED} | {"orders": view or seen()}
    return not_right(judge_topics(NEEDED, found, ClusterView(BROKERS, views)))


def not_right(diagnoses: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Those that say that something is amiss."""
    return [each for each in diagnoses if each.verdict is not Verdict.RIGHT]


def test_topics_as_they_have_to_be_are_right() -> None:
    """Nothing is said of them but that."""
    assert judged() == []


@pytest.mark.parametrize(
    ("setting", "verdict", "told"),
    [
        ({"message.timestamp.type": "CreateTime"}, Verdict.ATTENTION, "a back-fill"),
        ({"cleanup.policy": "compact"}, Verdict.WRONG, "compacted"),
        ({"retention.ms": "3600000"}, Verdict.ATTENTION, "it keeps 1 h"),
    ],
)
def test_a_source_that_will_hurt_is_told_with_the_command_that_mends_it(
    setting: dict[str, str], verdict: Verdict, told: str
) -> None:
    """Producers' stamps, compaction, and a history of an hour."""
    (finding,) = judged(SOURCE | setting)

    assert (finding.subject, finding.verdict) == ("orders", verdict)
    assert told in finding.found
    assert f"--add-config {next(iter(setting))}=" in finding.remedy


def test_an_unlimited_history_is_no_short_one() -> None:
    """A retention of -1 keeps everything."""
    assert judged(SOURCE | {"retention.ms": "-1"}) == []


def test_a_partition_that_nobody_leads_is_wrong_and_one_with_a_copy_behind_needs_attention() -> None:
    """The first stands still, the second may be lost with its leader."""
    partitions = (PartitionView(5, 0, -1, (1, 2, 3), ()), PartitionView(0, 1, 2, (1, 2, 3), (2, 3)))

    leaderless, behind = judged(view=seen(*partitions))

    assert (leaderless.verdict, leaderless.found) == (
        Verdict.WRONG,
        "nobody leads partition 0: nothing is read or written there",
    )
    assert (behind.verdict, behind.found) == (Verdict.ATTENTION, "not every copy of partition 1 is up to date")


def test_a_single_copy_among_several_brokers_needs_attention() -> None:
    """It goes with its broker."""
    (finding,) = judged(view=seen(PartitionView(0, 0, 1, (1,), (1,))))

    assert finding.found == "it lies on one of 3 brokers alone"


def test_a_right_that_is_missing_is_wrong_and_a_broker_that_tells_none_leaves_it_unknown() -> None:
    """A source is read; nothing has to be written to it."""
    (missing,) = judged(view=seen(rights=frozenset({Right.WRITE})))
    (untold,) = judged(view=seen(rights=None))

    assert (missing.check, missing.verdict, missing.found) == ("rights", Verdict.WRONG, "this user may not read it")
    assert "--operation Read" in missing.remedy
    assert untold.verdict is Verdict.UNKNOWN
    assert judged(view=seen(rights=frozenset({Right.READ}))) == []


def test_a_topic_that_may_not_be_seen_is_not_taken_for_missing() -> None:
    """Its producer need not create it; somebody has to allow it."""
    views = {each.name: seen() for each in NEEDED} | {"orders": TopicView(NOT_ALLOWED, (), None)}
    found = {each.name: Found(1, dict(each.config)) for each in NEEDED if each.name != "orders"}

    (finding, *_) = not_right(judge_topics(NEEDED, found, ClusterView(BROKERS, views)))

    assert (finding.check, finding.found) == ("rights", "the broker does not let this user see it")


def test_a_topic_of_ours_with_another_setting_needs_attention() -> None:
    """With the broker's own segments a restore reads traffic, not state."""
    found = {each.name: Found(1, dict(each.config)) for each in NEEDED} | {"orders": Found(1, SOURCE)}
    name = "casewatch.state.orders"
    found[name] = Found(1, dict(found[name].config) | {"segment.ms": "604800000"})

    (finding,) = not_right(judge_topics(NEEDED, found, ClusterView(BROKERS, {each.name: seen() for each in NEEDED})))

    assert (finding.subject, finding.found) == (name, "segment.ms is 604800000")
    assert "segment.ms=600000" in finding.remedy


def test_rights_are_read_from_the_bits_of_the_answer() -> None:
    """Bit 3 is to read, bit 4 to write (KIP-430); the least number says that nothing is told."""
    partition = {"error_code": 0, "partition": 0, "leader": 1, "replicas": [1], "isr": [1]}
    topics = [
        {"error_code": 0, "topic": name, "partitions": [partition], **bits}
        for name, bits in {
            "both": {"authorized_operations": 0b11000},
            "read": {"authorized_operations": 0b01000},
            "untold": {"authorized_operations": -(1 << 31)},
            "older": {},
        }.items()
    ]

    view = read_view({"brokers": [{"node_id": 1, "host": "a", "port": 9092}], "topics": topics})

    assert view.brokers == {1: "a:9092"}
    assert {name: topic.rights for name, topic in view.topics.items()} == {
        "both": frozenset(Right),
        "read": frozenset({Right.READ}),
        "untold": None,
        "older": None,
    }


def test_the_gravest_finding_is_the_verdict_on_the_whole() -> None:
    """Right, unless something else was said; as JSON too."""
    findings = judged(SOURCE | {"cleanup.policy": "compact", "retention.ms": "3600000"})

    assert worst([]) is Verdict.RIGHT
    assert worst(findings) is Verdict.WRONG
    told = as_json(findings)
    assert (told["verdict"], len(told["findings"])) == ("wrong", 2)
    assert told["findings"][0].keys() == {"check", "subject", "verdict", "found", "remedy"}
