"""Lengths of time as people write them, and what is refused with which remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.duration import Duration, Grace, WorkingDays, parse_duration, parse_target
from schemas.problem import Fault


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("90s", 90_000),
        ("15m", 900_000),
        ("4h", 14_400_000),
        ("2d", 172_800_000),
        ("1h30m", 5_400_000),
        ("200ms", 200),
        ("1d2h3m4s5ms", 93_784_005),
        ("PT4H", 14_400_000),
        ("P1DT12H", 129_600_000),
        ("P2W", 1_209_600_000),
        ("PT0.5S", 500),
        ("36525d", 3_155_760_000_000),
    ],
)
def test_a_duration_has_the_length_that_it_says(written: str, milliseconds: int) -> None:
    """Each way of writing, against milliseconds counted by hand."""
    assert parse_duration(written) == milliseconds


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("4 hours", "write it like 4h, 90m or PT4H"),
        ("", "write it like"),
        ("h", "write it like"),
        ("30m1h", "write it like"),
        ("1.5h", "write it like"),
        ("-4h", "write it like"),
        ("4H", "write it like"),
        ("P", "write it like"),
        ("PT", "write it like"),
        ("٣h", "write it like"),
        ("4h ", "write it like"),
        ("90", "like 90s, 90m, 90h or 90d"),
        ("2wd", "working days need a calendar"),
        ("P1M", "months have no fixed length"),
        ("P1Y2M", "months have no fixed length"),
        ("36526d", "write a shorter duration"),
        ("9" * 90 + "d", "write a shorter duration"),
        ("9" * 5000 + "d", "write it like"),
    ],
)
def test_what_is_no_duration_is_refused_with_a_remedy(written: str, remedy: str) -> None:
    """Every refusal says what would be right."""
    with pytest.raises(Fault) as refused:
        parse_duration(written)

    assert remedy in refused.value.right


@given(st.tuples(*[st.integers(0, 999)] * 4).filter(any))
def test_parts_add_up(parts: tuple[int, ...]) -> None:
    """Days, hours, minutes and seconds in a row are their sum."""
    written = "".join(f"{count}{unit}" for count, unit in zip(parts, "dhms", strict=True) if count)

    assert parse_duration(written) == (((parts[0] * 24 + parts[1]) * 60 + parts[2]) * 60 + parts[3]) * 1000


@pytest.mark.parametrize("written", ["0s", "PT0S", "0d0h"])
def test_nothing_is_no_duration_but_may_be_a_grace(written: str) -> None:
    """A target of zero is a slip; to wait for nobody is a choice."""
    with pytest.raises(ValidationError, match="above zero"):
        TypeAdapter(Duration).validate_python(written)

    assert TypeAdapter(Grace).validate_python(written) == 0


@pytest.mark.parametrize("value", [True, 1.5, -1, None, ["4h"]])
def test_code_gives_whole_milliseconds(value: object) -> None:
    """What is neither text nor a whole number is refused, and never rounded."""
    for kind in (Duration, Grace):
        with pytest.raises(ValidationError, match="not a duration"):
            TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("written", "target"), [("2wd", WorkingDays(2)), ("4h", 14_400_000), (WorkingDays(3), WorkingDays(3))]
)
def test_a_target_may_be_in_working_days(written: str | WorkingDays, target: int | WorkingDays) -> None:
    """Which are a value of their own, since only a calendar gives them a length."""
    assert parse_target(written) == target


@pytest.mark.parametrize("written", ["0wd", "2501wd", "1.5wd", "-1wd", "wd", "0s", "2 wd"])
def test_what_is_no_target_is_refused(written: str) -> None:
    """No working days at all, or more than some ten years of them."""
    with pytest.raises(Fault):
        parse_target(written)
