"""What is told of an alert: each rise of its stage once, a withdrawal, nothing else."""

import pytest

from agents.demo import alert_book
from agents.demo.alert_book import AlertBook, Heading, Told
from tests.agents.demo.alerts import an_alert


def test_a_raised_alert_is_told_in_its_own_words() -> None:
    """Summary, severity, supplier and both instants are the alert's."""
    told = AlertBook().read(an_alert())

    summary = "T-1: no First answer within 4 h of Ticket opened"
    assert told == Told(Heading.BREACH, summary, "critical", "northwind", 1_793_617_200_000, 1_793_617_205_400)


def test_a_rise_from_at_risk_to_breach_is_told_again() -> None:
    """One id, two stages: two sentences."""
    book = AlertBook()

    first = book.read(an_alert(stage="at_risk"))
    second = book.read(an_alert(stage="breach", state="updated", revision=2))

    assert [told.heading for told in (first, second) if told] == [Heading.AT_RISK, Heading.BREACH]


@pytest.mark.parametrize(
    "change",
    [{"state": "updated", "settled": True}, {"state": "resolved"}, {"state": "acknowledged"}],
    ids=["settled", "resolved", "acknowledged"],
)
def test_a_revision_that_raises_nothing_is_not_told(change: dict[str, object]) -> None:
    """A settled, resolved or acknowledged alert has been told already."""
    book = AlertBook()
    book.read(an_alert())

    assert book.read(an_alert(revision=2, **change)) is None


def test_an_alert_taken_back_is_told_if_it_had_been_told() -> None:
    """A retraction of something never shown would only puzzle."""
    book = AlertBook()
    book.read(an_alert())

    known = book.read(an_alert(state="retracted", revision=2))
    unknown = book.read(an_alert(id="a2", state="retracted", revision=2))

    assert known is not None
    assert known.heading is Heading.TAKEN_BACK
    assert unknown is None


def test_suppliers_are_counted_by_heading() -> None:
    """Late and departed tickets are counted apart; an alert without a supplier counts under a dash."""
    book = AlertBook()

    book.read(an_alert(id="a1"))
    book.read(an_alert(id="a2", kind="deviation", stage=None))
    book.read(an_alert(id="a3", labels={}))

    assert book.by_supplier[Heading.BREACH] == {"northwind": 1, "-": 1}
    assert book.by_supplier[Heading.DEVIATION] == {"northwind": 1}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest alerts are forgotten, and only the newest sentences are kept."""
    monkeypatch.setattr(alert_book, "REMEMBERED", 3)
    book = AlertBook()

    for number in range(alert_book.KEPT + 50):
        book.read(an_alert(id=f"a{number}"))

    assert len(book.told) == alert_book.KEPT
    assert book.read(an_alert(id="a0")) is not None
    assert book.read(an_alert(id=f"a{alert_book.KEPT + 49}")) is None
