"""How this installation talks to its brokers: the arguments that every aiokafka client gets, and the clients
themselves.

Decides time-outs, security and what a producer or a reader of ours is like. Invariant: every source and state is read
with `read_committed` unless a high watermark is asked for, and no client commits offsets by itself.
"""

import ssl
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from schemas.settings import Security, Settings

REQUEST_TIMEOUT_MS: Final = 10_000
RETRY_BACKOFF_MS: Final = 10
"""Transient refusals of a transaction are frequent, and the default pause of 100 ms is what their p99 would show."""

TRANSACTION_TIMEOUT_MS: Final = 30_000
MAX_REQUEST_BYTES: Final = 8 * 1024 * 1024
BATCH_BYTES: Final = 512 * 1024
"""A producer sends a partition's batches one after the other, so large ones; a broker takes 1 MiB unless told to."""

SINGLE_BATCH_BYTES: Final = 64 * 1024 * 1024
"""Where a commit has to be one record batch, since there are no transactions."""

FETCH_WAIT_MS: Final = 250
"""How long a broker may hold a fetch that finds nothing; no input's end is known more exactly than that."""

_SHORT_WAIT_MS: Final = 10
"""A fetch that waits keeps every later question on its connection waiting, too: a restore asks many."""


def _ssl_context(security: Security) -> ssl.SSLContext | None:
    if not security.protocol.encrypted:
        return None
    context = ssl.create_default_context(cafile=str(security.tls_ca) if security.tls_ca else None)
    if security.tls_certificate and security.tls_key:
        password = security.tls_key_password.get_secret_value() if security.tls_key_password else None
        context.load_cert_chain(security.tls_certificate, security.tls_key, password)
    return context


class Connection:
    """Makes clients of one installation; each is returned unstarted."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        security = settings.security
        self._arguments: dict[str, Any] = {
            "bootstrap_servers": settings.brokers,
            "client_id": settings.instance or settings.prefix,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "security_protocol": security.protocol.upper(),
            "ssl_context": _ssl_context(security),
        }
        if security.protocol.authenticated and security.sasl_password:
            self._arguments |= {
                "sasl_mechanism": security.sasl_mechanism.upper(),
                "sasl_plain_username": security.sasl_username,
                "sasl_plain_password": security.sasl_password.get_secret_value(),
            }

    def admin(self) -> AIOKafkaAdminClient:
        """Make a client that asks about topics and creates them."""
        return AIOKafkaAdminClient(**self._arguments)

    def reader(
        self, *topics: str, committed: bool = True, start: str = "earliest", follows: bool = False
    ) -> AIOKafkaConsumer:
        """Make a consumer without a group; its end offsets are last stable offsets, or high watermarks if not
        `committed`. One that `follows` a partition waits for what comes, as one of whole topics does."""
        return AIOKafkaConsumer(
            *topics,
            isolation_level="read_committed" if committed else "read_uncommitted",
            enable_auto_commit=False,
            auto_offset_reset=start,
            fetch_max_wait_ms=FETCH_WAIT_MS if topics or follows else _SHORT_WAIT_MS,
            max_partition_fetch_bytes=MAX_REQUEST_BYTES,
            **self._arguments,
        )

    def member(self, assignor: object) -> AIOKafkaConsumer:
        """Make the consumer that belongs to the group of workers and reads the sources."""
        settings = self.settings
        return AIOKafkaConsumer(
            group_id=settings.group,
            group_instance_id=settings.instance,
            partition_assignment_strategy=[assignor],
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=settings.session_timeout,
            heartbeat_interval_ms=max(settings.session_timeout // 6, 200),
            rebalance_timeout_ms=max(settings.session_timeout, 10_000),
            fetch_max_wait_ms=FETCH_WAIT_MS,
            retry_backoff_ms=100,
            **self._arguments,
        )

    def producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        """Make a producer that waits for all replicas; with an id it is transactional."""
        return AIOKafkaProducer(
            transactional_id=transactional_id,
            acks="all",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_request_size=MAX_REQUEST_BYTES if transactional_id else SINGLE_BATCH_BYTES,
            max_batch_size=BATCH_BYTES if transactional_id else SINGLE_BATCH_BYTES,
            retry_backoff_ms=RETRY_BACKOFF_MS if transactional_id else 100,
            **self._arguments,
        )
