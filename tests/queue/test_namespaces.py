"""Several namespaces with different rights, on the real API server: what one refuses costs the others nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kqueue_tui.dashboard.backend import Backend, Scope
from kqueue_tui.dashboard.connect import cluster_backend
from kqueue_tui.dashboard.options import Options
from tests.cluster import Cluster, wait_for
from tests.cluster.processes import TIED
from tests.cluster.users import RULES
from tests.commands.calls import call
from tests.commands.fleet import Fleet
from tests.queue.watched import watching

pytestmark = pytest.mark.cluster

READ = ["get", "list", "watch"]
JOBS: dict[str, Any] = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": READ}
PODS: dict[str, Any] = {"apiGroups": [""], "resources": ["pods"], "verbs": READ}
EVENTS: dict[str, Any] = {"apiGroups": [""], "resources": ["events"], "verbs": READ}
QUOTAS: dict[str, Any] = {"apiGroups": [""], "resources": ["resourcequotas"], "verbs": READ}
# What ann may read in each of her namespaces beside the one with all rights.
RIGHTS: Mapping[str, Sequence[dict[str, Any]]] = {
    "blind": [JOBS],
    "pods": [PODS, EVENTS],
    "none": [],
    "gone": [JOBS, PODS, EVENTS],
    "quota": [JOBS, PODS, EVENTS, QUOTAS],
}


class Lab:
    """Namespaces of one account, with a job in each."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self.cluster = cluster
        self.fleets = {"all": Fleet(cluster, namespace)}
        self.token = cluster.token(namespace, "ann")
        self._allow(namespace, RULES)
        for name, rules in RIGHTS.items():
            cluster.create_namespace(f"{namespace}-{name}")
            self._allow(f"{namespace}-{name}", rules)
            self.fleets[name] = Fleet(cluster, f"{namespace}-{name}")
        self.names = ",".join(fleet.namespace for fleet in self.fleets.values())
        self.kubeconfig = folder / "ann.kubeconfig"
        self.kubeconfig.write_text(self.fleets["all"].kubeconfig().read_text())
        for words in (
            ("set-credentials", "ann", f"--token={self.token}"),
            ("set-context", "--current", "--user=ann"),
        ):
            cluster.kubectl("config", *words, "--kubeconfig", str(self.kubeconfig))

    def name(self, name: str) -> str:
        return self.fleets[name].namespace

    def _allow(self, namespace: str, rules: Sequence[Any]) -> None:
        group, where = "rbac.authorization.k8s.io", {"name": "ann", "namespace": namespace}
        account = {"kind": "ServiceAccount", "name": "ann", "namespace": self.fleets["all"].namespace}
        self.cluster.apply(
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": where, "rules": list(rules)},
            {
                "apiVersion": f"{group}/v1",
                "kind": "RoleBinding",
                "metadata": where,
                "roleRef": {"apiGroup": group, "kind": "Role", "name": "ann"},
                "subjects": [account],
            },
        )

    def close(self) -> None:
        for name, fleet in self.fleets.items():
            fleet.close()
            if name != "all":
                with contextlib.suppress(RuntimeError):  # one is gone already
                    self.cluster.delete_namespace(fleet.namespace)


@pytest.fixture
def lab(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(cluster, namespace, tmp_path)
    for name, fleet in made.fleets.items():
        fleet.submit(name=name, hold=name != "blind")
    yield made
    made.close()


def costs(lab: Lab, *rights: tuple[str, str]) -> list[str]:
    """The beginnings of what is said of the rights, as (right, namespace)."""
    return [f'{right} may not be read in namespace "{lab.name(name)}"' for right, name in rights]


def test_a_list_shows_what_may_be_read_and_says_the_rest_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable, value in (("KUBECONFIG", lab.kubeconfig), ("HOME", tmp_path), ("JUPYTERHUB_USER", "ann")):
        monkeypatch.setenv(variable, str(value))
    listed = call("list", "-h", "-O", "namespace:60,name", "--namespace", lab.names)
    assert sorted(listed.lines()) == sorted(
        [lab.name(name), name] for name in ("all", "blind", "gone", "quota")
    )
    said = [line.removeprefix("kqueue: ").partition(":")[0] for line in listed.err.splitlines()]
    in_two = f'Jobs may not be read in namespaces "{lab.name("none")}", "{lab.name("pods")}"'
    assert said == [in_two, *costs(lab, ("Pods", "blind"), ("Events", "blind"))]
    assert listed.code == 1, "not all was listed"
    refused = call("list", "--namespace", f"{lab.name('none')},{lab.name('pods')}")
    assert (refused.code, refused.out) == (1, "")
    assert f'You may not read jobs in namespace "{lab.name("none")}"' in refused.err


@contextlib.contextmanager
def transport(lab: Lab) -> Iterator[Transport]:
    made = Transport(from_kubeconfig(str(lab.kubeconfig)))
    yield made
    made.close()


def test_the_live_queue_goes_on_with_what_it_may_read_also_when_a_namespace_goes(lab: Lab) -> None:
    names = [fleet.namespace for fleet in lab.fleets.values()]
    full = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "full"},
        "spec": {"hard": {"pods": "0"}},
    }
    full["metadata"] = {"name": "full", "namespace": lab.name("quota")}
    lab.cluster.apply(full)
    lab.fleets["quota"].submit(name="waits")
    with transport(lab) as made, watching(Api(made), user="ann", namespaces=names) as watched:
        watched.until(watched.is_live)
        watched.until(watched.says("waits", "PD", "QuotaExceeded"))
        expected = costs(lab, ("Pods", "blind"), ("Events", "blind"), ("Resource quotas", "blind"))
        expected.insert(0, f'Jobs may not be read in namespaces "{lab.name("none")}", "{lab.name("pods")}"')
        watched.until(
            lambda: [one.partition(":")[0] for one in watched.queue.sync().missing] == expected, seconds=60
        )
        assert {row.name for row in watched.queue.rows()} == {"all", "blind", "gone", "quota", "waits"}
        assert set(watched.queue.readable()) == set(names) - {lab.name("none"), lab.name("pods")}

        lab.cluster.kubectl("delete", "namespace", lab.name("gone"), "--wait=false")
        watched.until(lambda: watched.row("gone") is None, seconds=60)
        later = lab.fleets["all"].submit(name="later", hold=True)
        watched.until(watched.says("later", "PD", "JobHeldUser"))
        assert watched.row("blind") is not None
        lab.fleets["all"].client.cancel(later)
        watched.until(watched.says("later", "CA", "Cancelled"), seconds=60)


def test_a_list_that_is_shown_again_says_each_once(lab: Lab, tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [
                *TIED,
                str(Path(sys.executable).with_name("kqueue")),
                "list",
                "-i",
                "1",
                "--namespace",
                lab.names,
            ],
            stdout=stdout,
            stderr=stderr,
            env={
                **os.environ,
                "KUBECONFIG": str(lab.kubeconfig),
                "HOME": str(tmp_path),
                "JUPYTERHUB_USER": "ann",
            },
        )
        try:
            wait_for(lambda: "quota" in out.read_text(), what="the first list", seconds=120)
            wait_for(
                lambda: "Events may not" in err.read_text(), what="the third refusal of events", seconds=120
            )
            lab.fleets["all"].submit(name="later", hold=True)
            wait_for(lambda: "later" in out.read_text(), what="another list", seconds=120)
        finally:
            process.kill()
            process.wait()
    lines = err.read_text().splitlines()
    assert len(lines) == len(set(lines))
    assert {line.partition(" may not be read in")[0] for line in lines} >= {
        "kqueue: Jobs",
        "kqueue: Pods",
        "kqueue: Events",
    }


def test_what_the_dashboard_stands_on(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in (("HOME", tmp_path), ("JUPYTERHUB_USER", "ann")):
        monkeypatch.setenv(variable, str(value))
    names = tuple(fleet.namespace for fleet in lab.fleets.values())
    options = Options(namespaces=names, kubeconfig=str(lab.kubeconfig))
    backend: Backend = cluster_backend(options, Scope(None, names), lambda: None)
    backend.queue.start()
    try:
        wait_for(lambda: backend.queue.sync().state == "LIVE", what="the queue")
        assert {row.name for row in backend.queue.rows()} == {"all", "blind", "gone", "quota"}
        assert backend.queue.sync().missing[0].startswith("Jobs may not be read in namespaces")
    finally:
        backend.queue.stop()
