"""Conditions in CEL (Common Expression Language, cel.dev): compiled once, judged by a case as it stands.

A condition sees the mapped attributes by name, those whose names are no identifiers as `attributes['org:group']`, and
`activity`, `lifecycle` and `resource`. A judgement is a function of the values that are read, and is remembered under
them, since most cases have one of few. Invariant: judging never raises. What is not known yet makes nothing true; what
cannot be computed from values that are known is a failure, to be counted.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from schemas.problem import Fault

LONGEST = 2_000
MOST_REMEMBERED: Final = 1_024
"""Judgements that are remembered of a condition; beyond, it forgets them and begins anew."""
LONGEST_REMEMBERED: Final = 200
"""Characters of a text that a judgement is remembered under at most."""
OF_THE_EVENT: Final = frozenset({"activity", "lifecycle", "resource"})
_BY_KEY: Final = re.compile(r"""\battributes\s*\[\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\]""")
_ATTRIBUTES: Final = re.compile(r"\battributes\b")
_BOUND: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_FUNCTIONS: Final = frozenset(
    "bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours "
    "getMilliseconds getMinutes getMonth getSeconds int matches size startsWith string timestamp type uint".split()
)
"""The functions that conditions can call; macros are none. The compiler takes any name."""
_TEXT: Final = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")

NOTHING: Final[Mapping[str, Any]] = {}

Judgement = Literal["holds", "does not", "failed"]
"""What a condition comes to."""


class Condition:
    """One compiled condition; `reads` are the attributes that it looks at, `of_event` what it asks of the event."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.program = _compiled(source)
        called = frozenset(filter(str.isidentifier, self.program.functions()))
        if called - _FUNCTIONS:
            unknown, some = min(called - _FUNCTIONS), ", ".join(sorted(_FUNCTIONS - {"bytes", "dyn", "uint"}))
            raise Fault(f"`{source}` calls the unknown function `{unknown}`", f"one of {some}")
        plain = _TEXT.sub("''", source)
        self.by_key = frozenset(double or single for double, single in _BY_KEY.findall(source))
        if len(_ATTRIBUTES.findall(plain)) != len(_BY_KEY.findall(source)):
            raise Fault("`attributes` is read without the name of one", "write attributes['its name']")
        bound = frozenset(_BOUND.findall(plain)) | {"attributes"}
        named = frozenset(self.program.variables()) - bound
        self.of_event = named & OF_THE_EVENT
        self.names = named - OF_THE_EVENT
        self.reads = self.names | self.by_key
        self.inputs = tuple(sorted(self.reads))
        self.only = self.inputs[0] if len(self.inputs) == 1 and not self.of_event else None
        self.remembered: dict[Any, Judgement] = {}
        self.judged: tuple[Mapping[str, Any], Judgement] = {}, "does not"

    def check(self, known: Collection[str]) -> None:
        """Refuse attributes that are not among the known ones; raises `Fault`."""
        unknown = sorted(self.reads - frozenset(known))
        if unknown:
            some = f" (mapped are {', '.join(sorted(known))})" if known else ""
            raise Fault(f"`{self.source}` names the unknown attribute `{unknown[0]}`", f"one that is mapped{some}")

    def judge(self, attributes: Mapping[str, Any], event: Mapping[str, Any]) -> Judgement:
        """Judge the attributes of a case, and the `activity`, `lifecycle` and `resource` of its newest event."""
        if self.only is not None and type(value := attributes.get(self.only)) is str:
            known = self.remembered.get(value)
            if known is not None:
                return known
        key = self._key(attributes, event)
        if key is None:
            return self._computed(attributes, event)
        found = self.remembered.get(key)
        if found is None:
            if len(self.remembered) >= MOST_REMEMBERED:
                self.remembered.clear()
            found = self.remembered[key] = self._computed(attributes, event)
        return found

    def judge_case(self, attributes: Mapping[str, Any]) -> Judgement:
        """`judge` where nothing of the event is asked: once for all that ask it of the same, unchanged attributes."""
        judged, judgement = self.judged
        if judged is attributes:
            return judgement
        judgement = self.judge(attributes, NOTHING)
        self.judged = attributes, judgement
        return judgement

    def _key(self, attributes: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
        """What a judgement is remembered under: all values that are read, told apart by their kinds as CEL does; None
        where one is too large for that."""
        if self.only is not None:
            return _known(attributes.get(self.only))
        known = [_known(attributes.get(name)) for name in self.inputs]
        known += [_known(event.get(name)) for name in self.of_event]
        return None if None in known else tuple(known)

    def _computed(self, attributes: Mapping[str, Any], event: Mapping[str, Any]) -> Judgement:
        scope = {name: attributes.get(name) for name in self.names}
        scope |= {name: event.get(name) for name in self.of_event}
        if self.by_key:
            scope["attributes"] = {name: attributes.get(name) for name in self.by_key}
        try:
            found = self.program.execute(scope)
        except (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError):
            found = None
        if found is True or found is False:
            return "holds" if found else "does not"
        known = all(attributes.get(name) is not None for name in self.reads)
        return "failed" if known and all(event.get(name) is not None for name in self.of_event) else "does not"


def _known(value: Any) -> Any:
    """A value that equals only those that CEL cannot tell from it: 1, 1.0 and true differ, and so do 0.0 and -0.0."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= LONGEST_REMEMBERED else None
    if kind is int or kind is bool or value is None:
        return kind, value
    return (kind, repr(value)) if kind is float else None


def _compiled(source: str) -> Any:
    if len(source) > LONGEST:
        raise Fault(f"this condition is longer than {LONGEST} characters", "a shorter one")
    from cel import compile as compile_cel  # noqa: PLC0415 -- some 170 ms, for definitions with conditions alone

    try:
        return compile_cel(source)
    except (ValueError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0].partition("ERROR: ")[2] or str(error).splitlines()[0]
        reason = reason.partition(" expecting ")[0]  # a list of all that might stand there helps nobody
        raise Fault(f"`{source}` is not a condition in CEL: {reason[:120]}", "write it like priority == '1'") from None
