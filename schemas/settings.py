"""Where an installation runs: brokers, names, security, intervals. What it watches stands in definitions.

Invariant: a `Settings` value is complete and consistent, frozen, and passed as an argument; nothing else in the house
knows an environment variable.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from schemas.duration import Duration
from schemas.problem import Fault

_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/,]+):(?P<port>\d{1,5})")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,120}")


class Transactions(StrEnum):
    """Whether commits are Kafka transactions; `auto` asks the broker."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Protocol(StrEnum):
    """How the connection to the brokers is secured."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self in (Protocol.SSL, Protocol.SASL_SSL)

    @property
    def authenticated(self) -> bool:
        """Whether a user name and a password are shown."""
        return self in (Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL)


class Mechanism(StrEnum):
    """How a password is shown (SASL)."""

    PLAIN = "plain"
    SCRAM_SHA_256 = "scram-sha-256"
    SCRAM_SHA_512 = "scram-sha-512"


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Address(NamedTuple):
    """A host and a port to listen on."""

    host: str
    port: int


def _host_and_port(text: str) -> tuple[str, int]:
    match = _HOST_AND_PORT.fullmatch(text.strip())
    if match is None or not 0 <= int(match["port"]) <= 65_535:
        raise Fault(f"`{text}` is no host and port", "write it like localhost:9092")
    return match["host"].strip("[]"), int(match["port"])


def _brokers(text: str) -> str:
    for broker in text.split(","):
        _host_and_port(broker)
    return ",".join(broker.strip() for broker in text.split(","))


def _address(value: Any) -> Any:
    return Address(*_host_and_port(value)) if isinstance(value, str) else value


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise Fault(f"`{text}` cannot be part of a topic's name", "use letters, digits, `.`, `_` and `-`, at most 120")
    return text


def _readable_file(path: Path) -> Path:
    if not path.is_file():
        raise Fault(f"there is no file `{path}`", "name a PEM file that can be read")
    return path


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise Fault(f"`{value}` is no instant", "write it like 1970-01-01 or 2026-01-31T00:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


Brokers = Annotated[str, AfterValidator(_brokers)]
Listen = Annotated[Address, BeforeValidator(_address)]
Name = Annotated[str, AfterValidator(_name)]
Pem = Annotated[Path, AfterValidator(_readable_file)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class Security(BaseModel):
    """TLS and SASL towards the brokers; the settings `CASEWATCH_SECURITY_…`."""

    model_config = _FROZEN

    protocol: Protocol = Protocol.PLAINTEXT
    tls_ca: Pem | None = None
    tls_certificate: Pem | None = None
    tls_key: Pem | None = None
    tls_key_password: SecretStr | None = None
    sasl_mechanism: Mechanism = Mechanism.PLAIN
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.protocol.authenticated and (self.sasl_username is None or self.sasl_password is None):
            raise Fault(
                f"`{self.protocol}` needs a user name and a password",
                "set CASEWATCH_SECURITY_SASL_USERNAME and CASEWATCH_SECURITY_SASL_PASSWORD",
            )
        if not self.protocol.encrypted and (self.tls_ca or self.tls_certificate):
            raise Fault(f"`{self.protocol}` uses no certificates", "set CASEWATCH_SECURITY_PROTOCOL to ssl or sasl_ssl")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise Fault("a client certificate comes with its key", "set both …_TLS_CERTIFICATE and …_TLS_KEY")
        return self


class Settings(BaseModel):
    """Everything that an installation can set, with its defaults; lengths are milliseconds, sizes bytes."""

    model_config = _FROZEN

    brokers: Brokers = "localhost:9092"
    prefix: Name = "casewatch"
    group: Name = Field(default_factory=lambda given: str(given.get("prefix", "casewatch")))
    instance: Name | None = None
    commit_interval: Duration = 200
    session_timeout: Duration = 10_000
    transactions: Transactions = Transactions.AUTO
    replication: int | None = Field(None, ge=1, le=99)
    http: Listen = Address("127.0.0.1", 9464)
    pseudonym_key: SecretStr | None = None
    earliest: Instant = datetime(1970, 1, 1, tzinfo=UTC)
    max_record: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    unpacked: int = Field(100_000, ge=100)
    max_cases: int = Field(2_000_000, ge=1)
    log: LogLevel = LogLevel.INFO
    security: Security = Security()
