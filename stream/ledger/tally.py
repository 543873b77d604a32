"""Sums over buckets: how many were good and how many bad from one bucket up to another.

Invariant: a sum is that of the values last put, whatever order they came in; it costs two searches, however many
buckets lie between.
"""

from bisect import bisect_left


class Tally:
    """Good and bad occurrences by bucket, added up over tasks; `buckets` are those with any, ascending."""

    __slots__ = ("bad", "buckets", "by_task", "clean", "good", "values")

    def __init__(self) -> None:
        self.by_task: dict[int, dict[int, tuple[int, int]]] = {}
        self.buckets: list[int] = []
        self.values: dict[int, tuple[int, int]] = {}
        self.good: list[int] = [0]
        self.bad: list[int] = [0]
        self.clean = 0  # so many buckets are added up in `good` and `bad`

    def put(self, task: int, bucket: int, good: int, bad: int) -> bool:
        """Take what a task says of a bucket, in place of what it said before; whether that is something else."""
        tasks = self.by_task.setdefault(bucket, {})
        before = tasks.get(task, (0, 0))
        tasks[task] = good, bad
        index = bisect_left(self.buckets, bucket)
        if bucket not in self.values:
            self.buckets.insert(index, bucket)
            self.clean = min(self.clean, index)
        elif before == (good, bad):
            return False
        total = self.values.get(bucket, (0, 0))
        self.values[bucket] = total[0] + good - before[0], total[1] + bad - before[1]
        self.clean = min(self.clean, index)
        return True

    def sums(self, first: int, until: int) -> tuple[int, int]:
        """Good and bad in the buckets from `first` up to, not including, `until`."""
        self._add_up()
        low, high = bisect_left(self.buckets, first), bisect_left(self.buckets, until)
        return self.good[high] - self.good[low], self.bad[high] - self.bad[low]

    def _add_up(self) -> None:
        if self.clean == len(self.buckets):
            return
        del self.good[self.clean + 1 :], self.bad[self.clean + 1 :]
        for bucket in self.buckets[self.clean :]:
            good, bad = self.values[bucket]
            self.good.append(self.good[-1] + good)
            self.bad.append(self.bad[-1] + bad)
        self.clean = len(self.buckets)

    def next_after(self, bucket: int) -> int | None:
        """The first bucket with anything in it that lies behind `bucket`."""
        index = bisect_left(self.buckets, bucket + 1)
        return self.buckets[index] if index < len(self.buckets) else None

    def forget(self, until: int) -> list[tuple[int, int]]:
        """Drop the buckets before `until`; the (task, bucket) pairs that were."""
        index = bisect_left(self.buckets, until)
        if not index:
            return []
        gone = self.buckets[:index]
        del self.buckets[:index]
        self.good, self.bad, self.clean = [0], [0], 0
        for bucket in gone:
            del self.values[bucket]
        return sorted((task, bucket) for bucket in gone for task in self.by_task.pop(bucket))
