"""Where this process runs: in a notebook server, and as what (environment variables and the working directory)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.environment.podfile import read_pod_file
from kbatch_core.errors import UsageError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""What the API server mounts in a pod that has an account."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The process that submits. `in_pod`: whether it runs in a pod, so that its own pod can be copied."""

    cwd: str
    home: str
    user: str
    host: str
    in_pod: bool
    environ: dict[str, str]
    uid: int | None = None
    gid: int | None = None
    """Who this process is; None outside a pod."""
    pod: dict[str, Any] | None = None
    """The server's pod as its hub wrote it down; None where it did not."""
    namespace: str = ""
    """Where that pod is; empty when it is not known."""
    local: bool = False
    """Whether jobs run on this machine, as this user: the local cluster."""
    start: dict[str, str] | None = None
    """The environment that the server's container started with; None where it cannot be read."""


def this_session(environ: Mapping[str, str] = os.environ, *, local: bool = False) -> Session:
    """The session of this process; `local` for the local cluster."""
    in_pod = not local and (ACCOUNT / "token").exists()
    return Session(
        cwd=_working_directory(),
        home=environ.get("HOME", ""),
        user=environ.get("JUPYTERHUB_USER") or _login_name(environ),
        host=socket.gethostname(),
        in_pod=in_pod,
        namespace=_own_namespace() if in_pod else "",
        local=local,
        environ=dict(environ),
        uid=os.getuid() if in_pod else None,
        gid=os.getgid() if in_pod else None,
        pod=read_pod_file() if in_pod else None,
        start=first_process_environ() if in_pod else None,
    )


def first_process_environ(path: Path = Path("/proc/1/environ")) -> dict[str, str] | None:
    """The environment that the container started with; None where it cannot be known.

    It may not be read where the first process is another user's. Where the containers of a pod share their
    processes the first one is the pod's own, without the variable that the kubelet gives to every container: taken
    for ours, all variables would look changed by the user, those that a Secret holds too.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    pairs = (item.partition("=") for item in data.decode(errors="surrogateescape").split("\0") if "=" in item)
    start = {name: value for name, _, value in pairs}
    return start if "KUBERNETES_SERVICE_HOST" in start else None


def _own_namespace() -> str:
    try:
        return (ACCOUNT / "namespace").read_text().strip()
    except OSError:
        return ""


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError as error:
        raise UsageError("The current directory is gone.", "Go to another one: cd.") from error


def _login_name(environ: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER"):
        if environ.get(name):
            return environ[name]
    import getpass  # brings termios along; the names above are usually there

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid{os.getuid()}"
