"""What is done about a transaction that is left open on a state partition."""

from typing import cast

import pytest
from aiokafka import TopicPartition

from agents.journal import PROBE_COMMIT, Commit, Journal
from agents.settling import Ends, HangingTransaction, Settling, Waits

PLACE = TopicPartition("casewatch.state.orders", 2)
AT_ONCE = Waits(0, 0)


class Partition:
    """Records up to 600, those from 22 on in a transaction that is open; it is also the journal that writes there.
    Whatever that ends, it ends only if the transaction is `ours`."""

    def __init__(self, ours: bool = True, opened_at: int = 22) -> None:
        self.ends, self.ours = Ends(opened_at, 600), ours
        self.done: list[str] = []
        self.said: list[str] = []

    async def both_ends(self, partition: TopicPartition) -> Ends:
        """As it is now."""
        assert partition == PLACE
        return self.ends

    async def probe(self) -> None:
        """A record and the mark of an abort."""
        self._ended("abort")

    async def write(self, commit: Commit) -> None:
        """A record and the mark of a commit."""
        assert commit == PROBE_COMMIT
        self._ended("commit")

    def _ended(self, how: str) -> None:
        self.done.append(how)
        high = self.ends.high + 2
        self.ends = Ends(high if self.ours else self.ends.stable, high)

    async def settled(self, confirmed: int | None = None) -> int:
        """Wait for nothing at all."""
        return await Settling(PLACE, self, cast(Journal, self), self.said.append).end(confirmed, AT_ONCE)


async def test_a_partition_on_which_nothing_is_open_is_left_alone() -> None:
    """It is written to by nobody, and ends where it ends."""
    partition = Partition(opened_at=600)

    assert (await partition.settled(confirmed=601), partition.done) == (600, [])


async def test_what_nobody_ends_is_aborted() -> None:
    """It may have been given up, so that nobody is to read it; the partition ends behind what aborted it."""
    partition = Partition()

    assert (await partition.settled(), partition.done, partition.said) == (602, ["abort"], [])


async def test_a_commit_that_was_confirmed_is_committed_again() -> None:
    """All that is missing at the end of the partition is its mark."""
    partition = Partition()

    assert (await partition.settled(confirmed=601), partition.done) == (602, ["commit"])


@pytest.mark.parametrize("confirmed", [22, 600, 602])
async def test_what_lies_behind_a_confirmed_commit_is_aborted(confirmed: int) -> None:
    """Somebody wrote more, or the partition was cut: what is open is not what was confirmed."""
    partition = Partition()

    await partition.settled(confirmed)

    assert partition.done == ["abort"]


async def test_of_the_transaction_of_another_it_is_said_how_to_end_it() -> None:
    """It is said where it is open while it is waited for, and then which command of Kafka's ends it."""
    partition = Partition(ours=False)

    with pytest.raises(HangingTransaction) as raised:
        await partition.settled()

    assert partition.done == ["abort"]
    [said] = partition.said
    command = "abort --topic casewatch.state.orders --partition 2 --start-offset 22"
    assert said.startswith("another producer's transaction is open on casewatch.state.orders/2 since 22;")
    assert all(f"`kafka-transactions.sh --bootstrap-server BROKER {command}`" in it for it in (said, str(raised.value)))


async def test_the_transaction_of_another_that_ends_after_all_is_no_trouble() -> None:
    """The broker ended it, its time-out being over."""
    partition = Partition(ours=False)

    def end(awaited: str) -> None:
        partition.ends = Ends(partition.ends.high, partition.ends.high)

    assert await Settling(PLACE, partition, cast(Journal, partition), end).end(None, AT_ONCE) == 602
