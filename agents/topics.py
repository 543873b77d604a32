"""Which topics Casewatch needs, with which settings, and whether the ones that exist are right.

Decides partition counts and retention; creates what is missing of its own and nothing else: source topics belong to
their producers. Invariant: a state topic has exactly as many partitions as each source of its group, since a task owns
one partition of all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from agents.source_groups import SourceGroup
from schemas.duration import DAY, HOUR, MINUTE

ALREADY_EXISTS: Final = 36
_OWN_STAMPS: Final = {"message.timestamp.type": "LogAppendTime"}
_COMPACTED: Final = _OWN_STAMPS | {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(10 * MINUTE),
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": str(HOUR),
    "max.message.bytes": str(8 * 1024 * 1024),
}
"""With the broker's defaults (segments of 1 GiB or a week, half of it dirty) a restore reads traffic, not state."""


_PASSED_ON: Final = _OWN_STAMPS | {
    "cleanup.policy": "delete",
    "retention.ms": str(3 * DAY),
    "segment.bytes": str(64 * 1024 * 1024),
    "max.message.bytes": str(8 * 1024 * 1024),
}
"""What the intake has passed on is read within moments; it is kept for as long as a fault of the readers may last."""


class Role(StrEnum):
    """What a topic is to Casewatch."""

    SOURCE = "source"
    EVENTS = "events"
    STATE = "state"
    ALERTS = "alerts"
    ALERT_LOG = "alert-log"
    DEAD_LETTERS = "dead-letters"
    PARTIALS = "partials"
    SCORECARDS = "scorecards"
    CONTROL = "control"
    DEFINITIONS = "definitions"


class TopicNames(NamedTuple):
    """The names of an installation's own topics, all under its prefix. What only tasks read is named by `generation`,
    too: a rebuild writes the next one beside the present."""

    prefix: str
    generation: int = 1

    @property
    def inner(self) -> str:
        """The prefix of what only tasks read."""
        return self.prefix if self.generation == 1 else f"{self.prefix}.g{self.generation}"

    @property
    def alerts(self) -> str:
        """The present state of every alert."""
        return f"{self.prefix}.alerts"

    @property
    def alert_log(self) -> str:
        """Every transition of every alert."""
        return f"{self.prefix}.alert-log"

    @property
    def dead_letters(self) -> str:
        """What was refused, and why."""
        return f"{self.prefix}.dead-letters"

    @property
    def partials(self) -> str:
        """What each task has to say of the windows that span tasks."""
        return f"{self.inner}.partials"

    @property
    def scorecards(self) -> str:
        """How each process is doing, for its owner."""
        return f"{self.prefix}.scorecards"

    @property
    def control(self) -> str:
        """What tasks are told: silences, versions, cases to forget."""
        return f"{self.prefix}.control"

    def events(self, process: str) -> str:
        """The records of a process whose source is not keyed by case, passed on by the intake."""
        return f"{self.inner}.events.{process}"

    @property
    def definitions(self) -> str:
        """Every version of every definition that was ever run."""
        return f"{self.prefix}.definitions"

    def state(self, group: str) -> str:
        """The journal of a source group's tasks."""
        return f"{self.inner}.state.{group}"


class Needed(NamedTuple):
    """A topic as it has to be; `partitions` None where the owner decides. `beside` names the topic whose partition
    count it shares."""

    name: str
    role: Role
    partitions: int | None
    config: Mapping[str, str]
    beside: str | None = None


class Found(NamedTuple):
    """A topic as the broker describes it; `config` is empty where the broker does not tell."""

    partitions: int
    config: Mapping[str, str]


class Verdict(StrEnum):
    """What is to be said of a topic that is needed."""

    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"


class Finding(NamedTuple):
    """The verdict on one topic, with what is wrong and the way out."""

    topic: str
    role: Role
    verdict: Verdict
    message: str
    partitions: int | None = None


def needed_topics(names: TopicNames, groups: Iterable[SourceGroup]) -> list[Needed]:
    """List sources first, then what Casewatch writes."""
    groups = list(groups)
    written = _written_for_readers(names) + _written_for_tasks(names)
    ours = {each.name for each in written}
    sources = [
        Needed(topic, Role.SOURCE, None, {}, None if topic == group.topics[0] else group.topics[0])
        for group in groups
        for topic in group.topics
        if topic not in ours and not group.rekeyed_from
    ]
    events = [
        Needed(topic, Role.EVENTS, None, _PASSED_ON, group.rekeyed_from[0])
        for group in groups
        for topic in group.topics
        if group.rekeyed_from
    ]
    states = [Needed(names.state(group.name), Role.STATE, None, _COMPACTED, group.topics[0]) for group in groups]
    return sources + events + states + written


def _written_for_readers(names: TopicNames) -> list[Needed]:
    log = _OWN_STAMPS | {"cleanup.policy": "delete", "retention.ms": str(90 * DAY)}
    letters = _COMPACTED | {"cleanup.policy": "compact,delete", "retention.ms": str(30 * DAY)}
    return [
        Needed(names.alerts, Role.ALERTS, 1, _COMPACTED),
        Needed(names.alert_log, Role.ALERT_LOG, 1, log),
        Needed(names.dead_letters, Role.DEAD_LETTERS, 1, letters),
    ]


def _written_for_tasks(names: TopicNames) -> list[Needed]:
    return [
        Needed(names.partials, Role.PARTIALS, 1, _COMPACTED),
        Needed(names.scorecards, Role.SCORECARDS, 1, _COMPACTED),
        Needed(names.control, Role.CONTROL, 1, _COMPACTED),
        Needed(names.definitions, Role.DEFINITIONS, 1, _COMPACTED),
    ]


def judge(needed: Sequence[Needed], found: Mapping[str, Found]) -> list[Finding]:
    """Compare what is needed with what there is, topic by topic."""
    return [_verdict(each, found) for each in needed]


def _verdict(each: Needed, found: Mapping[str, Found]) -> Finding:
    there = found.get(each.name)
    if there is None:
        who = "its producer creates it" if each.role is Role.SOURCE else "`casewatch topics --create` creates it"
        return Finding(each.name, each.role, Verdict.MISSING, f"it does not exist; {who}")
    wrong = _partition_fault(each, there, found) or _policy_fault(each, there)
    verdict = Verdict.WRONG if wrong else Verdict.RIGHT
    return Finding(each.name, each.role, verdict, wrong or "", there.partitions)


def _partition_fault(each: Needed, there: Found, found: Mapping[str, Found]) -> str | None:
    twin = found.get(each.beside) if each.beside and each.role is not Role.EVENTS else None
    if twin is None or twin.partitions == there.partitions:
        return None
    counts = f"it has {there.partitions} partitions, and {each.beside} has {twin.partitions}"
    if each.role is Role.STATE:
        return (
            f"{counts}: the source's partition count has changed, and cases have moved to other partitions; stop all "
            "workers, and build the state anew from the source's history with `casewatch rebuild DEFINITION…`, or set "
            "CASEWATCH_PREFIX to a new prefix"
        )
    return f"{counts}; topics of one definition need equal partition counts"


def _policy_fault(each: Needed, there: Found) -> str | None:
    wanted, actual = each.config.get("cleanup.policy"), there.config.get("cleanup.policy")
    if wanted is None or actual is None or _policies(actual) == _policies(wanted):
        return None
    return f"cleanup.policy is `{actual}`; set it to `{wanted}`"


def _policies(text: str) -> set[str]:
    return {part.strip() for part in text.split(",")}


async def find_topics(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Describe those of the topics that exist. All are listed first: asking for one by name creates it on some
    brokers."""
    existing = sorted(set(names) & set(await admin.list_topics()))
    if not existing:
        return {}
    described = await admin.describe_topics(existing)
    configs = await _configs(admin, existing)
    return {
        each["topic"]: Found(len(each["partitions"]), configs.get(each["topic"], {}))
        for each in described
        if each["error_code"] == 0 and each["partitions"]
    }


async def _configs(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    responses: list[dict[str, Any]] = [each.to_object() for each in await admin.describe_configs(resources)]
    return {
        resource["resource_name"]: {e["config_names"]: e["config_value"] for e in resource["config_entries"]}
        for response in responses
        for resource in response["resources"]
        if resource["error_code"] == 0
    }


async def create_topics(
    admin: AIOKafkaAdminClient, missing: Iterable[Needed], found: Mapping[str, Found], replication: int | None
) -> list[str]:
    """Create topics of ours and name them; without `replication`, as many replicas as there are brokers, at most
    three. Raises the broker's error; one that another worker has just created is fine."""
    copies = replication or min(3, len((await admin.describe_cluster())["brokers"]))
    wanted = [_new_topic(each, found, copies) for each in missing]
    if not wanted:
        return []
    response = await admin.create_topics(wanted, timeout_ms=10_000)
    for topic, code, message in response.topic_errors:
        if code not in (0, ALREADY_EXISTS):
            raise for_code(code)(f"{topic}: {message}")
    return [each.name for each in wanted]


def _new_topic(each: Needed, found: Mapping[str, Found], copies: int) -> NewTopic:
    partitions = each.partitions or (found[each.beside].partitions if each.beside else 1)
    safe = {"min.insync.replicas": "2"} if copies >= 3 else {}
    return NewTopic(each.name, partitions, copies, topic_configs=dict(each.config) | safe)
