"""The query of a request, checked as the API server checks it (pure)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kbatch_core.local.api.selectors import FieldSelector, LabelSelector
from kbatch_core.local.state.statuses import ApiError, BadRequest
from kbatch_core.model.decoding import decoder

Query = Mapping[str, str]

_FALSE = ("0", "f", "F", "false", "FALSE", "False")
VALIDATIONS = ("Ignore", "Strict", "Warn")


class InvalidOptions(ApiError):
    """An option with a value that is none."""

    code, reason = 422, "Invalid"

    def __init__(self, kind: str, field: str, message: str, reason: str, group: str = "meta.k8s.io") -> None:
        title = f"{kind}.{group}" if group else kind
        causes = [{"reason": reason, "message": message, "field": field}]
        details: dict[str, Any] = {"causes": causes}
        if kind:
            details["kind"] = kind
        if group:
            details["group"] = group
        super().__init__(f'{title} "" is invalid: {field}: {message}', details)


class Continue(msgspec.Struct):
    """Where a paged list goes on: after `start` (namespace, slash, name), as of version `rv`."""

    v: str = ""
    rv: int = 0
    start: str = ""

    def write(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class ListOptions(msgspec.Struct, frozen=True):
    """What a list or a watch is asked for. `version` None = not given."""

    labels: LabelSelector
    fields: FieldSelector
    limit: int
    continue_: Continue | None
    version: int | None
    match: str
    bookmarks: bool
    initial: bool | None
    timeout: int | None

    @property
    def selects(self) -> bool:
        """Whether anything is left out."""
        return not (self.labels.is_empty and self.fields.is_empty)


def read_list_options(resource: str, query: Query) -> ListOptions:
    """Raises BadRequest, InvalidOptions."""
    watch = flag(query, "watch")
    options = ListOptions(
        labels=LabelSelector(query.get("labelSelector", "")),
        fields=FieldSelector(resource, query.get("fieldSelector", "")),
        limit=max(0, integer(query, "limit") or 0),
        continue_=_read_continue(query.get("continue", "")),
        version=_read_version(query.get("resourceVersion", "")),
        match=query.get("resourceVersionMatch", ""),
        bookmarks=flag(query, "allowWatchBookmarks"),
        initial=flag(query, "sendInitialEvents") if query.get("sendInitialEvents") else None,
        timeout=integer(query, "timeoutSeconds"),
    )
    _check_match(options, watch)
    return options


def _check_match(options: ListOptions, watch: bool) -> None:
    field = "resourceVersionMatch"

    def forbid(why: str) -> InvalidOptions:
        return InvalidOptions("ListOptions", field, f"Forbidden: {why}", "FieldValueForbidden")

    if options.initial is not None:
        if not watch:
            raise InvalidOptions(
                "ListOptions",
                "sendInitialEvents",
                "Forbidden: sendInitialEvents is forbidden for list",
                "FieldValueForbidden",
            )
        if options.match != "NotOlderThan":
            raise forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        return
    if not options.match:
        return
    if watch:
        raise forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    if options.version is None:
        raise forbid("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if options.continue_ is not None:
        raise forbid("resourceVersionMatch is forbidden when continue is provided")
    if options.match not in ("Exact", "NotOlderThan"):
        words = f'Unsupported value: "{options.match}": supported values: "Exact", "NotOlderThan", ""'
        raise InvalidOptions("ListOptions", field, words, "FieldValueNotSupported")
    if options.match == "Exact" and options.version == 0:
        raise forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def _read_version(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise BadRequest(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def _read_continue(text: str) -> Continue | None:
    if not text:
        return None
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        token = decoder(Continue).decode(data)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadRequest(f"invalid continue token: continue key is not valid: {error}") from error
    if token.v != "meta.k8s.io/v1" or not token.start or token.rv < 0 or "/" not in token.start:
        raise BadRequest("invalid continue token: continue key is not valid: incorrect encoded start key")
    return token


def integer(query: Query, name: str) -> int | None:
    """A number in the query. Raises BadRequest."""
    text = query.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def flag(query: Query, name: str) -> bool:
    """A truth value in the query; anything that is not false is true, as for the API server."""
    text = query.get(name, "")
    return bool(text) and text not in _FALSE


def is_dry_run(query: Query, verb: str) -> bool:
    """Raises InvalidOptions for another value than All."""
    if "dryRun" not in query or not query["dryRun"]:
        return False
    if query["dryRun"] != "All":
        words = f'Unsupported value: ["{query["dryRun"]}"]: supported values: "All"'
        raise InvalidOptions(f"{verb}Options", "dryRun", words, "FieldValueNotSupported")
    return True


def validation(query: Query, verb: str) -> str:
    """What is done about unknown fields: Ignore, Warn or Strict. Raises InvalidOptions."""
    text = query.get("fieldValidation") or "Warn"
    if text not in VALIDATIONS:
        words = f'Unsupported value: "{text}": supported values: "Ignore", "Strict", "Warn"'
        raise InvalidOptions(f"{verb}Options", "fieldValidation", words, "FieldValueNotSupported")
    return text


def check_delete_options(options: dict[str, Any]) -> None:
    """Raises InvalidOptions."""
    policy = options.get("propagationPolicy")
    if policy is not None and "orphanDependents" in options:
        words = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        raise InvalidOptions("DeleteOptions", "propagationPolicy", words, "FieldValueInvalid")
    if policy is not None and policy not in ("Foreground", "Background", "Orphan"):
        words = (
            f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        )
        raise InvalidOptions("DeleteOptions", "propagationPolicy", words, "FieldValueNotSupported")
    if any(one != "All" for one in options.get("dryRun", ())):
        words = (
            f'Unsupported value: {msgspec.json.encode(options["dryRun"]).decode()}: supported values: "All"'
        )
        raise InvalidOptions("DeleteOptions", "dryRun", words, "FieldValueNotSupported")
