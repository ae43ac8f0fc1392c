"""An answer is one of our structs, or one sentence, whatever bytes it has."""

from __future__ import annotations

from typing import Any

import pytest

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.errors import ConnectionFailed
from kbatch_core.model.objects import Job


def test_bytes_that_are_no_text_are_replaced() -> None:
    job = decode_answer(Job, b'{"metadata": {"name": "a\xffb"}}')
    assert job.metadata.name == "a\ufffdb"


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"metadata": 5}', b"\xff"])
def test_what_is_no_job_is_one_sentence(data: bytes) -> None:
    with pytest.raises(ConnectionFailed, match="not what the Kubernetes API sends"):
        decode_answer(Job, data)


def test_an_answer_as_deep_as_the_sea_is_one_sentence() -> None:
    with pytest.raises(ConnectionFailed, match="not what the Kubernetes API sends"):
        decode_answer(dict[str, Any], b'{"a":' * 100_000)
