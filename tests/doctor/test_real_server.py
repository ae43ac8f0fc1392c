"""On the real API server: an account with exactly the Role of docs/admin.md, and with one right fewer each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from kbatch_core.doctor.examine import Where, answers, examine
from kbatch_core.doctor.finding import Finding
from kbatch_core.doctor.here import Settings
from kbatch_core.doctor.local_checks import Terminal
from kbatch_core.model.rights import EXTRA, NEEDED, Right
from tests.cluster import Cluster, wait_for
from tests.cluster.desk import READ_CLAIMS, READ_CLUSTER, READ_RULES, Desk
from tests.cluster.objects import Objects
from tests.cluster.users import RULES, account

pytestmark = pytest.mark.cluster


def by_check(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {found.check: found for found in findings}


def in_server(desk: Desk) -> dict[str, Finding]:
    """What it finds in the notebook server of a desk."""
    return by_check(list(answers(desk.client(), Settings({}, ()))))


def kubeconfig(cluster: Cluster, folder: Path, namespace: str, token: str) -> str:
    """A laptop's, with the token of an account."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    config["contexts"][0]["context"]["namespace"] = namespace
    path = folder / "laptop.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def on_laptop(path: str, home: Path, **where: str) -> dict[str, Finding]:
    """What it finds with a kubeconfig."""
    environ = {"HOME": str(home), "LOGNAME": "ann"}
    return by_check(list(examine(Where(kubeconfig=path, **where), environ, Terminal(False), ())))


def without(right: Right) -> list[dict[str, Any]]:
    """The rules of the Role without one right."""
    rules = []
    for rule in RULES:
        lost = right.verb if right.what in rule["resources"] else ""
        verbs = [verb for verb in rule["verbs"] if verb != lost]
        rules += [{**rule, "verbs": verbs}] if verbs else []
    return rules


def test_the_role_of_the_page_is_all_that_is_needed(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk.in_new_namespace(cluster, tmp_path)
    desk.start_server()
    found = in_server(desk)
    assert not [one for one in found.values() if one.verdict == "broken"]
    assert found["account"].sentence.startswith(f"system:serviceaccount:{desk.namespace}:ann, ")
    assert found["rights"].sentence == f"all {len(NEEDED)} that are needed"
    lacking = " ".join(found["more rights"].details)
    for extra in EXTRA:
        assert (extra.gives in lacking) is not extra.kueue, "Kueue is not here"
    assert 'the pod "jupyter-ann" as the API has it' in found["environment"].sentence
    assert "taken so: claims may not be read" in found["home"].sentence
    assert "quota" not in found, "it may not be read, as said above"


def test_with_all_that_can_be_used(cluster: Cluster, tmp_path: Path) -> None:
    watch = {"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["watch"]}
    shell = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]}
    nodes = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["watch"]}
    extra = [READ_RULES, READ_CLAIMS, watch, shell]
    desk = Desk.in_new_namespace(cluster, tmp_path, extra=extra, everywhere=[*READ_CLUSTER, nodes])
    desk.start_server(access="ReadWriteMany")
    found = in_server(desk)
    assert {one.verdict for one in found.values()} == {"ok"}
    assert "jobs on any node" in found["home"].sentence
    assert found["quota"].sentence == "nothing that limits a job"


@pytest.mark.parametrize("right", NEEDED, ids=lambda right: f"{right.verb}-{right.what}")
def test_a_right_that_lacks(cluster: Cluster, namespace: str, tmp_path: Path, right: Right) -> None:
    objects = Objects(cluster)
    objects.create(*account(namespace, "ann", without(right)))
    found = on_laptop(kubeconfig(cluster, tmp_path, namespace, objects.token(namespace, "ann")), tmp_path)
    assert [one.check for one in found.values() if one.verdict == "broken"] == ["rights"]
    assert found["rights"].sentence == f"Your account may not {right.verb} {right.what}"
    assert f"system:serviceaccount:{namespace}:ann" in found["rights"].hint


def test_its_own_pod_by_name_is_enough(cluster: Cluster, tmp_path: Path) -> None:
    """As docs/admin.md advises where each user has an account."""
    desk = Desk.in_new_namespace(cluster, tmp_path)
    desk.start_server()
    by_name = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["jupyter-ann"]}
    cluster.apply(*account(desk.namespace, "ann", [*without(Right("get", "pods")), by_name]))
    assert in_server(desk)["rights"].verdict == "ok"


def test_an_account_without_any_right(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = Objects(cluster)
    objects.create(*account(namespace, "ann", []))
    found = on_laptop(kubeconfig(cluster, tmp_path, namespace, objects.token(namespace, "ann")), tmp_path)
    assert found["rights"].verdict == "broken"
    assert found["rights"].sentence == "Your account has none of the rights that are needed"
    assert "--namespace" in found["rights"].hint
    assert "environment" not in found, "more would be noise"


def test_a_token_that_is_accepted_no_longer(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = Objects(cluster)
    objects.create(*account(namespace, "ann"))
    path = kubeconfig(cluster, tmp_path, namespace, objects.token(namespace, "ann"))
    objects.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/ann")
    found = on_laptop(path, tmp_path)
    assert found["cluster"].verdict == "broken"
    assert "does not accept the credentials" in found["cluster"].sentence
    assert path in found["cluster"].sentence


def test_the_admin_and_a_namespace_that_is_not_there(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    path = str(cluster.kubeconfig)
    assert on_laptop(path, tmp_path, namespace=namespace)["account"].verdict == "ok"
    found = on_laptop(path, tmp_path, namespace="sience")
    assert found["account"].verdict == "broken"
    assert found["cluster"].sentence.endswith("Kubernetes 1.36.3")
    assert "no notebook server" in found["environment"].sentence


QUOTAS: dict[str, tuple[Mapping[str, str], str]] = {
    "full": ({"pods": "0"}, "allows 0 pods in all"),
    "demands": ({"limits.cpu": "4", "requests.memory": "4Gi"}, "demands limits.cpu"),
}


@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota(cluster: Cluster, namespace: str, tmp_path: Path, name: str) -> None:
    hard, words = QUOTAS[name]
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"hard": hard},
        }
    )
    where = {"namespace": namespace}

    def seen() -> Finding | None:
        found = on_laptop(str(cluster.kubeconfig), tmp_path, **where)["quota"]
        return found if words in found.sentence else None

    found = wait_for(seen, what="the quota to be counted")
    assert found.verdict == "limited"
    assert found.costs and found.hint
