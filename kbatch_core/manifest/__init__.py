"""JobSpec and Environment to a Job object (pure)."""

from typing import TYPE_CHECKING

from kbatch_core.lazy import names_of

if TYPE_CHECKING:
    from kbatch_core.manifest.job import Submission, build_job

__all__ = [
    "Submission",
    "build_job",
]

__getattr__ = names_of(
    __name__,
    {
        "job": ["Submission", "build_job"],
    },
)
