"""The reflector against the real API server, through a proxy that cuts, stalls and loses; and its own faults."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.mirror import Change, Mirror
from kbatch_core.cluster.reflector import Reflector
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import AuthExpired, Gone, KbatchError, NotFound, PermissionDenied, ServerBusy
from tests.cluster import Cluster, wait_for
from tests.proxy import FaultProxy
from tests.reflector.fake import Listener, Thing

SELECTOR = "test=reflector"
DEAD_AFTER = 0.6
MERGE = "application/merge-patch+json"


class Waiting(Listener):
    """A listener that tests can wait on."""

    def __init__(self) -> None:
        super().__init__()
        self.news = threading.Condition()

    def __call__(self, changes: Sequence[Change[Thing]]) -> None:
        super().__call__(changes)
        with self.news:
            self.news.notify_all()

    def wait_for(self, check: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(check, 60), self.told[-20:]


class Maps:
    """ConfigMaps of a namespace, written directly: what somebody else does meanwhile."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.path = f"/api/v1/namespaces/{namespace}/configmaps"
        self.transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace))

    def create(self, name: str) -> None:
        metadata = {"name": name, "labels": {"test": "reflector"}}
        self._send("POST", self.path, {"metadata": metadata, "data": {"x": "0"}})

    def change(self, name: str, value: str) -> None:
        self._send("PATCH", f"{self.path}/{name}", {"data": {"x": value}})

    def mark(self, name: str, *, selected: bool) -> None:
        """Whether the selector matches it."""
        label = "reflector" if selected else "other"
        self._send("PATCH", f"{self.path}/{name}", {"metadata": {"labels": {"test": label}}})

    def delete(self, name: str) -> None:
        self._send("DELETE", f"{self.path}/{name}", {})

    def listed(self) -> dict[str, int]:
        """Versions by uid, of a fresh list."""
        body = self.transport.request("GET", self.path, query={"labelSelector": SELECTOR})
        found = [one["metadata"] for one in msgspec.json.decode(body)["items"]]
        return {one["uid"]: int(one["resourceVersion"]) for one in found}

    def stir(self, rng: random.Random, times: int) -> None:
        """Random writes on a few names, so that names are deleted and made again."""
        for _ in range(times):
            name = f"map-{rng.randrange(8)}"
            act = rng.choice((self.create, self.change, self.change, self.delete, self.mark))
            try:
                if act == self.change:
                    self.change(name, str(rng.random()))
                elif act == self.mark:
                    self.mark(name, selected=rng.random() < 0.7)
                else:
                    act(name)  # type: ignore[call-arg]
            except (NotFound, KbatchError):
                continue

    def _send(self, method: str, path: str, body: Any) -> None:
        kind = MERGE if method == "PATCH" else "application/json"
        self.transport.request(method, path, body=msgspec.json.encode(body), content_type=kind)


@pytest.fixture
def maps(cluster: Cluster, namespace: str) -> Iterator[Maps]:
    made = Maps(cluster, namespace)
    yield made
    made.transport.close()


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultProxy]:
    with FaultProxy(cluster.server, ca_file=str(cluster.ca_file)) as made:
        yield made


@pytest.fixture
def token(cluster: Cluster, namespace: str) -> Path:
    """A file with the token of an account that may do anything."""
    path = cluster.folder / f"token-{namespace}"
    path.write_text(cluster.token(namespace, "reader", cluster_role="admin"))
    return path


class Run:
    """A reflector behind the proxy; `errors` are those it met."""

    def __init__(self, url: str, token: Path, path: str, **options: Any) -> None:
        self.heard = Waiting()
        self.errors: list[KbatchError] = []
        self.mirror: Mirror[Thing] = Mirror(self.heard)
        self._pause = threading.Event()
        settings = Settings(server=url, namespace="x", credentials=TokenFile(token))
        self.transport = Transport(settings)
        self.reflector = Reflector(
            self.transport,
            path,
            Thing,
            self.mirror,
            query={"labelSelector": SELECTOR},
            on_health=self._on_health,
            wait=lambda seconds: self._pause.wait(min(seconds, 0.1)),
            **options,
        )

    def _on_health(self) -> None:
        error = self.reflector.health.error
        with self.heard.news:
            if error is not None:
                self.errors.append(error)
            self.heard.news.notify_all()

    def met(self, kind: type[KbatchError]) -> Callable[[], bool]:
        return lambda: any(isinstance(error, kind) for error in self.errors)

    def well(self) -> bool:
        return self.reflector.health.synced and self.reflector.health.error is None

    def well_or_met(self, kind: type[KbatchError]) -> Callable[[], bool]:
        """For after a cut: it is watching again, or met that error."""
        before = self.transport.requests
        return lambda: self.met(kind)() or (self.transport.requests > before and self.well())

    def kept(self) -> dict[str, int]:
        return {one.metadata.uid: int(one.metadata.resource_version) for one in self.mirror.objects()}


@contextmanager
def reflecting(proxy: FaultProxy, token: Path, maps: Maps, **options: Any) -> Iterator[Run]:
    run = Run(proxy.url, token, maps.path, **options)
    run.reflector.start()
    try:
        run.heard.wait_for(lambda: run.reflector.health.synced)
        yield run
    finally:
        run._pause.set()
        assert run.reflector.stop()
        run.transport.close()


def agrees(run: Run, maps: Maps) -> None:
    """After quiet the copy is what a fresh list is. That each uid saw a legal order, the listener checks itself."""
    fresh = maps.listed()
    run.heard.wait_for(lambda: run.kept() == fresh)
    assert {uid: int(one.metadata.resource_version) for uid, one in run.heard.alive.items()} == fresh


@pytest.mark.parametrize("seed", [1, 2])
def test_cut_stalled_and_lost_again_and_again(proxy: FaultProxy, token: Path, maps: Maps, seed: int) -> None:
    rng = random.Random(seed)
    proxy.verdict = lambda request, answer: rng.random() < 0.7
    with reflecting(proxy, token, maps, dead_after=DEAD_AFTER) as run:
        for round_ in range(40):
            maps.stir(rng, 6)
            if round_ % 5 == 4:
                proxy.flowing.clear()
                maps.stir(rng, 2)
                next_connection(proxy)
                proxy.flowing.set()
            elif rng.random() < 0.6:
                proxy.cut()
        proxy.verdict = lambda request, answer: True
        agrees(run, maps)
        assert proxy.connections > 8, "one and then each fifth round another; a cut may meet none"
        assert len(run.heard.told) > 20


def next_connection(proxy: FaultProxy) -> None:
    """Until the reflector has given up a path that is dead, and tries another."""
    before = proxy.connections
    wait_for(lambda: proxy.connections > before, what="the dead path to be left")


def test_a_server_that_came_back_and_forgot_our_version_gives_a_real_410(
    cluster: Cluster, proxy: FaultProxy, token: Path, maps: Maps
) -> None:
    for name in ("stays", "goes", "again"):
        maps.create(name)
    with reflecting(proxy, token, maps) as run:
        run.heard.wait_for(lambda: len(run.heard.alive) == 3)
        proxy.flowing.clear()
        proxy.cut()
        maps.delete("goes")
        maps.delete("again")
        maps.create("again")
        maps.transport.close()
        cluster.restart_api_server()
        cluster.compact()
        maps.change("stays", "1")
        proxy.flowing.set()
        proxy.cut()
        run.heard.wait_for(run.met(Gone))
        agrees(run, maps)
        told = [(kind, name) for kind, name, _ in run.heard.told[3:]]
        assert sorted(told) == [
            ("ADDED", "again"),
            ("DELETED", "again"),
            ("DELETED", "goes"),
            ("MODIFIED", "stays"),
        ]


def test_while_the_server_is_away_it_waits_and_then_goes_on(
    cluster: Cluster, proxy: FaultProxy, token: Path, maps: Maps
) -> None:
    maps.create("one")
    with reflecting(proxy, token, maps) as run:
        run.heard.wait_for(lambda: len(run.heard.alive) == 1)
        maps.transport.close()
        cluster.stop_api_server()
        run.heard.wait_for(lambda: len(run.errors) >= 2)
        cluster.start_api_server()
        maps.create("two")
        agrees(run, maps)
        run.heard.wait_for(run.well)


@pytest.mark.usefixtures("accounts")
def test_a_token_that_was_replaced_is_read_again(
    cluster: Cluster, namespace: str, proxy: FaultProxy, token: Path, maps: Maps
) -> None:
    maps.create("one")
    with reflecting(proxy, token, maps) as run:
        run.heard.wait_for(lambda: len(run.heard.alive) == 1)
        cluster.kubectl("delete", "serviceaccount", "reader", "-n", namespace)
        wait_for(lambda: refused(run), what="the old token to be refused", seconds=90)
        proxy.cut()
        run.heard.wait_for(run.met(AuthExpired))
        token.write_text(cluster.token(namespace, "reader", cluster_role="admin"))
        maps.create("two")
        agrees(run, maps)
        run.heard.wait_for(run.well)


def refused(run: Run) -> bool:
    try:
        run.transport.request("GET", "/version")
    except AuthExpired:
        return True
    return False


@pytest.mark.usefixtures("accounts")
def test_a_right_to_watch_that_is_missing_leaves_the_list(
    cluster: Cluster, namespace: str, proxy: FaultProxy, maps: Maps, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(cluster.token(namespace, "lister"))

    def allow(*verbs: str) -> None:
        cluster.apply(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "lister", "namespace": namespace},
                "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}],
            }
        )

    allow("list")
    cluster.kubectl(
        "create",
        "rolebinding",
        "lister",
        "--role=lister",
        f"--serviceaccount={namespace}:lister",
        "-n",
        namespace,
    )
    with reflecting(proxy, tmp_path / "token", maps) as run:
        run.heard.wait_for(run.met(PermissionDenied))
        maps.create("seen-by-a-list")
        agrees(run, maps)
        allow("list", "watch")
        maps.create("seen-by-a-watch")
        agrees(run, maps)
        run.heard.wait_for(run.well)


@pytest.mark.usefixtures("accounts")
def test_the_server_s_own_429_is_waited_out(
    cluster: Cluster, namespace: str, proxy: FaultProxy, token: Path, maps: Maps
) -> None:
    maps.create("one")
    with reflecting(proxy, token, maps) as run:
        run.heard.wait_for(lambda: len(run.heard.alive) == 1)
        cluster.apply(*no_share(namespace, "reader"))
        with crowding(cluster, token, maps.path):
            while not run.met(ServerBusy)():
                proxy.cut()
                run.heard.wait_for(run.well_or_met(ServerBusy))
        error = next(error for error in run.errors if isinstance(error, ServerBusy))
        assert (error.status, error.retry_after > 0) == (429, True)
        cluster.kubectl("delete", "flowschema", f"none-{namespace}")
        cluster.kubectl("delete", "prioritylevelconfiguration", f"none-{namespace}")
        maps.create("two")
        agrees(run, maps)
        run.heard.wait_for(run.well)


@contextmanager
def crowding(cluster: Cluster, token: Path, path: str) -> Iterator[None]:
    """Other requests of the account: one alone is served also where there is no share, a second one is refused."""
    over = threading.Event()

    def ask() -> None:
        settings = Settings(cluster.server, "x", TokenFile(token), ca_file=str(cluster.ca_file))
        transport = Transport(settings)
        while not over.is_set():
            with suppress(ServerBusy):
                transport.request("GET", path)
        transport.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def no_share(namespace: str, account: str) -> list[dict[str, Any]]:
    """What keeps an account from being served beside another request of its own."""
    name = f"none-{namespace}"
    subject = {"kind": "ServiceAccount", "serviceAccount": {"name": account, "namespace": namespace}}
    anything = {
        "verbs": ["*"],
        "apiGroups": ["*"],
        "resources": ["*"],
        "clusterScope": True,
        "namespaces": ["*"],
    }
    return [
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": name},
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 0,
                    "borrowingLimitPercent": 0,
                    "limitResponse": {"type": "Reject"},
                },
            },
        },
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": name},
            "spec": {
                "priorityLevelConfiguration": {"name": name},
                "matchingPrecedence": 2,
                "rules": [
                    {
                        "subjects": [subject],
                        "resourceRules": [anything],
                        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                    }
                ],
            },
        },
    ]
