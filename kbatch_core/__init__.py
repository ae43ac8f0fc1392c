"""kbatch_core: jobs on Kubernetes for people who know Slurm. No click, no rich, no textual in here."""

__version__ = "0.1.0"
