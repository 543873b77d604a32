"""Scorecards as the Ledger writes them: when, under which key, and when they leave again."""

from typing import Any

import orjson
import pytest

from schemas.definition import Definition
from schemas.partial import PartialKind
from schemas.scorecard import Scorecard
from stream.card_kinds import card_kinds
from stream.ledger import cards
from stream.ledger.ledger import Ledger, Record
from tests.stream.driver import definition
from tests.stream.ledger.driver import ANSWER, HOUR, Publisher

START = 1_793_577_600_000  # 2026-11-02T00:00Z
SUPPLIER = {"segments": ["supplier"]}


def carded(**parts: Any) -> Definition:
    """Cards of a day, in buckets of an hour, of the whole process and of each supplier."""
    return definition(sla=[ANSWER], case=SUPPLIER, scorecard={"window": "1d"}, **parts)


class Writer(Publisher):
    """One task's shares of cards; hours count from the start."""

    def kind(self, number: int) -> str:
        """The name of a kind of card."""
        return card_kinds(self.defined)[number].name

    def share(
        self, hour: float, *sums: int, segment: tuple[str, ...] = (), took: tuple[tuple[int, int], ...] = ()
    ) -> Record:
        """Started, closed, idle, breached and deviating cases of an hour, and the bins of their durations."""
        bucket = int(START + hour * HOUR) // HOUR
        told = [*sums, *[0] * (5 - len(sums)), took]
        return self.partial(PartialKind.CARD, self.kind(len(segment)), segment, bucket, told)

    def stock(self, *sums: int, segment: tuple[str, ...] = ()) -> Record:
        """Open cases, and of these at risk, breached and deviating."""
        told = [*sums, *[0] * (4 - len(sums))]
        return self.partial(PartialKind.STOCK, self.kind(len(segment)), segment, 0, told)

    def at(self, hour: float, *, live: bool = True) -> Record:
        """The task's clock."""
        return self.clock(round(START + hour * HOUR), live=live)


class Book:
    """A Ledger under test; `written` are its cards' records since they were last read."""

    def __init__(self, defined: Definition, tasks: int = 1) -> None:
        self.defined, self.tasks = defined, tasks
        self.ledger = Ledger([defined], {defined.process: range(tasks)})
        self.journal: dict[bytes, bytes | None] = {}
        self.written: list[tuple[list[Any], Scorecard | None]] = []

    def tell(self, *records: Record) -> "Book":
        """Partials come, and time passes."""
        self.ledger.observe(records)
        more = True
        while more:
            more = self.ledger.advance(0, 2)
            effects = self.ledger.drain()
            self.journal |= dict(effects.journal)
            for key, value in effects.scorecards:
                card = None if value is None else Scorecard.model_validate_json(value)
                self.written.append((orjson.loads(key), card))
        return self

    def restart(self) -> None:
        """Lose the memory, and restore it from the journal."""
        self.ledger = Ledger([self.defined], {self.defined.process: range(self.tasks)})
        self.ledger.restore(self.journal.items())

    def read(self) -> list[tuple[list[Any], Scorecard | None]]:
        """What was written since the last call."""
        written, self.written = self.written, []
        return written

    def card(self) -> Scorecard:
        """The one card that was written since the last call."""
        ((_, card),) = self.read()
        assert card is not None
        return card


def test_a_card_is_added_up_over_tasks() -> None:
    """Counts, cases that there are now, and quantiles."""
    one, other = Writer(carded()), Writer(carded(), 1)
    book = Book(carded(), 2)
    book.tell(one.share(0.5, 3, 2, 1, 1, 0, took=((10, 1),)), one.stock(1, 1), one.at(2))
    assert book.read() == []
    card = book.tell(other.share(0.5, 1, 1, took=((100, 1),)), other.stock(2, 0, 1, 0), other.at(2)).card()
    assert card.present.model_dump() == {"open": 3, "at_risk": 1, "breached": 1, "deviating": 0}
    window = card.window
    assert (window.started, window.closed, window.idle, window.on_time, window.breached) == (4, 3, 1, 2, 1)
    assert (window.timed, window.p50_ms, window.p99_ms) == (2, 10, 10)
    assert window.deviating is None


def test_a_window_ends_with_the_last_whole_bucket() -> None:
    """What happened since then comes with the next; the window before joins it."""
    writer, book = Writer(carded()), Book(carded())
    card = book.tell(writer.share(0.5, 1), writer.share(2.5, 1), writer.stock(2), writer.at(2.7)).card()
    assert card.window.started == 1
    assert (card.window.end - card.window.start).days == 1
    assert card.before.end == card.window.start
    assert card.window.end.isoformat() == "2026-11-02T02:00:00+00:00"


def test_cards_are_written_at_boundaries_and_at_most_once_in_ten_seconds_between() -> None:
    """A partial by itself writes nothing."""
    writer, book = Writer(carded()), Book(carded())
    book.tell(writer.share(0.5, 1), writer.stock(1), writer.at(2)).read()
    book.tell(writer.stock(2), writer.at(2.001), writer.stock(3), writer.at(2.002))
    assert book.read() == []
    assert book.tell(writer.at(2.004)).card().present.open == 3
    assert book.tell(writer.at(2.9)).read() == []
    assert book.tell(writer.at(3)).card().window.end.isoformat() == "2026-11-02T03:00:00+00:00"


def test_a_correction_is_written_before_the_next_boundary() -> None:
    """What changes in a bucket that was told is told again; what is still to be told waits."""
    writer, book = Writer(carded()), Book(carded())
    book.tell(writer.share(0.5, 1, 1), writer.at(2)).read()
    assert book.tell(writer.share(2.2, 5, 5), writer.at(2.3)).read() == []
    assert book.tell(writer.share(0.5, 1, 0), writer.at(2.4)).card().window.closed == 0


def test_the_last_word_of_a_history_is_written_once_its_clock_stands_still() -> None:
    """No ten seconds will pass there any more."""
    writer, book = Writer(carded()), Book(carded())
    book.tell(writer.share(0.5, 1), writer.stock(1), writer.at(2, live=False)).read()
    assert book.tell(writer.stock(4)).card().present.open == 4
    assert book.tell().read() == []


def test_a_card_of_nothing_leaves_by_tombstone() -> None:
    """After two windows; all that was kept of it goes as well. It may come back."""
    writer, book = Writer(carded()), Book(carded())
    book.tell(writer.share(0.5, 1, 1, segment=("a",)), writer.stock(0, segment=("a",)), writer.at(2)).read()
    book.tell(writer.at(48.9))
    assert [card is None for _, card in book.read()] == [False]
    book.tell(writer.at(49.1))
    assert book.read() == [(["tickets", [["supplier", "a"]]], None)]
    kept = [orjson.loads(key)[0] for key, value in book.journal.items() if value is not None]
    assert set(kept) == {"clock", "passed"}
    assert book.tell(writer.stock(1, segment=("a",)), writer.at(49.2)).card().present.open == 1


def test_a_card_with_an_open_case_stays() -> None:
    """However long ago it was opened."""
    writer, book = Writer(carded()), Book(carded())
    book.tell(writer.share(0.5, 1), writer.stock(1), writer.at(500)).read()
    assert book.tell(writer.at(1000)).card().present.open == 1


def test_cards_are_written_anew_after_a_restore() -> None:
    """With the same figures."""
    writer, book = Writer(carded()), Book(carded())
    before = book.tell(writer.share(0.5, 2, 1, took=((70, 1),)), writer.stock(1), writer.at(2)).card()
    book.restart()
    assert book.tell().card() == before


def test_an_old_partial_changes_nothing() -> None:
    """Nor does one of a bucket that has left both windows, or one that is none."""
    writer, book = Writer(carded()), Book(carded())
    first, second = writer.share(0.5, 1), writer.share(0.5, 2)
    assert book.tell(second, first, writer.at(2)).card().window.started == 2
    late = writer.share(-60, 7)
    broken = writer.partial(PartialKind.CARD, writer.kind(0), (), START // HOUR + 9, [1])
    book.ledger.observe([late, broken])
    counts = book.ledger.drain().counts
    assert counts["partials", "too_late"] == 1
    assert counts["partials", "unreadable: ValueError"] == 1


def test_cards_beyond_the_most_are_passed_over_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there stay."""
    monkeypatch.setattr(cards, "MOST_CARDS", 1)
    writer, book = Writer(carded()), Book(carded())
    book.ledger.observe([writer.stock(1, segment=("a",)), writer.stock(1, segment=("b",)), writer.at(2)])
    assert book.ledger.drain().counts["partials", "too_many_cards"] == 1
    assert [key for key, _ in book.ledger.scorecards()] == [b'["tickets",[["supplier","a"]]]']


def test_a_card_names_its_objectives_and_what_is_left_of_their_budgets() -> None:
    """Those by the same names as the card; the burn rate is that of the last tenth of the window."""
    slo = {"id": "on-time", "of": "answer", "objective": "90%", "window": "10h", "by": ["supplier"]}
    defined = carded(slo=[slo], roles={"owner": "Head", "manager": "Lead"})
    writer, book = Writer(defined), Book(defined)
    goal_at = START + 30 * 60_000
    book.tell(writer.share(0.5, 1, segment=("a",)), writer.stock(1), writer.stock(1, segment=("a",)))
    book.tell(writer.window(goal_at, 18, 1, ("a",)), writer.window(goal_at + 9 * HOUR, 1, 0, ("a",)), writer.at(10))
    by_key = {orjson.dumps(key): card for key, card in book.read() if card is not None}
    whole, supplier = by_key[b'["tickets",[]]'], by_key[b'["tickets",[["supplier","a"]]]']
    assert whole.objectives == ()
    (budget,) = supplier.objectives
    assert (budget.objective, budget.of, budget.good, budget.bad, budget.sli) == ("on-time", "answer", 19, 1, 0.95)
    assert budget.budget_left == 0.5
    assert budget.burn_rate == 0
    assert (supplier.owner, supplier.manager) == ("Head", "Lead")


def test_an_objective_that_goes_on_brings_its_card_up_to_date() -> None:
    """Though nothing else of the card has changed."""
    slo = {"id": "on-time", "of": "answer", "objective": "90%", "window": "10h"}
    defined = carded(slo=[slo])
    writer, book = Writer(defined), Book(defined)
    book.tell(writer.stock(1), writer.at(2)).read()
    card = book.tell(writer.window(START, 0, 3), writer.at(2.5)).card()
    assert (card.objectives[0].bad, card.objectives[0].budget_left) == (3, -9)


def test_no_cards_are_written_where_they_are_off() -> None:
    """What was told of them before is nobody's."""
    writer, book = Writer(carded()), Book(definition(sla=[ANSWER], scorecard="off"))
    book.ledger.observe([writer.stock(1), writer.at(2)])
    assert not book.ledger.advance(0)
    effects = book.ledger.drain()
    assert list(effects.scorecards) == []
    assert effects.counts["partials", "unknown"] == 1
