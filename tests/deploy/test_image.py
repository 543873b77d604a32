"""What the image installs is whole: the built package holds every module, and its command runs from nowhere else."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "schemas", "stream")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as deploy/Dockerfile builds it, from the files that the Dockerfile copies."""
    source = tmp_path_factory.mktemp("image")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/runtime.in", "requirements/embedded.in"):
        shutil.copy(ROOT / name, source / name)
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
