"""Random requests to the API server. The long run: python -m tests.local.fuzz [EXAMPLES]"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kbatch_core.local.api.handlers import Call, handle
from kbatch_core.local.api.housekeeping import Housekeeping
from kbatch_core.local.api.target import find, split
from kbatch_core.local.objects.patches import APPLY, JSON, MERGE, STRATEGIC
from kbatch_core.local.objects.schema import types
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import ApiError
from kbatch_core.local.state.store import Store
from tests.transport.wire import JOB, TABLE

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["a", "default", "Never", "1Gi", "500m", "2026-01-01T00:00:00Z", "", "0", "All"]),
)
FIELDS = st.sampled_from(
    sorted({field for fields in types().values() for field in fields} | {"$patch", "op"})
)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(FIELDS, st.text(max_size=4)), inner, max_size=4),
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["a", "b", "default", "A_b", "x" * 300, "ä", "%2e%2e", "a b"])
OPTION_NAMES = [
    *("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch"),
    *("sendInitialEvents", "dryRun", "fieldValidation", "propagationPolicy", "gracePeriodSeconds"),
    *("orphanDependents", "includeObject", "timeoutSeconds"),
]
OPTIONS = st.dictionaries(
    st.sampled_from(OPTION_NAMES),
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            ["a=b", "a in (b,c),!d", "metadata.name=a", "1", "-1", "0", "All", "Strict", "Exact", "x"]
        ),
    ),
    max_size=3,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    resource = draw(st.sampled_from([*KINDS, "foos", "selfsubjectaccessreviews"]))
    group = draw(st.sampled_from(["/api/v1", "/apis/batch/v1", "/apis/authorization.k8s.io/v1"]))
    kind = KINDS.get(resource)
    if kind is not None and draw(st.integers(0, 3)):
        group = f"/apis/{kind.group}/v1" if kind.group else "/api/v1"
    parts = [group]
    if kind is not None and kind.namespaced and draw(st.integers(0, 4)):
        parts += ["namespaces", draw(st.sampled_from(["default", "nowhere"]))]
    parts.append(resource)
    if draw(st.booleans()):
        parts.append(draw(NAMES))
        if draw(st.integers(0, 3)) == 0:
            parts.append(draw(st.sampled_from(["status", "log", "exec", "nope"])))
    return "/".join(parts)


@st.composite
def changed_jobs(draw: st.DrawFn) -> Any:
    """A Job with something in it replaced, so that it comes past the first checks."""
    made: Any = copy.deepcopy(JOB)
    at = made
    for _ in range(draw(st.integers(0, 6))):
        if isinstance(at, dict) and at:
            key: Any = draw(st.sampled_from(sorted(at)))
        elif isinstance(at, list) and at:
            key = draw(st.integers(0, len(at) - 1))
        else:
            break
        if draw(st.integers(0, 3)) == 0 or not isinstance(at[key], (dict, list)):
            at[key] = draw(ANYTHING)
            break
        at = at[key]
    if isinstance(at, dict) and draw(st.booleans()):
        at[draw(FIELDS)] = draw(ANYTHING)
    return made


BODIES = st.one_of(
    st.binary(max_size=20),
    ANYTHING.map(lambda value: json.dumps(value).encode()),
    changed_jobs().map(lambda value: json.dumps(value).encode()),
    st.lists(
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
            optional={
                "path": st.sampled_from(
                    ["/metadata/labels/x", "/spec", "/spec/template/spec/containers/0", "", "x"]
                ),
                "from": st.sampled_from(["/metadata", "/spec/template", "/nope"]),
                "value": ANYTHING,
            },
        ),
        max_size=3,
    ).map(lambda value: json.dumps(value).encode()),
)
ANY_CALLS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    paths(),
    OPTIONS,
    st.sampled_from(["application/json", "application/yaml", MERGE, STRATEGIC, JSON, APPLY, "text/plain"]),
    st.sampled_from(["application/json", TABLE]),
    BODIES,
)
# Those that come further than most: a Job, nearly right, written in all ways.
JOB_CALLS = st.tuples(
    st.sampled_from(["POST", "PUT", "PATCH"]),
    st.sampled_from(["jobs", "jobs/a", "jobs/a/status"]).map(
        lambda end: f"/apis/batch/v1/namespaces/default/{end}"
    ),
    st.just({}),
    st.sampled_from(["application/json", MERGE, STRATEGIC, APPLY]),
    st.sampled_from(["application/json", TABLE]),
    changed_jobs().map(lambda value: json.dumps(value).encode()),
)
SEQUENCES = st.lists(st.one_of(ANY_CALLS, JOB_CALLS), min_size=1, max_size=12)
REASONS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    504: "Timeout",
}


def play(path: Path, calls: list[Any]) -> None:
    """Ask all that of a new store at `path`; each answer and the store afterwards are checked."""
    store = Store(path)
    housekeeping = Housekeeping(store)
    store.create("namespaces", {"metadata": {"name": "default"}})
    one = find(("apis", "batch", "v1", "namespaces", "default", "jobs"))
    assert one is not None
    handle(store, Call("POST", one, {}, "application/json", "", json.dumps(JOB).encode()))
    for method, url, query, content_type, accept, body in calls:
        target = find(split(url))
        if target is None:
            continue
        version = store.version
        try:
            answer = handle(store, Call(method, target, query, content_type, accept, body))
        except ApiError as error:
            check_status(error)
            assert method == "DELETE" or store.version == version, "a refused request changes nothing"
            continue
        assert answer.status in (200, 201)
        assert json.loads(answer.body)["kind"]
        assert method != "GET" or store.version == version
    housekeeping.stop()
    check_store(store, path)


def check_status(error: ApiError) -> None:
    status = json.loads(json.dumps(error.status()))
    assert (status["kind"], status["status"]) == ("Status", "Failure")
    assert status["message"]
    if status["code"] == 500:
        assert "resourceVersion should not be set" in status["message"], status
    else:
        assert REASONS[status["code"]] in ("", status["reason"]), status


def check_store(store: Store, path: Path) -> None:
    """It is what it was when it is opened again, and each object stands under its own name."""
    before = {resource: store.list(resource) for resource in KINDS}
    version = store.version
    store.close()
    again = Store(path)
    assert again.version == version
    for resource, objects in before.items():
        assert again.list(resource) == objects
        for obj in objects:
            metadata = obj["metadata"]
            assert again.get(resource, metadata.get("namespace", ""), metadata["name"]) == obj
            assert (obj["kind"], obj["apiVersion"]) == (KINDS[resource].kind, KINDS[resource].api_version)
            assert int(metadata["resourceVersion"]) <= version
    again.close()


def main() -> None:
    """Other requests with each run; the first that fails is shown as it is, since making it smaller takes long."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 2000

    @given(SEQUENCES)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def run(calls: list[Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            play(Path(folder) / "state.db", calls)

    run()
    print(f"{examples} sequences of requests: only objects, lists and Statuses, and a store that stays whole")


if __name__ == "__main__":
    main()
