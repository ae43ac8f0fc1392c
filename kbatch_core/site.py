"""Site: the cluster as a place for jobs. What the names in the options mean there, and whether a job can run.

Two readers with different rights: some accounts may list nodes, quotas and limit ranges, most may not. What may not
be read costs the answer that needs it, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from kbatch_core.cluster.api import Api
from kbatch_core.environment import Environment
from kbatch_core.errors import BadOption, NeverFits, PermissionDenied, Refused, Unreachable
from kbatch_core.manifest import Submission
from kbatch_core.manifest.fit import Fit, fit
from kbatch_core.manifest.gpus import with_gpus
from kbatch_core.manifest.rules import limit_rulings, quota_rulings
from kbatch_core.model import labels
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.objects import Node
from kbatch_core.model.options.combine import with_profile, without_profile
from kbatch_core.model.options.resolve import Resolved
from kbatch_core.status.reading import is_over
from kbatch_core.status.words import amount_of, plural, round_down_memory

Found = TypeVar("Found")
NAMED = 3


class Report(msgspec.Struct, frozen=True):
    """What `--test-only` found: (subject, sentence) in reading order, and whether the job would run, now or later."""

    lines: tuple[tuple[str, str], ...]
    runs: bool


class Site:
    """One cluster for one submit; reads each thing once."""

    def __init__(self, api: Api, resolved: Resolved) -> None:
        self._api = api
        self._resolved = resolved
        self._nodes = _Nodes(api)
        self._looks = False

    def look_ahead(self, spec: JobSpec) -> None:
        """Begin to read the nodes when something about `spec` depends on them."""
        if spec.gpus or spec.cpus or spec.memory or spec.tmp or spec.node_labels or spec.partition:
            self._looks = True
            self._nodes.ahead()

    def settle(self, spec: JobSpec, settled: str = "") -> JobSpec:
        """`spec` with what its partition and GPUs mean here. Raises BadOption with the names there are.

        `settled` is a partition that has been looked up before: that of an earlier job.
        """
        if spec.partition != settled:
            spec = self._with_partition(spec)
        return with_gpus(spec, self._resolved, self.nodes()) if spec.gpus else spec

    def without(self, environment: Environment, profile: str) -> Environment:
        """An earlier job's environment without what the profile of its partition put there."""
        known = self._resolved.config.profiles.get(profile)
        if known is None:
            return environment
        return msgspec.structs.replace(environment, pod=without_profile(environment.pod, known))

    def check(self, submission: Submission) -> None:
        """Raises NeverFits when the nodes are known and none could ever hold a pod of the job."""
        if not self._looks or self._resolved.config.autoscaling:
            return
        found = self._fit(submission)
        if found is not None and found.never:
            raise NeverFits(
                f"It would wait for ever: {found.sentence}.",
                f"{found.hint}. If nodes are added here when needed, `autoscaling = true` in the config says so.",
            )

    def nodes(self) -> list[Node] | None:
        """Every node of the cluster; None when they may not be read."""
        self._nodes.wait()
        while self._nodes.more():
            pass
        return self._nodes.read if self._nodes.readable else None

    def report(self, submission: Submission, try_out: Callable[[], object]) -> Report:
        """The whole check: `try_out` sends the job as a dry run."""
        lines: list[tuple[str, str]] = []
        runs = True
        try:
            try_out()
            lines.append(("accepted", "by the API server and its policies; nothing was submitted"))
        except Refused as error:
            lines.append(("refused", str(error)))
            runs = False
        fits, line = self._nodes_line(submission)
        lines.append(("nodes", line))
        for found, subject, text in self._rules_lines(submission):
            lines.append((subject, text))
            fits = fits and found
        return Report(tuple(lines), runs and fits)

    def largest_memory(self) -> str:
        """The most memory that a node has for pods, as an option would say it; empty when that is not known."""
        sizes = [amount_of(node.status.allocatable.get("memory", "0")) for node in self.nodes() or ()]
        return round_down_memory(max(sizes)) if sizes else ""

    def _fit(self, submission: Submission) -> Fit | None:
        """How a pod of the job fits; of the nodes no more are read than it takes to find one."""
        pod = submission.manifest["spec"]["template"]["spec"]
        self._nodes.wait()
        while True:
            found = fit(pod, self._nodes.read)
            if found.later or not self._nodes.more():
                return found if self._nodes.readable else None

    def _with_partition(self, spec: JobSpec) -> JobSpec:
        if not spec.partition:
            return msgspec.structs.replace(spec, profile="")
        profiles = self._resolved.config.profiles
        if spec.partition in profiles:
            return with_profile(spec, profiles[spec.partition])
        queues = _if_allowed(self._api.list_local_queues)
        if queues is None or spec.partition in queues:
            return msgspec.structs.replace(spec, profile="")
        known = sorted({*queues, *profiles})
        raise BadOption(
            f'--partition: there is no queue or profile "{spec.partition}".',
            f"There are {', '.join(known)}." if known else "This cluster has none; leave the option out.",
        )

    # The report

    def _nodes_line(self, submission: Submission) -> tuple[bool, str]:
        nodes = self.nodes()
        if nodes is None:
            return True, "you may not list nodes, so whether one is large enough is not known"
        running = _if_allowed(self._api.list_running)
        found = fit(submission.manifest["spec"]["template"]["spec"], nodes, running)
        if found.never and not self._resolved.config.autoscaling:
            return False, f"{found.sentence}. {found.hint}"
        if not found.later:
            return True, f"{found.sentence} now, but nodes are added here when needed"
        disk = self._disk_nodes(submission)
        if disk:
            found = found.only(disk)
            where = f"your home's disk is in use on {', '.join(sorted(disk))}, and the job must run there"
            if not found.later:
                return True, f"{where}: it is too small for it. Stop what has the disk, or ask for less"
            return True, f"{where}: {_room(found)}"
        if found.now is None:
            return True, (
                f"fits {_names(found.later)} when there is room; you may not list the pods of all namespaces, so "
                "whether there is now is not known"
            )
        if not found.now:
            return True, f"no room now; fits {_names(found.later)} when others have ended"
        return True, f"fits {_names(found.now)} now"

    def _disk_nodes(self, submission: Submission) -> set[str]:
        """Where a home for one node is mounted now, by the server or another job; empty when it is free."""
        owner = submission.manifest["spec"]["template"]["metadata"]["labels"].get(labels.HUB_USERNAME)
        pods = _if_allowed(lambda: self._api.list_pods(f"{labels.HUB_USERNAME}={owner}")) if owner else None
        return {pod.spec.node_name for pod in pods or () if pod.spec.node_name and not is_over(pod)}

    def _rules_lines(self, submission: Submission) -> Iterator[tuple[bool, str, str]]:
        pod = submission.manifest["spec"]["template"]["spec"]
        ranges = _if_allowed(self._api.list_limit_ranges)
        if ranges is None:
            yield True, "limits", "you may not list limit ranges, so whether one refuses it is not known"
        for ruling in limit_rulings(pod, ranges or ()):
            yield not ruling.never, "limits", _sentence(ruling.sentence, ruling.hint)
        quotas = _if_allowed(self._api.list_quotas)
        if quotas is None:
            yield True, "quota", "you may not list quotas, so whether one is full is not known"
        for ruling in quota_rulings(pod, quotas or (), ranges or ()):
            yield not ruling.never, "quota", _sentence(ruling.sentence, ruling.hint)


class _Nodes:
    """The cluster's nodes, read as far as somebody asks.

    `ahead` starts a thread for the first page, so that it costs no round trip of its own; the thread ends with the
    answer, and only who needs that waits for it.
    """

    def __init__(self, api: Api) -> None:
        self.read: list[Node] = []
        self.readable = True
        self._pages = api.node_pages()
        self._first: threading.Thread | None = None

    def ahead(self) -> None:
        self._first = threading.Thread(target=self._page, name="nodes", daemon=True)
        self._first.start()

    def wait(self) -> None:
        """Until the first page is there, if it is being read."""
        if self._first is not None:
            self._first.join()

    def more(self) -> bool:
        """Read another page. False = there is none, or none may be read."""
        self.wait()
        return self._page()

    def _page(self) -> bool:
        try:
            page = next(self._pages, None) if self.readable else None
        except (Refused, Unreachable):
            # Not known is not refused: the submit itself says what is wrong with the cluster.
            self.readable = False
            return False
        self.read += page or []
        return page is not None


def _if_allowed(read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except PermissionDenied:
        return None


def _sentence(text: str, hint: str) -> str:
    return f"{text}. {hint}" if hint else text


def _room(found: Fit) -> str:
    if found.now is None:
        return "whether there is room now is not known"
    return "there is room now" if found.now else "no room is there now"


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return (
        f"{shown} and {plural(more, 'other node')}" if more > 0 else f"{plural(len(names), 'node')}: {shown}"
    )
