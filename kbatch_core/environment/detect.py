"""What a job of this session copies from where it runs, and what the user adds to that.

The one read of the API that the environment needs, the server's own pod, is passed in as a function, so that
this module needs no transport.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from kbatch_core.environment.copy import copy_environment, without_home
from kbatch_core.environment.facts import Environment, escaped
from kbatch_core.environment.here import on_this_machine
from kbatch_core.environment.live import changed_variables
from kbatch_core.environment.session import Session
from kbatch_core.errors import NotFound, PermissionDenied, UsageError


def detect(
    session: Session,
    read_pod: Callable[[str], dict[str, Any]],
    read_access: Callable[[str], list[str] | None],
    *,
    image: str = "",
    export: Collection[str] = (),
    export_all: bool = True,
    home: bool = True,
    namespace: str = "",
) -> Environment:
    """The Environment that a job of this session gets; `namespace` is the one that the job is for.

    In a pod it is the pod's own: as the hub wrote it down, else read by its name (the host name) with `read_pod`.
    `read_access` gives the access modes of a claim, None where it may not be read; `image` replaces the copied
    image; outside it must be given. `export` names variables that go along though they look secret; without
    `export_all` only they go. `home` False leaves the home volume away. Raises PermissionDenied, NotFound,
    UsageError.
    """
    if session.local:
        environment = _with_variables(
            on_this_machine(session, image),
            msgspec.structs.replace(session, start={}),
            export,
            export_all=export_all,
        )
        return environment if home else without_home(environment)
    if not session.in_pod:
        if not image:
            raise UsageError(
                "There is no notebook server here to copy the environment from.",
                "Give the image that the job runs in with --image.",
            )
        return _with_variables(_bare(session, image), session, export, export_all=False)
    if session.namespace and namespace not in ("", session.namespace):
        if image:
            left = f'the notebook server\'s home and environment: they are in namespace "{session.namespace}"'
            return _with_variables(_bare(session, image, left), session, export, export_all=False)
        raise UsageError(
            f'Your notebook server and its home are in namespace "{session.namespace}"; '
            f'a job in "{namespace}" cannot have them.',
            "Leave --namespace away, or give the image that the job runs in with --image.",
        )
    try:
        pod = session.pod or _own_pod(session.host, read_pod)
    except PermissionDenied:
        if not image:
            raise
        return _bare(session, image, "the notebook server's home and environment: its pod may not be read")
    environment = _copied(pod, session, export)
    environment = _with_variables(environment, session, export, export_all=export_all)
    environment = _with_claim(environment, read_access) if home else without_home(environment)
    if not environment.user:
        environment = msgspec.structs.replace(environment, user=session.user)
    return with_image(environment, image, session) if image else environment


def _copied(pod: dict[str, Any], session: Session, export: Collection[str]) -> Environment:
    """What is copied of a pod. Raises UsageError, also for what is no pod: a hub or a proxy may have made it."""
    try:
        return copy_environment(pod, home=session.home, export=export)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"This notebook server's pod has a field of a kind that is not expected ({type(error).__name__}).",
            "Tell your hub's admin; or submit from elsewhere, with --image.",
        ) from error


def _own_pod(name: str, read_pod: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The pod that this process runs in. Raises PermissionDenied, NotFound."""
    try:
        return read_pod(name)
    except PermissionDenied as error:
        raise PermissionDenied(
            f'kbatch may not read its own pod "{name}", whose environment a job copies.',
            "Ask your admin for that right, or for the file that `kqueue docs admin` describes; or give --image.",
            status=error.status,
            reason=error.reason,
        ) from error
    except NotFound as error:
        raise NotFound(
            f'The pod of this notebook server, "{name}", is not in this namespace.',
            "Give the image with --image, or leave --namespace away.",
            status=error.status,
            reason=error.reason,
        ) from error


def changed(
    environment: Environment,
    session: Session,
    *,
    image: str = "",
    export: Collection[str] = (),
    export_all: bool = True,
    home: bool = True,
) -> Environment:
    """An earlier job's environment with what is asked for anew, as in `detect`; `export` takes from this session."""
    there = msgspec.structs.replace(session, start=None)
    environment = _with_variables(environment, there, export, export_all=export_all)
    environment = environment if home else without_home(environment)
    return with_image(environment, image, session) if image else environment


def with_image(environment: Environment, image: str, session: Session) -> Environment:
    """The environment in another image. The server's image chose the user that files in home belong to, so where its
    pod does not name one, this process's own does."""
    security = environment.container_security
    named = {**environment.pod.get("securityContext", {}), **security}
    if session.uid is not None and environment.mounts and "runAsUser" not in named:
        security = {**security, "runAsUser": session.uid, "runAsGroup": session.gid}
    return msgspec.structs.replace(
        environment, image=image, image_pull_policy="", keep_entrypoint=False, container_security=security
    )


def _with_claim(environment: Environment, read_access: Callable[[str], list[str] | None]) -> Environment:
    """The environment with what its home claim allows, where that may be read."""
    claim = environment.home_claim()
    modes = read_access(claim) if claim else None
    if not modes:
        return environment
    # One mode is enough for a claim to be mounted in that way; the widest decides.
    access = next(
        (mode for mode in ("ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod") if mode in modes), modes[0]
    )
    if access == "ReadWriteOncePod":
        raise UsageError(
            f'Only one pod at a time may mount your home: claim "{claim}" is ReadWriteOncePod.',
            "Submit without it: --home=none.",
        )
    return msgspec.structs.replace(environment, home_access=access)


def _with_variables(
    environment: Environment, session: Session, export: Collection[str], *, export_all: bool
) -> Environment:
    """The environment with what the user changed in her shell; without `export_all` with what she names only."""
    env = {entry["name"]: entry for entry in environment.env if export_all or entry["name"] in export}
    kept = {
        name
        for name, entry in env.items()
        if "valueFrom" in entry
        and (session.start is None or session.start.get(name) == session.environ.get(name))
    }
    # A reference that nobody changed stays one, and what a Secret holds stays out of all other values.
    secret = [session.environ.get(name, "") for name in kept if "secretKeyRef" in env[name]["valueFrom"]]
    live = {name: value for name, value in session.environ.items() if name not in kept}
    found = changed_variables(live, session.start if export_all else None, export, secret)
    env |= {entry["name"]: escaped(entry) for entry in found.env}
    said = tuple(f"your shell's {name}: {why}" for name, why in found.dropped)
    return msgspec.structs.replace(
        environment,
        env=tuple(env.values()),
        env_from=environment.env_from if export_all else (),
        dropped=environment.dropped + said,
    )


def _bare(session: Session, image: str, *dropped: str) -> Environment:
    """An image and nothing else: no home, no variables."""
    return Environment(image=image, user=session.user, keep_entrypoint=False, dropped=dropped)
