"""Lists: selected, paged, at a version, and put together from stored bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from kbatch_core.local.api.options import Continue, ListOptions
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import BadRequest, Expired, TooNew
from kbatch_core.local.state.store import Rows, Store

Object = dict[str, Any]

_OUTDATED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter."
)


class _Metadata(msgspec.Struct):
    labels: dict[str, str] = {}


class _Labelled(msgspec.Struct):
    """What a label selector needs of an object: the rest is skipped, not decoded."""

    metadata: _Metadata


_decode_labels = msgspec.json.Decoder(_Labelled).decode


class Page(msgspec.Struct, frozen=True):
    """A list or a part of one: the objects as JSON, and its metadata."""

    bodies: list[bytes]
    metadata: Object


def read_page(store: Store, resource: str, namespace: str, options: ListOptions) -> Page:
    """Raises Expired, TooNew, BadRequest."""
    token = options.continue_
    version = store.version
    if options.version is not None and options.version > version:
        raise TooNew(options.version, version)
    if token is not None and options.version:
        raise BadRequest("specifying resource version is not allowed when using continue")
    if token is not None and token.rv:
        version = token.rv
    elif options.match == "Exact" and options.version is not None:
        version = options.version
    rows = _rows(store, resource, namespace, version, paged=token is not None)
    after = ("", "")
    if token is not None:
        where, _, name = token.start.rstrip("\0").partition("/")
        after = (where, name)
        rows = [row for row in rows if row[:2] > after]
    found = select(rows, options)
    metadata: Object = {"resourceVersion": str(version)}
    if options.limit and len(found) > options.limit:
        last = found[options.limit - 1]
        start = f"{last[0]}/{last[1]}\0"
        metadata["continue"] = Continue("meta.k8s.io/v1", version, start).write()
        if not options.selects:
            metadata["remainingItemCount"] = len(found) - options.limit
        found = found[: options.limit]
    return Page([body for _, _, body in found], metadata)


def _rows(store: Store, resource: str, namespace: str, version: int, *, paged: bool) -> Rows:
    if version == store.version:
        return store.rows(resource, namespace)
    if version > store.version:
        raise TooNew(version, store.version)
    try:
        return store.rows_at(resource, namespace, version)
    except Expired as error:
        if paged:
            raise Expired(_OUTDATED) from error
        raise


def select(rows: Rows, options: ListOptions) -> Rows:
    """The rows that both selectors match."""
    if not options.labels.is_empty:
        rows = [row for row in rows if options.labels.matches(_decode_labels(row[2]).metadata.labels)]
    if not options.fields.is_empty:
        rows = [row for row in rows if options.fields.matches(msgspec.json.decode(row[2]))]
    return rows


def write_list(resource: str, page: Page) -> bytes:
    """The JSON of a list: items have neither kind nor apiVersion, as the API server writes them."""
    kind = KINDS[resource]
    head = msgspec.json.encode(
        {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": page.metadata}
    )
    skip = len(type_prefix(resource))
    return b"".join(
        (head[:-1], b',"items":[', b",".join(b"{" + body[skip:] for body in page.bodies), b"]}\n")
    )


def type_prefix(resource: str) -> bytes:
    """What each stored object of a resource begins with."""
    kind = KINDS[resource]
    return f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",'.encode()
