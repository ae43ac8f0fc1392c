"""Whatever is asked of the API server: an object, a list or a Status, and a store that stays whole."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from kbatch_core.local.objects.patches import APPLY
from tests.local.fuzz import SEQUENCES, play

_numbers = itertools.count()


# The same requests in each run, so that a change that has nothing to do with them never fails by them: new ones are
# for `python -m tests.local.fuzz`.
@given(SEQUENCES)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_any_requests(quick_folder: Path, calls: list[Any]) -> None:
    play(quick_folder / f"{next(_numbers)}.db", calls)


@pytest.mark.parametrize("name", ["a", "new"])
@pytest.mark.parametrize(
    "body", [b"metadata: [1]", b"[]", b"metadata: no", b"a: [", b"a: 2026-13-45", b"", b"1: 2"]
)
def test_what_is_applied_is_no_object(tmp_path: Path, name: str, body: bytes) -> None:
    """The long run found the first of them."""
    url = f"/apis/batch/v1/namespaces/default/jobs/{name}"
    play(tmp_path / "state.db", [("PATCH", url, {}, APPLY, "application/json", body)])
