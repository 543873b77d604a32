"""JSON logs in: one object a line, or one array of objects for a whole file.

Invariant: a line that is no JSON object is reported with its number, and the next one is read.
"""

import io
from collections.abc import Iterator
from typing import Any, Final

import orjson

from agents.logs.log import Findings, Row
from agents.logs.source import DAMAGED, Lines, as_told
from schemas.problem import Refused

LARGEST_ARRAY: Final = 512 * 2**20
"""Bytes; an array is read as a whole."""


def read_json_lines(stream: io.BufferedReader, findings: Findings) -> Iterator[Row]:
    """Yield the objects of a JSON log; blank lines are none."""
    if _is_array(stream, findings):
        yield from _read_array(stream, findings)
        return
    lines = Lines(stream, findings)
    for line in lines:
        if line.isspace():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            findings.add(lines.number, "line", f"it is not JSON ({error.msg})", "write one JSON object a line")
            continue
        if isinstance(value, dict):
            yield lines.number, value, 0
        else:
            findings.add(lines.number, "line", "it is no JSON object", "write one JSON object a line")


def _is_array(stream: io.BufferedReader, findings: Findings) -> bool:
    try:
        return stream.peek(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except DAMAGED as error:
        raise _damaged(findings, error) from None


def _damaged(findings: Findings, error: Exception) -> Refused:
    return findings.refusal(1, "file", f"it is damaged: {as_told(error)}", "fetch the file again")


def _read_array(stream: io.BufferedReader, findings: Findings) -> Iterator[Row]:
    for position, value in enumerate(_whole(stream, findings), start=1):
        if isinstance(value, dict):
            yield 1, value, 0
        else:
            findings.add(1, f"item {position}", "it is no JSON object", "write one object for each event")


def _whole(stream: io.BufferedReader, findings: Findings) -> list[Any]:
    try:
        content = stream.read(LARGEST_ARRAY + 1)
        if len(content) > LARGEST_ARRAY:
            raise findings.refusal(1, "file", "the array is too large to read", "write one JSON object a line")
        items = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except DAMAGED as error:
        raise _damaged(findings, error) from None
    except orjson.JSONDecodeError as error:
        wrong = f"it is not JSON ({error.msg})"
        raise findings.refusal(error.lineno, "file", wrong, "write one JSON object a line") from None
    return items if isinstance(items, list) else []
