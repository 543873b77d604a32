"""Working time: a calendar compiled to instants, measured and added to in O(log n).

A year is compiled when it is first asked for, into half-open intervals of UTC milliseconds with the working time before
each. Invariant: an instant is working time if and only if its local time lies in an interval of its day, or of the day
before where that crosses midnight; so an hour that the clocks skip is not worked, and one that they repeat is worked
twice, as it passes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.calendar import MINUTES, Calendar, Span

MINUTE_MS = 60_000
DAY_MS = MINUTES * MINUTE_MS
EPOCH = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1900, 2400
"""Years that are compiled; beyond them there is no working time."""
MOST_EMPTY_YEARS = 30
"""Years without any working time that are looked at before an addition gives up."""


class NoWorkingTime(Exception):
    """There is not that much working time left in a calendar."""


class Stretch(NamedTuple):
    """Starts from `first` up to, not including, `until` (ms), from which working time adds up alike.

    `answers` are lengths from the start where nobody stops working (`moves`); else the instants, the same for all.
    """

    first: int
    until: int
    moves: bool
    answers: tuple[int, ...]


class Worktime:
    """The working time of one calendar; instants and lengths in milliseconds."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar, self.zone = calendar, ZoneInfo(calendar.timezone)
        self.first = self.last = 0  # years compiled: first, and the one after the last; none at first
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.until: list[int] = []  # working time up to the end of each interval, counted from the first year
        self.days: list[int] = []  # days with working hours, as ordinals
        self.spans: dict[int, tuple[Span, ...]] = {}  # the hours of days that were asked for, by ordinal
        self.shifted_at: list[int] = []  # when the zone's offset changed,
        self.shifts: list[int] = []  # and to which
        self.free: dict[int, frozenset[date]] = {}  # holidays by year
        self.covers = (0, 0)  # instants of which all is known

    def between(self, start: int, end: int) -> int:
        """The working time from `start` up to `end`, which is not before it."""
        self._reach(start, end)
        return self._worked(end) - self._worked(start)

    def add(self, start: int, length: int) -> int:
        """The earliest instant by which `length` of working time has passed since `start`; raises `NoWorkingTime`."""
        self._reach(start, start)
        wanted = self._worked(start) + length
        while not self.until or wanted > self.until[-1]:
            self._compile_one_more(start, length)
        index = bisect_left(self.until, wanted)
        return max(start, self.ends[index] - (self.until[index] - wanted))

    def add_each(self, start: int, lengths: Sequence[int]) -> tuple[int, ...]:
        """`add` for several lengths in ascending order."""
        self._reach(start, start)
        worked = self._worked(start)
        while lengths and (not self.until or worked + lengths[-1] > self.until[-1]):
            self._compile_one_more(start, lengths[-1])
            worked = self._worked(start)
        until, ends, found = self.until, self.ends, []
        for length in lengths:
            index = bisect_left(until, worked + length)
            found.append(max(start, ends[index] - (until[index] - worked - length)))
        return tuple(found)

    def stretch(self, start: int, lengths: Sequence[int]) -> Stretch:
        """`add_each` for lengths above 0, and for how many starts around this one it comes to the same."""
        answers, index = self.add_each(start, lengths), bisect_right(self.starts, start) - 1
        if index < 0 or start >= self.ends[index]:
            opened = self.starts[index + 1 : index + 2] or (start + 1,)
            closed = self.ends[index] if index >= 0 else start
            until = max(min(opened[0], self.covers[1]), start + 1)
            return Stretch(min(max(closed, self.covers[0]), start), until, False, answers)
        first, until, worked = self.starts[index], self.ends[index], self.until[index] - self.ends[index]
        for length in lengths:
            at = bisect_left(self.until, start + worked + length)
            until = min(until, self.until[at] - length - worked + 1)
            if at:
                first = max(first, self.until[at - 1] - length - worked + 1)
        return Stretch(first, until, True, tuple([answer - start for answer in answers]))

    def add_days(self, start: int, days: int) -> int:
        """The same local time so many working days later, no earlier than that day opens and no later than it closes.

        What starts outside working time counts from the next opening; a shift across midnight is one day, the one that
        it starts on. Raises `NoWorkingTime`.
        """
        opening = self._opening(start)
        day, within = divmod(opening + self._offset_at(opening), DAY_MS)
        ordinal = day + EPOCH
        if not any(begins * MINUTE_MS <= within < ends * MINUTE_MS for begins, ends in self._spans(ordinal)):
            ordinal, within = ordinal - 1, within + DAY_MS
        wanted = bisect_left(self.days, ordinal) + days
        while wanted >= len(self.days):
            self._compile_one_more(start, days)
        hours = self._spans(self.days[wanted])
        within = min(max(within, hours[0][0] * MINUTE_MS), hours[-1][1] * MINUTE_MS)
        return self._first_at((self.days[wanted] - EPOCH) * DAY_MS + within)

    def _opening(self, start: int) -> int:
        """The working instant that `start` is, or waits for; raises `NoWorkingTime`."""
        self._reach(start, start)
        index = bisect_right(self.starts, start) - 1
        if index >= 0 and start < self.ends[index]:
            return start
        while index + 1 >= len(self.starts):
            self._compile_one_more(start, 1)
        return self.starts[index + 1]

    def _first_at(self, local: int) -> int:
        """The first instant at which clocks show a local time; counted from before a change that skips it."""
        index = bisect_right(self.shifted_at, local + DAY_MS) - 1
        if index <= 0 or self.shifted_at[index] < local - DAY_MS:  # clocks are not changed near it
            return local - self.shifts[max(index, 0)]
        shown = datetime(1970, 1, 1, tzinfo=self.zone) + timedelta(milliseconds=local)  # adds local time
        return int(shown.astimezone(UTC).timestamp() * 1000)

    def _offset_at(self, instant: int) -> int:
        """The zone's offset from UTC; that of the nearest year compiled, where none of that time is."""
        return self.shifts[max(bisect_right(self.shifted_at, instant) - 1, 0)]

    def _spans(self, ordinal: int) -> tuple[Span, ...]:
        """The hours of a day, kept."""
        found = self.spans.get(ordinal)
        if found is None:
            found = self.spans[ordinal] = self._hours(date.fromordinal(ordinal))
        return found

    def works_at(self, instant: int) -> bool:
        """Whether an instant is working time."""
        self._reach(instant, instant + 1)
        index = bisect_right(self.starts, instant) - 1
        return index >= 0 and instant < self.ends[index]

    def _compile_one_more(self, start: int, length: int) -> None:
        """Compile the next years, more at once the more there are; raises `NoWorkingTime` where the last ones had no
        working time either."""
        newest = date.fromordinal(self.days[-1]).year if self.days else self.first
        if self.last > LAST_YEAR or self.last - newest > MOST_EMPTY_YEARS:
            raise NoWorkingTime(f"this calendar has no {length} of working time after {start}")
        self._compile(self.first, min(self.last + max(1, (self.last - self.first) // 2), LAST_YEAR + 1))

    def _worked(self, instant: int) -> int:
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        return self.until[index] - max(0, self.ends[index] - instant)

    def _reach(self, start: int, end: int) -> None:
        """Have the years from `start` to `end` compiled."""
        if self.covers[0] <= start and end <= self.covers[1]:
            return
        years = [min(max(_year(instant), FIRST_YEAR), LAST_YEAR) for instant in (start, end)]
        first = years[0] - 1 if not self.last else min(self.first, years[0] - 1)
        self._compile(first, max(self.last, years[1] + 2))

    def _compile(self, first: int, last: int) -> None:
        """Have the years from `first` up to, not including, `last` compiled."""
        if not self.last:
            self.first = self.last = first
        ahead = [span for year in range(first, self.first) for span in self._year(year)]
        behind = [span for year in range(self.last, last) for span in self._year(year)]
        joined = _joined([*ahead, *zip(self.starts, self.ends, strict=True), *behind])
        self.starts, self.ends = [start for start, _ in joined], [end for _, end in joined]
        total, self.until = 0, []
        for start, end in joined:
            total += end - start
            self.until.append(total)
        self.days = [*self._working_days(first, self.first), *self.days, *self._working_days(self.last, last)]
        self.first, self.last = min(first, self.first), max(last, self.last)
        self._note_shifts()
        # the first and last days of what is compiled may lack an hour to the zone's offset
        self.covers = _midnight(self.first, 1, 2), _midnight(self.last, 1, 1) - 2 * DAY_MS

    def _note_shifts(self) -> None:
        """Note how the zone's offset from UTC changes in the years compiled."""
        self.shifted_at, self.shifts = [], []
        for year in range(self.first, self.last):
            for begins, _, offset in offsets(self.calendar.timezone, year):
                if not self.shifts or (begins > self.shifted_at[-1] and offset != self.shifts[-1]):
                    self.shifted_at.append(begins)
                    self.shifts.append(offset)

    def _year(self, year: int) -> Iterator[Span]:
        """The working intervals of a year's days, in UTC milliseconds, ascending."""
        first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
        segments = offsets(self.calendar.timezone, year)
        for ordinal in range(first, last):
            midnight = (ordinal - EPOCH) * DAY_MS
            for start, end in self._hours(date.fromordinal(ordinal)):
                yield from _in_utc(midnight + start * MINUTE_MS, midnight + end * MINUTE_MS, segments)

    def _working_days(self, first: int, last: int) -> list[int]:
        ordinals = range(date(first, 1, 1).toordinal(), date(last, 1, 1).toordinal())
        return [ordinal for ordinal in ordinals if self._hours(date.fromordinal(ordinal))]

    def _hours(self, day: date) -> tuple[Span, ...]:
        extra = self.calendar.extra.get(day)
        if extra is not None:
            return extra
        if day.year not in self.free:
            self.free[day.year] = self.calendar.free_days([day.year])
        return () if day in self.free[day.year] else self.calendar.hours[day.weekday()]


def _in_utc(start: int, end: int, segments: tuple[tuple[int, int, int], ...]) -> list[Span]:
    """A local interval as it passes: one part for each offset from UTC that some of it has."""
    parts = [(max(start - offset, begins), min(end - offset, ends)) for begins, ends, offset in segments]
    return sorted(part for part in parts if part[0] < part[1])


def _joined(spans: list[Span]) -> list[Span]:
    """Spans in ascending order, those that touch made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


@lru_cache(maxsize=1024)
def offsets(timezone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """The offsets of a zone from UTC from two days before a year until two days after it: (from, until, offset) in
    milliseconds. Zones change at most once in six hours."""
    zone = ZoneInfo(timezone)
    start, end = _midnight(year, 1, 1) - 2 * DAY_MS, _midnight(year + 1, 1, 1) + 2 * DAY_MS
    changes = [start]
    for low, high in pairwise([*range(start, end, DAY_MS // 4), end]):
        if _offset(zone, low) != _offset(zone, high):
            changes.append(_change(zone, low, high))
    return tuple((low, high, _offset(zone, low)) for low, high in pairwise([*changes, end]))


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    before = _offset(zone, low)
    while high - low > 1000:
        middle = (low + high) // 2000 * 1000
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, instant: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    found = moment.astimezone(zone).utcoffset()
    assert found is not None  # a zone has an offset at every instant
    return int(found.total_seconds() * 1000)


def _midnight(year: int, month: int, day: int) -> int:
    return (date(year, month, day).toordinal() - EPOCH) * DAY_MS


def _year(instant: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(max(instant, -(10**13)), 2 * 10**14))
    return moment.year
