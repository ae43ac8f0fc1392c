"""Submits into a home that is really full and then really read-only; a program, to run where it may mount.

    unshare --user --map-root-user --mount python -m tests.history.disk HOME

Prints one JSON object for tests/history/test_disk.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kbatch_core.model.names import id_from
from tests.history.fake import FakeApi, client, submission


def main() -> None:
    home = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(home)], check=True)
    api = FakeApi()
    ann = client(home, api)
    warned: list[list[str]] = []
    for number in range(40):
        said: list[str] = []
        ann.submit(submission(id_from(f"full-{number}")), warn=said.append)
        warned.append(said)
    before = sorted(row.id for row in ann.past() if row.code != "NoAnswer")
    subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
    said = []
    ann.submit(submission(id_from("read-only")), warn=said.append)
    print(
        json.dumps(
            {
                "submitted": len(api.jobs),
                "silent": [id_from(f"full-{number}") for number, one in enumerate(warned) if not one],
                "warnings": sorted({text for one in warned for text in one}),
                "most": max(len(one) for one in warned),
                "noted": before,
                "left": [path.name for path in (home / ".kbatch").glob("*/.*")],
                "read_only": said,
                "listed": len(ann.list(history=True)),
            }
        )
    )


if __name__ == "__main__":
    main()
