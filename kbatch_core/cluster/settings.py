"""Where the API server is and how we say who we are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from kbatch_core.errors import NoCluster

CLUSTER_VARIABLE = "KBATCH_CLUSTER"
"""`local` or `local:NAME` in it is the local cluster, which takes the place of every other one."""
# client-go reads the token file again after a minute; the kubelet rotates it about once an hour.
TOKEN_REREAD_SECONDS = 60.0


class Credentials(Protocol):
    """Says who we are on each request."""

    def headers(self) -> dict[str, str]:
        """The headers of the next request."""

    def refresh(self) -> bool:
        """Read or make the credentials again after a 401; False when that cannot change anything."""


class NoCredentials:
    """For a client certificate, which is part of the TLS handshake, and for none at all."""

    def headers(self) -> dict[str, str]:
        return {}

    def refresh(self) -> bool:
        return False


class TokenFile:
    """A bearer token in a file that may be replaced at any moment; safe to share between threads."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._read_at = float("-inf")

    def headers(self) -> dict[str, str]:
        with self._lock:
            if self._clock() - self._read_at >= TOKEN_REREAD_SECONDS:
                self._read()
            return {"Authorization": f"Bearer {self._token}"}

    def refresh(self) -> bool:
        with self._lock:
            before = self._token
            self._read()
            return self._token != before

    def _read(self) -> None:
        try:
            self._token = self._path.read_text().strip()
        except OSError as error:
            # The kubelet swaps the file by a symlink: keep the last token while it is away.
            if not self._token:
                raise NoCluster(
                    f"The service account token {self._path} cannot be read ({error.strerror}).",
                    "Ask your admin to mount a service account token in notebook servers.",
                ) from error
            return
        self._read_at = self._clock()


class Settings(msgspec.Struct, frozen=True):
    """One cluster as one account sees it. `ca_file`, `cert_file`, `key_file` are paths; None = not used."""

    server: str
    namespace: str
    credentials: Credentials = msgspec.field(default_factory=NoCredentials)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    tls_server_name: str | None = None
    proxy: str | None = None
    proxy_headers: dict[str, str] | None = None
    source: str = ""
    """Where these settings came from, for messages."""
