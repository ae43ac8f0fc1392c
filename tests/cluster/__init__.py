"""A real Kubernetes for tests: CONTRIBUTING.md says how it works."""

from tests.cluster.build import Missing
from tests.cluster.control import Cluster
from tests.cluster.node import Node
from tests.cluster.processes import wait_for

__all__ = ["Cluster", "Missing", "Node", "wait_for"]
