"""What has been said of one alert: the finding behind its last record, and the counts its next record goes on from.

Invariant: `revision` is that of the last record published, 0 before the first.
"""

from schemas.alert import State
from stream.finding import Finding, carries


class Said:
    """The present state of a published alert, or of one that is held back while a source is silent (`state` None).

    `frozen`: its finding is closed beyond change and need not be kept. `muted`: it waits for a source to speak again,
    and its last record, if there is one, says so.
    """

    __slots__ = ("episode", "finding", "frozen", "id", "muted", "revision", "settled", "state")

    def __init__(self, alert_id: str, finding: Finding) -> None:
        self.id, self.finding = alert_id, finding
        self.state: State | None = None
        self.revision = 0
        self.episode = 1
        self.settled = self.frozen = self.muted = False

    @property
    def open(self) -> bool:
        """Whether somebody still has to see to it."""
        return self.state is not None and self.state not in (State.RESOLVED, State.RETRACTED)

    @property
    def stands(self) -> bool:
        """Whether the last record says of the finding what is to be said of it: open, or closed."""
        return self.open if self.finding.closed_at is None else self.state is State.RESOLVED

    def stood_on(self, sure: Finding | None, doubtful: Finding | None) -> bool:
        """Whether the last record says what time alone has made true: what holds at a doubtful moment, not at a sure
        one."""
        told = self.state is not None and not self.frozen
        return told and not carries(sure, self.finding) and carries(doubtful, self.finding)
