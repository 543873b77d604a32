"""Prometheus' own checker accepts the configuration and the rules, and the rules fire when they should."""

import shutil
import subprocess
from pathlib import Path

from tests.deploy.prometheus import DEPLOYED


def _promtool(*arguments: str, folder: Path = DEPLOYED) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_promtool_accepts_the_configuration_with_its_rules() -> None:
    """Syntax, references and the targets file are right."""
    checked = _promtool("check", "config", "prometheus.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_fire_in_time_and_only_then(tmp_path: Path) -> None:
    """`rules_test.yml` beside this file says, for each rule, which numbers make it speak and what it says."""
    for file in (DEPLOYED / "rules.yml", Path(__file__).parent / "rules_test.yml"):
        shutil.copy(file, tmp_path)

    tested = _promtool("test", "rules", "rules_test.yml", folder=tmp_path)

    assert tested.returncode == 0, tested.stdout + tested.stderr
