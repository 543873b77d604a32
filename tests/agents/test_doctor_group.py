"""What an examination says of the workers and of what waits for them."""

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from agents.assignor import Claim
from agents.diagnosis import Diagnosis, Verdict
from agents.doctor_group import GroupView, Member, Reach, judge_group, judge_lag, read_group
from agents.source_groups import SourceGroup, TaskId

GROUP = SourceGroup("orders", ("orders",), (), ("earliest",))
COUNTS = {"orders": 3}


def worker(name: str, *partitions: int) -> Member:
    """A worker that holds these tasks."""
    return Member(name, "10.0.0.1", frozenset(TaskId("orders", p) for p in partitions))


def lag(reach: Reach, watched_s: float = 0) -> list[Diagnosis]:
    """What is said of one partition."""
    return list(judge_lag({TopicPartition("orders", 0): reach}, watched_s))


def test_every_task_with_its_worker_is_right() -> None:
    """And it is told who has which."""
    view = GroupView("Stable", (worker("w1", 0, 2), worker("w2", 1)))

    group, tasks = judge_group("casewatch", view, [GROUP], COUNTS)

    assert group.found == "w1 on 10.0.0.1: orders/0,2; w2 on 10.0.0.1: orders/1"
    assert (tasks.verdict, tasks.found) == (Verdict.RIGHT, "each has its worker")


def test_a_group_without_workers_is_wrong_and_one_that_shares_out_is_to_be_looked_at_again() -> None:
    """The second is over in a moment."""
    (empty,) = judge_group("casewatch", GroupView("Empty", ()), [GROUP], COUNTS)
    (moving,) = judge_group("casewatch", GroupView("PreparingRebalance", (worker("w1"),)), [GROUP], COUNTS)

    assert (empty.verdict, empty.found) == (Verdict.WRONG, "no worker is running")
    assert "casewatch run" in empty.remedy
    assert moving.verdict is Verdict.ATTENTION


def test_a_task_that_nobody_has_is_wrong() -> None:
    """The workers run other definitions."""
    _, finding = judge_group("casewatch", GroupView("Stable", (worker("w1", 1),)), [GROUP], COUNTS)

    assert (finding.subject, finding.verdict) == ("orders/0,2", Verdict.WRONG)


def test_who_holds_what_is_read_from_the_leaders_assignment() -> None:
    """A member whose assignment is of another program holds nothing."""
    claim = Claim(4, frozenset({TaskId("orders", 1)}), {})
    given = ConsumerProtocolMemberAssignment(0, [("orders", [1])], claim.encoded()).encode()
    foreign = ConsumerProtocolMemberAssignment(0, [("orders", [0])], b"").encode()
    members = [
        {"client_id": "w1", "client_host": "/10.0.0.1", "member_assignment": given},
        {"client_id": "w2", "client_host": "/10.0.0.2", "member_assignment": foreign},
        {"client_id": "w3", "client_host": "/10.0.0.3", "member_assignment": b""},
    ]

    view = read_group({"state": "Stable", "members": members})

    assert [(each.name, each.host, sorted(each.tasks)) for each in view.members] == [
        ("w1", "10.0.0.1", [TaskId("orders", 1)]),
        ("w2", "10.0.0.2", []),
        ("w3", "10.0.0.3", []),
    ]


def test_what_waits_and_moves_is_no_trouble_and_what_does_not_move_is() -> None:
    """Whether it was read is seen in the position noted some seconds later."""
    (moving,) = lag(Reach(0, 500, 500, 100, 300), watched_s=7)
    (stuck,) = lag(Reach(0, 500, 500, 100, 100), watched_s=7)
    (still_empty,) = lag(Reach(40, 40, 40, None, None))

    assert (moving.verdict, moving.found) == (Verdict.RIGHT, "200 records wait")
    assert (stuck.verdict, stuck.found) == (Verdict.WRONG, "400 records wait, and none was read within 7 s")
    assert still_empty.found == "it is empty"


def test_a_position_beyond_the_end_tells_of_a_topic_that_was_recreated() -> None:
    """The worker refuses it too; nothing more is said of the partition."""
    (finding,) = lag(Reach(0, 10, 10, 500, 500))

    assert finding.verdict is Verdict.WRONG
    assert "recreated" in finding.found


def test_records_deleted_unread_and_records_held_back_by_a_transaction_are_told() -> None:
    """The one is lost, the other comes as soon as the transaction ends."""
    deleted, held, waiting = lag(Reach(100, 150, 180, 60, 60))

    assert deleted.found == "40 records were deleted before they were read"
    assert held.found == "30 records wait for the end of a producer's transaction"
    assert waiting.found == "50 records wait"
