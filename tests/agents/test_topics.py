"""What topics are needed, and what is said of those that there are."""

from agents.source_groups import SourceGroup
from agents.topics import Finding, Found, TopicNames, Verdict, judge, needed_topics

GROUP = SourceGroup("crm.tickets", ("crm.tickets", "crm.calls"), (), ("earliest", "earliest"))
NAMES = TopicNames("casewatch")
NEEDED = needed_topics(NAMES, [GROUP])


def all_right(partitions: int = 6) -> dict[str, Found]:
    """Every topic as it has to be, sources with so many partitions."""
    return {each.name: Found(each.partitions or partitions, dict(each.config)) for each in NEEDED}


def wrong(found: dict[str, Found]) -> list[Finding]:
    """The findings that are not right."""
    return [finding for finding in judge(NEEDED, found) if finding.verdict is not Verdict.RIGHT]


def test_an_installation_needs_its_sources_a_state_for_them_and_topics_for_readers_and_tasks() -> None:
    """All of ours under the prefix."""
    assert [each.name for each in NEEDED] == [
        "crm.tickets",
        "crm.calls",
        "casewatch.state.crm.tickets",
        "casewatch.alerts",
        "casewatch.alert-log",
        "casewatch.dead-letters",
        "casewatch.partials",
        "casewatch.scorecards",
        "casewatch.control",
        "casewatch.definitions",
    ]


def test_state_and_alerts_are_compacted_and_the_log_is_kept_for_ninety_days() -> None:
    """Small segments that roll soon: a restore reads state, not traffic."""
    config = {each.name: each.config for each in NEEDED}

    assert config["casewatch.state.crm.tickets"] == {
        "cleanup.policy": "compact",
        "segment.bytes": "67108864",
        "segment.ms": "600000",
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": "3600000",
        "max.message.bytes": "8388608",
        "message.timestamp.type": "LogAppendTime",
    }
    assert config["casewatch.alerts"]["cleanup.policy"] == "compact"
    assert config["casewatch.alert-log"]["retention.ms"] == str(90 * 24 * 3600 * 1000)
    assert config["casewatch.dead-letters"]["cleanup.policy"] == "compact,delete"
    assert config["casewatch.dead-letters"]["retention.ms"] == str(30 * 24 * 3600 * 1000)


def test_topics_as_they_have_to_be_are_right() -> None:
    """Whatever the sources' partition count is."""
    assert wrong(all_right(1)) == wrong(all_right(24)) == []


def test_a_changed_partition_count_is_refused_with_the_way_out() -> None:
    """The state was written for four partitions, and the sources have six now."""
    found = all_right() | {"casewatch.state.crm.tickets": Found(4, {})}

    [finding] = wrong(found)

    assert finding.verdict is Verdict.WRONG
    assert "it has 4 partitions, and crm.tickets has 6" in finding.message
    assert "build the state anew from the source's history with `casewatch rebuild" in finding.message


def test_sources_of_one_definition_need_equal_partition_counts() -> None:
    """A task is one partition number of all of them."""
    [finding] = wrong(all_right() | {"crm.calls": Found(3, {})})

    assert (finding.topic, finding.verdict) == ("crm.calls", Verdict.WRONG)


def test_an_alerts_topic_that_deletes_is_wrong() -> None:
    """It would forget open alerts."""
    [finding] = wrong(all_right() | {"casewatch.alerts": Found(1, {"cleanup.policy": "delete"})})

    assert finding.message == "cleanup.policy is `delete`; set it to `compact`"


def test_a_broker_that_tells_no_settings_is_believed() -> None:
    """Some brokers do not describe configurations."""
    assert wrong({name: Found(found.partitions, {}) for name, found in all_right().items()}) == []


def test_a_missing_source_is_its_producers_to_create() -> None:
    """Ours are created by a command."""
    found = all_right()
    del found["crm.calls"], found["casewatch.alerts"]

    findings = {finding.topic: finding for finding in wrong(found)}

    assert findings["crm.calls"].message == "it does not exist; its producer creates it"
    assert findings["casewatch.alerts"].message == "it does not exist; `casewatch topics --create` creates it"
