"""How fresh the data is, in words (pure)."""

from __future__ import annotations

from datetime import datetime

from kqueue_tui.dashboard.backend import Sync
from kqueue_tui.dashboard.view.columns import age_text

QUIET_SECONDS = 5
"""A younger age is not told, and an older one in steps of this, so that a calm screen stays still."""


def sync_words(sync: Sync | None, now: float) -> tuple[str, str]:
    """(what the header says, its colour as a theme variable)."""
    if sync is None or sync.state == "LOADING":
        return "LOADING", "$text-warning"
    age = max(now - sync.heard, 0.0) if sync.heard is not None else None
    if sync.state == "LIVE":
        steps = int(age // QUIET_SECONDS) * QUIET_SECONDS if age is not None else 0
        return (f"LIVE {age_text(steps)}" if steps else "LIVE"), "$text-success"
    if sync.state == "FORBIDDEN":
        return "FORBIDDEN", "$text-error"
    if sync.state == "RETRYING" and sync.retry_at is not None and sync.retry_at > now:
        return f"RETRY in {age_text(sync.retry_at - now + 0.999)}", "$text-error"
    return (f"STALE {age_text(age)}" if age is not None else "RETRYING"), "$text-error"


def stale_words(sync: Sync, now: float) -> str:
    """What stands over the table while what is shown may be old: why, and what helps; "" when it is live."""
    if sync.state not in ("STALE", "RETRYING"):
        return ""
    why = str(sync.error) if sync.error is not None else "No word from the cluster."
    known = ""
    if sync.heard is not None:
        known = f" Shown is what was known at {datetime.fromtimestamp(sync.heard):%H:%M:%S}; nothing can be changed."
    return f"{why}{known}"
