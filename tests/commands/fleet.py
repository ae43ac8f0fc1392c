"""Jobs on the real control plane, with their pods in any state: this plays the kubelet that is not there."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api, core_path
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Environment, Session
from kbatch_core.errors import Conflict, NotFound
from kbatch_core.manifest import build_job
from kbatch_core.model import labels
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.names import id_from, new_submit_id
from kbatch_core.model.objects import Job, Pod
from tests.cluster import Cluster, wait_for

NODE = "node-a"
IMAGE = "images.example.org/none:1"
IMAGE_ID = "images.example.org/none@sha256:" + "0a" * 32
STRATEGIC = "application/strategic-merge-patch+json"
_random = random.Random(20)


class Fleet:
    """Submits jobs in a namespace and moves their pods along; `client` is what the commands would use."""

    def __init__(self, cluster: Cluster, namespace: str, user: str = "ann", image: str = IMAGE) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.image = image
        self._made_node = False
        self.transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace))
        self.api = Api(self.transport)
        self.client = self.client_of(user)

    def client_of(self, user: str) -> Client:
        """A Client for another user of the namespace."""
        session = Session(cwd="/", home="", user=user, host="x", in_pod=False, environ={})
        return Client(self.api, session)

    def submit(
        self,
        *,
        user: str = "ann",
        image: str = "",
        pod: Mapping[str, Any] | None = None,
        annotations: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Job:
        """A job; `fields` are those of JobSpec, `pod` and `annotations` what kbatch itself would not set."""
        fields = {"script": "#!/bin/sh\nsleep 1\n", "script_name": "x.sh", "cpus": 1000, **fields}
        environment = Environment(
            image=image or self.image, user=user, keep_entrypoint=False, image_pull_policy="IfNotPresent"
        )
        submit_id = new_submit_id(_random)
        made = build_job(
            JobSpec(**fields),
            environment,
            job_id=id_from(submit_id),
            submit_id=submit_id,
            namespace=self.namespace,
            cwd="/",
            submit_host="test",
        )
        made.manifest["spec"]["template"]["spec"] |= pod or {}
        made.manifest["metadata"]["annotations"] |= annotations or {}
        return self.api.create_job(made.manifest)

    def get(self, job: Job) -> Job:
        """The job as it is now."""
        return self.api.get_job(job.metadata.name, namespace=self.namespace)

    def pods(self, job: Job, count: int = 1) -> list[Pod]:
        """The job's pods, once there are at least `count`."""

        def found() -> list[Pod] | None:
            pods = self.api.list_pods(f"{labels.JOB_NAME}={job.metadata.name}", namespace=self.namespace)
            return pods if len(pods) >= count else None

        return wait_for(found, what=f"{count} pods of {job.metadata.name}")

    def run(self, job: Job, count: int = 1, started: str = "2026-01-01T00:00:00Z") -> list[Pod]:
        """Let its first `count` pods run on NODE."""
        pods = self.pods(job, count)[:count]
        for pod in pods:
            self._bind(pod)
            self._set_status(
                pod,
                {
                    "phase": "Running",
                    "startTime": started,
                    "containerStatuses": [_container({"running": {"startedAt": started}}, ready=True)],
                },
            )
        return pods

    def ready(self, pod: Pod) -> None:
        """Let the Job controller count a pod that runs as ready."""
        self._set_status(pod, {"conditions": [{"type": "Ready", "status": "True"}]})

    def event(self, pod: Pod, text: str) -> None:
        """A warning about a pod, whose every text is `text`."""
        about = {
            "kind": "Pod",
            "namespace": self.namespace,
            "name": pod.metadata.name,
            "uid": pod.metadata.uid,
        }
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod.metadata.name}.hostile", "namespace": self.namespace},
            "involvedObject": about,
            "type": "Warning",
            "reason": text,
            "message": text,
            "source": {"component": "kubelet"},
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
        self.transport.request("POST", core_path(self.namespace, "events"), body=msgspec.json.encode(event))

    def finish(
        self, pod: Pod, exit_code: int = 0, *, end: str = "2026-01-01T00:10:00Z", message: str = ""
    ) -> None:
        """Let a pod end."""
        ended = {
            "exitCode": exit_code,
            "reason": "Completed" if exit_code == 0 else "Error",
            "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": end,
            "message": message,
        }
        self._set_status(
            pod,
            {
                "phase": "Failed" if exit_code else "Succeeded",
                "containerStatuses": [_container({"terminated": ended}, ready=False)],
            },
        )

    def end(self, job: Job, exit_code: int = 0, *, message: str = "") -> Job:
        """Let a job run and end; as it is then."""
        for pod in self.run(job):
            self.finish(pod, exit_code, message=message)
        return self.wait_ended(job)

    def wait_ended(self, job: Job) -> Job:
        """The job, once the Job controller calls it over; pods that are being deleted are let go."""

        def over() -> Job | None:
            self.let_go(job)
            found = self.get(job)
            conditions = {one.type for one in found.status.conditions if one.status == "True"}
            return found if conditions & {"Complete", "Failed"} else None

        # After a restart of the API server a controller looks again in up to a minute.
        return wait_for(over, what=f"{job.metadata.name} to end", seconds=180)

    def wait_no_pods(self, job: Job) -> None:
        """Until kubectl sees no pod of the job."""
        selector = f"{labels.JOB_NAME}={job.metadata.name}"

        def none() -> bool:
            self.let_go(job)
            return not self.cluster.get("pods", "-n", self.namespace, "-l", selector)["items"]

        wait_for(none, what="the pods to go")

    def let_go(self, job: Job) -> None:
        """What a kubelet does with pods that are being deleted: end them and remove them."""
        for pod in self.api.list_pods(f"{labels.JOB_NAME}={job.metadata.name}", namespace=self.namespace):
            if pod.metadata.deletion_timestamp is None:
                continue
            # One that was never bound needs no kubelet to go.
            with contextlib.suppress(NotFound):
                if pod.status.phase in ("Pending", "Running"):
                    self.finish(pod, 143)
                body = json.dumps({"gracePeriodSeconds": 0}).encode()
                self.transport.request("DELETE", self._path(pod), body=body)

    def _make_node(self) -> None:
        """NODE, once: pods on a node that is not there are deleted after 40 s. The scheduler leaves it alone."""
        if self._made_node:
            return
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        with contextlib.suppress(Conflict):
            self.transport.request("POST", "/api/v1/nodes", body=msgspec.json.encode(node))
            self._made_node = True

    def _bind(self, pod: Pod) -> None:
        self._make_node()
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod.metadata.name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        }
        self.transport.request("POST", f"{self._path(pod)}/binding", body=msgspec.json.encode(binding))

    def _set_status(self, pod: Pod, status: dict[str, Any]) -> None:
        body = msgspec.json.encode({"status": status})
        self.transport.request("PATCH", f"{self._path(pod)}/status", body=body, content_type=STRATEGIC)

    def _path(self, pod: Pod) -> str:
        return f"{core_path(self.namespace, 'pods')}/{pod.metadata.name}"

    def kubeconfig(self) -> Path:
        """The admin's, with this namespace."""
        path = self.cluster.folder / f"{self.namespace}.kubeconfig"
        if not path.exists():
            config = yaml.safe_load(self.cluster.kubeconfig.read_text())
            for context in config["contexts"]:
                context["context"]["namespace"] = self.namespace
            path.write_text(yaml.safe_dump(config))
        return path

    def close(self) -> None:
        """Also what only a kubelet would remove: the pods on NODE, and NODE."""
        if self._made_node:
            now = msgspec.json.encode({"gracePeriodSeconds": 0})
            self.transport.request("DELETE", core_path(self.namespace, "pods"), body=now)
            self.transport.request("DELETE", f"/api/v1/nodes/{NODE}")
        self.transport.close()


def _container(state: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    return {
        "name": "job",
        "ready": ready,
        "restartCount": 0,
        "image": IMAGE,
        "imageID": IMAGE_ID,
        "state": state,
    }
