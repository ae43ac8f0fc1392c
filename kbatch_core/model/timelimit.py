"""Time limits: Slurm's grammar, and the short units people type.

Slurm (sbatch manual, --time): `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`; 0, -1, INFINITE and UNLIMITED ask
for no limit. Ours on top: `90m`, `2h`, `1d`, `30s` and sums of them such as `1d12h`. Slurm rounds up to whole
minutes; here a limit is kept to the second.
"""

from __future__ import annotations

from kbatch_core.errors import BadOption

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_NO_LIMIT = frozenset({"infinite", "unlimited", "-1"})

# A pod's activeDeadlineSeconds is refused above 2^31-1; a limit this long is a mistake well before that.
MAX_SECONDS = 10_000 * 86400

_FORMS = "Write minutes, H:MM:SS, D-HH:MM:SS, or units as in 90m, 2h, 1d12h."


def parse_time_limit(text: str) -> int | None:
    """Seconds, or None for "no limit" (0, UNLIMITED, INFINITE). Raises BadOption."""
    value = text.strip().lower()
    if value in _NO_LIMIT:
        return None
    seconds = _with_units(value) if value[-1:] in _UNITS else _slurm(value)
    if seconds is None:
        raise BadOption(f"{text!r} is not a time limit.", _FORMS)
    if seconds > MAX_SECONDS:
        raise BadOption(
            f"A time limit of {text!r} is longer than {MAX_SECONDS // 86400} days.", "Write 0 for no limit."
        )
    return seconds or None


def _number(text: str) -> int | None:
    """A plain decimal number of at most 12 digits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _slurm(value: str) -> int | None:
    days, dash, clock = value.partition("-")
    fields = [_number(part) for part in (clock if dash else value).split(":")]
    if len(fields) > 3:
        return None
    numbers = [field for field in fields if field is not None]
    if len(numbers) != len(fields):
        return None
    if dash:
        whole_days = _number(days)
        if whole_days is None:
            return None
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
        return whole_days * 86400 + hours * 3600 + minutes * 60 + seconds
    if len(numbers) == 3:
        return numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    return numbers[0] * 60 + (numbers[1] if len(numbers) == 2 else 0)


def _with_units(value: str) -> int | None:
    """`1d12h30m`: each unit at most once, the larger first."""
    total, digits, last = 0, "", 86401
    for char in value.replace(" ", ""):
        unit = _UNITS.get(char)
        if unit is None:
            digits += char
            continue
        number = _number(digits)
        if number is None or unit >= last:
            return None
        total, digits, last = total + number * unit, "", unit
    return total


def format_time(seconds: int | None) -> str:
    """As squeue prints a time: `M:SS`, `H:MM:SS` or `D-HH:MM:SS`; UNLIMITED for None."""
    if seconds is None:
        return "UNLIMITED"
    days, rest = divmod(max(seconds, 0), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, second = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{second:02}"
    if hours:
        return f"{hours}:{minutes:02}:{second:02}"
    return f"{minutes}:{second:02}"
