"""The user's own settings of the dashboard, a TOML file beside kbatch's:

theme = "nord"                                  # any of Textual's; the palette lists them
columns = ["id", "name", "state", "reason"]     # in this order
sort = "time"                                   # a column
reverse = true
filter = "train"
bell = "all"                                    # ring for every job that ends, not only for watched ones
[keys]                                          # other keys, by the ids that the help screen shows
"queue.cancel" = "ctrl+x"
[themes.mine]                                   # a theme of your own, by the names of Textual's themes
primary = "#4477aa"
dark = false
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from kbatch_core.errors import BadConfig
from kqueue_tui.dashboard.view.columns import COLUMNS, DEFAULT_COLUMNS

BELLS = ("watched", "all", "none")


class Config(Struct, frozen=True):
    """`theme` "" = chosen by what the terminal says. `columns` and `sort` are ids of COLUMNS."""

    theme: str = ""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sort: str = ""
    reverse: bool = False
    filter: str = ""
    bell: str = "watched"
    keys: Mapping[str, str] = field(default_factory=dict)
    themes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def config_path() -> Path:
    """Where the file is, whether or not it is there."""
    from platformdirs import user_config_path

    return user_config_path("kbatch") / "dashboard.toml"


def read_config(path: Path, *, actions: Collection[str]) -> Config:
    """The settings; the defaults when there is no file. [keys] may have the ids in `actions`. Raises BadConfig."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    import tomllib

    try:
        values = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not TOML: {error}.", "Mend it, or move it away.") from error
    return _checked(str(path), values, actions)


def _checked(path: str, values: Mapping[str, Any], actions: Collection[str]) -> Config:
    kinds: dict[str, type] = {
        "theme": str, "columns": list, "sort": str, "reverse": bool, "filter": str, "bell": str, "keys": dict,
        "themes": dict,
    }  # fmt: skip
    for name, value in values.items():
        if name not in kinds:
            raise _unknown(path, "setting", name, kinds)
        if not isinstance(value, kinds[name]):
            raise BadConfig(
                f"{path}: {name} must be {_KINDS[kinds[name]]}.", "`kqueue docs dashboard` has an example."
            )
    for column in [*values.get("columns", ()), *([values["sort"]] if "sort" in values else ())]:
        if column not in COLUMNS:
            raise _unknown(path, "column", str(column), COLUMNS)
    if values.get("bell", "all") not in BELLS:
        raise _unknown(path, "bell", values["bell"], BELLS)
    for action, keys in values.get("keys", {}).items():
        if action not in actions:
            raise _unknown(path, "action", action, actions)
        if not isinstance(keys, str) or not keys:
            raise BadConfig(f"{path}: the key of {action} must be a text.", 'Such as "c" or "ctrl+x,f2".')
    for name, theme in values.get("themes", {}).items():
        if not isinstance(theme, dict):
            raise BadConfig(
                f"{path}: themes.{name} must be a table.", "`kqueue docs dashboard` has an example."
            )
    columns = tuple(values.get("columns", DEFAULT_COLUMNS)) or DEFAULT_COLUMNS
    return Config(**{**values, "columns": columns})


_KINDS: dict[type, str] = {str: "a text", bool: "true or false", list: "a list", dict: "a table"}


def _unknown(path: str, what: str, name: str, known: Collection[str]) -> BadConfig:
    near = difflib.get_close_matches(name, known, 1)
    hint = f'Is "{near[0]}" meant?' if near else f"There are {', '.join(sorted(known))}."
    return BadConfig(f'{path}: there is no {what} "{name}".', hint)
