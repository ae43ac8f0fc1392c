"""The queue on the real API server, with the rights of a hub's user and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from tests.cluster import Cluster, wait_for
from tests.cluster.users import RULES
from tests.commands.fleet import Fleet
from tests.queue.watched import watching

pytestmark = pytest.mark.cluster


@pytest.fixture
def api(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Api]:
    """What an account with exactly kbatch's rights in its namespace sees."""
    where = {"name": "ann", "namespace": namespace}
    (tmp_path / "token").write_text(cluster.token(namespace, "ann"))
    group = "rbac.authorization.k8s.io"
    cluster.apply(
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": where, "rules": RULES},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": where,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "ann"},
            "subjects": [{"kind": "ServiceAccount", **where}],
        },
    )
    transport = Transport(
        Settings(cluster.server, namespace, TokenFile(tmp_path / "token"), ca_file=str(cluster.ca_file))
    )
    yield Api(transport)
    transport.close()


def test_rights_in_one_namespace_are_enough(fleet: Fleet, api: Api) -> None:
    fleet.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "small", "namespace": fleet.namespace},
            "spec": {"hard": {"pods": "1"}},
        }
    )
    runs = fleet.submit(name="runs")
    fleet.run(runs)
    fleet.submit(name="waits")
    fleet.submit(name="held", hold=True)
    fleet.submit(name="of-bob", user="bob", hold=True)
    with watching(api, user="ann") as watched:
        watched.until(watched.is_live)
        watched.until(watched.says("runs", "R"))
        watched.until(watched.says("held", "PD", "JobHeldUser"))
        watched.until(watched.says("waits", "PD", "QuotaExceeded"))
        assert {row.name for row in watched.queue.rows()} == {"runs", "waits", "held"}
        watched.until(lambda: len(watched.queue.sync().missing) == 2)
        missing = watched.queue.sync().missing
        assert [text.partition(" may")[0] for text in missing] == ["Nodes", "Resource quotas"]
        once = {row.id: (row.state, row.code, row.sentence) for row in fleet.client.list(user="ann")}
        assert {row.id: (row.state, row.code, row.sentence) for row in watched.queue.rows()} == once

        answer = fleet.client.cancel(runs)
        watched.queue.put(answer)
        assert watched.says("runs", "CG", "Cancelled")()
        fleet.wait_ended(runs)
        watched.until(watched.says("runs", "CA", "Cancelled"))
        # The Job controller, refused by the quota, tries again after up to a minute.
        watched.until(watched.says("waits", "PD", "None"), seconds=180)


def test_it_lives_through_a_restart_of_the_api_server(fleet: Fleet, api: Api) -> None:
    held = fleet.submit(name="held", hold=True)
    with watching(api) as watched:
        watched.until(lambda: watched.is_live() and watched.row("held"))
        fleet.transport.close()
        fleet.cluster.stop_api_server()
        watched.until(lambda: watched.queue.sync().state == "RETRYING")
        assert watched.row("held") is not None
        fleet.cluster.start_api_server()
        fleet.api.delete_job(held.metadata.name)
        fleet.submit(name="new", hold=True)
        watched.until(
            lambda: watched.is_live() and watched.row("new") and not watched.row("held"), seconds=60
        )


def test_a_wait_lives_through_it_too(fleet: Fleet, api: Api) -> None:
    job = fleet.submit(name="waited-for")
    ended: list[str] = []
    client = Client(api, fleet.client.session)
    thread = threading.Thread(target=lambda: ended.append(client.wait(job).metadata.name))
    thread.start()
    wait_for(lambda: client.api.transport.requests >= 4, what="the watches")
    fleet.transport.close()
    fleet.cluster.restart_api_server()
    fleet.end(job)
    thread.join(60)
    assert ended == [job.metadata.name]
