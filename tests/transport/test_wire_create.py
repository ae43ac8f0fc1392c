"""What is sent to create a Job is filled in or refused alike by the real API server and by the local cluster."""

from __future__ import annotations

import json
from typing import Any

from tests.transport.wire import JOB, MERGE, Wire, container, job

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
