"""An answer of the API server as one of our structs (pure)."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kbatch_core.errors import ConnectionFailed
from kbatch_core.model.decoding import decoder

Kind = TypeVar("Kind")


def decode_answer(kind: type[Kind], data: bytes | msgspec.Raw) -> Kind:
    """Decode as `kind`; bytes that are not UTF-8 are replaced: an annotation may hold any, and must not end us.

    Raises ConnectionFailed for what Kubernetes does not send.
    """
    try:
        return decoder(kind).decode(data)
    except UnicodeDecodeError:
        return decode_answer(kind, bytes(data).decode("utf-8", "replace").encode())
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise not_kubernetes(error) from error


def not_kubernetes(why: object) -> ConnectionFailed:
    """The error for an answer that cannot be read."""
    return ConnectionFailed(
        f"The server's answer is not what the Kubernetes API sends ({why}).", "Check the server address."
    )
