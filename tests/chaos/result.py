"""What came of one campaign: its figures, and whatever was wrong."""

from dataclasses import dataclass, field

from tests.chaos.outcome import Outcome

Figure = str | int | float


@dataclass
class Result:
    """`figures` by what they say, in the order in which they are to be read; nothing `wrong` is what is hoped for."""

    name: str
    title: str
    figures: dict[str, Figure] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def compared(self, outcome: Outcome) -> None:
        """Say how much was compared."""
        score = outcome.score
        self.figures["cases compared"] = len(outcome.cases)
        self.figures["events compared"] = sum(case[0] for case in outcome.cases.values())
        self.figures["transitions of alerts compared"] = outcome.transitions
        self.figures["alerts compared"] = len(outcome.alerts)
        if score is not None:
            self.figures["partials compared"] = len(score.partials)
            self.figures["windows compared"] = len(score.windows)
            self.figures["scorecards compared"] = len(score.cards)
