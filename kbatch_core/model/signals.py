"""`--signal`: a signal to the job some time before its limit ends.

Slurm (sbatch manual): `[{R|B}:]SIG[@seconds]`, 60 seconds when none are given; B: sends it to the batch script
alone, not to what it started. R: belongs to reservations, which are not here. Numbers are those of Linux, where
the job runs, whatever machine the client is on.
"""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadOption

DEFAULT_SECONDS = 60
MAX_SECONDS = 65535
"""Slurm's limit (sbatch manual, --signal)."""

# signal(7), Linux on x86 and ARM: number n is name n-1.
_NAMES = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "PWR", "SYS",
)  # fmt: skip

_FORMS = "Write a signal and seconds before the end, for example USR1@120 or B:TERM@60."


class SignalSpec(msgspec.Struct, frozen=True):
    """Send `name` (without SIG) `seconds` before the limit, to the script alone when `batch_only`."""

    name: str
    seconds: int = DEFAULT_SECONDS
    batch_only: bool = False

    def format(self) -> str:
        """As the supervisor and Slurm read it: `B:USR1@60`."""
        return f"{'B:' if self.batch_only else ''}{self.name}@{self.seconds}"


def parse_signal(text: str) -> SignalSpec:
    """Read `[B:]SIG[@seconds]`; SIG with or without its SIG, or a number. Raises BadOption."""
    flags, colon, rest = text.strip().upper().partition(":")
    if not colon:
        flags, rest = "", flags
    if flags not in ("", "B"):
        if set(flags) <= {"B", "R"}:
            raise BadOption(
                f"R: in --signal {text!r} is for reservations, which are not here.", "Leave R: out."
            )
        raise BadOption(f"{text!r} is not a signal.", _FORMS)
    name, at, seconds = rest.partition("@")
    return SignalSpec(
        signal_name(name, text),
        _seconds(seconds, text) if at else DEFAULT_SECONDS,
        flags == "B",
    )


def signal_name(word: str, text: str = "") -> str:
    """The name without SIG of `USR1`, `SIGUSR1`, `usr1` or `10`. Raises BadOption, which quotes `text`."""
    name = word.upper().removeprefix("SIG")
    if name.isascii() and name.isdigit() and len(name) <= 3 and 1 <= int(name) <= len(_NAMES):
        return _NAMES[int(name) - 1]
    if name in _NAMES:
        return name
    raise BadOption(f"{text or word!r} does not name a signal.", _FORMS)


def _seconds(digits: str, text: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9) or int(digits) > MAX_SECONDS:
        raise BadOption(
            f"The time after @ in --signal {text!r} is not a number of seconds up to {MAX_SECONDS}.", _FORMS
        )
    return int(digits)
