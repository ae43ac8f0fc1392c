"""Moments in the past, as people type them: how long ago, or when."""

from __future__ import annotations

from datetime import datetime

from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import parse_time_limit

_FORMS = "Write how long ago (30s, 10m, 2h, 1d) or when (2026-11-25T14:00, 14:00)."


def parse_moment(text: str, now: float) -> float:
    """Seconds since the epoch. A time without a zone is local; without a date, the last one before `now`.

    Raises BadOption.
    """
    value = text.strip()
    if value[-1:].lower() in tuple("smhd"):
        try:
            return now - (parse_time_limit(value) or 0)
        except BadOption as error:
            raise BadOption(f"{text!r} is no time.", _FORMS) from error
    try:
        if "-" in value:
            return datetime.fromisoformat(value).timestamp()
        today = datetime.fromtimestamp(now).date().isoformat()
        moment = datetime.fromisoformat(f"{today}T{value}").timestamp()
    except (ValueError, OverflowError) as error:
        raise BadOption(f"{text!r} is no time.", _FORMS) from error
    return moment if moment <= now else moment - 86400
