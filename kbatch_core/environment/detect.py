"""Where this process runs: in a notebook server, and as what (environment variables and the working directory).

The one read of the API that the environment needs, the server's own pod, is passed in as a function, so that
this module needs no transport.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.environment.copy import copy_environment
from kbatch_core.environment.facts import Environment
from kbatch_core.errors import NotFound, PermissionDenied, UsageError


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The process that submits. `in_pod`: whether it runs in a pod, so that its own pod can be copied."""

    cwd: str
    home: str
    user: str
    host: str
    in_pod: bool
    environ: dict[str, str]


def this_session(environ: Mapping[str, str] = os.environ) -> Session:
    """The session of this process."""
    return Session(
        cwd=str(Path.cwd()),
        home=environ.get("HOME", ""),
        user=environ.get("JUPYTERHUB_USER") or _login_name(environ),
        host=socket.gethostname(),
        in_pod=Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists(),
        environ=dict(environ),
    )


def detect(
    session: Session,
    read_pod: Callable[[str], dict[str, Any]],
    *,
    image: str = "",
    export: Collection[str] = (),
) -> Environment:
    """The Environment that a job of this session gets.

    In a pod it is the pod's own, read by its name (the host name); `image` replaces the copied image. Outside,
    `image` must be given. Raises PermissionDenied, NotFound, UsageError.
    """
    if not session.in_pod:
        if not image:
            raise UsageError(
                "There is no notebook server here to copy the environment from.",
                "Give the image that the job runs in with --image.",
            )
        return _bare(session, image)
    try:
        pod = read_pod(session.host)
    except PermissionDenied as error:
        if image:
            return _bare(
                session, image, "the notebook server's home and environment: its pod may not be read"
            )
        raise PermissionDenied(
            f'kbatch may not read its own pod "{session.host}", whose environment a job copies.',
            "Ask your admin for the right to get this pod, or give --image.",
            status=error.status,
            reason=error.reason,
        ) from error
    except NotFound as error:
        raise NotFound(
            f'The pod of this notebook server, "{session.host}", is not in this namespace.',
            "Give the image with --image, or leave -n away.",
            status=error.status,
            reason=error.reason,
        ) from error
    environment = copy_environment(pod, home=session.home, export=export)
    if not environment.user:
        environment = msgspec.structs.replace(environment, user=session.user)
    if image:
        environment = msgspec.structs.replace(
            environment, image=image, image_pull_policy="", keep_entrypoint=False
        )
    return environment


def _bare(session: Session, image: str, *dropped: str) -> Environment:
    """An image and nothing else: no home, no variables."""
    return Environment(image=image, user=session.user, keep_entrypoint=False, dropped=dropped)


def _login_name(environ: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER"):
        if environ.get(name):
            return environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid{os.getuid()}"
