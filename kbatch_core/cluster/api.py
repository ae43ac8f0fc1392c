"""The calls we make, typed: one method each, bytes in, structs out.

Every read and every write here is safe to repeat, so all go through `Retry`. A create is made repeatable by its
name, which the client chose, and by the submit-id annotation: when the name is taken by our own submit-id, an
earlier attempt arrived and only its answer was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.cluster.listing import PIECE, Item, ListReader
from kbatch_core.cluster.retry import Retry
from kbatch_core.cluster.transport import READ_SECONDS, Query, Transport
from kbatch_core.errors import (
    Conflict,
    ConnectionFailed,
    KbatchError,
    NotFound,
    PermissionDenied,
    Refused,
    ServerBusy,
    UnknownOutcome,
    Unreachable,
)
from kbatch_core.model import labels
from kbatch_core.model.objects import (
    AccessReview,
    AccountReview,
    Event,
    Job,
    LimitRange,
    Node,
    NodeList,
    Pod,
    ResourceQuota,
    Version,
    WholeJob,
)

Decoded = TypeVar("Decoded")

# Nodes are large, and the first few mostly tell enough.
NODE_PAGE = 100
MERGE_PATCH = "application/merge-patch+json"


class Api:
    """The Kubernetes API as one account sees it, in one namespace unless a call names another."""

    def __init__(self, transport: Transport, retry: Retry | None = None) -> None:
        self.transport = transport
        self.namespace = transport.settings.namespace
        self.retry = retry or Retry()

    # Jobs

    def create_job(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Job:
        """Create the Job exactly once, however often the answer is lost.

        Raises Refused (Conflict when the name is another's), Unreachable, and UnknownOutcome when it may or may not
        be there.
        """
        metadata = manifest["metadata"]
        path = jobs_path(metadata.get("namespace") or self.namespace)
        body = msgspec.json.encode(manifest)
        lost = False

        def attempt() -> bytes:
            nonlocal lost
            try:
                return self.transport.request(
                    "POST", path, body=body, query={"dryRun": "All" if dry_run else None}
                )
            except AnswerLost:
                lost = True
                raise
            except ServerBusy as error:
                # A 5xx may come after the commit (a timeout inside the server); a 429 never does.
                lost = lost or error.status != 429
                raise
            except Conflict as error:
                if error.reason == "AlreadyExists":
                    raise
                # Of many submits at once some are told that a quota's count was another's meanwhile.
                raise ServerBusy(error.sentence, "Try again in a minute.", status=429) from error

        try:
            answer = self.retry.call(attempt)
            # What cannot be read after a success may be anybody's.
            lost = True
            return decode_answer(Job, answer)
        except (Refused, Unreachable) as error:
            unsure = not dry_run and (lost or isinstance(error, Conflict))
            return self._created(metadata, error, unsure=unsure)

    def _created(self, metadata: Mapping[str, Any], error: KbatchError, *, unsure: bool) -> Job:
        """The Job that an earlier attempt has made: a quota that it filled refuses the next one, as its name does.

        Raises `error` where there is none, UnknownOutcome where that cannot be seen and `unsure`.
        """
        unseen = error
        if isinstance(error, Refused):
            try:
                existing = self.get_job(metadata["name"], namespace=metadata.get("namespace"))
            except NotFound:
                raise error from None
            except (Refused, Unreachable) as problem:
                unseen = problem
            else:
                submit_id = metadata.get("annotations", {}).get(labels.SUBMIT_ID)
                if submit_id and existing.metadata.annotations.get(labels.SUBMIT_ID) == submit_id:
                    return existing
                raise error
        if not unsure:
            raise error
        job_id, submit_id = metadata["labels"][labels.ID], metadata["annotations"][labels.SUBMIT_ID]
        raise UnknownOutcome(
            f"No answer came to the submit of job {job_id}: it may or may not exist. {unseen.sentence}",
            f"Look with `kqueue show {job_id}`, or submit again with `--submit-id {submit_id}`: "
            "that makes no second job.",
        ) from unseen

    def get_job(self, name: str, *, namespace: str | None = None) -> WholeJob:
        """One Job by its object name. Raises NotFound."""
        return self._get(f"{jobs_path(namespace or self.namespace)}/{quote(name)}", WholeJob)

    def get_job_object(self, name: str, *, namespace: str | None = None) -> dict[str, Any]:
        """One Job with every field, as the API sent it."""
        return self._get(f"{jobs_path(namespace or self.namespace)}/{quote(name)}", dict[str, Any])

    def list_jobs(self, selector: str = labels.SELECTOR, *, namespace: str | None = None) -> list[Job]:
        """All Jobs that the selector matches, as of now. `namespace` "" = every namespace."""
        where = self.namespace if namespace is None else namespace
        return self._list(jobs_path(where), Job, {"labelSelector": selector})

    def job_parts(self, selector: str, *, namespace: str) -> Iterator[list[Job]]:
        """The same as they come, so that there is work to do meanwhile. Not tried again: `retry` may."""
        return self._parts(jobs_path(namespace), Job, {"labelSelector": selector})

    def patch_job(self, name: str, patch: Mapping[str, Any], *, namespace: str | None = None) -> Job:
        """Merge `patch` (RFC 7386) into the Job; the same patch twice changes nothing more."""
        path = f"{jobs_path(namespace or self.namespace)}/{quote(name)}"
        body = msgspec.json.encode(patch)
        answer = self.retry.call(
            lambda: self.transport.request("PATCH", path, body=body, content_type=MERGE_PATCH)
        )
        return decode_answer(Job, answer)

    def delete_job(self, name: str, *, uid: str = "", namespace: str | None = None) -> None:
        """Delete the Job and, behind it, its pods. With `uid`, only that very object (else Conflict)."""
        path = f"{jobs_path(namespace or self.namespace)}/{quote(name)}"
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        body = msgspec.json.encode(options)
        self.retry.call(lambda: self.transport.request("DELETE", path, body=body))

    # Pods, logs, events

    def get_pod_object(self, name: str, *, namespace: str | None = None) -> dict[str, Any]:
        """One pod with every field: what an environment is copied from."""
        return self._get(f"{core_path(namespace or self.namespace, 'pods')}/{quote(name)}", dict[str, Any])

    def list_pods(self, selector: str, *, namespace: str | None = None) -> list[Pod]:
        """All pods that the selector matches."""
        where = self.namespace if namespace is None else namespace
        return self._list(core_path(where, "pods"), Pod, {"labelSelector": selector})

    def list_events(self, uid: str, *, namespace: str | None = None) -> list[Event]:
        """The events of one object. Never a whole namespace: that list can be larger than all else together."""
        where = self.namespace if namespace is None else namespace
        return self._list(core_path(where, "events"), Event, {"fieldSelector": f"involvedObject.uid={uid}"})

    def node_pages(self) -> Iterator[list[Node]]:
        """The nodes of the cluster, page by page: who has seen enough reads no further."""
        yield from self._pages(core_path("", "nodes"), NodeList, {"limit": NODE_PAGE})

    def list_running(self) -> list[Pod]:
        """The pods of every namespace that take room on a node."""
        query = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!="}
        return self._list(core_path("", "pods"), Pod, query)

    def list_quotas(self, namespace: str | None = None) -> list[ResourceQuota]:
        """The quotas of a namespace."""
        where = self.namespace if namespace is None else namespace
        return self._list(core_path(where, "resourcequotas"), ResourceQuota, {})

    def list_limit_ranges(self) -> list[LimitRange]:
        """The limit ranges of the namespace."""
        return self._list(core_path(self.namespace, "limitranges"), LimitRange, {})

    def claim_access(self, name: str) -> list[str] | None:
        """The access modes of a volume claim; None when it may not be read."""
        path = f"{core_path(self.namespace, 'persistentvolumeclaims')}/{quote(name)}"
        try:
            claim = self._get(path, dict[str, Any])
        except (PermissionDenied, NotFound):
            return None
        return list(claim.get("spec", {}).get("accessModes") or [])

    def list_local_queues(self) -> list[str]:
        """The names of Kueue's LocalQueues in the namespace; none where Kueue is not installed."""
        for version in ("v1beta2", "v1beta1"):
            path = f"/apis/kueue.x-k8s.io/{version}/namespaces/{quote(self.namespace)}/localqueues"
            try:
                found = self._list(path, Job, {})
            except (NotFound, ConnectionFailed):
                # An API group that is not there is answered with plain text, not with a Status.
                continue
            return [queue.metadata.name for queue in found]
        return []

    def access_review(
        self, verb: str, group: str, resource: str, subresource: str = "", namespace: str = "", name: str = ""
    ) -> bool:
        """Whether this account may do that: a SelfSubjectAccessReview, which stores nothing. `name` "" = to all."""
        attributes = {
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": subresource,
            "namespace": namespace,
            "name": name,
        }
        body = msgspec.json.encode({"spec": {"resourceAttributes": attributes}})
        return self._review(
            "authorization.k8s.io/v1/selfsubjectaccessreviews", body, AccessReview
        ).status.allowed

    def account(self) -> str:
        """Who the server takes us for: a SelfSubjectReview, which stores nothing. Kubernetes 1.28."""
        found = self._review("authentication.k8s.io/v1/selfsubjectreviews", b"{}", AccountReview)
        return found.status.user_info.username

    def has_group(self, name: str) -> bool:
        """Whether the server has an API group."""
        try:
            self._get(f"/apis/{quote(name)}", dict[str, Any])
        except (NotFound, ConnectionFailed):
            # What is not there is answered with plain text, not with a Status.
            return False
        return True

    def has_namespace(self) -> bool | None:
        """Whether the namespace is there; None when it may not be looked at."""
        try:
            self._get(f"/api/v1/namespaces/{quote(self.namespace)}", dict[str, Any])
        except NotFound:
            return False
        except PermissionDenied:
            return None
        return True

    def version(self, read_seconds: float = READ_SECONDS) -> Version:
        """The API server's version. `read_seconds`: how long one that does not answer is waited for."""
        answer = self.retry.call(lambda: self.transport.request("GET", "/version", read_seconds=read_seconds))
        return decode_answer(Version, answer)

    def _review(self, path: str, body: bytes, kind: type[Decoded]) -> Decoded:
        answer = self.retry.call(lambda: self.transport.request("POST", f"/apis/{path}", body=body))
        return decode_answer(kind, answer)

    def _get(self, path: str, kind: type[Decoded], query: Query | None = None) -> Decoded:
        answer = self.retry.call(lambda: self.transport.request("GET", path, query=query))
        return decode_answer(kind, answer)

    def _list(self, path: str, kind: type[Item], query: Query) -> list[Item]:
        """A whole list, as of now."""
        return self.retry.call(lambda: [item for part in self._parts(path, kind, query) for item in part])

    def _parts(self, path: str, kind: type[Item], query: Query) -> Iterator[list[Item]]:
        """A whole list as it comes; not tried again."""
        return ListReader(kind).read(self.transport.read_pieces(path, query=query, size=PIECE))

    def _pages(self, path: str, kind: type[Any], query: Query) -> Iterator[list[Any]]:
        token = ""
        while True:
            page = self._get(path, kind, {**query, "continue": token or None})
            yield page.items
            token = page.metadata.continue_
            if not token:
                return


def jobs_path(namespace: str) -> str:
    """The path of the Jobs of a namespace; "" = of all."""
    scope = f"/namespaces/{quote(namespace)}" if namespace else ""
    return f"/apis/batch/v1{scope}/jobs"


def core_path(namespace: str, resource: str) -> str:
    """The path of a core/v1 resource of a namespace; "" = of all."""
    scope = f"/namespaces/{quote(namespace)}" if namespace else ""
    return f"/api/v1{scope}/{resource}"
