"""A log's events become the records that a source would have written."""

from agents.rewriting import Rewriter, write_instant
from schemas.mapping import Mapping, TimePath
from stream.mapping import XES

NINE = 1_795_338_000_000
"""2026-11-22T09:00:00Z in milliseconds."""

TICKETS = Mapping.model_validate(
    {
        "case": "ticket.id",
        "activity": "event",
        "timestamp": {"path": "at", "format": "epoch_ms"},
        "resource": "agent",
        "attributes": {"priority": "ticket.priority", "promised": {"path": "ticket.promised", "format": "iso"}},
    }
)


def test_a_record_of_the_right_shape_passes_unchanged() -> None:
    """Without a shift there is nothing to do, and the record is the same object."""
    record = {"case:concept:name": "A", "concept:name": "Open", "time:timestamp": "2026-11-22T09:00:00Z"}

    assert Rewriter(None, None).rewrite(record) is record


def test_all_instants_move_together() -> None:
    """A promise moves with the event that makes it, and the record given stays as it was."""
    record = {"ticket": {"id": "A", "promised": "2026-11-22T10:00:00Z"}, "event": "Open", "at": NINE}

    moved = Rewriter(TICKETS, TICKETS, shift_ms=60_000).rewrite(record)

    assert moved["at"] == NINE + 60_000
    assert moved["ticket"] == {"id": "A", "promised": "2026-11-22T10:01:00.000+00:00"}
    assert record["ticket"] == {"id": "A", "promised": "2026-11-22T10:00:00Z"}


def test_a_xes_event_takes_the_shape_that_a_definition_reads() -> None:
    """Names, nesting and time format are the definition's; what it does not name is left out."""
    record = {
        "case:concept:name": "A",
        "concept:name": "Open",
        "time:timestamp": "2026-11-22T10:00:00+01:00",
        "org:resource": "r",
        "priority": "2",
        "cost": 5,
    }
    written = XES.model_copy(update={"attributes": {"priority": "priority"}})

    rewritten = Rewriter(written, TICKETS).rewrite(record)

    assert rewritten == {"ticket": {"id": "A", "priority": "2"}, "event": "Open", "agent": "r", "at": NINE}


def test_a_time_that_cannot_be_read_stays_as_written() -> None:
    """The monitor refuses it with its reason."""
    record = {"case:concept:name": "A", "concept:name": "Open", "time:timestamp": "yesterday"}

    assert Rewriter(None, None, shift_ms=1_000).rewrite(record) == record


def test_the_case_is_the_key_as_text() -> None:
    """Numbers too; an event without a case has no key."""
    rewriter = Rewriter(TICKETS, None)

    assert rewriter.case_of({"ticket": {"id": 17}}) == "17"
    assert rewriter.case_of({"ticket": {}}) is None


def test_an_instant_is_written_as_its_path_reads_it() -> None:
    """Every format that a mapping knows."""
    local = TimePath(path="t", format="%d/%m/%Y %H:%M", timezone="Europe/Rome")

    assert write_instant(NINE, TimePath(path="t", format="epoch_s")) == NINE / 1000
    assert write_instant(NINE, local) == "22/11/2026 10:00"
    assert write_instant(NINE, TimePath(path="t")) == "2026-11-22T09:00:00.000+00:00"
