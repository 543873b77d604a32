"""Judges the topics: there, right, kept long enough, stamped by the broker, led and copied, and ours to read and write.

Invariant: judges what was found, and asks nothing itself; a source is its producers', so that what is wrong with one is
told as theirs to mend.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from agents import topics
from agents.cluster_view import ClusterView, Right, TopicView
from agents.diagnosis import Diagnosis, attention, right, unknown, wrong
from agents.topics import Found, Needed, Role
from schemas.duration import DAY

TOPICS: Final = "topics"
RIGHTS: Final = "rights"
SHORTEST_HISTORY_MS: Final = DAY
NOT_ALLOWED: Final = 29
"""The broker's error code for a topic that may not even be described."""

_FOREVER: Final = -1


def judge_topics(needed: Iterable[Needed], found: Mapping[str, Found], view: ClusterView) -> Iterator[Diagnosis]:
    """Say of each topic how it stands; several findings where several things are to be said."""
    listed = list(needed)
    for each, finding in zip(listed, topics.judge(listed, found), strict=True):
        seen = view.topics.get(each.name)
        if seen is not None and seen.error == NOT_ALLOWED:
            yield _forbidden(each)
        elif finding.verdict is not topics.Verdict.RIGHT:
            told, _, remedy = finding.message.partition("; ")
            yield wrong(TOPICS, each.name, told, remedy or "put it right, or choose other topics")
        else:
            yield from _judge_one(each, found[each.name], seen, len(view.brokers))


def _forbidden(each: Needed) -> Diagnosis:
    remedy = f"allow this user to describe and {_wanted(each)} it"
    return wrong(RIGHTS, each.name, "the broker does not let this user see it", remedy)


def _judge_one(each: Needed, there: Found, seen: TopicView | None, brokers: int) -> Iterator[Diagnosis]:
    troubles = [*_settings(each, there), *(_copies(each.name, seen, brokers) if seen else ())]
    yield from troubles
    if not troubles:
        yield right(TOPICS, each.name, f"{each.role}, {_partitions(there.partitions)}")
    if seen is not None:
        yield _rights(each, seen)


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"


def _settings(each: Needed, there: Found) -> Iterator[Diagnosis]:
    if not there.config:
        yield unknown(TOPICS, each.name, "the broker does not tell its settings")
    elif each.role is Role.SOURCE:
        yield from _source_settings(each.name, there.config)
    else:
        yield from _own_settings(each, there.config)


def _own_settings(each: Needed, config: Mapping[str, str]) -> Iterator[Diagnosis]:
    for name, wanted in each.config.items():
        actual = config.get(name)
        if actual is not None and actual != wanted and name != "cleanup.policy":
            yield attention(TOPICS, each.name, f"{name} is {actual}", _alter(each.name, name, wanted))


def _source_settings(name: str, config: Mapping[str, str]) -> Iterator[Diagnosis]:
    if "compact" in config.get("cleanup.policy", ""):
        found = "it is compacted: of the events of one key all but the last may be gone before they are read"
        yield wrong(TOPICS, name, found, _alter(name, "cleanup.policy", "delete"))
    if config.get("message.timestamp.type") == "CreateTime":
        found = "its records carry their producers' time: a back-fill that is stamped with event times looks live"
        yield attention(TOPICS, name, found, _alter(name, "message.timestamp.type", "LogAppendTime"))
    kept_ms = int(config.get("retention.ms", _FOREVER))
    if kept_ms != _FOREVER and kept_ms < SHORTEST_HISTORY_MS:
        found = f"it keeps {kept_ms / 3_600_000:g} h: events are lost if workers are down for longer"
        yield attention(TOPICS, name, found, _alter(name, "retention.ms", str(7 * DAY)))


def _alter(topic: str, name: str, value: str) -> str:
    return f"`kafka-configs.sh --alter --topic {topic} --add-config {name}={value}` mends it"


def _copies(name: str, seen: TopicView, brokers: int) -> Iterator[Diagnosis]:
    """A partition that nobody leads stands still; one with too few copies may be lost with the next broker."""
    leaderless = [p.partition for p in seen.partitions if p.leader < 0 or p.error]
    if leaderless:
        found = f"nobody leads {_numbered(leaderless)}: nothing is read or written there"
        yield wrong(TOPICS, name, found, "start the brokers that hold a copy of it")
    behind = {p.partition for p in seen.partitions if len(p.in_sync) < len(p.replicas)} - set(leaderless)
    if behind:
        found = f"not every copy of {_numbered(behind)} is up to date"
        yield attention(TOPICS, name, found, "see that all brokers run and keep up")
    if brokers > 1 and any(len(p.replicas) == 1 for p in seen.partitions):
        found = f"it lies on one of {brokers} brokers alone"
        yield attention(TOPICS, name, found, "give it copies with `kafka-reassign-partitions.sh`")


def _numbered(partitions: Collection[int]) -> str:
    return ("partition " if len(partitions) == 1 else "partitions ") + ", ".join(map(str, sorted(partitions)))


def _rights(each: Needed, seen: TopicView) -> Diagnosis:
    if seen.rights is None:
        return unknown(RIGHTS, each.name, "the broker does not tell what this user may do")
    missing = [named for named in _wanted_rights(each) if named not in seen.rights]
    if missing:
        names = " and ".join(named.name.lower() for named in missing)
        remedy = f"`kafka-acls.sh --add --topic {each.name} --operation {missing[0].name.capitalize()} …` allows it"
        return wrong(RIGHTS, each.name, f"this user may not {names} it", remedy)
    return right(RIGHTS, each.name, f"this user may {_wanted(each)} it")


def _wanted_rights(each: Needed) -> tuple[Right, ...]:
    return (Right.READ,) if each.role is Role.SOURCE else (Right.READ, Right.WRITE)


def _wanted(each: Needed) -> str:
    return " and ".join(named.name.lower() for named in _wanted_rights(each))
