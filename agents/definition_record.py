"""A definition as it is published: the text of its file, and the files that it names, under their names there.

Invariant: what is read back is, byte for byte, what was published; so a version means the same wherever it is compiled.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from agents.definition_files import LARGEST_MODEL

LAYOUT: Final = 1
LARGEST: Final = 7 * 2**20
"""Bytes of a record: a topic of ours takes eight million, with what is around a record."""


class Written(NamedTuple):
    """The bytes of a definition file, and those of the files beside it that it names."""

    text: bytes
    files: Mapping[str, bytes]


def definition_key(process: str, identity: str) -> bytes:
    """The key of a version on the topic."""
    return orjson.dumps([process, identity])


def read_key(key: bytes | None) -> tuple[str, str]:
    """The process and the identity in a key; raises `ValueError` where it is none."""
    parts = orjson.loads(key or b"")
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise ValueError("a key of a definition is a list of two texts: process and identity")
    return parts[0], parts[1]


def encoded(version: str, written: Written) -> bytes:
    """The record of a version; the text as text, and files compressed (zlib) in base64."""
    files = {name: b64encode(zlib.compress(content, 9)).decode() for name, content in written.files.items()}
    text = written.text.removeprefix(b"\xef\xbb\xbf").decode()
    return orjson.dumps({"layout": LAYOUT, "version": version, "definition": text, "files": files})


def decoded(record: bytes) -> Written:
    """A record read back; raises `ValueError` where it cannot be."""
    try:
        fields = orjson.loads(record)
        if fields["layout"] != LAYOUT:
            raise ValueError(f"layout {fields['layout']!r} is not known here")
        files = {name: _unpacked(content) for name, content in fields["files"].items()}
        return Written(fields["definition"].encode(), files)
    except (TypeError, LookupError, AttributeError, zlib.error) as error:
        raise ValueError(f"it cannot be read: {error!r}") from error


def _unpacked(content: str) -> bytes:
    """A file, up to the size that one may have."""
    return zlib.decompressobj().decompress(b64decode(content, validate=True), LARGEST_MODEL)
