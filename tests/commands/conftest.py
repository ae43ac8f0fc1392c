"""What the tests of the commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.commands.fleet import Fleet


@pytest.fixture
def fleet(cluster: Cluster, namespace: str) -> Iterator[Fleet]:
    made = Fleet(cluster, namespace)
    yield made
    made.close()
