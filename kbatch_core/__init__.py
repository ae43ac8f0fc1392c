"""kbatch_core: jobs on Kubernetes for people who know Slurm. No click, no rich, no textual in here.

    from kbatch_core import Client

    client = Client.connect()
    job = client.wait(client.run("fit.py", mem="8G", time="2:00:00"))

`kqueue docs python` has more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbatch_core.client import Client
    from kbatch_core.errors import KbatchError
    from kbatch_core.model.jobspec import JobSpec

__all__ = ["Client", "JobSpec", "KbatchError"]
__version__ = "0.1.0"

_WHERE = {
    "Client": "kbatch_core.client",
    "JobSpec": "kbatch_core.model.jobspec",
    "KbatchError": "kbatch_core.errors",
}


def __getattr__(name: str) -> Any:
    """The names above, imported when they are used: the command line starts sooner without all of them."""
    if name not in _WHERE:
        raise AttributeError(f"module 'kbatch_core' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
