"""The life of an alert: which records its finding's change calls for.

    said         finding holds     finding closed          finding gone
    nothing      raised            raised, resolved        -
    open         updated*          resolved                retracted
    resolved     raised (again)    resolved*               retracted
    retracted    raised (again)    raised, resolved        -

(open: raised, updated or acknowledged; *: only where what it says has changed.) An id lives through its stages; a new
episode begins where a resolved alert is raised again. Invariant: the table is complete, and no record repeats the last.
"""

from enum import StrEnum

from schemas.alert import State


class Truth(StrEnum):
    """What has become of an alert's finding."""

    HOLDS = "holds"
    CLOSED = "closed"
    GONE = "gone"


class Standing(StrEnum):
    """What was last said of an alert."""

    NOTHING = "nothing"
    OPEN = "open"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


STANDING = {
    None: Standing.NOTHING,
    State.RAISED: Standing.OPEN,
    State.UPDATED: Standing.OPEN,
    State.ACKNOWLEDGED: Standing.OPEN,
    State.RESOLVED: Standing.RESOLVED,
    State.RETRACTED: Standing.RETRACTED,
}

TABLE: dict[tuple[Standing, Truth], tuple[State, ...]] = {
    (Standing.NOTHING, Truth.HOLDS): (State.RAISED,),
    (Standing.NOTHING, Truth.CLOSED): (State.RAISED, State.RESOLVED),
    (Standing.NOTHING, Truth.GONE): (),
    (Standing.OPEN, Truth.HOLDS): (State.UPDATED,),
    (Standing.OPEN, Truth.CLOSED): (State.RESOLVED,),
    (Standing.OPEN, Truth.GONE): (State.RETRACTED,),
    (Standing.RESOLVED, Truth.HOLDS): (State.RAISED,),
    (Standing.RESOLVED, Truth.CLOSED): (State.RESOLVED,),
    (Standing.RESOLVED, Truth.GONE): (State.RETRACTED,),
    (Standing.RETRACTED, Truth.HOLDS): (State.RAISED,),
    (Standing.RETRACTED, Truth.CLOSED): (State.RAISED, State.RESOLVED),
    (Standing.RETRACTED, Truth.GONE): (),
}


def transitions(said: State | None, truth: Truth, *, changed: bool) -> tuple[State, ...]:
    """The records to publish, in order, where `said` was the last state; none if nothing has changed."""
    standing = STANDING[said]
    if not changed and (standing, truth) in ((Standing.OPEN, Truth.HOLDS), (Standing.RESOLVED, Truth.CLOSED)):
        return ()
    return TABLE[standing, truth]
