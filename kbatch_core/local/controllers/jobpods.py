"""The pods of a Job: a new one from its template, and which to end first when there are too many (pure)."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence

from kbatch_core.local.state.podfacts import INDEX, TRACKING, Object, index_of, is_ready, phase

# What the API server puts the random end after; longer beginnings are cut.
_LONGEST_PREFIX = 58
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def new_pod(job: Object, index: int, annotations: Mapping[str, str]) -> Object:
    """A pod from the template, for a completion index or -1, with further annotations."""
    template = copy.deepcopy(job["spec"]["template"])
    given = template.get("metadata") or {}
    name = job["metadata"]["name"]
    metadata: Object = {
        "generateName": f"{name}-",
        "namespace": job["metadata"]["namespace"],
        "labels": dict(given.get("labels") or {}),
        "annotations": {**(given.get("annotations") or {}), **annotations},
        "ownerReferences": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": name,
                "uid": job["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "finalizers": [*given.get("finalizers", ()), TRACKING],
    }
    spec: Object = template["spec"]
    if index >= 0:
        ending = f"-{index}-"
        metadata["generateName"] = f"{name[: _LONGEST_PREFIX - len(ending)]}{ending}"
        metadata["labels"][INDEX] = metadata["annotations"][INDEX] = str(index)
        spec["hostname"] = f"{name}-{index}"
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            _tell_index(container)
    if not metadata["annotations"]:
        del metadata["annotations"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _tell_index(container: Object) -> None:
    name = "JOB_COMPLETION_INDEX"
    env = container.setdefault("env", [])
    if not any(variable["name"] == name for variable in env):
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
        env.append({"name": name, "valueFrom": source})


def surplus(active: Sequence[Object], at_least: int, completions: int | None) -> list[Object]:
    """The pods to end: those of an index that another has or that is not there, and more until it is `at_least`.

    `completions` is None for a Job without indexes.
    """
    out: list[Object] = []
    left = list(active)
    if completions is not None:
        left = []
        by_index = defaultdict(list)
        for pod in active:
            by_index[index_of(pod)].append(pod)
        for index, same in by_index.items():
            pods = _by_worth(same)
            keep = 1 if 0 <= index < completions else 0
            out += pods[: len(pods) - keep]
            left += pods[len(pods) - keep :]
    if len(out) < at_least:
        out += _by_worth(left)[: at_least - len(out)]
    return out


def _by_worth(pods: Sequence[Object]) -> list[Object]:
    """What is lost least comes first: without a node, not running, not ready, youngest."""
    youngest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True
    )
    return sorted(
        youngest_first,
        key=lambda pod: (bool(pod["spec"].get("nodeName")), _PHASES.get(phase(pod), 0), is_ready(pod)),
    )
