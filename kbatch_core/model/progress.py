"""What a script reports of its progress: `7/30 fitting` in the file that KBATCH_PROGRESS names (pure)."""

from __future__ import annotations

import re

from kbatch_core.model.safetext import safe_text

LIMIT = 4096
"""Bytes that are read of such a file."""
LONGEST = 60
_FORM = r"(?as)\s*(\d{1,9})\s*/\s*(\d{1,9})(?:\s+(.*))?"


def parse_progress(text: str | bytes) -> str:
    """`k/n text`, safe to print and at most LONGEST characters; empty for anything else. The first line counts."""
    if isinstance(text, bytes):
        text = text[:LIMIT].decode(errors="replace")
    found = re.fullmatch(_FORM, text.lstrip().partition("\n")[0].rstrip("\r"))
    if found is None:
        return ""
    words = safe_text((found[3] or "").strip())
    return safe_text(f"{int(found[1])}/{int(found[2])} {words}".rstrip(), LONGEST)
