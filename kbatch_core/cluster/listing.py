"""A list taken apart while it arrives: of ten thousand Jobs only those of this moment are in memory as text.

One request without pages: the API server answers it from its cache, where each page of a paged list is read from
etcd anew, and it writes while we read. Numbers: docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from kbatch_core.cluster.answers import decode_answer, not_kubernetes
from kbatch_core.model.decoding import decoder
from kbatch_core.model.objects import ListMeta

# Bytes looked at in one go.
PIECE = 1 << 19
_ITEMS = b'"items":['
_HEAD_LIMIT = 1 << 14
# The API writes compact JSON and an item's metadata first. Inside of a string the quotes would be escaped, so this
# is always the end of one item and the beginning of the next.
_BETWEEN = b'},{"metadata":'
_BEGIN, _END = b'{"metadata":', b"}"


Item = TypeVar("Item")


class ObjectList(msgspec.Struct, Generic[Item]):
    """Any list of the API."""

    metadata: ListMeta
    items: list[Item]


class _Head(msgspec.Struct):
    metadata: ListMeta = ListMeta()


class ListReader(Generic[Item]):
    """Reads one kind; threads may share it."""

    def __init__(self, kind: type[Item]) -> None:
        self._kind = kind

    def read(self, pieces: Iterable[bytes]) -> Iterator[list[Item]]:
        """The items of a list as they come. Raises ConnectionFailed for what is no list."""
        source = iter(pieces)
        rest, is_whole = _read_head(source)
        if is_whole:
            yield self._read_whole(b"".join([rest, *source]))
            return
        for items in _items(rest, source):
            try:
                found = [*map(decoder(self._kind).decode, items)]
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = [decode_answer(self._kind, one) for one in items]
            yield found

    def _read_whole(self, body: bytes) -> list[Item]:
        """What another server than Kubernetes' own may write in another order."""
        items: list[Item] = decode_answer(ObjectList[self._kind], body).items  # type: ignore[name-defined]
        return items


def _read_head(source: Iterator[bytes]) -> tuple[bytes, bool]:
    """(what was read from the first item on, False); or all that was read and True when it cannot be taken apart."""
    data = b""
    for piece in source:
        data += piece
        before, mark, rest = data.partition(_ITEMS)
        if mark and len(rest) >= len(_BEGIN):
            try:
                head = decoder(_Head).decode(before.rstrip(b",") + _END).metadata
            except (msgspec.DecodeError, msgspec.ValidationError):
                break
            # The metadata of a list stand before its items, or it is another kind of server.
            if head.resource_version and rest.startswith(_BEGIN):
                return rest, False
            break
        if len(data) > _HEAD_LIMIT and not mark:
            break
    return data, True


def _items(data: bytes, source: Iterator[bytes]) -> Iterator[list[bytes]]:
    """The whole items in what was read and in each piece after it. Raises ConnectionFailed if the end is missing."""
    data = data.removeprefix(_BEGIN)
    while True:
        *whole, data = data.split(_BETWEEN)
        yield [b"".join((_BEGIN, one, _END)) for one in whole]
        piece = next(source, None)
        if piece is None:
            break
        data += piece
    data = data.rstrip()
    if not data.endswith(b"}]}"):
        raise not_kubernetes("it is cut off")
    yield [_BEGIN + data.removesuffix(b"]}")]
