"""JobSpec and Environment to a Job object (pure)."""

from kbatch_core.manifest.job import Submission, build_job

__all__ = ["Submission", "build_job"]
