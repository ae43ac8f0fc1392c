"""What a job copies from the notebook server, and what it must never copy."""

from typing import TYPE_CHECKING

from kbatch_core.lazy import names_of

if TYPE_CHECKING:
    from kbatch_core.environment.copy import copy_environment
    from kbatch_core.environment.detect import changed
    from kbatch_core.environment.facts import Environment, Mount, escape, escaped
    from kbatch_core.environment.session import Session, this_session

__all__ = [
    "Environment",
    "Mount",
    "Session",
    "changed",
    "copy_environment",
    "escape",
    "escaped",
    "this_session",
]

__getattr__ = names_of(
    __name__,
    {
        "copy": ["copy_environment"],
        "detect": ["changed"],
        "facts": ["Environment", "Mount", "escape", "escaped"],
        "session": ["Session", "this_session"],
    },
)
