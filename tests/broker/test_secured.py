"""A broker that wants TLS and a password: a worker and the commands do their work there; one that is turned away says
why, and waits."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from agents.wall_clock import as_text, now_ms
from tests.broker.kafka import Kafka
from tests.broker.test_bad_input import definition
from tests.broker.traffic import CASEWATCH, WorkerProgram, committed, create_topics, send
from tests.programs import accepts_connections, free_port, wait_until

USER, PASSWORD, STORE_PASSWORD = "casewatch", "open sesame", "known to nobody"
CASES = 20
TOLD = re.compile(r"^casewatch_alerts_total\{.*\} (\S+)$", re.MULTILINE)
SETTINGS = """\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.secured.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={keystore}
ssl.keystore.password={store_password}
"""


class SecuredKafka(Kafka):
    """A broker with a second listener, which wants TLS and a name with its password; `authority` is its certificate."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, heap="512m")
        self.secured_port = free_port()
        self.authority = folder / "authority.pem"
        self._keystore = folder / "broker.p12"

    @property
    def secured(self) -> str:
        """`HOST:PORT` of the second listener."""
        return f"127.0.0.1:{self.secured_port}"

    def let_in(self, user: str, password: str) -> None:
        """Make a user's password known for SCRAM; blocks for some seconds."""
        command = [*self._java, "kafka.admin.ConfigCommand", "--bootstrap-server", self.bootstrap, "--alter"]
        scram = f"SCRAM-SHA-512=[iterations=4096,password={password}]"
        options = ["--add-config", scram, "--entity-type", "users", "--entity-name", user]
        subprocess.run([*command, *options], check=True, capture_output=True)

    def _serves(self) -> bool:
        return super()._serves() and accepts_connections(self.secured_port)

    def _settings(self) -> str:
        store = ["-alias", "broker", "-storetype", "PKCS12", "-keystore", str(self._keystore)]
        store += ["-storepass", STORE_PASSWORD]
        name = ["-keyalg", "EC", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1", "-validity", "2"]
        subprocess.run(["keytool", "-genkeypair", *store, *name], check=True, capture_output=True)
        exported = subprocess.run(["keytool", "-exportcert", "-rfc", *store], check=True, capture_output=True)
        self.authority.write_bytes(exported.stdout)
        plain, secured = f"PLAINTEXT://127.0.0.1:{self.port}", f"SECURED://{self.secured}"
        settings = super()._settings().replace(plain, f"{plain},{secured}")
        settings = settings.replace("PLAINTEXT:PLAINTEXT", "PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL")
        return settings + SETTINGS.format(
            user=USER, password=PASSWORD, keystore=self._keystore, store_password=STORE_PASSWORD
        )


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One broker for all tests of this file."""
    secured = SecuredKafka(tmp_path_factory.mktemp("secured") / "kafka")
    secured.start()
    try:
        secured.let_in(USER, PASSWORD)
        yield secured
    finally:
        secured.stop()


def settings(broker: SecuredKafka, **others: str) -> dict[str, str]:
    """What a worker or a command is told to be let in."""
    let_in = {"security_protocol": "sasl_ssl", "security_tls_ca": str(broker.authority)}
    let_in |= {"security_sasl_username": USER, "security_sasl_password": PASSWORD}
    return {"brokers": broker.secured} | let_in | others


def run_command(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `casewatch …` with settings."""
    variables = {f"CASEWATCH_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, *CASEWATCH, *arguments]
    surroundings = variables | {"PYTHONPATH": str(Path.cwd())}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-512"])
async def test_a_worker_and_the_commands_work_with_tls_and_a_password(
    broker: SecuredKafka, tmp_path: Path, mechanism: str
) -> None:
    """Events in, alerts out exactly once, and read by the command; all of it by the listener that wants both."""
    topic = f"secured-{mechanism}"
    await create_topics(broker.bootstrap, {topic: 2})
    at = as_text(now_ms())
    opened = [orjson.dumps({"id": f"case {number}", "act": "Open", "at": at}) for number in range(CASES)]
    await send(broker.bootstrap, topic, [(event, event) for event in opened])
    told = settings(broker, prefix=topic, security_sasl_mechanism=mechanism)
    program = WorkerProgram(topic, tmp_path, (*CASEWATCH, "run", str(definition(tmp_path, topic))), **told)
    try:
        await asyncio.to_thread(program.start, program.ready)
        # What became due before the start is told one patience after it.
        await asyncio.to_thread(wait_until, lambda: said(program) >= CASES, 30, "all alerts")
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)

    alerts = [orjson.loads(record.value) for record in await committed(broker.bootstrap, f"{topic}.alert-log")]
    assert sorted(alert["case"] for alert in alerts) == sorted(f"case {number}" for number in range(CASES))
    listed = await asyncio.to_thread(run_command, told, "alerts")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert all(f"case {number}" in listed.stdout for number in range(CASES))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"security_sasl_password": "a guess"}, "Invalid username or password"),
        ({"security_tls_ca": None}, "certificate verify failed"),
    ],
    ids=["password", "authority"],
)
async def test_who_is_turned_away_says_why_and_waits(
    broker: SecuredKafka, tmp_path: Path, wrong: dict[str, str | None], reason: str
) -> None:
    """A worker is alive, not ready, and has the reason in its log; a command tells it and ends with 3; the password is
    told by neither."""
    told = {name: value for name, value in (settings(broker, prefix="away") | wrong).items() if value is not None}
    path = str(definition(tmp_path, "away"))
    program = WorkerProgram("away", tmp_path, (*CASEWATCH, "run", path), **told)
    try:
        await asyncio.to_thread(program.start, lambda: broker.secured in program.get("/readyz")[1])
        assert (program.get("/readyz")[0], program.get("/healthz")[0]) == (503, 200)
        assert await asyncio.to_thread(program.stop, 5) == 0
    finally:
        await asyncio.to_thread(program.kill)
    answered = await asyncio.to_thread(run_command, told, "topics", path)

    assert reason in program.tail()
    assert (answered.returncode, reason in answered.stderr) == (3, True)
    assert told["security_sasl_password"] not in program.tail() + answered.stderr


def said(program: WorkerProgram) -> int:
    """How many alerts a worker has told."""
    return sum(int(float(each)) for each in TOLD.findall(program.get("/metrics")[1]))
