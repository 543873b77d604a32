"""Tasks are spread whole, evenly and with few moves."""

from hypothesis import given
from hypothesis import strategies as st

from agents.assignor import Claim, TaskAssignor, plan_tasks
from agents.source_groups import SourceGroup, TaskId

GROUPS = {"orders": ("orders", "payments")}
TASKS = [TaskId("orders", partition) for partition in range(12)]


def claim(*partitions: int, generation: int = 1) -> Claim:
    """A worker that runs the group `orders` and held these partitions of it."""
    return Claim(generation, frozenset(TaskId("orders", partition) for partition in partitions), GROUPS)


class Cluster:
    """Metadata of two topics of twelve partitions each."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Both topics have the same partitions."""
        return set(range(12))


def test_a_third_worker_takes_over_four_tasks_of_twelve() -> None:
    """From two to three workers no more moves than the newcomer's share."""
    before = {"a": claim(*range(6)), "b": claim(*range(6, 12)), "c": claim()}

    plan = plan_tasks(TASKS, before)

    moved = [task for member in plan for task in plan[member] if task not in before[member].tasks]
    assert {member: len(tasks) for member, tasks in plan.items()} == {"a": 4, "b": 4, "c": 4}
    assert len(moved) * len(GROUPS["orders"]) == 8


def test_a_second_worker_takes_over_half_of_each_groups_tasks() -> None:
    """A group with a single task does not stand for one of the tasks that have the work."""
    groups = {"orders": ("orders",), "partials": ("partials",)}
    tasks = [*TASKS[:4], TaskId("partials", 0)]
    alone, newcomer = Claim(1, frozenset(tasks), groups), Claim(0, frozenset(), groups)

    plan = plan_tasks(tasks, {"a": alone, "b": newcomer})

    assert plan == {"a": [*TASKS[:2], TaskId("partials", 0)], "b": TASKS[2:4]}


def test_the_tasks_of_a_worker_that_left_go_to_the_others_and_nothing_else_moves() -> None:
    """Who stays keeps what it has."""
    plan = plan_tasks(TASKS, {"a": claim(0, 1, 2, 3), "b": claim(4, 5, 6, 7)})

    assert set(plan["a"]) >= {TaskId("orders", p) for p in (0, 1, 2, 3)}
    assert set(plan["b"]) >= {TaskId("orders", p) for p in (4, 5, 6, 7)}
    assert [len(plan[member]) for member in "ab"] == [6, 6]


def test_the_newest_claim_on_a_task_wins() -> None:
    """A worker that was stopped claims what became another's meanwhile."""
    stopped, owner = claim(0, 1, generation=3), claim(0, 1, generation=5)

    plan = plan_tasks(TASKS[:4], {"a": stopped, "b": owner})

    assert plan["b"] == [TaskId("orders", 0), TaskId("orders", 1)]


def test_a_claim_that_cannot_be_read_claims_nothing() -> None:
    """A member of another make does not stop the group."""
    assert Claim.decoded(b"\xff\x00") == Claim(0, frozenset(), {})


def test_no_task_is_split_between_workers() -> None:
    """Every topic of a task goes to the worker that has the task."""
    groups = [SourceGroup("orders", ("orders", "payments"), (), ("earliest", "earliest"))]
    assignors = {member: TaskAssignor(groups, "casewatch") for member in ("a", "b", "c", "d", "e")}

    given = assignors["a"].assign(Cluster(), {m: each.metadata(GROUPS["orders"]) for m, each in assignors.items()})

    partitions = {member: {topic: set(ps) for topic, ps in each.assignment} for member, each in given.items()}
    assert all(topics["orders"] == topics["payments"] for topics in partitions.values())
    assert sorted(p for topics in partitions.values() for p in topics["orders"]) == list(range(12))


def test_what_was_given_is_claimed_the_next_time() -> None:
    """Stickiness rests on each member's own report."""
    groups = [SourceGroup("orders", ("orders", "payments"), (), ("earliest", "earliest"))]
    first, second = TaskAssignor(groups, "casewatch"), TaskAssignor(groups, "casewatch")
    topics = GROUPS["orders"]

    first.on_assignment(first.assign(Cluster(), {"a": first.metadata(topics)})["a"])
    again = first.assign(Cluster(), {"a": first.metadata(topics), "b": second.metadata(topics)})
    first.on_assignment(again["a"])
    second.on_assignment(again["b"])

    assert len(first.tasks) == len(second.tasks) == 6
    assert Claim.decoded(first.metadata(topics).user_data).generation == 2


@given(st.lists(st.sets(st.integers(0, 23)), min_size=1, max_size=6), st.integers(1, 24))
def test_any_claims_give_a_full_even_plan(held: list[set[int]], count: int) -> None:
    """Each task has one worker, shares differ by at most one, and who holds no more than its share keeps all of it."""
    claims = {f"m{i}": claim(*partitions, generation=i) for i, partitions in enumerate(held)}
    tasks = [TaskId("orders", partition) for partition in range(count)]

    plan = plan_tasks(tasks, claims)

    sizes = [len(tasks) for tasks in plan.values()]
    assert sorted(task for tasks in plan.values() for task in tasks) == tasks
    assert max(sizes) - min(sizes) <= 1
