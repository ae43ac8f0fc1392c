"""`make bench`: every measurement of the project, each beside a peer in the same run.

    python -m tests.bench [NAME...]

A module of this folder that has `run() -> list[str]` is a benchmark; its lines are printed.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench


def main(wanted: list[str]) -> int:
    found = [info.name for info in pkgutil.iter_modules(tests.bench.__path__) if info.name != "__main__"]
    unknown = [name for name in wanted if name not in found]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}; there are {', '.join(found)}.", file=sys.stderr)
        return 2
    for name in wanted or found:
        module = importlib.import_module(f"tests.bench.{name}")
        if not hasattr(module, "run"):
            continue
        print(f"# {name}", flush=True)
        for line in module.run():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
