"""Whatever a job, its user, its queue and its files are called: the real API server takes the Job that is made."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import copy_environment
from kbatch_core.errors import BadOption
from kbatch_core.manifest import build_job
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.names import id_from
from kbatch_core.model.options.values import parse_comment, parse_job_name, parse_partition, parse_text
from kbatch_core.model.patterns import check
from tests.cluster import Cluster
from tests.pods import admin_object, load_pod

pytestmark = pytest.mark.cluster

numbers = itertools.count()
# Any text, and text at the edges of what a label may hold.
edges = st.text(st.sampled_from("aZ09-_.é/ \u0301\U0001f600ß"), max_size=8)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80),
    st.tuples(edges, st.integers(55, 70), edges).map(lambda parts: parts[0] + "a" * parts[1] + parts[2]),
    edges,
)


def read(parse: object, text: str) -> str:
    """What the option makes of the text; "" when it refuses it."""
    assert callable(parse)
    try:
        return str(parse(text))
    except BadOption:
        return ""


SERVER = copy_environment(load_pod("z2jh-pvc"), home="/home/jovyan")


@pytest.fixture
def api(cluster: Cluster, namespace: str) -> Api:
    return Api(Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace)))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Role", "rbac.authorization.k8s.io/v1/namespaces/{}/roles"),
        ("NetworkPolicy", "networking.k8s.io/v1/namespaces/{}/networkpolicies"),
    ],
)
def test_so_it_takes_what_an_admin_is_told_to_make(api: Api, kind: str, path: str) -> None:
    api.transport.request(
        "POST",
        f"/apis/{path.format(api.namespace)}",
        query={"dryRun": "All", "fieldValidation": "Strict"},
        body=msgspec.json.encode(admin_object(kind)),
    )


@settings(
    deadline=None,
    max_examples=100,
    database=None,
    suppress_health_check=list(HealthCheck),
    # An example is a round trip: a failure is shown as it was found.
    phases=[Phase.generate],
)
@given(
    name=texts, account=texts, comment=texts, user=texts, partition=texts, profile=st.booleans(), output=texts,
    submit_id=texts, words=st.lists(texts, max_size=3), array=st.sampled_from(["", "0-3", "1,5,7-20:2%3"]),
)  # fmt: skip
def test_any_names(
    api: Api, name: str, account: str, comment: str, user: str, partition: str, profile: bool, output: str,
    submit_id: str, words: list[str], array: str,
) -> None:  # fmt: skip
    queue = read(parse_partition, partition)
    spec = JobSpec(
        script="#!/bin/sh\n",
        script_name=read(parse_job_name, name).replace("/", "") or "x",
        name=read(parse_job_name, name),
        args=tuple(words),
        account=read(parse_text, account),
        comment=read(parse_comment, comment),
        # A queue of Kueue has a name that the API server took before.
        partition=queue if profile else "a.queue-1",
        profile=queue if profile else "",
        output=read(check, f"out/{output.replace('..', '_')}") or None,
        array=parse_array(array) if array else None,
        env={"WORDS": " ".join(words)},
    )
    made = build_job(
        spec,
        msgspec.structs.replace(SERVER, user=user),
        job_id=id_from(f"{submit_id}{next(numbers)}"),
        submit_id=submit_id,
        namespace=api.namespace,
        cwd="/home/jovyan",
        submit_host="jupyter-ann",
    )
    taken = api.create_job(made.manifest, dry_run=True).metadata
    sent = made.manifest["metadata"]
    assert taken.name == sent["name"]
    assert sent["labels"].items() <= taken.labels.items()
    assert taken.annotations.get(labels.COMMENT, "") == spec.comment
