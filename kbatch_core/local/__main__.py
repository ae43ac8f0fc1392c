"""The process of a local cluster's server: `python -m kbatch_core.local FOLDER FD`; started by lifecycle.py.

It says on the file descriptor FD that it is ready, or in one sentence why it is not.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Fork first, before anything is imported: the parent is what the one who started us waits for."""
    if os.fork():
        return 0
    folder, writer = sys.argv[1], int(sys.argv[2])
    from kbatch_core.local.serve import run

    return run(folder, writer)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
