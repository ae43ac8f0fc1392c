"""History: what home knows of jobs, also when the cluster has forgotten them."""

from typing import TYPE_CHECKING

from kbatch_core.lazy import names_of

if TYPE_CHECKING:
    from kbatch_core.history.efficiency import Efficiency, Spread, records_of
    from kbatch_core.history.folder import FOLDER, History, ProgressFiles
    from kbatch_core.history.join import Asked, Found, absent_rows, match, output_path
    from kbatch_core.history.journal import Warn, ignore, keep_ends, noted
    from kbatch_core.history.past import Origin, Past
    from kbatch_core.history.rows import UNKNOWN, facts, past_row, past_task_rows
    from kbatch_core.history.usage import Sample, downsample, parse_usage

__all__ = [
    "FOLDER",
    "UNKNOWN",
    "Asked",
    "Efficiency",
    "Found",
    "History",
    "Origin",
    "Past",
    "ProgressFiles",
    "Sample",
    "Spread",
    "Warn",
    "absent_rows",
    "downsample",
    "facts",
    "ignore",
    "keep_ends",
    "match",
    "noted",
    "output_path",
    "parse_usage",
    "past_row",
    "past_task_rows",
    "records_of",
]

__getattr__ = names_of(
    __name__,
    {
        "efficiency": ["Efficiency", "Spread", "records_of"],
        "folder": ["FOLDER", "History", "ProgressFiles"],
        "join": ["Asked", "Found", "absent_rows", "match", "output_path"],
        "journal": ["Warn", "ignore", "keep_ends", "noted"],
        "past": ["Origin", "Past"],
        "rows": ["UNKNOWN", "facts", "past_row", "past_task_rows"],
        "usage": ["Sample", "downsample", "parse_usage"],
    },
)
