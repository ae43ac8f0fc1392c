"""The same request gets the same answer from the real API server and from the local cluster, byte for word."""

from __future__ import annotations

import copy
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.cluster.local import LocalCluster

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "a", "labels": {"x": "1"}},
    "spec": {
        "suspend": True,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "c",
                        "image": "local",
                        "command": ["true"],
                        "env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                        "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}},
                    }
                ],
                "volumes": [
                    {
                        "name": "v",
                        "downwardAPI": {
                            "items": [{"path": "s", "fieldRef": {"fieldPath": "metadata.annotations['x']"}}]
                        },
                    }
                ],
            }
        },
    },
}


class Wire:
    """Requests as they are, to one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self.jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.pods = f"/api/v1/namespaces/{namespace}/pods"
        self._server = cluster.server
        self._tls = ssl.create_default_context(cafile=str(cluster.ca_file))
        if not isinstance(cluster, LocalCluster):
            cluster.kubectl("create", "-f", "-", input=json.dumps(binding(namespace)))
        self._token = cluster.token(namespace, "default")

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        token: str | None = None,
        host: str = "",
    ) -> tuple[int, bytes]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": accept, "Authorization": f"Bearer {self._token if token is None else token}"}
        headers |= {"Content-Type": content_type} if data is not None else {}
        headers |= {"Host": host} if host else {}
        request = urllib.request.Request(self._server + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The same, decoded; `code` is in the answer of a Status."""
        return json.loads(self.send(method, path, body, **more)[1])


def binding(namespace: str) -> dict[str, Any]:
    """All rights for the namespace's account, where there are rights."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"wire-{namespace}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }


@pytest.fixture
def wire(cluster: Cluster, namespace: str) -> Iterator[Wire]:
    yield Wire(cluster, namespace)
    if not isinstance(cluster, LocalCluster):
        cluster.kubectl("delete", "clusterrolebinding", f"wire-{namespace}")


def job(name: str = "a", **spec: Any) -> dict[str, Any]:
    made = copy.deepcopy(JOB)
    made["metadata"]["name"] = name
    made["spec"].update(spec)
    return made


def container(**fields: Any) -> dict[str, Any]:
    """A Job whose container has these fields."""
    made = job("x")
    made["spec"]["template"]["spec"]["containers"][0].update(fields)
    return made


RULES = [{"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}}]
# What is sent to create a Job -> the code and a part of the message.
REFUSED_JOBS: dict[str, tuple[Any, int, str]] = {
    "not JSON": (b"{", 400, "couldn't get version/kind; json parse error: unexpected end of JSON input ({)"),
    "nothing": (b"", 400, "json parse error: unexpected end of JSON input (<empty>)"),
    "a list": ([1], 400, "json parse error: json: cannot unmarshal array into"),
    "a pod": (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
        400,
        'Pod in version "v1" cannot be handled as a Job: converting (v1.Pod) to (batch.Job): unknown conversion',
    ),
    "no name": (
        {**JOB, "metadata": {}},
        422,
        'Job.batch "" is invalid: metadata.name: Required value: name or generateName is required',
    ),
    "bad name": (
        {**JOB, "metadata": {"name": "A_b"}},
        422,
        'Invalid value: "A_b": a lowercase RFC 1123 subdomain',
    ),
    "long name": (
        {**JOB, "metadata": {"name": "x" * 64}},
        422,
        f'spec.template.labels: Invalid value: "{"x" * 64}": must be no more than 63 bytes',
    ),
    "other namespace": (
        {**JOB, "metadata": {"name": "x", "namespace": "other"}},
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
    "a version": (
        {**JOB, "metadata": {"name": "x", "resourceVersion": "1"}},
        500,
        "resourceVersion should not be set on objects to be created",
    ),
    "bad labels": (
        {**JOB, "metadata": {"name": "x", "labels": {"a b": "c d"}}},
        422,
        "[metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_'",
    ),
    "large annotations": (
        {**JOB, "metadata": {"name": "x", "annotations": {"a": "y" * 300_000}}},
        422,
        'Job.batch "x" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
    ),
    "a string for a number": (
        job("x", parallelism="2"),
        400,
        'Job in version "v1" cannot be handled as a Job: json: cannot unmarshal string into Go struct field '
        "JobSpec.spec.parallelism of type int32",
    ),
    "a number for a bool": (
        job("x", suspend=3),
        400,
        "cannot unmarshal number into Go struct field JobSpec.spec.suspend",
    ),
    "a list for an object": (
        {**job("x"), "spec": []},
        400,
        "cannot unmarshal array into Go struct field Job.spec of type",
    ),
    "a bad quantity": (
        container(resources={"limits": {"memory": "x"}}),
        400,
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
    "negative numbers": (
        job("x", parallelism=-1, completions=-2, backoffLimit=-1, activeDeadlineSeconds=-5),
        422,
        "[spec.parallelism: Invalid value: -1: must be greater than or equal to 0, spec.completions: Invalid value: "
        "-2: must be greater than or equal to 0, spec.activeDeadlineSeconds: Invalid value: -5: must be greater than "
        "or equal to 0, spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0]",
    ),
    "no template": (
        {**job("x"), "spec": {}},
        422,
        "[spec.template.spec.containers: Required value, spec.template.spec.restartPolicy: Required value: valid "
        'values: "OnFailure", "Never"]',
    ),
    "no image": (container(image=""), 422, "spec.template.spec.containers[0].image: Required value"),
    "no such volume": (
        container(volumeMounts=[{"name": "nope", "mountPath": "/x"}]),
        422,
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "nope"',
    ),
    "bad variables": (
        container(env=[{"name": "a=b", "value": "1"}, {"value": "2"}]),
        422,
        '[spec.template.spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must '
        "consist only of printable ASCII characters other than '=', spec.template.spec.containers[0].env[1].name: "
        "Required value]",
    ),
    "more than the limit": (
        container(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
        422,
        'spec.template.spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu '
        "limit of 1",
    ),
    "a GPU without a limit": (
        container(resources={"requests": {"nvidia.com/gpu": "1"}}),
        422,
        "resources.limits: Required value: Limit must be set for non overcommitable resources",
    ),
    "half a GPU": (
        container(resources={"limits": {"nvidia.com/gpu": "0.5"}}),
        422,
        'resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
    ),
    "unknown modes": (
        job("x", completionMode="Foo", podReplacementPolicy="Bar"),
        422,
        '[spec.completionMode: Unsupported value: "Foo": supported values: "NonIndexed", "Indexed", '
        'spec.podReplacementPolicy: Unsupported value: "Bar": supported values: "Failed", "TerminatingOrFailed"]',
    ),
    "a limit per index": (
        job("x", backoffLimitPerIndex=1),
        422,
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    ),
    "an index to fail": (
        job("x", podFailurePolicy={"rules": [{**RULES[0], "action": "FailIndex"}]}),
        422,
        'rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
    ),
    "a bad rule": (
        job(
            "x",
            podFailurePolicy={"rules": [{"action": "Foo", "onExitCodes": {"operator": "X", "values": []}}]},
        ),
        422,
        '[spec.podFailurePolicy.rules[0].action: Unsupported value: "Foo": supported values: "Count", "FailIndex", '
        '"FailJob", "Ignore", spec.podFailurePolicy.rules[0].onExitCodes.operator: Unsupported value: "X": supported '
        'values: "In", "NotIn", spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []: at least one '
        "value is required]",
    ),
}


def test_what_cannot_be_a_job_is_refused_in_the_same_words(wire: Wire) -> None:
    wrong = []
    for name, (body, code, words) in REFUSED_JOBS.items():
        found, answer = wire.send("POST", wire.jobs, body)
        status = json.loads(answer)
        if found != code or words not in status["message"] or status["code"] != code:
            wrong.append(f"{name}: {found} {status.get('message', status)[:600]}")
    assert not wrong, "\n".join(wrong)
    assert wire.ask("GET", wire.jobs)["items"] == []


def test_what_is_filled_in_is_the_same(wire: Wire) -> None:
    made = wire.ask(
        "POST",
        wire.jobs,
        job(
            podFailurePolicy={
                "rules": [{"action": "Count", "onPodConditions": [{"type": "DisruptionTarget"}]}, *RULES]
            }
        ),
    )
    uid = made["metadata"]["uid"]
    spec = made["spec"]
    pod = spec.pop("template")
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "a",
        "controller-uid": uid,
        "job-name": "a",
    }
    policy = spec.pop("podFailurePolicy")
    assert policy["rules"][0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert spec == {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
        "manualSelector": False,
        "completionMode": "NonIndexed",
        "suspend": True,
        "podReplacementPolicy": "Failed",
    }
    assert pod["metadata"]["labels"] == labels
    assert pod["spec"] == {
        "volumes": [
            {
                "name": "v",
                "downwardAPI": {
                    "items": [
                        {
                            "path": "s",
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.annotations['x']"},
                        }
                    ],
                    "defaultMode": 420,
                },
            }
        ],
        "containers": [
            {
                "name": "c",
                "image": "local",
                "command": ["true"],
                "env": [
                    {
                        "name": "X",
                        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
                    }
                ],
                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "Always",
            }
        ],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    assert made["metadata"]["generation"] == 1
    assert made["metadata"]["labels"] == {"x": "1"}
    indexed = wire.ask(
        "POST", wire.jobs, job("i", completionMode="Indexed", completions=3, backoffLimitPerIndex=1)
    )
    assert indexed["spec"]["backoffLimit"] == 2**31 - 1
    assert indexed["spec"]["podReplacementPolicy"] == "TerminatingOrFailed"
    nameless = job()
    nameless["metadata"] = {"generateName": "g-"}
    generated = wire.ask("POST", wire.jobs, nameless)["metadata"]
    assert generated["name"].startswith("g-")
    assert generated["labels"]["job-name"] == generated["name"]


def test_unknown_fields_are_said_or_refused_and_never_stored(wire: Wire) -> None:
    odd = {**job(), "foo": 1}
    odd["spec"]["bar"] = 2
    code, answer = wire.send("POST", f"{wire.jobs}?fieldValidation=Strict", odd)
    assert code == 400
    assert json.loads(answer)["message"] == (
        'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "spec.bar", '
        'unknown field "foo"'
    )
    made = wire.ask("POST", wire.jobs, odd)
    assert "foo" not in made
    assert "bar" not in made["spec"]
    patch = {"spec": {"foo": 5}}
    refused = wire.ask("PATCH", f"{wire.jobs}/a?fieldValidation=Strict", patch, content_type=MERGE)
    assert refused["code"] == 422
    assert 'strict decoding error: unknown field "spec.foo"' in refused["message"]


def test_refusals_about_objects_that_are_there_or_not(wire: Wire) -> None:
    made = wire.ask("POST", wire.jobs, JOB)
    uid, one = made["metadata"]["uid"], f"{wire.jobs}/a"
    details = {"name": "a", "group": "batch", "kind": "jobs"}
    again = wire.ask("POST", wire.jobs, JOB)
    assert (again["code"], again["reason"], again["message"], again["details"]) == (
        409,
        "AlreadyExists",
        'jobs.batch "a" already exists',
        details,
    )
    changed = (
        'Operation cannot be fulfilled on jobs.batch "a": the object has been modified; please apply your '
    )
    questions: list[tuple[str, str, Any, str, int, str]] = [
        ("GET", f"{wire.jobs}/b", None, "", 404, 'jobs.batch "b" not found'),
        ("DELETE", f"{wire.jobs}/b", {}, "", 404, 'jobs.batch "b" not found'),
        ("PATCH", f"{wire.jobs}/b", {}, MERGE, 404, 'jobs.batch "b" not found'),
        ("POST", "/apis/batch/v1/namespaces/nowhere/jobs", JOB, "", 404, 'namespaces "nowhere" not found'),
        ("POST", one, JOB, "", 405, "the server does not allow this method on the requested resource"),
        ("GET", f"{one}/nope", None, "", 404, "the server could not find the"),
        ("GET", f"/api/v1/namespaces/{wire.namespace}/foos", None, "", 404, "the server could not find"),
        ("PUT", one, {**made, "metadata": {**made["metadata"], "resourceVersion": "1"}}, "", 409, changed),
        ("PUT", one, {**made, "metadata": {"name": "zz"}}, "", 400, "the name of the object (zz) does not match the"),
        ("PATCH", one, {"metadata": {"resourceVersion": "1"}}, MERGE, 409, changed),
        ("PATCH", one, {"metadata": {"name": "zz"}}, MERGE, 400, "the name of the object (zz) does not match"),
        ("PATCH", one, {"metadata": {"uid": "zz"}}, MERGE, 422, 'uid: Invalid value: "zz": field is immutable'),
        ("PATCH", one, {}, "application/json", 415, "415: Unsupported Media Type"),
        ("PATCH", one, b"{", MERGE, 400, "error decoding patch: unexpected end of"),
        ("PATCH", one, [1], MERGE, 400, "decoding patch: json: cannot unmarshal array into Go value"),
        ("PATCH", one, {"spec": {"completions": 3}}, MERGE, 422, "completions: Invalid value: 3: field is immutable"),
        ("PATCH", one, [{"op": "test", "path": "/metadata/name", "value": ""}], JSON_PATCH, 422, "the server"),
        ("PATCH", one, [{"op": "remove", "path": "/nope"}], JSON_PATCH, 422, "the server rejected our request"),
        ("DELETE", one, {"preconditions": {"uid": "x"}}, "", 409, f"(x) does not match the UID in record ({uid})"),
        ("DELETE", one, {"propagationPolicy": "Foo"}, "", 422, 'propagationPolicy: Unsupported value: "Foo"'),
        ("POST", f"{wire.jobs}?dryRun=Some", JOB, "", 422, 'dryRun: Unsupported value: ["Some"]: supported'),
        ("GET", f"{wire.pods}/q/log", None, "", 404, 'pods "q" not found'),
    ]  # fmt: skip
    wrong = []
    for method, path, body, content_type, code, words in questions:
        answer = wire.ask(method, path, body, content_type=content_type or "application/json")
        if answer.get("code") != code or words not in answer["message"]:
            wrong.append(f"{method} {path} {body}: {answer.get('code')} {answer.get('message', answer)}")
    assert not wrong, "\n".join(wrong)
    assert wire.ask("GET", one)["metadata"]["uid"] == uid


def test_patches_of_all_kinds(wire: Wire) -> None:
    wire.ask("POST", wire.jobs, JOB)
    one = f"{wire.jobs}/a"
    merged = wire.ask("PATCH", one, {"metadata": {"annotations": {"k": "v"}}}, content_type=MERGE)
    assert merged["metadata"]["annotations"] == {"k": "v"}
    same = wire.ask("PATCH", one, {"metadata": {"annotations": {"k": "v"}}}, content_type=MERGE)
    assert same["metadata"]["annotations"] == {"k": "v"}
    strategic = {"metadata": {"labels": {"y": "2"}, "finalizers": ["example.org/a"]}, "status": {"active": 5}}
    made = wire.ask("PATCH", one, strategic, content_type=STRATEGIC)
    assert made["metadata"]["labels"] == {"x": "1", "y": "2"}
    assert made["status"].get("active") is None, "status is a subresource"
    finalizers = {"metadata": {"finalizers": ["example.org/b"]}}
    both = wire.ask("PATCH", one, finalizers, content_type=STRATEGIC)["metadata"]["finalizers"]
    assert sorted(both) == ["example.org/a", "example.org/b"]
    gone = {"metadata": {"$deleteFromPrimitiveList/finalizers": both}}
    assert "finalizers" not in wire.ask("PATCH", one, gone, content_type=STRATEGIC)["metadata"]
    steps = [
        {"op": "add", "path": "/metadata/labels/a~1b", "value": "3"},
        {"op": "move", "from": "/metadata/labels/x", "path": "/metadata/labels/z"},
        {"op": "replace", "path": "/metadata/labels/y", "value": "4"},
        {"op": "remove", "path": "/metadata/annotations/k"},
    ]
    made = wire.ask("PATCH", one, steps, content_type=JSON_PATCH)
    assert made["metadata"]["labels"] == {"a/b": "3", "z": "1", "y": "4"}
    image = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "other"}]}}}}
    refused = wire.ask("PATCH", one, image, content_type=STRATEGIC)
    assert refused["code"] == 422
    assert "spec.template" in refused["message"]
    dry = wire.ask("PATCH", f"{one}?dryRun=All", {"spec": {"suspend": False}}, content_type=MERGE)
    assert dry["spec"]["suspend"] is False
    assert wire.ask("GET", one)["spec"]["suspend"] is True
    null = wire.ask("PATCH", one, {"spec": {"backoffLimit": 3, "suspend": None}}, content_type=MERGE)["spec"]
    assert (null["backoffLimit"], null["suspend"]) == (3, False), "a null becomes the default again"


def test_selectors_and_what_is_none(wire: Wire) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2", "y": "1"}), ("c", {})):
        made = job(name)
        made["metadata"]["labels"] = labels
        made["spec"]["template"]["metadata"] = {"labels": {}}
        wire.ask("POST", wire.jobs, made)
    for query, names in {
        "labelSelector=x%3D1": "a",
        "labelSelector=x%3D%3D1": "a",
        "labelSelector=x!%3D1": "bc",
        "labelSelector=x": "ab",
        "labelSelector=!x": "c",
        "labelSelector=x%20in%20(1,2),y": "b",
        "labelSelector=x%20notin%20(1)": "bc",
        "labelSelector=x%3E1": "b",
        "fieldSelector=metadata.name%3Da": "a",
        "fieldSelector=metadata.name!%3Da": "bc",
        f"fieldSelector=metadata.namespace%3D{wire.namespace}": "abc",
        "": "abc",
    }.items():
        found = wire.ask("GET", f"{wire.jobs}?{query}")
        assert "".join(one["metadata"]["name"] for one in found["items"]) == names, query
        assert all("kind" not in one for one in found["items"]), "items have no kind"
    for path, code, words in [
        (
            "?labelSelector=x%20%3D%3D%3D1",
            400,
            "unable to parse requirement: found '=', expected: identifier",
        ),
        ("?labelSelector=x%20in%20(a", 400, "unable to parse requirement: found '', expected: ',' or ')'"),
        ("?labelSelector=x%3Da%20b", 400, "found 'b', expected: ',' or 'end of string'"),
        ("?fieldSelector=spec.foo%3Da", 400, 'field label "spec.foo" not supported for Job'),
        ("?fieldSelector=foo", 400, "invalid selector: 'foo'; can't understand 'foo'"),
        ("?limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("?limit=1&continue=xx", 400, "invalid continue token: continue key is not valid"),
        (
            "?resourceVersion=x",
            400,
            'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint',
        ),
        ("?resourceVersion=99999999", 504, "Timeout: Too large resource version: 99999999, current: "),
        (
            "?resourceVersionMatch=Exact",
            422,
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless",
        ),
        (
            "?watch=1&sendInitialEvents=true",
            422,
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to",
        ),
    ]:
        answer = wire.ask("GET", wire.jobs + path)
        assert (answer["code"], words in answer["message"]) == (code, True), (path, answer)
    pods = wire.ask("GET", f"{wire.pods}?fieldSelector=spec.foo%3Da")
    assert pods["message"] == "field label not supported: spec.foo"


def test_pages_are_of_one_moment(wire: Wire) -> None:
    for name in "abcde":
        wire.ask("POST", wire.jobs, job(name))
    first = wire.ask("GET", f"{wire.jobs}?limit=2")
    assert first["metadata"]["remainingItemCount"] == 3
    wire.ask("DELETE", f"{wire.jobs}/d", {"propagationPolicy": "Background"})
    wire.ask("POST", wire.jobs, job("cc"))
    second = wire.ask("GET", f"{wire.jobs}?limit=2&continue={first['metadata']['continue']}")
    third = wire.ask("GET", f"{wire.jobs}?limit=2&continue={second['metadata']['continue']}")
    names = [one["metadata"]["name"] for page in (first, second, third) for one in page["items"]]
    assert names == list("abcde")
    assert "continue" not in third["metadata"]
    assert third["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    version = first["metadata"]["resourceVersion"]
    exact = wire.ask("GET", f"{wire.jobs}?resourceVersionMatch=Exact&resourceVersion={version}")
    assert [one["metadata"]["name"] for one in exact["items"]] == list("abcde")
    now = [one["metadata"]["name"] for one in wire.ask("GET", wire.jobs)["items"]]
    assert now == ["a", "b", "c", "cc", "e"]


def events(wire: Wire, query: str) -> list[tuple[str, str]]:
    """What a watch tells within a second: (type, name)."""
    code, answer = wire.send("GET", f"{wire.jobs}?watch=1&timeoutSeconds=1&{query}")
    assert code == 200
    found = [json.loads(line) for line in answer.splitlines()]
    return [(one["type"], one["object"]["metadata"].get("name", "")) for one in found]


def test_a_watch_tells_what_was_there_or_what_changed_since(wire: Wire) -> None:
    wire.ask("POST", wire.jobs, job("a"))
    before = wire.ask("GET", wire.jobs)["metadata"]["resourceVersion"]
    wire.ask("POST", wire.jobs, job("b"))
    wire.ask("PATCH", f"{wire.jobs}/a", {"metadata": {"labels": {"x": "2"}}}, content_type=MERGE)
    wire.ask("DELETE", f"{wire.jobs}/b", {"propagationPolicy": "Background"})
    assert events(wire, "") == [("ADDED", "a")]
    listed = events(wire, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
    assert listed == [("ADDED", "a"), ("BOOKMARK", "")]
    # A controller may have written to them as well.
    since = list(dict.fromkeys(events(wire, f"resourceVersion={before}")))
    assert next(one for one in since if one[1] == "b") == ("ADDED", "b")
    assert ("DELETED", "b") in since
    assert ("MODIFIED", "a") in since
    assert ("DELETED", "a") in events(wire, f"resourceVersion={before}&labelSelector=x%3D1"), (
        "it matches no more"
    )
    assert ("ADDED", "a") in events(wire, f"resourceVersion={before}&labelSelector=x%3D2"), (
        "it begins to match"
    )
    assert {
        name for _, name in events(wire, f"resourceVersion={before}&fieldSelector=metadata.name%3Da")
    } == {"a"}


def test_deleting_waits_for_those_who_hold_the_object(wire: Wire) -> None:
    held = job()
    held["metadata"]["finalizers"] = ["example.org/hold"]
    wire.ask("POST", wire.jobs, held)
    one = f"{wire.jobs}/a"
    made = wire.ask("DELETE", one, {"propagationPolicy": "Background"})["metadata"]
    assert made["deletionTimestamp"]
    assert made["deletionGracePeriodSeconds"] == 0
    assert made["generation"] == 2
    assert wire.ask("PATCH", one, {"metadata": {"finalizers": None}}, content_type=MERGE)["kind"] == "Job"
    assert wire.ask("GET", one)["code"] == 404
    wire.ask("POST", wire.jobs, job("b"))
    gone = wire.ask("DELETE", f"{wire.jobs}/b", {"propagationPolicy": "Background"})
    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    assert gone["details"]["name"] == "b"
    wire.ask("POST", wire.jobs, job("c"))
    for query, body in (("", {"dryRun": ["All"]}), ("?dryRun=All&propagationPolicy=Background", None)):
        assert wire.ask("DELETE", f"{wire.jobs}/c{query}", body)["kind"] in ("Job", "Status")
    assert wire.ask("GET", f"{wire.jobs}/c")["kind"] == "Job"


def test_tables_discovery_and_rights(wire: Wire) -> None:
    wire.ask("POST", wire.jobs, JOB)
    table = wire.ask("GET", wire.jobs, accept=TABLE)
    assert table["kind"] == "Table"
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Status", "Completions", "Duration", "Age", "Containers", "Images", "Selector"]
    (row,) = table["rows"]
    assert row["cells"][0] == "a"
    assert row["cells"][2:4] == ["0/1", ""]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    jobs = next(one for one in wire.ask("GET", "/apis/batch/v1")["resources"] if one["name"] == "jobs")
    assert (jobs["kind"], jobs["namespaced"], "watch" in jobs["verbs"]) == ("Job", True, True)
    assert wire.ask("GET", "/version")["minor"] == "36"
    assert wire.send("GET", "/apis/kueue.x-k8s.io/v1beta1/namespaces/x/localqueues") == (
        404,
        b"404 page not found\n",
    )
    review = {"spec": {"resourceAttributes": {"verb": "create", "group": "batch", "resource": "jobs"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert wire.ask("POST", path, review)["status"]["allowed"] is True
    assert (
        "exactly one of nonResourceAttributes or resourceAttributes"
        in wire.ask("POST", path, {"spec": {}})["message"]
    )
    assert wire.ask("GET", wire.jobs, accept="text/plain")["reason"] == "NotAcceptable"
    assert wire.ask("POST", wire.jobs, b"{}", content_type="text/plain")["reason"] == "UnsupportedMediaType"


def test_quotas_and_limits(wire: Wire) -> None:
    core = f"/api/v1/namespaces/{wire.namespace}"
    limits = [
        {
            "type": "Container",
            "default": {"cpu": "1"},
            "defaultRequest": {"cpu": "0.5"},
            "max": {"memory": "1Gi"},
        }
    ]
    made = wire.ask("POST", f"{core}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": limits}})
    assert made["spec"]["limits"][0]["default"] == {"cpu": "1", "memory": "1Gi"}
    pod: dict[str, Any] = {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "local"}]},
    }
    resources = wire.ask("POST", wire.pods, pod)["spec"]["containers"][0]["resources"]
    assert resources == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }
    pod["metadata"]["name"] = "q"
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "2Gi"}}
    refused = wire.ask("POST", wire.pods, pod)
    assert refused["message"] == (
        'pods "q" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
    )


def test_a_stranger_gets_nothing(wire: Wire) -> None:
    assert wire.ask("GET", wire.jobs, token="x") == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }
    assert wire.send("POST", wire.jobs, b"x" * (3 * 1024 * 1024 + 1))[0] == 413
