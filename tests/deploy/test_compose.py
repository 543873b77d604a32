"""The compose file and the image: pinned, healthy, without privileges, in agreement with the rest of the project."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.cli import COMMANDS
from agents.settings import known_names

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
# A name, a colon, and a full version: three numbers, whatever follows them.
PINNED = re.compile(r"[a-z/.-]+:v?\d+\.\d+\.\d+[\w.-]*")

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_parts_that_an_operator_needs_are_there() -> None:
    """A broker, the worker, events to look at, Prometheus and Grafana."""
    assert set(SERVICES) == {"kafka", "worker", "simulator", "prometheus", "grafana"}


@each_service
def test_every_image_is_pinned_to_a_full_version(name: str) -> None:
    """What was tested is what runs next month."""
    assert PINNED.fullmatch(SERVICES[name]["image"])


@each_service
def test_every_service_says_how_its_health_is_checked(name: str) -> None:
    """With a period between checks and a time-out, so that a hanging check counts as a failure."""
    assert SERVICES[name]["healthcheck"].keys() >= {"test", "interval", "timeout", "retries", "start_period"}


@each_service
def test_every_service_comes_back_after_a_crash(name: str) -> None:
    """And stays away once an operator has stopped it."""
    assert SERVICES[name]["restart"] == "unless-stopped"


@each_service
def test_nothing_is_offered_beyond_this_machine(name: str) -> None:
    """Each published port is bound to loopback: nothing of this asks for a password."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_what_is_mounted_exists(name: str) -> None:
    """A folder that is missing would be made, empty, by the container engine; a volume has to be declared."""
    sources = {volume.split(":")[0] for volume in SERVICES[name].get("volumes", [])}

    folders = {source for source in sources if source.startswith(".")}

    assert all((ROOT / folder).is_dir() for folder in folders)
    assert sources - folders <= set(COMPOSE["volumes"])


@each_service
def test_services_wait_only_for_services_that_exist(name: str) -> None:
    """And for their health, where there is one to wait for."""
    assert set(SERVICES[name].get("depends_on", {})) <= set(SERVICES)


@pytest.mark.parametrize("name", ["worker", "simulator"])
def test_our_own_containers_run_commands_that_exist_without_privileges(name: str) -> None:
    """The first word is a command of the command line; the file system is read-only and no capability is left."""
    service = SERVICES[name]

    assert service["command"][0] in {command.name for command in COMMANDS}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_the_worker_is_given_settings_that_exist_and_a_static_identity() -> None:
    """A slip in a name would be refused at start; without an instance every restart would move tasks."""
    environment = SERVICES["worker"]["environment"]

    assert set(environment) <= known_names()
    assert environment["CASEWATCH_INSTANCE"]


def test_the_worker_runs_a_definition_that_the_image_holds() -> None:
    """The examples are copied to /etc/casewatch."""
    definition = Path(SERVICES["worker"]["command"][1])

    assert definition.parent == Path("/etc/casewatch")
    assert (ROOT / "deploy" / "examples" / definition.name).is_file()
    assert "COPY deploy/examples /etc/casewatch" in DOCKERFILE


def test_prometheus_scrapes_the_worker_under_its_name_here() -> None:
    """Service name and port of CASEWATCH_HTTP."""
    targets = yaml.safe_load((ROOT / "deploy" / "prometheus" / "targets" / "casewatch.yml").read_text())
    port = SERVICES["worker"]["environment"]["CASEWATCH_HTTP"].rsplit(":", 1)[1]

    assert targets == [{"targets": [f"worker:{port}"]}]


def test_kafka_is_the_version_that_the_tests_run_against() -> None:
    """The image's tag is the version in the tests' list of jars."""
    tested = re.findall(r"<version>(.+)</version>", (ROOT / "deploy" / "kafka" / "pom.xml").read_text())

    assert SERVICES["kafka"]["image"].split(":")[1] in tested


@pytest.mark.parametrize("name", ["worker", "simulator"])
def test_the_image_carries_the_version_of_the_project(name: str) -> None:
    """A release changes one number in pyproject.toml, and this test finds the others."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert SERVICES[name]["image"] == f"casewatch:{version}"


def test_the_image_is_built_from_pinned_parts_and_runs_as_nobody_in_particular() -> None:
    """Pinned base images, locked packages, a user that is not root."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 2
    assert all(PINNED.fullmatch(base) for base in bases)
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10464"]
