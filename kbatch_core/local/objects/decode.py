"""What a client sent, made an object of a known type: types checked, unknown fields found and dropped.

The words are those of Go's JSON decoder as the API server passes them on.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.local.objects.schema import types
from kbatch_core.local.state.quantities import canonical
from kbatch_core.local.state.statuses import BadRequest

_RANGES = {"int32": 31, "int64": 63}
_QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)")
_QUANTITY_WORDS = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Mistake(Exception):
    """A value of a wrong type; the text is what Go's decoder says."""


def read_json(body: bytes, kind: str) -> dict[str, Any]:
    """The body as a JSON object. Raises BadRequest in the API server's words; `kind` is what was expected."""
    expected = f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
    if not body.strip():
        raise BadRequest(f"{expected}json parse error: unexpected end of JSON input (<empty>)")
    shown = (
        body[:3].hex() if not body[:1].isascii() or body[:1] != b"{" else body[:20].decode(errors="replace")
    )
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"{expected}json parse error: {_reason(error)} ({shown})") from error
    if not isinstance(value, dict):
        raise BadRequest(
            f"{expected}json parse error: json: cannot unmarshal {_word(value)} into an object ({shown})"
        )
    return value


def _reason(error: Exception) -> str:
    if "truncated" in str(error):
        return "unexpected end of JSON input"
    return str(error) or "the input is nested too deeply"


class Reader:
    """Reads one object. `unknown` are the paths of fields that its type does not have, afterwards."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def read(self, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        """`value` without unknown fields and without nulls. Raises BadRequest."""
        try:
            made: dict[str, Any] = self._struct(kind, value, "")
        except Mistake as mistake:
            raise BadRequest(f'{kind} in version "v1" cannot be handled as a {kind}: {mistake}') from mistake
        return made

    def _value(self, kind: str, value: Any, path: str, where: str) -> Any:
        if kind.startswith("[]"):
            if not isinstance(value, list):
                raise _mismatch(value, where, f"[]{_go(kind[2:])}")
            return [self._item(kind[2:], item, f"{path}[{n}]", where) for n, item in enumerate(value)]
        if kind.startswith("{}"):
            if not isinstance(value, dict):
                raise _mismatch(value, where, f"map[string]{_go(kind[2:])}")
            return {key: self._item(kind[2:], item, f"{path}.{key}", where) for key, item in value.items()}
        if kind in types():
            if not isinstance(value, dict):
                raise _mismatch(value, where, f"v1.{kind}")
            return self._struct(kind, value, path)
        return _scalar(kind, value, where)

    def _item(self, kind: str, value: Any, path: str, where: str) -> Any:
        """An entry of a list or map, where null is what the type has for nothing."""
        if value is None:
            return {"string": "", "Quantity": "0", "bool": False, "int32": 0, "int64": 0}.get(kind, {})
        return self._value(kind, value, path, where)

    def _struct(self, kind: str, value: dict[str, Any], path: str) -> dict[str, Any]:
        fields = types()[kind]
        made = {}
        for name, entry in value.items():
            inside = f"{path}.{name}" if path else name
            if name not in fields:
                self.unknown.append(inside)
            elif entry is not None:
                # Go names the innermost struct and, in newer versions, the path to it.
                read = self._value(fields[name], entry, inside, f"{kind}.{_plain(inside)}")
                # Go leaves out empty lists and maps.
                if read or fields[name][:2] not in ("[]", "{}"):
                    made[name] = read
        return made


def _scalar(kind: str, value: Any, where: str) -> Any:
    if kind == "any":
        return value
    if kind in _RANGES:
        limit = 1 << _RANGES[kind]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _mismatch(value, where, kind)
        if value != int(value) or not -limit <= value < limit:
            raise Mistake(
                f"json: cannot unmarshal number {value} into Go struct field {where} of type {kind}"
            )
        return int(value)
    if kind == "bool":
        if not isinstance(value, bool):
            raise _mismatch(value, where, kind)
        return value
    if kind == "Quantity":
        return read_quantity(value)
    if kind == "IntOrString":
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise _mismatch(value, where, "string")
        return value
    if not isinstance(value, str):
        raise _mismatch(value, where, "v1.Time" if kind == "Time" else "string")
    if kind == "Time" and not _TIME.fullmatch(value):
        raise Mistake(f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}"')
    return value


def read_quantity(value: Any) -> str:
    """A quantity as the API server writes it again (500m for 0.5). Raises Mistake."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value)
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise Mistake(_QUANTITY_WORDS)
    try:
        return canonical(value)
    except BadOption as error:
        raise Mistake(_QUANTITY_WORDS) from error


def _go(kind: str) -> str:
    return (
        f"v1.{kind}"
        if kind in types()
        else {"Quantity": "resource.Quantity", "any": "interface {}"}.get(kind, kind)
    )


def _mismatch(value: Any, where: str, kind: str) -> Mistake:
    return Mistake(f"json: cannot unmarshal {_word(value)} into Go struct field {where} of type {kind}")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return names.get(type(value), "null")


def _plain(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)
