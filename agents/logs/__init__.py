"""Event logs of every kind in, records in order of time out: XES, CSV and JSON lines, plain or gzip."""

from agents.logs.log import Log, LogRecord
from agents.logs.reading import read_log

__all__ = ["Log", "LogRecord", "read_log"]
