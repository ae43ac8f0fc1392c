"""User pods as the API shows them, from tests/fixtures/pods, and what a hub is told to make of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "fixtures" / "pods"
ROOT = Path(__file__).parents[1]


def load_pod(name: str) -> dict[str, Any]:
    """The pod in `NAME.yaml`, a fresh copy each time."""
    pod: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return pod


def admin_config() -> str:
    """The config of a hub whose servers may not read pods, from docs/admin.md."""
    (code,) = _blocks("python")
    return code


def admin_object(kind: str) -> dict[str, Any]:
    """The Kubernetes object of this kind in docs/admin.md."""
    (found,) = (one for one in map(yaml.safe_load, _blocks("yaml")) if one["kind"] == kind)
    return dict(found)


def _blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "admin.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
