"""An API answer that is not a success, as one of our errors (pure).

The API says what went wrong in a Status object; a proxy or something that is not Kubernetes says it in text.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import (
    AuthExpired,
    Conflict,
    ConnectionFailed,
    Gone,
    KbatchError,
    NotFound,
    PermissionDenied,
    PolicyDenied,
    ServerBusy,
)
from kbatch_core.model.decoding import decoder
from kbatch_core.model.objects import Status

_VERBS = {
    "GET": "read",
    "POST": "create",
    "PATCH": "change",
    "PUT": "change",
    "DELETE": "delete",
}


def problem(
    method: str, path: str, code: int, body: bytes, headers: Mapping[str, str], settings: Settings
) -> KbatchError:
    """The error for an HTTP status above 299; never raises itself."""
    status = decode_status(body)
    if status is None and code not in (401, 429) and code < 500:
        return ConnectionFailed(
            f"{settings.server} is not a Kubernetes API server: it answered {code} to {method} {path}.",
            "Check the server address in the kubeconfig.",
        )
    message = one_line(status.message if status else "") or f"HTTP {code}"
    if code == 401:
        return AuthExpired(
            f"The API server does not accept the credentials from {settings.source or 'these settings'}.",
            "The token may have expired: log in again, or restart your notebook server.",
        )
    if code == 429 or code >= 500:
        return ServerBusy(
            f"The API server is busy or failing ({code}): {message}.",
            "Try again in a minute.",
            status=code,
            retry_after=_retry_after(status, headers),
            cause=next((cause.reason for cause in status.details.causes), "") if status else "",
        )
    reason = status.reason if status else ""
    if code == 403 and " cannot " in message:
        return PermissionDenied(
            f"You may not {_VERBS.get(method, 'do')} {_resource(path)} in namespace "
            f'"{_namespace(path) or settings.namespace}": {message}.',
            "Ask your admin for this right.",
            status=code,
            reason=reason,
        )
    if code == 404:
        return NotFound(f"Not found: {message}.", status=code, reason=reason)
    if code == 409:
        return Conflict(f"Conflict: {message}.", status=code, reason=reason)
    if code == 410:
        return Gone(f"Too old: {message}.", status=code, reason=reason)
    return PolicyDenied(
        f"The cluster refused it: {message}.", _policy_hint(message), status=code, reason=reason
    )


def decode_status(body: bytes) -> Status | None:
    """The Status in `body`; None when it is something else."""
    try:
        status = decoder(Status).decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return status if status.kind == "Status" else None


def one_line(text: str, limit: int = 400) -> str:
    """Server text as part of a sentence: one line, no control characters, no final full stop."""
    cleaned = "".join(char if char.isprintable() else " " for char in text)
    short = " ".join(cleaned.split()).rstrip(".")
    return short if len(short) <= limit else short[: limit - 1] + "…"


def _retry_after(status: Status | None, headers: Mapping[str, str]) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After") or 0))
    except ValueError:
        return float(status.details.retry_after_seconds) if status else 0.0


def _policy_hint(message: str) -> str:
    lowered = message.lower()
    if "exceeded quota" in lowered:
        return "Ask for less, or wait until other jobs of the namespace have ended."
    if "must specify" in lowered or "limitrange" in lowered:
        return "Ask for these resources with -c and --mem."
    return ""


def _resource(path: str) -> str:
    parts = path.strip("/").split("/")
    if "namespaces" in parts:
        rest = parts[parts.index("namespaces") + 2 :]
        return rest[0] if rest else "namespaces"
    return parts[-1]


def _namespace(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else ""
