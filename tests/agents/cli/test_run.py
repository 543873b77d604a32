"""`casewatch run`: what keeps a worker from starting."""

from pathlib import Path

import pytest

from agents.cli.run import load_all, run
from schemas.problem import Problem, Refused

RULES = """
process: purchases
version: "1"
events: {topics: [purchases]}
rules:
  - {id: two-people, kind: four_eyes, activities: [Approve, Pay]}
  - {id: approver, kind: role, activity: Approve, group: managers, attribute: "org:group"}
privacy: {resource: RESOURCE}
"""


def written(folder: Path, resource: str) -> Path:
    """A definition with rules on people."""
    path = folder / "purchases.yaml"
    path.write_text(RULES.replace("RESOURCE", resource))
    return path


def test_pseudonyms_without_a_key_keep_a_worker_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of its own would name everybody anew at every restart."""
    monkeypatch.delenv("CASEWATCH_PSEUDONYM_KEY", raising=False)
    path = written(tmp_path, "pseudonym")

    with pytest.raises(Refused) as refused:
        run([path])

    (problem,) = refused.value.problems
    assert (problem.file, problem.element) == ("environment", "CASEWATCH_PSEUDONYM_KEY")
    assert str(path) in problem.wrong


@pytest.mark.parametrize(("resource", "key"), [("keep", b""), ("pseudonym", b"a secret")])
def test_a_key_is_asked_for_only_where_pseudonyms_are(tmp_path: Path, resource: str, key: bytes) -> None:
    """Names that are kept need none."""
    problems: list[Problem] = []

    (watched,) = load_all([written(tmp_path, resource)], problems, key)

    assert problems == []
    assert watched.process.people is not None
