"""On the cluster of this machine: all is there, and it is looked at only where it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.doctor.examine import Where, examine
from kbatch_core.doctor.local_checks import Terminal
from tests.cluster.local import LocalCluster


@pytest.fixture
def environ(embedded_cluster: LocalCluster, tmp_path: Path) -> dict[str, str]:
    return {**embedded_cluster.environ, "HOME": str(tmp_path), "PATH": "", "KBATCH_CLUSTER": "local:test"}


def test_all_is_there(embedded_cluster: LocalCluster, environ: dict[str, str]) -> None:
    found = {one.check: one for one in examine(Where(), environ, Terminal(False), ())}
    assert [one.check for one in found.values() if one.verdict != "ok"] == []
    assert embedded_cluster.server in found["cluster"].sentence
    assert "this machine's own programs" in found["environment"].sentence
    assert "home" not in found


def test_a_named_kubeconfig_goes_before_it(environ: dict[str, str], tmp_path: Path) -> None:
    found = next(examine(Where(kubeconfig=str(tmp_path / "none")), environ, Terminal(False), ()))
    assert (found.check, found.verdict) == ("cluster", "broken")
    assert "There is no kubeconfig" in found.sentence
