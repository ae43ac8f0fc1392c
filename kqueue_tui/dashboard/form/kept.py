"""Templates: forms under a name, in one file of the user's."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from kqueue_tui.dashboard.form.model import Form, from_json, to_json

NAME_LIMIT = 60


def templates_path() -> Path:
    """Where the file is, whether or not it is there."""
    from platformdirs import user_config_path

    return user_config_path("kbatch") / "templates.json"


def read_templates(path: Path) -> dict[str, Form]:
    """The templates by name; what is not one is left out."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    found = {name: from_json(form) for name, form in data.items() if isinstance(name, str) and name}
    return {name: form for name, form in sorted(found.items()) if form is not None}


def keep_template(path: Path, name: str, form: Form | None) -> None:
    """Keep a form under a name, or with None forget it: the file is replaced whole. Raises OSError."""
    every = {key: to_json(value) for key, value in read_templates(path).items() if key != name}
    if form is not None:
        every[name[:NAME_LIMIT]] = to_json(form)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(every, indent=2))
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
