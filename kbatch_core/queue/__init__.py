"""The live set of jobs: lists and watches joined into rows, kept fresh by threads of its own."""

from kbatch_core.queue.queue import Queue
from kbatch_core.queue.sync import Sync

__all__ = ["Queue", "Sync"]
