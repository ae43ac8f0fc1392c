"""The same request gets the same answer from the real API server and from the local cluster, word for word."""

from __future__ import annotations

import json
from typing import Any

from tests.transport.wire import JOB, JSON_PATCH, MERGE, STRATEGIC, TABLE, Wire, job


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
    assert listed[:2] == [("ADDED", "a"), ("BOOKMARK", "")]
    assert set(listed[2:]) <= {("BOOKMARK", "")}, "a server may send more of them at any time"
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
