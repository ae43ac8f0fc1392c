"""Label and field selectors (pure): parsed once for a request, then asked for each object.

Grammar and words of refusal: labels.Parse and fields.ParseSelector of apimachinery.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from kbatch_core.local.objects.validation import check_label_value
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import BadRequest

Object = dict[str, Any]
Labels = dict[str, str]

_TOKEN = re.compile(r"\s*(!=|==|=|!|,|\(|\)|<|>|[^\s!=,()<>]+)")
_END = ""
_FIELDS: dict[str, tuple[str, ...]] = {
    "jobs": ("status.successful",),
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
}


class LabelSelector:
    """`a=b,c in (d,e),!f`. Raises BadRequest."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)
        self._tests: list[Callable[[Labels], bool]] = []
        while self._peek():
            self._tests.append(self._requirement())
            if not self._peek():
                break
            if self._next() != ",":
                self._back()
                raise BadRequest(f"found '{self._peek()}', expected: ',' or 'end of string'")
            if not self._peek():
                raise BadRequest("found '', expected: identifier after ','")

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is one of them."""
        return all(test(labels) for test in self._tests)

    @property
    def is_empty(self) -> bool:
        return not self._tests

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else _END

    def _next(self) -> str:
        self._last = self._tokens.pop(0) if self._tokens else _END
        return self._last

    def _back(self) -> None:
        self._tokens.insert(0, self._last)

    def _requirement(self) -> Callable[[Labels], bool]:
        if self._peek() == "!":
            self._next()
            absent = self._word()
            return lambda labels: absent not in labels
        key = self._word()
        operator = self._next()
        if operator in ("", ","):
            if operator:
                self._back()
            return lambda labels: key in labels
        if operator in ("=", "==", "!="):
            value = self._value()
            if operator == "!=":
                return lambda labels: labels.get(key) != value
            return lambda labels: labels.get(key) == value
        if operator in ("in", "notin"):
            values = self._values()
            if operator == "notin":
                return lambda labels: labels.get(key) not in values
            return lambda labels: labels.get(key) in values
        if operator in ("<", ">"):
            return self._comparison(key, operator)
        raise BadRequest(
            f"unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt, !, "
        )

    def _comparison(self, key: str, operator: str) -> Callable[[Labels], bool]:
        bound = self._value()
        if not _is_integer(bound):
            raise BadRequest(
                f'unable to parse requirement: values[0][{key}]: Invalid value: "{bound}": for '
                "'Gt', 'Lt' operators, the value must be an integer"
            )
        limit = int(bound)

        def compare(labels: Labels) -> bool:
            value = labels.get(key, "")
            return _is_integer(value) and (int(value) < limit if operator == "<" else int(value) > limit)

        return compare

    def _word(self) -> str:
        word = self._next()
        if word == _END or word in "!=,()<>" or word == "==" or word == "!=":
            raise BadRequest(f"unable to parse requirement: found '{word}', expected: identifier")
        return word

    def _value(self) -> str:
        if self._peek() in ("", ","):
            return ""
        value = self._word()
        _check_value(value)
        return value

    def _values(self) -> Collection[str]:
        if self._next() != "(":
            raise BadRequest(f"unable to parse requirement: found '{self._last}', expected: '('")
        values = {self._value() if self._peek() != ")" else ""}
        while (token := self._next()) != ")":
            if token != ",":
                raise BadRequest(f"unable to parse requirement: found '{token}', expected: ',' or ')'")
            values.add(self._value() if self._peek() != ")" else "")
        return values


def _check_value(value: str) -> None:
    for cause in check_label_value("values[0]", value):
        raise BadRequest(f"unable to parse requirement: {cause.field}: {cause.message}")


def _is_integer(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9]{1,18}", text))


def _split(text: str) -> list[str]:
    return _TOKEN.findall(text)


class FieldSelector:
    """`metadata.name=a,status.phase!=Failed`. Raises BadRequest for a field that the resource does not offer."""

    def __init__(self, resource: str, text: str) -> None:
        self._terms: list[tuple[str, bool, str]] = []
        known = ("metadata.name", "metadata.namespace", *_FIELDS.get(resource, ()))
        for term in filter(None, _terms(text)):
            found = re.match(r"((?:[^=!\\]|\\.)*?)(!=|==|=)(.*)", term, re.DOTALL)
            if found is None:
                raise BadRequest(f"invalid selector: '{term}'; can't understand '{term}'")
            field, operator, value = found.groups()
            if field not in known:
                raise BadRequest(_not_supported(resource, field))
            self._terms.append((field, operator != "!=", re.sub(r"\\(.)", r"\1", value)))

    def matches(self, obj: Object) -> bool:
        return all((read_field(obj, field) == value) is equal for field, equal, value in self._terms)

    @property
    def is_empty(self) -> bool:
        return not self._terms


def _terms(text: str) -> list[str]:
    return re.split(r"(?<!\\),", text)


def _not_supported(resource: str, field: str) -> str:
    if resource == "pods":
        return f"field label not supported: {field}"
    return f'field label "{field}" not supported for {KINDS[resource].kind}'


def read_field(obj: Object, path: str) -> str:
    """A field as selectors see it: what is missing is empty, or 0 or false."""
    if path == "status.successful":
        return str(obj.get("status", {}).get("succeeded", 0))
    if path == "source":
        return str(obj.get("source", {}).get("component") or obj.get("reportingComponent", ""))
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value).lower() if isinstance(value, bool) else str(value)
