"""Logs: what a job prints, with no line lost in silence and none given twice."""

from kbatch_core.logs.events import Batch, End, Gap, Line, LogEvent, Partial, Reading, Restart, Waiting
from kbatch_core.logs.reader import LogReader, LogRequest
from kbatch_core.logs.stamped import format_stamp

__all__ = [
    "Batch",
    "End",
    "Gap",
    "Line",
    "LogEvent",
    "LogReader",
    "LogRequest",
    "Partial",
    "Reading",
    "Restart",
    "Waiting",
    "format_stamp",
]
