"""Decoders of JSON by their struct, made one at a time.

msgspec learns the fields of a struct when it is decoded for the first time. Two threads that make it learn the same
one at once crash the process (seen with 0.22, `tests/model/test_decoding.py`), so it learns under a lock here.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")

_lock = threading.Lock()
_made: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(kind: type[Kind]) -> msgspec.json.Decoder[Kind]:
    """The decoder of a struct, the same for all threads."""
    found = _made.get(kind)
    if found is None:
        with _lock:
            found = _made.get(kind) or msgspec.json.Decoder(kind)
            _made[kind] = found
    return found
