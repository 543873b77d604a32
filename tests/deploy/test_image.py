"""What the image installs is whole: the built package holds every module, and its command runs from nowhere else; what
compiles the core there has all that it reads."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.compile_core import identity

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "schemas", "stream")
COPIES = re.compile(r"^COPY (?!--from)(.+) (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the first stage of deploy/Dockerfile copies, and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    first, _, _ = (ROOT / "deploy/Dockerfile").read_text().partition("\nFROM python:3.11.13-slim")
    for names, place in COPIES.findall(first):
        for name in names.split():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (folder / place).mkdir(exist_ok=True)
                shutil.copy(ROOT / name, folder / place)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The package as deploy/Dockerfile builds it."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    subprocess.run([*build, "--wheel-dir", "dist", "."], cwd=source, check=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_built_package_holds_every_module(wheel: Path) -> None:
    """A folder without `__init__.py` would be left out, and nobody would notice in a checkout."""
    modules = {str(file.relative_to(ROOT)) for name in PACKAGES for file in (ROOT / name).rglob("*.py")}

    assert modules <= set(zipfile.ZipFile(wheel).namelist())


def test_the_built_package_checks_the_example_definition(wheel: Path, tmp_path: Path) -> None:
    """Run from an unpacked wheel, without the checkout on the path, as the container runs it."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = "import agents.cli as c, sys; sys.exit(c.main() if 'site' in c.__file__ else 'the checkout ran')"
    command = [sys.executable, "-c", program, "check", str(ROOT / "deploy" / "examples" / "customer-service.yaml")]

    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr


def test_what_compiles_the_core_has_all_that_it_reads(source: Path) -> None:
    """The same hash over its sources as here; what they are compiled by is proven by `make check-compiled`."""
    program = "import deploy.compile_core as c; print(c.ROOT, c.identity())"

    ran = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=False)

    assert ran.stdout.split() == [str(source.resolve()), identity()], ran.stderr
    assert (source / "pyproject.toml").is_file()


def test_every_file_that_is_copied_travels_to_the_builder() -> None:
    """.dockerignore leaves out everything but what it names."""
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for names, _ in COPIES.findall((ROOT / "deploy/Dockerfile").read_text()) for name in names.split()}

    assert {name for name in copied if not {name, *map(str, Path(name).parents)} & let_through} == set()
