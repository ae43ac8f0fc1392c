"""Templates: forms under a name, in one file of the user's."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import Form, from_json, to_json

NAME_LIMIT = 60


def templates_path() -> Path:
    """Where the file is, whether or not it is there."""
    from platformdirs import user_config_path

    return user_config_path("kbatch") / "templates.json"


def name_of(text: str) -> str:
    """A template's name as it is kept and shown."""
    return safe_text(text, NAME_LIMIT).strip()


def read_templates(path: Path) -> dict[str, Form]:
    """The templates by name; what is not one is left out."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    found = {name_of(name): from_json(form) for name, form in data.items()}
    return {name: form for name, form in sorted(found.items()) if form is not None and name}


def keep_template(path: Path, name: str, form: Form | None) -> None:
    """Keep a form under a name, or with None forget it: the file is replaced whole. Raises OSError.

    For the user's eyes alone: a variable in a form may be a secret.
    """
    name = name_of(name)
    every = {key: to_json(value) for key, value in read_templates(path).items() if key != name}
    if form is not None:
        every[name] = to_json(form)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(every, indent=2))
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
