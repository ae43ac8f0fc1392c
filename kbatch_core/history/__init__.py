"""History: what home knows of jobs, also when the cluster has forgotten them."""

from kbatch_core.history.folder import FOLDER, History
from kbatch_core.history.join import Asked, Found, absent_rows, match, output_path
from kbatch_core.history.journal import Warn, ignore, keep_ends, noted
from kbatch_core.history.past import Origin, Past
from kbatch_core.history.rows import UNKNOWN, facts, past_row, past_task_rows

__all__ = [
    "FOLDER",
    "UNKNOWN",
    "Asked",
    "Found",
    "History",
    "Origin",
    "Past",
    "Warn",
    "absent_rows",
    "facts",
    "ignore",
    "keep_ends",
    "match",
    "noted",
    "output_path",
    "past_row",
    "past_task_rows",
]
