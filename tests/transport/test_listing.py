"""A list is taken apart as it arrives, wherever the pieces are cut and whatever stands in its strings."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kbatch_core.cluster.listing import ListReader
from kbatch_core.errors import ConnectionFailed
from kbatch_core.model.objects import Job

# Text that looks like the seam between two items, as an annotation may hold it.
HOSTILE = [
    '},{"metadata":{"name":"x"}',
    '"}]}',
    "\\",
    '"items":[',
    "ä\u2028\U0001f600",
    "",
    '\\"},{"metadata":',
]


def a_list(count: int, *, rng: random.Random | None = None) -> dict[str, Any]:
    """A list of Jobs in the API's order of fields."""
    items = [
        {
            "metadata": {
                "name": f"job-{number}",
                "annotations": {"text": rng.choice(HOSTILE) if rng is not None else "x"},
            },
            "spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "job"}, {"name": "b"}]}}},
            "status": {"conditions": [{"type": "Complete"}, {"type": "x"}]},
        }
        for number in range(count)
    ]
    return {"kind": "JobList", "apiVersion": "batch/v1", "metadata": {"resourceVersion": "7"}, "items": items}


def wire(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def cut(data: bytes, rng: random.Random) -> Iterator[bytes]:
    while data:
        size = rng.randrange(1, 60)
        yield data[:size]
        data = data[size:]


def read(*pieces: bytes) -> list[str]:
    found = [job for part in ListReader(Job).read(pieces) for job in part]
    return [f"{job.metadata.name} {job.metadata.annotations.get('text', '')}".strip() for job in found]


@pytest.mark.parametrize("seed", range(60))
def test_wherever_it_is_cut_and_whatever_it_holds(seed: int) -> None:
    rng = random.Random(seed)
    whole = a_list(rng.randrange(6), rng=rng)
    names = read(*cut(wire(whole), rng))
    wanted = [
        f"{one['metadata']['name']} {one['metadata']['annotations']['text']}".strip()
        for one in whole["items"]
    ]
    assert names == wanted


@pytest.mark.parametrize("lost", [1, 3, 10, 200])
def test_a_list_that_is_cut_off_is_none(lost: int) -> None:
    data = wire(a_list(3)).rstrip()
    with pytest.raises(ConnectionFailed):
        read(data[:-lost])


@pytest.mark.parametrize(
    "other",
    [
        json.dumps(a_list(2)).encode(),
        wire({"items": a_list(2)["items"], "metadata": {"resourceVersion": "7"}}),
        wire({**a_list(2), "items": [{"spec": {}, **one} for one in a_list(2)["items"]]}),
    ],
    ids=["with spaces", "its metadata last", "an item's metadata last"],
)
def test_a_server_that_writes_in_another_order_is_understood(other: bytes) -> None:
    names = read(other[:30], other[30:])
    assert names == ["job-0 x", "job-1 x"]


def test_no_items_at_all() -> None:
    assert read(wire({"metadata": {"resourceVersion": "7"}, "items": []})) == []


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    whole = a_list(3)
    for data in (wire(whole), json.dumps(whole).encode()):
        before, name, after = data.partition(b'"job-1"')
        names = read(before + name + after.replace(b'"x"', b'"\xff"', 1))
        assert names == ["job-0 x", "job-1 \N{REPLACEMENT CHARACTER}", "job-2 x"]


@pytest.mark.parametrize("body", [b"", b"404 page not found", b"{}", b'{"items":[{"metadata":1}]}', b"[]"])
def test_what_is_no_list_is_said(body: bytes) -> None:
    with pytest.raises(ConnectionFailed):
        read(body)
