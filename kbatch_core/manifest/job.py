"""The Job object, whole (pure): everything about a job is in this one write.

Why each field of the spec is as it is stands in docs/decisions.md; the sources are the Job and pod API of
Kubernetes and, for what the fields mean to a user, the sbatch manual.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from kbatch_core.environment import Environment
from kbatch_core.errors import BadOption
from kbatch_core.manifest.carry import StagedFile, carry
from kbatch_core.manifest.place import Place, find_place
from kbatch_core.manifest.pod import build_pod
from kbatch_core.model import labels
from kbatch_core.model.jobspec import KILL_WAIT_SECONDS, MAX_REQUEUE, JobSpec
from kbatch_core.model.names import job_name, label_value

TTL_SECONDS = 7 * 24 * 3600


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One submit, ready to be sent: the object, and what the user is told about it."""

    job_id: str
    submit_id: str
    name: str
    manifest: dict[str, Any]
    place: Place
    files: tuple[StagedFile, ...]
    """To be written before the object is sent."""
    warnings: tuple[str, ...]
    copied: str
    """What was taken along from the notebook server, in one line."""
    dropped: tuple[str, ...]
    """What was left out and why, a line each."""


@contextmanager
def _text_alone() -> Iterator[None]:
    """A file's name, an argument and a variable may have any bytes, which Python has as surrogates; JSON may not."""
    try:
        yield
    except UnicodeEncodeError as error:
        around = error.object[max(error.start - 20, 0) : error.start + 20]
        raise BadOption(
            f"{around!r} is not UTF-8 text, and a Job can hold no other.",
            "Change that argument or variable, or the name of the file or directory.",
        ) from error


@_text_alone()
def build_job(
    spec: JobSpec,
    environment: Environment,
    *,
    job_id: str,
    submit_id: str,
    namespace: str,
    cwd: str,
    submit_host: str,
) -> Submission:
    """The Job for `spec` in `environment`. `cwd` is where the user stands. Raises BadOption, BadScript."""
    name = spec.name or spec.script_name
    place = find_place(spec, environment, job_id=job_id, name=name, cwd=cwd)
    carried = carry(spec, place.record_dir, place.notebook)
    own_labels = _labels(spec, environment, job_id, name)
    manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(name, job_id),
            "namespace": namespace,
            "labels": own_labels,
            "annotations": _annotations(spec, environment, name, submit_id),
        },
        "spec": {
            **_policy(spec),
            "template": build_pod(
                spec,
                environment,
                place,
                carried,
                job_id=job_id,
                name=name,
                labels=own_labels,
                submit_dir=cwd,
                submit_host=submit_host,
            ),
        },
    }
    msgspec.json.encode(manifest)  # which is where text that is none is found
    return Submission(
        job_id=job_id,
        submit_id=submit_id,
        name=name,
        manifest=manifest,
        place=place,
        files=carried.files,
        warnings=(*place.warnings, *carried.warnings, *_home_warning(environment)),
        copied=_copied(environment),
        dropped=environment.dropped,
    )


def _home_warning(environment: Environment) -> tuple[str, ...]:
    if not environment.home_on_one_node:
        return ()
    return (
        "your home is a disk for one node: the job joins your server's, and while it runs your next server does too",
    )


def _copied(environment: Environment) -> str:
    name, at, digest = environment.image.partition("@sha256:")
    # A whole digest is a line of its own; its beginning tells as much.
    parts = [f"image {name}{at}{digest[:12]}"]
    if environment.home:
        parts.append(f"home {environment.home}")
    if environment.env:
        parts.append(f"{len(environment.env)} variables")
    return ", ".join(parts)


def _labels(spec: JobSpec, environment: Environment, job_id: str, name: str) -> dict[str, str]:
    wanted = {
        labels.MANAGED_BY: labels.MANAGER,
        labels.ID: job_id,
        labels.NAME: label_value(name),
        labels.USER: label_value(environment.user),
        labels.ACCOUNT: label_value(spec.account),
        labels.PARTITION: label_value(spec.partition),
        labels.QUEUE: "" if spec.profile else spec.partition,
    }
    return {key: value for key, value in wanted.items() if value}


def _annotations(spec: JobSpec, environment: Environment, name: str, submit_id: str) -> dict[str, str]:
    """What a label cannot hold; the raw text only where its label is not the same."""
    raw = {labels.NAME: name, labels.USER: environment.user, labels.ACCOUNT: spec.account}
    if spec.profile:
        raw[labels.PARTITION] = spec.partition
    wanted = {key: value for key, value in raw.items() if value != label_value(value)}
    words = [*spec.args, *(word for pair in spec.parameters.items() for word in ("-P", "=".join(pair)))]
    wanted |= {
        labels.COMMAND: shlex.join((spec.script_name, *words)) if words or name != spec.script_name else "",
        labels.COMMENT: spec.comment,
        labels.TIME_LIMIT: str(spec.time_limit or ""),
        labels.OUTPUT: spec.output or "",
        labels.ERROR: spec.error or "",
        labels.ARRAY: spec.array.format() if spec.array else "",
        labels.SUBMIT_ID: submit_id,
    }
    return {key: value for key, value in wanted.items() if value}


def _policy(spec: JobSpec) -> dict[str, Any]:
    """How often it runs: a disruption counts towards the requeues, any other failure is the job's own."""
    requeues = MAX_REQUEUE if spec.requeue else 0
    policy: dict[str, Any] = {
        "podFailurePolicy": {
            "rules": [
                {"action": "Count", "onPodConditions": [{"type": "DisruptionTarget"}]},
                {
                    "action": "FailIndex" if spec.array else "FailJob",
                    "onExitCodes": {"operator": "NotIn", "values": [0]},
                },
            ]
        },
        # Never two pods of one task at once: they would write the same output.
        "podReplacementPolicy": "Failed",
        "ttlSecondsAfterFinished": TTL_SECONDS,
    }
    if spec.array:
        policy |= {
            "completionMode": "Indexed",
            "completions": spec.array.count,
            "parallelism": min(spec.array.throttle or spec.array.count, spec.array.count),
            "backoffLimitPerIndex": requeues,
        }
    else:
        policy["backoffLimit"] = requeues
    if spec.hold:
        policy["suspend"] = True
    if spec.give_up_after is not None:
        # This clock also runs while the job waits, so the time that it may run comes on top.
        policy["activeDeadlineSeconds"] = spec.give_up_after + (spec.time_limit or 0) + KILL_WAIT_SECONDS
    return policy
