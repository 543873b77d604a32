"""A real Prometheus for tests: Debian's program, the project's own configuration, a port and a folder of its own.

Only the file that names the workers differs from what is deployed. A daemon of the machine's own does not matter.
"""

import shutil
from pathlib import Path
from typing import Any

import httpx

from tests.programs import Program, free_port

DEPLOYED = Path(__file__).parents[2] / "deploy" / "prometheus"


class Prometheus:
    """One server that scrapes one target, `HOST:PORT`."""

    def __init__(self, folder: Path, target: str) -> None:
        if shutil.which("prometheus") is None:
            raise RuntimeError("no prometheus program on this machine; `make setup-tests` installs it or says how")
        shutil.copytree(DEPLOYED, folder, dirs_exist_ok=True)
        (folder / "targets" / "casewatch.yml").write_text(f"- targets: ['{target}']\n")
        self.address = f"127.0.0.1:{free_port()}"
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address={self.address}", "--log.level=warn"]
        self.program = Program("Prometheus", command, folder / "prometheus.log")
        self._client = httpx.Client(base_url=f"http://{self.address}", timeout=10)

    def start(self) -> None:
        """Start it and return when it serves."""
        self.program.start(self._serves)

    def stop(self) -> None:
        """End it."""
        self._client.close()
        self.program.stop()

    def tail(self, lines: int = 60) -> str:
        """Return the last lines of its log."""
        return self.program.tail(lines)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now and return its series; an error fails the test with Prometheus' own words."""
        answer = self._client.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def values(self, expression: str) -> list[float]:
        """Return the present value of each series of an expression."""
        return [float(series["value"][1]) for series in self.query(expression)]

    def label_values(self, label: str, metric: str) -> list[str]:
        """Return the values that a label of a metric has, as a dashboard variable asks for them."""
        answer = self._client.get(f"/api/v1/label/{label}/values", params={"match[]": metric}).json()
        found: list[str] = answer["data"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return the alerting rules as the server sees them: `name`, `health`, `lastError`, `alerts` and more."""
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def firing(self) -> set[str]:
        """Return the names of the rules that report something now."""
        return {rule["name"] for rule in self.rules() if any(alert["state"] == "firing" for alert in rule["alerts"])}

    def _serves(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
