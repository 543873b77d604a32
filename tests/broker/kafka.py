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
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
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
    """One broker: `bootstrap` is what clients are told, `folder` holds its settings, data and log."""

    def __init__(self, folder: Path, heap: str = "768m") -> None:
        self.folder = folder
        self.port = free_port()
        self.controller_port = free_port()
        self.properties = folder / "server.properties"
        options = ["-Dlog4j2.configurationFile=" + str(ROOT / "deploy" / "kafka" / "log4j2.properties")]
        self._java = ["java", *options, "-cp", f"{JARS}/*"]
        command = [*self._java[:1], f"-Xmx{heap}", *self._java[1:], "kafka.Kafka", str(self.properties)]
        self.program = Program("Kafka", command, folder / "kafka.log")
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
        self.properties.write_text(
            PROPERTIES.format(port=self.port, controller=self.controller_port, data=self.folder / "data")
        )
        format_storage = ["kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER_ID]
        subprocess.run([*self._java, *format_storage, "-c", str(self.properties)], check=True, capture_output=True)
