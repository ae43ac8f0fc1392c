"""Slurm's job states: the short code and the long name, as squeue prints them (squeue manual, JOB STATE CODES)."""

from __future__ import annotations

from kbatch_core.errors import BadOption

STATES = {
    "PD": "PENDING",
    "CF": "CONFIGURING",
    "R": "RUNNING",
    "CG": "COMPLETING",
    "PR": "PREEMPTED",
    "CD": "COMPLETED",
    "F": "FAILED",
    "CA": "CANCELLED",
    "TO": "TIMEOUT",
    "OOM": "OUT_OF_MEMORY",
    "NF": "NODE_FAIL",
    "BF": "BOOT_FAIL",
    "DL": "DEADLINE",
    "?": "UNKNOWN",
}
_CODES = {name: code for code, name in STATES.items()}


def state_name(code: str) -> str:
    """The long name of a state's code; the code itself for one that Slurm does not have."""
    return STATES.get(code, code)


def parse_states(text: str) -> frozenset[str]:
    """The codes of a comma list of codes or names in any case; "all" = every one of them. Raises BadOption."""
    codes: set[str] = set()
    for word in filter(None, (part.strip().upper() for part in text.split(","))):
        if word == "ALL":
            return frozenset(STATES)
        code = word if word in STATES else _CODES.get(word)
        if code is None:
            raise BadOption(
                f"{word} is no state of a job.",
                f"There are {', '.join(STATES)} and their long names, or all.",
            )
        codes.add(code)
    if not codes:
        raise BadOption("A list of states is empty.", "Write PD,R or pending,running.")
    return frozenset(codes)
