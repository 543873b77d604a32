"""Which scorecards a process has: over how long a window, and of which segments.

Invariant: a window is cut into a whole number of buckets, so that what is counted in it does not depend on when it is
looked at.
"""

from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.duration import DAY, HOUR, MINUTE, SECOND, Duration
from schemas.problem import Fault
from schemas.written import Text, Written

VERSION: Final = "version"
"""The name, beside those of segments, that cards may be by: the version of the definition that a case stays on."""

MOST_CARD_BUCKETS: Final = 28
"""Buckets in the window of a card at the most: quarters of a day, of a week."""

FEWEST_CARD_BUCKETS: Final = 14
"""Wider buckets would have a card lag behind."""

_OFF: Final = ("off", "Off", "OFF")
_REMEDY: Final = "write a list of lists, like [[], [supplier], [priority, supplier]]; [] is the whole process"


def _lists_of_names(written: Any) -> Any:
    if written is None or isinstance(written, str) or any(isinstance(names, str) for names in written):
        raise Fault("each card needs a list of segments of its own", _REMEDY)
    if not written:
        raise Fault("no card is asked for", f"{_REMEDY}, or `scorecard: off`")
    return written


By = Annotated[
    tuple[tuple[Text, ...], ...],
    BeforeValidator(_lists_of_names),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": "array", "items": {"type": "string"}}}),
]


class CardRules(Written):
    """Scorecards for the owner of the process: over the last `window` and the one before, for each combination of the
    segments that an entry of `by` names. Left out, `by` is the whole process, and each of `case.segments` by itself.
    """

    window_ms: Duration = Field(default=7 * DAY, validation_alias="window", json_schema_extra={"default": "7d"})
    by: By | None = None

    @model_validator(mode="after")
    def _can_be_cut(self) -> Self:
        if self.window_ms < HOUR or self.window_ms % SECOND:
            raise Fault("this window cannot be cut into buckets", "write whole seconds, an hour at least, like 7d")
        seen = [frozenset(names) for names in self.by or ()]
        if len(set(seen)) < len(seen) or any(len(set(names)) < len(names) for names in self.by or ()):
            raise Fault("`by` names the same segments twice", "keep one of the two")
        return self

    @property
    def bucket_ms(self) -> int:
        """The width of a bucket: of whole minutes or seconds where the window can be cut so, else one of 25."""
        counts = range(MOST_CARD_BUCKETS, FEWEST_CARD_BUCKETS - 1, -1)
        whole = (count for unit in (MINUTE, SECOND, 1) for count in counts if self.window_ms % (count * unit) == 0)
        return self.window_ms // next(whole)


def _off_is_none(written: Any) -> Any:
    return None if written is False or written in _OFF else written


def _words_for_off(schema: dict[str, Any]) -> None:
    """What a file says for no cards at all, and what it says by leaving the section out."""
    schema["anyOf"] = [*(part for part in schema["anyOf"] if "$ref" in part), {"enum": ["off", False, None]}]
    schema.pop("default", None)


Scorecards = Annotated[CardRules | None, BeforeValidator(_off_is_none), Field(json_schema_extra=_words_for_off)]
"""What a definition says under `scorecard`: `off` for none at all, which is None here."""
