"""The setup scripts name what a machine lacks and the line that installs it, and run no jar that was not listed."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = "bash awk cat chmod comm cut dirname grep head ls mkdir rm sed sha256sum sort tee".split()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's setup files in a folder of their own, with nothing installed."""
    for name in ("deploy", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH that holds the tools of any Unix and the user `nobody`; no Java, Maven, apt or Prometheus."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    _program(folder, "id", "echo 65534")
    return folder


def _program(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _listed_jar(project: Path, name: str) -> Path:
    """A file for a pretended Maven to bring, and the committed sums changed to list it alone."""
    jar = project / name
    jar.write_bytes(b"a jar")
    (project / "deploy" / "kafka" / "SHA256SUMS").write_text(f"{sha256(b'a jar').hexdigest()}  {name}\n")
    return jar


def _run(project: Path, script: str, path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [str(project / "deploy" / script), *(["all"] if script == "setup_python.sh" else [])]
    environment = {"HOME": os.environ.get("HOME", "/"), "PATH": str(path), **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_machine_without_python_is_told_so(project: Path, bare_path: Path) -> None:
    """With the version that is needed and the line that installs it."""
    refused = _run(project, "setup_python.sh", bare_path)

    assert refused.returncode == 1
    assert "no python3 on this machine; Casewatch needs Python 3.11 or newer" in refused.stderr
    assert "apt-get update && apt-get install -y python3 python3-venv" in refused.stderr


def test_a_python_that_is_too_old_is_refused(project: Path, bare_path: Path) -> None:
    """Before anything is made, and with its version."""
    _program(bare_path, "python3", 'case "$*" in *version_info*) exit 1;; --version) echo Python 3.9.2;; esac')

    refused = _run(project, "setup_python.sh", bare_path)

    assert refused.returncode == 1
    assert "python3 is Python 3.9.2, and Casewatch needs Python 3.11 or newer" in refused.stderr
    assert not (project / ".venv").exists()


def test_a_python_without_venv_is_named_with_its_debian_package(project: Path, bare_path: Path) -> None:
    """Debian packages venv and ensurepip apart from Python."""
    _program(bare_path, "python3", 'case "$*" in *ensurepip*) exit 1;; *format*) echo 3.12;; esac')

    refused = _run(project, "setup_python.sh", bare_path)

    assert refused.returncode == 1
    assert "apt-get update && apt-get install -y python3.12-venv" in refused.stderr


def test_a_machine_without_java_is_told_so(project: Path, bare_path: Path) -> None:
    """The tests' Kafka needs it."""
    refused = _run(project, "setup_kafka.sh", bare_path)

    assert refused.returncode == 1
    assert "no java on this machine" in refused.stderr
    assert "apt-get update && apt-get install -y openjdk-17-jre-headless" in refused.stderr


def test_a_machine_without_maven_is_told_so(project: Path, bare_path: Path) -> None:
    """Unless the jars are there already and are the right ones."""
    _program(bare_path, "java", "echo 'openjdk version \"17.0.1\" 2021-10-19' >&2")

    refused = _run(project, "setup_kafka.sh", bare_path)

    assert refused.returncode == 1
    assert "apt-get update && apt-get install -y maven" in refused.stderr


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ('echo altered >> "$lib/slf4j-api-1.7.36.jar"', "slf4j-api-1.7.36.jar: FAILED"),
        ('rm "$lib/slf4j-api-1.7.36.jar"', "slf4j-api-1.7.36.jar: FAILED open or read"),
        ('echo stowaway > "$lib/stowaway.jar"', "jar not listed in deploy/kafka/SHA256SUMS: stowaway.jar"),
    ],
    ids=["a jar that differs", "a jar that is missing", "a jar that is not listed"],
)
def test_jars_that_are_not_the_listed_ones_are_refused(
    change: str, complaint: str, project: Path, bare_path: Path
) -> None:
    """Whatever Maven brings is compared with the committed sums, and removed if it differs."""
    jar = _listed_jar(project, "slf4j-api-1.7.36.jar")
    _program(bare_path, "java", "echo 'openjdk version \"21.0.1\" 2023-10-17' >&2")
    _program(bare_path, "mvn", f'lib=build/kafka/lib\nmkdir -p "$lib"\ncat {jar} > "$lib/{jar.name}"\n{change}')

    refused = _run(project, "setup_kafka.sh", bare_path)

    assert refused.returncode == 1
    assert complaint in refused.stderr + refused.stdout
    assert not (project / "build" / "kafka" / "lib").exists()


def test_jars_that_are_the_listed_ones_are_fetched_once(project: Path, bare_path: Path) -> None:
    """The second call needs no Maven."""
    jar = _listed_jar(project, "one.jar")
    _program(bare_path, "java", "echo 'openjdk version \"17.0.1\" 2021-10-19' >&2")
    _program(bare_path, "mvn", f"mkdir -p build/kafka/lib\ncat {jar} > build/kafka/lib/one.jar")

    first = _run(project, "setup_kafka.sh", bare_path)
    (bare_path / "mvn").unlink()
    second = _run(project, "setup_kafka.sh", bare_path)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr


def test_a_machine_without_prometheus_that_cannot_install_it_fails_with_the_line_that_does(
    project: Path, bare_path: Path
) -> None:
    """It is never skipped."""
    refused = _run(project, "setup_prometheus.sh", bare_path)

    assert refused.returncode == 1
    assert "apt-get update && apt-get install -y --no-install-recommends prometheus" in refused.stderr


def test_prometheus_is_installed_after_an_update_of_the_package_lists(project: Path, bare_path: Path) -> None:
    """A fresh machine has no lists, and an install without them finds nothing."""
    asked = project / "asked"
    install = f'cd {bare_path} && echo "#!/bin/sh" | tee prometheus > promtool && chmod +x prometheus promtool'
    _program(bare_path, "id", "echo 0")
    _program(bare_path, "apt-get", f'echo "$1" >> {asked}\nif [ "$1" = install ]; then {install}; fi')

    installed = _run(project, "setup_prometheus.sh", bare_path)

    assert installed.returncode == 0, installed.stderr
    assert asked.read_text().split() == ["update", "install"]
