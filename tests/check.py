"""The part of `make check` that no other tool does: module sizes, links in the docs, addresses in pinned versions.

python -m tests.check
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LIMIT = 400
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def tracked(*patterns: str) -> list[Path]:
    """The files of the project that match."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def large_modules(files: Iterable[Path]) -> list[str]:
    """Modules above the limit, which a reader would have to scroll for minutes."""
    sizes = {path: len(path.read_bytes().splitlines()) for path in files}
    return [
        f"{path.relative_to(ROOT)}: {size} lines, at most {MODULE_LIMIT}"
        for path, size in sizes.items()
        if size > MODULE_LIMIT
    ]


def dead_links(files: Iterable[Path]) -> list[str]:
    """Relative links to files or headings that are not there."""
    problems = []
    for path in files:
        for target in _LINK.findall(path.read_text()):
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, anchor = target.partition("#")
            linked = (path.parent / name).resolve() if name else path
            if not linked.exists():
                problems.append(f"{path.relative_to(ROOT)}: no file {target}")
            elif anchor and linked.suffix == ".md" and anchor not in headings(linked):
                problems.append(f"{path.relative_to(ROOT)}: no heading {target}")
    return problems


def headings(path: Path) -> set[str]:
    """The anchors that a Markdown file's headings make."""
    lines = [
        line.lstrip("#").strip().lower() for line in path.read_text().splitlines() if line.startswith("#")
    ]
    return {re.sub(r"[^\w\- ]", "", line).replace(" ", "-") for line in lines}


def addresses(path: Path) -> list[str]:
    """Lines of the constraints that name a registry: hashes and versions only, so that any mirror serves."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "://" in line or line.lstrip().startswith(("--index", "--extra-index", "--find-links"))
    ]


def report(files: Iterable[Path]) -> str:
    """One line about the size of the source."""
    sizes = sorted(len(path.read_bytes().splitlines()) for path in files)
    return f"{len(sizes)} modules, {sum(sizes)} lines, median {sizes[len(sizes) // 2]}, largest {sizes[-1]}"


def main() -> int:
    sources = [path for path in tracked("*.py", "*.sh", "*.tcss") if path.stat().st_size]
    problems = [
        *large_modules(sources),
        *dead_links(tracked("*.md")),
        *(problem for path in tracked("*constraints*.txt") for problem in addresses(path)),
    ]
    for line in problems:
        print(line, file=sys.stderr)
    print(report([path for path in sources if "tests" not in path.relative_to(ROOT).parts]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
