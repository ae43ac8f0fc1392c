"""What a shell script of a Slurm cluster uses that a job has not: programs, variables, ids that are numbers (pure).

Only said, never refused: whether the line is ever reached nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")

_MODULES = "environment modules belong to another cluster; the job has the notebook server's image"
_COMMANDS = {
    "srun": "take the word srun away: a job is one task",
    "sbatch": "submit with kbatch, from a terminal",
    "scontrol": "a job has one node, $SLURM_JOB_NODELIST; for the rest use kqueue, from a terminal",
    "module": _MODULES,
    "ml": _MODULES,
    **dict.fromkeys(("squeue", "scancel", "sacct", "seff", "sstat", "sinfo"), "use kqueue, from a terminal"),
}
# At the start of a command: of a line or a substitution, after an operator, a word of the shell's or an assignment.
_COMMAND = (
    r"(?:^|[;&|(`!]|\b(?:time|exec|nohup|if|while|then|do|else)\s)\s*(?:\w+=\S*\s+)*"
    rf"({'|'.join(_COMMANDS)})(?=[\s)]|$)"
)

EXPORTED = frozenset(
    {
        "ARRAY_JOB_ID", "ARRAY_TASK_COUNT", "ARRAY_TASK_ID", "ARRAY_TASK_MAX", "ARRAY_TASK_MIN", "ARRAY_TASK_STEP",
        "CPUS_ON_NODE", "CPUS_PER_TASK", "GPUS", "GPUS_ON_NODE", "JOBID", "JOB_ACCOUNT", "JOB_END_TIME", "JOB_ID",
        "JOB_NAME", "JOB_NODELIST", "JOB_NUM_NODES", "JOB_PARTITION", "JOB_START_TIME", "LOCALID", "MEM_PER_NODE",
        "NNODES", "NODEID", "NODELIST", "NTASKS", "PROCID", "PROGRESS", "RESTART_COUNT", "SUBMIT_DIR",
        "SUBMIT_HOST",
    }
)  # fmt: skip
"""The names behind SLURM_ and KBATCH_ that a job may have: from the manifest's exports and the supervisor."""

# Not with a default, as in ${SLURM_NNODES:-1}: such a script knows that it may not be there.
_VARIABLE = r"\$\{?(SLURMD?_[A-Z0-9_]+)(?![A-Z0-9_]|:?[-=+?])"

# Slurm's ids are numbers: scripts make port numbers of them.
_ARITHMETIC = r"(?:\$\(\((?:(?!\)\)).)*|\b(?:expr|let)\s[^;]*)\b(SLURM_(?:ARRAY_)?JOB_?ID)\b"


def foreign(text: str, file: str) -> Iterable[str]:
    """A note for each of them in a shell script, at its first place; none for other languages."""
    # Most scripts have neither, and need no pattern compiled.
    words = any(word in text for word in (*_COMMANDS, "SLURM"))
    if not (words and _is_shell(text, file)):
        return ()
    seen: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for found in re.finditer(_COMMAND, line):
            why = _COMMANDS[found[1]]
            seen.setdefault(why, f"{file}:{number}: {found[1]} is not there in a job: {why}")
        for found in re.finditer(_ARITHMETIC, line):
            seen.setdefault("id", f"{file}:{number}: {found[1]} is no number here, but letters and digits")
        for found in re.finditer(_VARIABLE, line):
            name = found[1]
            if name.removeprefix("SLURM_") not in EXPORTED and not _is_set(name, text):
                seen.setdefault(
                    name, f"{file}:{number}: {name} is not set in a job; see `kqueue docs supervisor`"
                )
    return seen.values()


def _is_set(name: str, text: str) -> bool:
    """Whether the script gives the variable a value itself."""
    return re.search(rf"(?<![$\w{{]){name}=", text) is not None


def _is_shell(text: str, file: str) -> bool:
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return file.endswith((".sh", ".bash"))
    return any(word.rpartition("/")[2] in _SHELLS for word in first[2:].split())
