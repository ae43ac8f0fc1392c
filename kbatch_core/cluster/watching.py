"""From the bytes of a list or watch to typed objects (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol

import msgspec

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.cluster.listing import ObjectList
from kbatch_core.cluster.mirror import Kind
from kbatch_core.cluster.problems import one_line
from kbatch_core.errors import ConnectionFailed, Gone, KbatchError, ServerBusy
from kbatch_core.model.objects import ObjectMeta, Status

EVENT_TYPES = frozenset({"ADDED", "MODIFIED", "DELETED"})


class ByteStream(Protocol):
    """A response body that goes on."""

    def chunks(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class WatchEvent(msgspec.Struct):
    """One line of a watch, its object not decoded yet: what it is depends on the type."""

    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct):
    metadata: ObjectMeta = ObjectMeta()


def events(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The whole lines of each chunk; what the stream ends with, without a newline, was cut off and is dropped."""
    tail: list[bytes] = []
    for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*tail, lines[0]])
            tail = [rest] if rest else []
            whole = [line for line in lines if line]
            if whole:
                yield whole
        else:
            tail.append(rest)


class ListDecoder(Generic[Kind]):
    def __init__(self, kind: type[Kind]) -> None:
        self._list: type[ObjectList[Kind]] = ObjectList[kind]  # type: ignore[valid-type]

    def decode(self, body: bytes) -> ObjectList[Kind]:
        """Raises ConnectionFailed for what is no list."""
        return decode_answer(self._list, body)


class WatchDecoder(Generic[Kind]):
    def __init__(self, kind: type[Kind]) -> None:
        self._kind = kind

    def decode(self, lines: Sequence[bytes]) -> tuple[list[tuple[str, Kind]], str, KbatchError | None]:
        """(events, version after the last of them or of a bookmark, what ended the stream or None)."""
        found: list[tuple[str, Kind]] = []
        version = ""
        try:
            for line in lines:
                event = decode_answer(WatchEvent, line)
                if event.type in EVENT_TYPES:
                    one = decode_answer(self._kind, event.object)
                    found.append((event.type, one))
                    version = one.metadata.resource_version
                elif event.type == "BOOKMARK":
                    version = decode_answer(_Versioned, event.object).metadata.resource_version
                elif event.type == "ERROR":
                    return found, version, _stream_error(decode_answer(Status, event.object))
        except ConnectionFailed as error:
            return found, version, error
        return found, version, None


def _stream_error(status: Status) -> KbatchError:
    """What the server says inside a stream that began well."""
    message = one_line(status.message) or status.reason
    if status.code == 410 or status.reason in ("Expired", "Gone"):
        return Gone(f"Too old: {message}.", status=status.code, reason=status.reason)
    return ServerBusy(
        f"The API server ended the watch: {message}.",
        status=status.code or 500,
        retry_after=float(status.details.retry_after_seconds),
        cause=next((cause.reason for cause in status.details.causes), ""),
    )
