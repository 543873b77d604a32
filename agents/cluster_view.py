"""What the brokers say of themselves and of topics: who leads, who copies, and what this program may do.

One question (Kafka's Metadata, version 8), asked in the library's terms since it knows only older versions of it.
Invariant: nothing is created and nothing changes by being asked for.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v5
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

NOT_TOLD: Final = -(1 << 31)
"""How a broker says that it does not tell rights."""

ASKED: Final = 3


class Right(IntEnum):
    """What may be done to a topic, by the bit that says so (KIP-430)."""

    READ = 3
    WRITE = 4


class MetadataResponse8(Response):  # type: ignore[misc]  # aiokafka has no types
    """The answer, with rights."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", MetadataResponse_v5.SCHEMA.fields[1]),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("authorized_operations", Int32),
    )


class MetadataRequest8(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """The question."""

    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = MetadataResponse8
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class AskWithRights(Request[MetadataRequest8]):  # type: ignore[misc]  # aiokafka has no types
    """The question, as the library wants it made."""

    API_KEY = ASKED

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[MetadataRequest8]) -> MetadataRequest8:
        """Make the question of the only version there is of it."""
        return request_struct_class(self._topics, False, True, True)


class PartitionView(NamedTuple):
    """A partition: the error that the broker has with it (0: none), who leads it, on which brokers it lies, and which
    of them have all of it."""

    error: int
    partition: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class TopicView(NamedTuple):
    """A topic: the broker's error with it (0: none), its partitions, and what may be done; None: the broker does not
    tell."""

    error: int
    partitions: tuple[PartitionView, ...]
    rights: frozenset[Right] | None


class ClusterView(NamedTuple):
    """The brokers by number, and the topics that were asked for."""

    brokers: Mapping[int, str]
    topics: Mapping[str, TopicView]


async def view_cluster(producer: AIOKafkaProducer, topics: Iterable[str]) -> ClusterView:
    """Ask through a producer that was started; raises the broker's errors. A broker that does not know the question is
    asked without rights."""
    client, names = producer.client, sorted(topics)
    node = client.get_random_node()
    try:
        answer = await client.send(node, AskWithRights(names))
    except (NotImplementedError, IncompatibleBrokerVersion):
        answer = await client.send(node, MetadataRequest(names, False))
    return read_view(answer.to_object())


def read_view(answer: Mapping[str, Any]) -> ClusterView:
    """Take an answer apart, of a version with rights or without."""
    brokers = {each["node_id"]: f"{each['host']}:{each['port']}" for each in answer["brokers"]}
    return ClusterView(brokers, {each["topic"]: _topic(each) for each in answer["topics"]})


def _topic(answer: Mapping[str, Any]) -> TopicView:
    partitions = [
        PartitionView(p["error_code"], p["partition"], p["leader"], tuple(p["replicas"]), tuple(p["isr"]))
        for p in answer["partitions"]
    ]
    return TopicView(answer["error_code"], tuple(partitions), _rights(answer.get("authorized_operations", NOT_TOLD)))


def _rights(bits: int) -> frozenset[Right] | None:
    if bits == NOT_TOLD:
        return None
    return frozenset(right for right in Right if bits & 1 << right)
