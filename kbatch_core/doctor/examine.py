"""Asks what the checks judge, one after the other, so that what is found is shown while the next is asked."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

import kbatch_core
from kbatch_core.client import Client
from kbatch_core.cluster.answers import not_kubernetes
from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.doctor import cluster_checks, here, local_checks
from kbatch_core.doctor.finding import Finding, failed, safe
from kbatch_core.doctor.local_checks import Terminal
from kbatch_core.environment import Environment, this_session
from kbatch_core.errors import KbatchError, PermissionDenied
from kbatch_core.look import side_by_side
from kbatch_core.manifest.pod import build_resources
from kbatch_core.manifest.rules import Ruling, limit_rulings, quota_rulings
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.rights import EXTRA, NEEDED, OWN_POD, Extra, Right

Answer = TypeVar("Answer")

KUEUE = "kueue.x-k8s.io"
# Who asks what is wrong wants to know it soon: no patience with a server that asks for it.
PATIENCE_SECONDS = 3.0
# For the first answer. Later ones may take their time: that the server is there is known by then.
SILENCE_SECONDS = 5.0


class Where(msgspec.Struct, frozen=True):
    """The cluster options of the command; None = not given."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None


def examine(
    where: Where,
    environ: Mapping[str, str],
    terminal: Terminal,
    others: Sequence[Callable[[], Path | None]],
) -> Iterator[Finding]:
    """Every finding, as it is made. `others` read more config files, as here.Settings has it."""
    return map(safe, _examine(where, environ, terminal, here.Settings(environ, others)))


def _examine(
    where: Where, environ: Mapping[str, str], terminal: Terminal, settings: here.Settings
) -> Iterator[Finding]:
    yield from _cluster(where, environ, settings)
    yield local_checks.config(settings.files, settings.variables, settings.problems)
    yield local_checks.history(here.look_at_history(environ.get("HOME", "")))
    yield local_checks.versions(
        kbatch_core.__version__, platform.python_version(), here.versions(), sys.prefix
    )
    yield local_checks.terminal(terminal)


def _cluster(where: Where, environ: Mapping[str, str], settings: here.Settings) -> Iterator[Finding]:
    """What depends on a cluster, as far as one is there."""
    local = environ.get(CLUSTER_VARIABLE, "") if not (where.context or where.kubeconfig) else ""
    session = _ask(lambda: this_session(environ, local=bool(local)))
    if isinstance(session, KbatchError):
        yield failed("session", session, "No command works.")
        return
    yield from _from_there(_ask(lambda: _connect(where, local, environ)), settings)
    if session.in_pod or session.local:
        yield local_checks.notebooks(here.python_for_notebooks(environ))


def _from_there(client: Client | Finding | KbatchError, settings: here.Settings) -> Iterator[Finding]:
    """What the cluster says, or why it says nothing."""
    if isinstance(client, Finding):
        yield client
        return
    if isinstance(client, KbatchError):
        yield failed("cluster", client, cluster_checks.NOTHING_WORKS)
        return
    version = _ask(lambda: _version(client))
    if isinstance(version, KbatchError):
        yield failed("cluster", version, cluster_checks.NOTHING_WORKS)
        return
    transport = client.api.transport
    yield cluster_checks.server(transport.settings, version, transport.server_ahead)
    yield from answers(client, settings)


def _connect(where: Where, local: str, environ: Mapping[str, str]) -> Client | Finding:
    """The way to the cluster; of a local one that does not run what there is to say. Raises KbatchError."""
    if local and (stopped := _stopped_local(local, environ)) is not None:
        return stopped
    try:
        client = Client.connect(
            namespace=where.namespace, context=where.context, kubeconfig=where.kubeconfig, environ=environ
        )
    except ImportError as error:
        raise KbatchError(
            f"A package that reads kubeconfigs cannot be used: {error}.",
            "Install it again: pip install --force-reinstall kqueue-tui.",
        ) from error
    client.api.retry.limit_seconds = PATIENCE_SECONDS
    return client


def _version(client: Client) -> str:
    """The server's version. Raises KbatchError, also for a server that is no Kubernetes."""
    version = client.api.version(SILENCE_SECONDS).git_version
    if not version:
        raise not_kubernetes("it has no version")
    return version


def _stopped_local(cluster: str, environ: Mapping[str, str]) -> Finding | None:
    """What there is to say of a local cluster that does not run; nothing here starts it. Raises BadOption."""
    from kbatch_core.local.lifecycle import parse_cluster, state
    from kbatch_core.local.place import find_place

    found = state(find_place(parse_cluster(cluster), environ))
    if found.running:
        return None
    return Finding(
        check="cluster",
        verdict="ok",
        sentence=f"the local cluster {found.name!r}, which does not run: the next command starts it",
    )


def answers(client: Client, settings: here.Settings) -> Iterator[Finding]:
    """What a cluster that answers says."""
    name = _ask(client.api.account)
    account = name if isinstance(name, str) else ""
    is_there = _ask(client.api.has_namespace)
    known = None if isinstance(is_there, KbatchError) else is_there
    yield cluster_checks.account(account, client.session, client.api.namespace, known)
    rights = _ask(lambda: _needed(client))
    if isinstance(rights, KbatchError):
        yield failed("rights", rights, "What works is not known.")
        return
    pods = client.session.pod is None
    yield cluster_checks.rights(rights, account, client.api.namespace, pods=pods)
    if not any(rights.values()):
        return
    kueue = _ask(lambda: client.api.has_group(KUEUE)) is True
    lacking = _ask(lambda: _lacking(client, kueue))
    if not isinstance(lacking, KbatchError):
        yield cluster_checks.extra_rights(lacking)
    yield from _job(client, settings)
    queues = _ask(client.api.list_local_queues) if kueue else None
    names = None if isinstance(queues, KbatchError) else queues
    yield cluster_checks.partitions(names, settings.config.profiles)


def _job(client: Client, settings: here.Settings) -> Iterator[Finding]:
    """What a job would have: environment, home, and the namespace's quotas."""
    spec = settings.spec
    environment = _ask(lambda: client.environment(spec))
    yield cluster_checks.environment(environment, client.session, spec.image)
    if not isinstance(environment, KbatchError) and environment.server:
        yield cluster_checks.home(environment)
    found = environment if not isinstance(environment, KbatchError) else Environment(image="")
    rulings = _ask(lambda: _rulings(client, spec, found))
    if not isinstance(rulings, KbatchError):
        yield cluster_checks.quota(rulings)


def _rulings(client: Client, spec: JobSpec, environment: Environment) -> list[Ruling]:
    """What quotas and limit ranges say to it. Raises PermissionDenied where they may not be read."""
    quotas = client.api.list_quotas()
    try:
        ranges = client.api.list_limit_ranges()
    except PermissionDenied:
        ranges = []
    pod = {"containers": [{"resources": build_resources(spec, environment)}]}
    return limit_rulings(pod, ranges) + quota_rulings(pod, quotas, ranges)


def _needed(client: Client) -> dict[Right, bool | None]:
    """Which of the rights that are needed there are."""
    asked = [right for right in NEEDED if right != OWN_POD or client.session.pod is None]
    answers = side_by_side(partial(_has, client, right) for right in asked)
    return dict(zip(asked, answers, strict=True))


def _has(client: Client, right: Right) -> bool | None:
    own = client.session.host if right == OWN_POD and client.session.in_pod else ""
    return client.has_right(right, name=own)


def _lacking(client: Client, kueue: bool) -> list[tuple[Extra, list[Right]]]:
    """What is done without, and the rights to it that lack. Without `kueue` not those that are about it."""
    asked = [
        (extra, right, "" if extra.everywhere else None)
        for extra in EXTRA
        if kueue or not extra.kueue
        for right in extra.rights
    ]
    answers = side_by_side(partial(client.has_right, right, namespace=where) for _, right, where in asked)
    lacking: dict[Extra, list[Right]] = {}
    for (extra, right, _), has in zip(asked, answers, strict=True):
        if not has:
            lacking.setdefault(extra, []).append(right)
    return list(lacking.items())


def _ask(question: Callable[[], Answer]) -> Answer | KbatchError:
    """The answer, or what stood in its way."""
    try:
        return question()
    except KbatchError as error:
        return error
    except OSError as error:
        return KbatchError(f"{error.filename or 'A file'}: {error.strerror}.")
