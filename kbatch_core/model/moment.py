"""Moments as people type them: `-6h`, `yesterday`, `2026-03-01`, `14:30`. Local time where no zone is named."""

from __future__ import annotations

from datetime import datetime, timedelta

from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import parse_time_limit

_FORMS = "Write -6h or 90m for how long ago, today, yesterday, 14:30, or 2026-03-01T14:30."


def parse_since(text: str, now: float) -> float:
    """Seconds since the epoch. A length of time, with or without `-`, means that long before `now`.

    Raises BadOption.
    """
    word = text.strip().lower()
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("now", "today", "yesterday"):
        return {
            "now": now,
            "today": midnight.timestamp(),
            "yesterday": (midnight - timedelta(days=1)).timestamp(),
        }[word]
    try:
        if word[-1:] in ("s", "m", "h", "d") and word.lstrip("-")[:1].isdigit():
            return now - (parse_time_limit(word.lstrip("-")) or 0)
        if ":" in word and "-" not in word:
            hour, minute, *rest = (int(part) for part in word.split(":"))
            return midnight.replace(hour=hour, minute=minute, second=rest[0] if rest else 0).timestamp()
        return datetime.fromisoformat(text.strip()).timestamp()
    except (BadOption, ValueError, OverflowError) as error:
        raise BadOption(f"{text!r} is no moment.", _FORMS) from error
