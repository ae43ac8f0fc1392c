"""Every API call that we make, against the real control plane and the local cluster."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.retry import Retry
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Environment, Session
from kbatch_core.errors import (
    AuthExpired,
    Conflict,
    ConnectionFailed,
    NotFound,
    PermissionDenied,
    PolicyDenied,
    ServerBusy,
    UnknownOutcome,
)
from kbatch_core.manifest import Submission, build_job
from kbatch_core.model import labels
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.names import id_from, new_submit_id
from tests.cluster import Cluster, wait_for
from tests.cluster.local import LocalCluster
from tests.proxy import FaultProxy
from tests.scripted import Answer, ScriptedServer

IMAGE = Environment(image="images.example.org/none:1", user="ann", keep_entrypoint=False)

ANN = Session(cwd="/", home="", user="ann", host="x", in_pod=False, environ={})


@pytest.fixture
def api(cluster: Cluster, namespace: str) -> Iterator[Api]:
    transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace))
    yield Api(transport)
    transport.close()


def submission(
    namespace: str, *, hold: bool = True, name: str = "", rng: random.Random | None = None
) -> Submission:
    """A held job: nothing has to run for what is tested here."""
    submit_id = new_submit_id(rng or random.Random())
    return build_job(
        JobSpec(script="#!/bin/sh\n", script_name="x.sh", hold=hold, name=name),
        IMAGE,
        job_id=id_from(submit_id),
        submit_id=submit_id,
        namespace=namespace,
        cwd="/",
        submit_host="test",
    )


@contextmanager
def through_proxy(api: Api, cluster: Cluster, **retry: Any) -> Iterator[tuple[FaultProxy, Api]]:
    """A proxy, and the same account through it. It speaks plain HTTP: so with a token instead of a certificate."""
    token = cluster.token(api.namespace, "default", cluster_role="cluster-admin")
    path = Path(cluster.folder) / f"token-{api.namespace}"
    path.write_text(token)
    with FaultProxy(cluster.server, ca_file=str(cluster.ca_file)) as proxy:
        settings = Settings(server=proxy.url, namespace=api.namespace, credentials=TokenFile(path))
        behind = Api(Transport(settings), Retry(**{"sleep": lambda seconds: None, **retry}))
        try:
            yield proxy, behind
        finally:
            behind.transport.close()


def allow_jobs(cluster: Cluster, namespace: str, quota: str, count: int) -> None:
    """So many Jobs at most, by a quota of this name."""
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": quota, "namespace": namespace},
            "spec": {"hard": {"count/jobs.batch": str(count)}},
        }
    )


def test_create_get_list_patch_delete(api: Api, namespace: str) -> None:
    made = api.create_job(submission(namespace).manifest)
    assert made.metadata.uid
    name = made.metadata.name
    assert api.get_job(name).metadata.uid == made.metadata.uid
    assert [job.metadata.name for job in api.list_jobs()] == [name]
    patched = api.patch_job(name, {"metadata": {"annotations": {labels.COMMENT: "x"}}})
    assert patched.metadata.annotations[labels.COMMENT] == "x"
    assert patched.metadata.annotations[labels.SUBMIT_ID], "a merge patch keeps the rest"
    api.delete_job(name, uid=made.metadata.uid)
    with pytest.raises(NotFound):
        api.get_job(name)


def test_the_server_accepts_the_job_unchanged(api: Api, namespace: str) -> None:
    """What we send is what is stored: no field is unknown to the server, none is silently dropped."""
    sent = submission(namespace).manifest
    stored = api.get_job_object(api.create_job(sent).metadata.name)
    assert difference(sent, stored) == []


def difference(sent: Any, stored: Any, path: str = "") -> list[str]:
    if isinstance(sent, dict):
        return [
            line
            for key, value in sent.items()
            for line in difference(
                value, stored.get(key) if isinstance(stored, dict) else None, f"{path}.{key}"
            )
        ]
    if isinstance(sent, list):
        pairs = itertools.zip_longest(sent, stored or [])
        return [line for n, (a, b) in enumerate(pairs) for line in difference(a, b, f"{path}[{n}]")]
    same = sent == stored or sent in ({}, [], "", False)
    return [] if same else [f"{path}: {sent!r} != {stored!r}"]


@pytest.mark.parametrize("name", ["x" * 500, "\U0001f600\U0001f680", "-", "Größe ½", "jupyter-ann", "a/b: c"])
def test_any_name_makes_a_valid_object(api: Api, namespace: str, name: str) -> None:
    made = api.create_job(submission(namespace, name=name).manifest)
    assert Client(api, ANN).row(made).name == name
    assert not made.metadata.name.startswith("jupyter-"), "kept for the hub's own pods"


def test_a_dry_run_creates_nothing(api: Api, namespace: str) -> None:
    assert api.create_job(submission(namespace).manifest, dry_run=True).metadata.name
    assert api.list_jobs() == []


def test_a_list_is_whole_wherever_it_is_cut(
    api: Api, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken apart while it arrives: what the real server writes must be what that expects."""
    monkeypatch.setattr("kbatch_core.cluster.api.PIECE", 700)
    monkeypatch.setattr("kbatch_core.cluster.listing.ListReader._read_whole", None)
    made = {api.create_job(submission(namespace).manifest).metadata.uid for _ in range(8)}
    before = api.transport.requests
    assert {job.metadata.uid for job in api.list_jobs()} == made
    assert api.transport.requests - before == 1
    listed = cluster.get("jobs", "-n", namespace)["items"]
    assert {one["metadata"]["uid"] for one in listed} == made


def test_the_same_submit_twice_is_one_job_and_anothers_name_is_a_conflict(api: Api, namespace: str) -> None:
    first = submission(namespace)
    assert api.create_job(first.manifest).metadata.uid == api.create_job(first.manifest).metadata.uid, (
        "our own submit-id"
    )
    other = msgspec.json.decode(msgspec.json.encode(first.manifest))
    other["metadata"]["annotations"][labels.SUBMIT_ID] = "another"
    with pytest.raises(Conflict):
        api.create_job(other)
    assert len(api.list_jobs()) == 1


def test_a_lost_reply_gives_exactly_one_job_200_times(api: Api, cluster: Cluster, namespace: str) -> None:
    rng = random.Random(1)

    def lose_some_answers_to_a_create(request: bytes, answer: bytes) -> bool:
        return not (request.startswith(b"POST") and rng.random() < 0.5)

    with through_proxy(api, cluster) as (proxy, behind):
        proxy.verdict = lose_some_answers_to_a_create
        ids = [behind.create_job(submission(namespace, rng=rng).manifest).metadata.uid for _ in range(200)]
        assert proxy.lost > 50
    assert sorted(ids) == sorted(job.metadata.uid for job in api.list_jobs())


def test_when_every_answer_is_lost_the_outcome_is_called_unknown_with_the_id(
    api: Api, cluster: Cluster, namespace: str
) -> None:
    now = itertools.count(0.0, 5.0)
    made = submission(namespace)
    with through_proxy(api, cluster, clock=lambda: next(now)) as (proxy, behind):
        proxy.verdict = lambda request, answer: False
        with pytest.raises(UnknownOutcome, match=made.job_id) as caught:
            behind.create_job(made.manifest)
    assert caught.value.exit_code == 4
    assert len(api.list_jobs()) == 1


def test_a_lost_reply_that_filled_the_quota_is_no_refusal(api: Api, cluster: Cluster, namespace: str) -> None:
    """Quotas are asked before names (not by the local cluster): the job that the first attempt made refuses the
    second one."""
    made = submission(namespace)
    allow_jobs(cluster, namespace, "one", 1)
    wait_for(
        lambda: "used" in cluster.get("resourcequota", "one", "-n", namespace)["status"], what="the quota"
    )
    answers = itertools.count()
    refused: list[bytes] = []

    def lose_the_first(request: bytes, answer: bytes) -> bool:
        if not request.startswith(b"POST"):
            return True
        if b" 403 " in answer.split(b"\r\n")[0]:
            refused.append(answer)
        return next(answers) > 0

    with through_proxy(api, cluster) as (proxy, behind):
        proxy.verdict = lose_the_first
        assert behind.create_job(made.manifest).metadata.uid == api.list_jobs()[0].metadata.uid
        assert refused or isinstance(cluster, LocalCluster), (
            "it was not refused: there is nothing to see here"
        )
        made_again = behind.create_job(made.manifest)
        assert made_again.metadata.uid == api.list_jobs()[0].metadata.uid, "what --submit-id promises"
        with pytest.raises(PolicyDenied, match="exceeded quota: one"):
            behind.create_job(submission(namespace).manifest)
    assert len(api.list_jobs()) == 1


def test_a_name_that_is_there_and_cannot_be_looked_at_is_no_refusal(
    api: Api, cluster: Cluster, namespace: str
) -> None:
    """Else the history would forget the job, and a script kept in home be taken away from it."""
    now = itertools.count(0.0, 5.0)
    made = submission(namespace)
    with through_proxy(api, cluster, clock=lambda: next(now)) as (proxy, behind):
        behind.create_job(made.manifest)
        proxy.verdict = lambda request, answer: request.startswith(b"POST")
        with pytest.raises(UnknownOutcome, match=made.job_id):
            behind.create_job(made.manifest)
    assert len(api.list_jobs()) == 1


def test_a_connection_cut_between_two_reads_is_no_error(api: Api, cluster: Cluster) -> None:
    with through_proxy(api, cluster) as (proxy, behind):
        for _ in range(5):
            behind.version()
            proxy.cut()


def test_a_missing_right_is_named(api: Api, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    if isinstance(cluster, LocalCluster):
        pytest.skip("the local cluster has one account, which may do everything")
    token = tmp_path / "token"
    token.write_text(cluster.token(namespace, "nobody"))
    settings = Settings(
        server=cluster.server, namespace=namespace, credentials=TokenFile(token), ca_file=str(cluster.ca_file)
    )
    nobody = Api(Transport(settings))
    with pytest.raises(
        PermissionDenied, match=f'You may not create jobs in namespace "{namespace}"'
    ) as caught:
        nobody.create_job(submission(namespace).manifest)
    assert caught.value.exit_code == 1
    nobody.transport.close()


def test_a_missing_namespace_is_named(api: Api) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        api.create_job(submission("nowhere").manifest)


def test_quota_is_a_refusal_with_the_quotas_words(api: Api, cluster: Cluster, namespace: str) -> None:
    allow_jobs(cluster, namespace, "few", 0)

    def refused() -> bool:
        try:
            api.create_job(submission(namespace).manifest)
        except PolicyDenied as error:
            assert "exceeded quota: few" in error.sentence
            assert "Ask for less" in error.hint
            return True
        return False

    assert any(refused() for _ in range(200)), "the quota controller needs a moment to see a new quota"


def test_a_wrong_token_is_expired_and_a_rotated_one_is_read_again(
    api: Api, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    good = cluster.token(namespace, "default", cluster_role="cluster-admin")
    path = tmp_path / "token"
    path.write_text("expired\n")
    settings = Settings(
        server=cluster.server, namespace=namespace, credentials=TokenFile(path), ca_file=str(cluster.ca_file)
    )
    account = Api(Transport(settings))
    with pytest.raises(AuthExpired) as caught:
        account.list_jobs()
    assert caught.value.exit_code == 3
    path.write_text(good + "\n")
    assert account.list_jobs() == []
    path.write_text("expired again\n")
    assert account.list_jobs() == [], "the token is read once a minute, or after a 401"
    account.transport.close()


def test_a_server_that_is_down_is_said_at_once(namespace: str, cluster: Cluster) -> None:
    settings = from_kubeconfig(str(cluster.kubeconfig), namespace=namespace)
    down = Api(Transport(msgspec.structs.replace(settings, server="https://127.0.0.1:1")))
    with pytest.raises(ConnectionFailed, match="refuses connections") as caught:
        down.list_jobs()
    assert caught.value.exit_code == 3
    down.transport.close()


def test_a_server_with_another_certificate_is_not_trusted(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    settings = Settings(server=cluster.server, namespace=namespace)
    with pytest.raises(ConnectionFailed, match="is not trusted"):
        Api(Transport(settings)).list_jobs()


def test_cancel_ends_a_held_job_and_keeps_its_record(api: Api, namespace: str) -> None:
    client = Client(api, ANN)
    job = api.create_job(submission(namespace).manifest)
    client.cancel(job)

    def ended() -> bool:
        conditions = api.get_job(job.metadata.name).status.conditions
        return any(condition.type == "Failed" and condition.status == "True" for condition in conditions)

    wait_for(ended, what="the cancelled job to fail")
    row = client.row(api.get_job(job.metadata.name))
    assert row.state == "CA"
    assert client.pods(job) == []


def test_what_is_asked_about_oneself(api: Api) -> None:
    assert api.account()
    assert api.has_namespace() is True
    assert api.has_group("batch")
    assert not api.has_group("kueue.x-k8s.io")
    assert api.version().git_version.startswith("v1.36")
    assert api.access_review("create", "batch", "jobs", namespace=api.namespace)


def test_429_waits_as_long_as_the_server_says(api: Api, cluster: Cluster) -> None:
    """The server's own 429 needs a flooded server; the shape is the one that priority and fairness sends."""
    waits: list[float] = []
    answers = [
        (429, {"Retry-After": "3"}, b"Too many requests, please try again later.\n"),
        (200, {"Content-Type": "application/json"}, b'{"gitVersion": "v1.36.3"}'),
    ]
    with ScriptedServer(answers) as server:
        settings = Settings(server=server.url, namespace="x")
        retry = Retry(sleep=waits.append, random=lambda: 0.0)
        assert Api(Transport(settings), retry).version().git_version == "v1.36.3"
    assert waits == [3.0]


def test_a_server_that_stays_busy_is_given_up_on() -> None:
    now = itertools.count(0.0, 10.0)
    with ScriptedServer([(503, {}, b"")] * 10) as server:
        settings = Settings(server=server.url, namespace="x")
        retry = Retry(sleep=lambda seconds: None, clock=lambda: next(now))
        with pytest.raises(ServerBusy) as caught:
            Api(Transport(settings), retry).version()
    assert caught.value.exit_code == 3


def test_a_quota_that_another_submit_has_just_changed_is_asked_again(namespace: str) -> None:
    """It is a 409 too, seen with many submits at once; nothing of this name is there."""
    made = submission(namespace)
    status = {"kind": "Status", "code": 409, "reason": "Conflict", "message": "the object has been modified"}
    answers: list[Answer] = [
        (409, {}, msgspec.json.encode(status)),
        (201, {}, msgspec.json.encode(made.manifest)),
    ]
    with ScriptedServer(answers) as server:
        retry = Retry(sleep=lambda seconds: None)
        behind = Api(Transport(Settings(server=server.url, namespace=namespace)), retry)
        assert behind.create_job(made.manifest).metadata.name == made.manifest["metadata"]["name"]
        assert [method for method, *_ in server.requests] == ["POST", "POST"]


def test_a_success_that_cannot_be_read_is_no_failure(namespace: str) -> None:
    with ScriptedServer([(201, {}, b"<html>")]) as server:
        behind = Api(Transport(Settings(server=server.url, namespace=namespace)))
        with pytest.raises(UnknownOutcome):
            behind.create_job(submission(namespace).manifest)
