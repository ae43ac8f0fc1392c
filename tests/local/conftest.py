"""What the tests of the local cluster share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder for hundreds of stores, whose writes wait for no disk where the machine has memory for files.

    A process that is killed loses nothing there either.
    """
    memory = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="kbatch-test-", dir=memory) as folder:
        yield Path(folder)
