"""What the tests of the commands share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.commands.calls import as_user
from tests.commands.fleet import Fleet


@pytest.fixture
def fleet(cluster: Cluster, namespace: str) -> Iterator[Fleet]:
    made = Fleet(cluster, namespace)
    yield made
    made.close()


@pytest.fixture
def ann(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fleet:
    """The fleet, and this process a session of its user ann."""
    as_user(fleet, monkeypatch, str(tmp_path))
    return fleet
