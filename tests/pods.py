"""User pods as the API shows them, from tests/fixtures/pods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "fixtures" / "pods"


def load_pod(name: str) -> dict[str, Any]:
    """The pod in `NAME.yaml`, a fresh copy each time."""
    pod: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return pod
