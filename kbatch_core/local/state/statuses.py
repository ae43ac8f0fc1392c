"""What the API server refuses, in Kubernetes' words: each becomes a Status.

ApiError                code
├── BadRequest          400
├── Unauthorized        401
├── Forbidden           403
├── NotFound            404
├── MethodNotAllowed    405
├── NotAcceptable       406
├── AlreadyExists       409
├── Conflict            409
├── Expired             410    the resource version is too old
├── TooLarge            413
├── UnsupportedType     415
├── Invalid             422
├── InternalError       500
├── ServerRefused       500    the client is to blame
└── TooNew              504    the resource version has not come yet
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kbatch_core.local.state.kinds import KINDS


class ApiError(Exception):
    """One refusal: HTTP status, Kubernetes' reason, message and details."""

    code = 500
    reason = "InternalError"

    def __init__(self, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}

    def status(self) -> dict[str, Any]:
        """The Status object that the client gets."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details or self.code in (404, 405):
            status["details"] = self.details
        status["code"] = self.code
        return status


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"

    def __init__(self, resource: str, name: str, why: str) -> None:
        super().__init__(f'{_qualified(resource)} "{name}" is forbidden: {why}', _details(resource, name))


class NotFound(ApiError):
    code, reason = 404, "NotFound"

    def __init__(self, resource: str, name: str) -> None:
        super().__init__(f'{_qualified(resource)} "{name}" not found', _details(resource, name))


class NoSuchPath(ApiError):
    code, reason = 404, "NotFound"

    def __init__(self) -> None:
        super().__init__("the server could not find the requested resource")


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"

    def __init__(self) -> None:
        super().__init__("the server does not allow this method on the requested resource")


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"

    def __init__(self, resource: str, name: str) -> None:
        super().__init__(f'{_qualified(resource)} "{name}" already exists', _details(resource, name))


class Conflict(ApiError):
    code, reason = 409, "Conflict"

    def __init__(self, resource: str, name: str, why: str) -> None:
        super().__init__(
            f'Operation cannot be fulfilled on {_qualified(resource)} "{name}": {why}',
            _details(resource, name),
        )


CHANGED = "the object has been modified; please apply your changes to the latest version and try again"


class Expired(ApiError):
    code, reason = 410, "Expired"


class TooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class TooNew(ApiError):
    code, reason = 504, "Timeout"

    def __init__(self, wanted: int, current: int) -> None:
        super().__init__(
            f"Timeout: Too large resource version: {wanted}, current: {current}",
            {
                "causes": [
                    {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"},
                ],
                "retryAfterSeconds": 1,
            },
        )


class ServerRefused(ApiError):
    """What the API server answers with 500 and no reason, though the client is to blame."""

    reason = ""


class InternalError(ApiError):
    def __init__(self, why: str) -> None:
        super().__init__(f"Internal error occurred: {why}", {"causes": [{"message": why}]})


@dataclass(frozen=True)
class Cause:
    """One field that is wrong: `message` is what follows the field's name in Kubernetes' sentence."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class Invalid(ApiError):
    code, reason = 422, "Invalid"

    def __init__(self, resource: str, name: str, causes: Sequence[Cause]) -> None:
        kind = KINDS[resource]
        texts = [f"{cause.field}: {cause.message}" for cause in causes]
        what = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        title = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        details = {
            **({"name": name} if name else {}),
            **({"group": kind.group} if kind.group else {}),
            "kind": kind.kind,
            "causes": [
                {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
            ],
        }
        super().__init__(f'{title} "{name}" is invalid: {what}', details)


def _qualified(resource: str) -> str:
    kind = KINDS.get(resource)
    return kind.qualified if kind else resource


def _details(resource: str, name: str) -> dict[str, Any]:
    kind = KINDS.get(resource)
    group = {"group": kind.group} if kind and kind.group else {}
    return {"name": name, **group, "kind": resource}
