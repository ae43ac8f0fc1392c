"""What a job copies from the notebook server, and what it must never copy."""

from kbatch_core.environment.copy import copy_environment
from kbatch_core.environment.detect import Session, changed, detect, this_session
from kbatch_core.environment.facts import Environment, Mount, escape, escaped

__all__ = [
    "Environment",
    "Mount",
    "Session",
    "changed",
    "copy_environment",
    "detect",
    "escape",
    "escaped",
    "this_session",
]
