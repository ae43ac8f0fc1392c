"""What may change in an object that exists, and what a write cannot touch (pure)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from kbatch_core.local.objects.defaults import fill_job_spec
from kbatch_core.local.objects.validation import check_job, check_metadata, check_pod_spec, invalid, raise_if
from kbatch_core.local.state.statuses import Cause

Object = dict[str, Any]

_IMMUTABLE = "field is immutable"
# What the server alone sets; another value in a write is ignored.
_OWN = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
    "generateName",
)
_OF_A_JOB = (
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "manualSelector",
)
# Of a suspended Job that has not started, a scheduler in front may still choose where it runs.
_WHERE = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
_OF_A_POD = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates")


def merged(resource: str, old: Object, new: Object, subresource: str = "") -> Object:
    """`new` as it is stored over `old`: status by its own subresource only, and then nothing else."""
    if subresource == "status":
        made = {**copy.deepcopy(old), "status": new.get("status", {})}
        version = new["metadata"].get("resourceVersion")
        if version:
            made["metadata"]["resourceVersion"] = version
        return made
    made = dict(new)
    if "status" in old or resource in ("jobs", "pods"):
        made["status"] = old.get("status", {})
    metadata = dict(made["metadata"])
    for field in _OWN:
        metadata.pop(field, None)
        if field in old["metadata"]:
            metadata[field] = old["metadata"][field]
    made["metadata"] = metadata
    if resource == "jobs":
        made["spec"] = copy.deepcopy(new.get("spec", {}))
        fill_job_spec(made["spec"])
    return made


def check_update(resource: str, old: Object, new: Object) -> None:
    """Raises Invalid for a change that is not allowed."""
    causes = list(check_metadata(resource, new["metadata"]))
    if resource == "jobs":
        causes += check_job(new)
        causes += _check_job(old, new["spec"])
    elif resource == "pods":
        causes += check_pod_spec(new.get("spec", {}), "spec")
        causes += _check_pod(old["spec"], new.get("spec", {}))
    raise_if(resource, old, causes)


def _check_job(old: Object, spec: Object) -> Iterator[Cause]:
    before = old["spec"]
    if spec.get("completions") != before.get("completions"):
        if before["completionMode"] != "Indexed":
            yield invalid("spec.completions", spec.get("completions"), _IMMUTABLE)
        elif spec.get("completions") != spec.get("parallelism"):
            why = "can only be modified in tandem with spec.parallelism"
            yield invalid("spec.completions", spec.get("completions"), why)
    for field in _OF_A_JOB:
        if spec.get(field) != before.get(field):
            yield invalid(f"spec.{field}", spec.get(field), _IMMUTABLE)
    template, template_before = spec["template"], before["template"]
    if before.get("suspend") and not old.get("status", {}).get("startTime"):
        template, template_before = _without_place(template), _without_place(template_before)
    if template != template_before:
        yield invalid("spec.template", spec["template"], _IMMUTABLE)


def _without_place(template: Object) -> Object:
    spec = {key: value for key, value in template["spec"].items() if key not in _WHERE}
    metadata = {
        key: value
        for key, value in template.get("metadata", {}).items()
        if key not in ("labels", "annotations")
    }
    return {"metadata": metadata, "spec": spec}


def _check_pod(before: Object, spec: Object) -> Iterator[Cause]:
    if _fixed(before) != _fixed(spec):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)"
        )
        yield Cause("spec", f"Forbidden: {why}", "FieldValueForbidden")


def _fixed(spec: Object) -> Object:
    kept = {key: value for key, value in spec.items() if key not in _OF_A_POD}
    for kind in ("containers", "initContainers"):
        if kind in kept:
            kept[kind] = [{**container, "image": ""} for container in kept[kind]]
    return kept
