"""A real Apache Kafka for tests and benches: one KRaft node on loopback, from verified jars, with a folder of its own.

It keeps its ports and its data over `stop`, `kill` and `start`, as a broker does that is restarted under load. Topics
come into being only by being created: a topic that was deleted would otherwise come back by a client's question for it.
"""

import subprocess
from pathlib import Path

from tests.programs import Program, accepts_connections, free_port

ROOT = Path(__file__).parents[2]
JARS = ROOT / "build" / "kafka" / "lib"
# Any 16 bytes in base64 do; a fixed value saves starting a JVM to make one up.
CLUSTER_ID = "Y2FzZXdhdGNoLXRlc3RzLQ"
STARTED = "Kafka Server started"
PROPERTIES = """\
process.roles={roles}
node.id={node}
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners={listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


def fetch_jars() -> None:
    """Have the jars in place and each compared with the committed sums; raises with the script's words if it cannot."""
    fetched = subprocess.run([ROOT / "deploy" / "setup_kafka.sh"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise RuntimeError(fetched.stderr or fetched.stdout)


class Kafka:
    """One broker: `bootstrap` is what clients are told, `folder` holds its settings, data and log.

    One that is `beside` another joins its cluster, as a broker without a vote. `enter` is put before its commands.
    """

    def __init__(self, folder: Path, heap: str = "768m", beside: "Kafka | None" = None) -> None:
        self.folder = folder
        self.beside = beside
        self.data = folder / "data"
        self.port = free_port()
        self.controller_port: int = beside.controller_port if beside else free_port()
        self.properties = folder / "server.properties"
        options = ["-Dlog4j2.configurationFile=" + str(ROOT / "deploy" / "kafka" / "log4j2.properties")]
        self._java = ["java", *options, "-cp", f"{JARS}/*"]
        self._command = [*self._java[:1], f"-Xmx{heap}", *self._java[1:], "kafka.Kafka", str(self.properties)]
        self.program = Program("Kafka", self._command, folder / "kafka.log")
        self.enter: list[str] = []
        self._starts = 0

    @property
    def bootstrap(self) -> str:
        """`HOST:PORT` for `CASEWATCH_BROKERS` and for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on new storage the first time, and return when it serves; blocks for two or three seconds."""
        if not self.properties.exists():
            self._format()
        self._starts += 1
        self.program.command = [*self.enter, *self._command]
        self.program.start(self._serves)

    def stop(self) -> None:
        """Shut it down in order."""
        self.program.stop()

    def kill(self) -> None:
        """End it as a power failure would."""
        self.program.kill()

    def tail(self, lines: int = 60) -> str:
        """Return the last lines of the broker's log."""
        return self.program.tail(lines)

    def _serves(self) -> bool:
        started = self.program.log.read_text(errors="replace").count(STARTED)
        return started >= self._starts and accepts_connections(self.port)

    def _format(self) -> None:
        fetch_jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.properties.write_text(self._settings())
        votes = ["--no-initial-controllers"] if self.beside else ["--standalone"]
        format_storage = ["kafka.tools.StorageTool", "format", *votes, "-t", CLUSTER_ID]
        command = [*self._java, *format_storage, "-c", str(self.properties)]
        subprocess.run([*self.enter, *command], check=True, capture_output=True)

    def _settings(self) -> str:
        ours = f"PLAINTEXT://127.0.0.1:{self.port}"
        controls = "" if self.beside else f",CONTROLLER://127.0.0.1:{self.controller_port}"
        return PROPERTIES.format(
            roles="broker" if self.beside else "broker,controller",
            node=2 if self.beside else 1,
            listeners=ours + controls,
            port=self.port,
            controller=self.controller_port,
            data=self.data,
        )
