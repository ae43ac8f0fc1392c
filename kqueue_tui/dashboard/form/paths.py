"""Paths as people type and read them: completed as they are typed, and with `~` for home."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester


def short_path(path: Path) -> str:
    """`~/work/train.sh` for what is in home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def complete_path(text: str) -> str | None:
    """The first path, by name, that begins with `text`; a folder ends in `/`. Blocks."""
    folder, _, start = text.rpartition("/")
    place = os.path.expanduser(f"{folder}/" if "/" in text else ".")  # noqa: PTH111
    try:
        with os.scandir(place) as entries:
            found = [
                (entry.name, entry.is_dir())
                for entry in entries
                if entry.name.startswith(start) and (start or not entry.name.startswith("."))
            ]
    except (OSError, ValueError):
        return None
    if not start or not found:
        return None
    name, is_folder = min(found)
    return text[: len(text) - len(start)] + name + ("/" if is_folder else "") if name.isprintable() else None


class PathSuggester(Suggester):
    """Completes a path; Right takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(complete_path, value)
