"""Moments in the past, as people type them: how long ago, or when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import parse_time_limit

_FORMS = "Write how long ago (30s, 10m, -2h, 1d) or when (2026-11-25T14:00, 14:00, today, yesterday)."
_WORDS = {"today": 0, "yesterday": 1}


def parse_moment(text: str, now: float) -> float:
    """Seconds since the epoch. A time without a zone is local; without a date, the last one before `now`.

    A length of time may have a minus before it.

    Raises BadOption.
    """
    value = text.strip()
    if value[-1:].lower() in tuple("smhd"):
        try:
            return now - (parse_time_limit(value.removeprefix("-")) or 0)
        except BadOption as error:
            raise BadOption(f"{text!r} is no time.", _FORMS) from error
    if value.lower() in _WORDS:
        day = datetime.fromtimestamp(now).date() - timedelta(days=_WORDS[value.lower()])
        return datetime.combine(day, time()).timestamp()
    try:
        if "-" in value:
            return datetime.fromisoformat(value).timestamp()
        if ":" not in value:
            raise ValueError(value)
        today = datetime.fromtimestamp(now).date().isoformat()
        moment = datetime.fromisoformat(f"{today}T{value}").timestamp()
    except (ValueError, OverflowError) as error:
        raise BadOption(f"{text!r} is no time.", _FORMS) from error
    return moment if moment <= now else moment - 86400
