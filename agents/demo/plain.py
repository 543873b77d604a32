"""The picture as plain lines, where there is no terminal: one line an alert, and a line of figures every few seconds.

Invariant: of the history, only the first alert under each heading is written, of what happens live every one; the rest
of the history shows in the figures.
"""

from agents.demo.alert_book import Heading, Told
from agents.demo.picture import Picture
from agents.demo.wording import number


class PlainLines:
    """Turns what is new in a picture into lines."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._headings: set[Heading] = set()

    def alert(self, told: Told) -> str | None:
        """The line for an alert, or None where it is one more of the history."""
        live = self._picture.is_live(told)
        if not live and told.heading in self._headings:
            return None
        self._headings.add(told.heading)
        return f"{'live' if live else 'history':8} {told.heading:14} {told.summary}"

    def places(self) -> str:
        """The line that says where to look further."""
        picture = self._picture
        alerts = f"{picture.alerts_topic} on {picture.brokers}"
        return f"{'demo':8} simulated tickets; metrics {picture.metrics_url}, alerts {alerts}"

    def figures(self) -> str:
        """The line of figures."""
        reading = self._picture.reading
        return (
            f"{'figures':8} {number(reading.open)} open, {number(reading.at_risk)} at risk, "
            f"{number(reading.breached)} late, {number(reading.deviating)} off the model; "
            f"{number(round(self._picture.rate(), 1))} events a second, {number(reading.waiting)} waiting, "
            f"{number(reading.dead_letters)} refused"
        )
