"""python -m tests.local.chance [KILLS [SEED]]: the server killed so often, and what was lost."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.local.kills import Kills


def main(words: list[str]) -> int:
    kills = int(words[0]) if words else 200
    seed = int(words[1]) if len(words) > 1 else int(time.time())
    folder = Path(tempfile.mkdtemp(prefix="chance-"))
    begun = time.monotonic()
    history = Kills(folder, seed).run(kills)
    print(
        f"seed {seed}: {history.kills} kills of the server, {history.keepers_killed} of keepers, "
        f"{len(history.asked)} submits ({len(history.acknowledged)} acknowledged), "
        f"{sum(history.starts.values())} starts, ends {dict(history.ends)}, {time.monotonic() - begun:.0f} s"
    )
    for sentence in history.wrong:
        print(sentence)
    if not history.wrong:
        shutil.rmtree(folder)
    else:
        print(f"kept: {folder}")
    return 1 if history.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
