"""What the screen looked like, kept for next time in a file of the user's. Losing it loses nothing but comfort."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict

LOG_PANES = ("", "below", "beside")
"""Where the queue has a log pane; "" = nowhere."""


class State(msgspec.Struct, frozen=True):
    """`columns`, `sort` empty = not chosen on the screen, so the config decides. `theme`: chosen in the palette.

    `watched` and `unfolded` are uids, `cursor` is the key of a line.
    `log_pane` is one of LOG_PANES.
    """

    columns: tuple[str, ...] = ()
    sort: str = ""
    reverse: bool = False
    filter: str = ""
    groups: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    cursor: str = ""
    unfolded: tuple[str, ...] = ()
    theme: str = ""
    history: bool = False
    log_pane: str = ""


def state_path() -> Path:
    """Where the file is, whether or not it is there."""
    from platformdirs import user_state_path

    return user_state_path("kbatch") / "dashboard.json"


def read_state(path: Path) -> State:
    """What was kept; defaults for what is missing or of another kind, as a newer or older version may have it."""
    try:
        values = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, RecursionError):
        return State()
    if not isinstance(values, dict):
        return State()
    known: dict[str, Any] = asdict(State())
    kept: dict[str, Any] = {}
    for name, default in known.items():
        value = values.get(name)
        if isinstance(default, tuple) and isinstance(value, list):
            kept[name] = tuple(item for item in value if isinstance(item, str))
        elif type(value) is type(default):
            kept[name] = value
    return State(**kept)


def write_state(path: Path, state: State) -> None:
    """Keep it: whole or not at all. A home that is full or read-only is no reason to complain."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.encode(state))
        temporary.replace(path)
