"""What the user changed in her shell since the server started: `conda activate`, `export` (pure).

A terminal's environment is compared with that of the pod's first process, which is what the image and the pod
spec gave. What is the same, a job gets from them again; what differs goes along, unless it is secret or says
something about this very terminal or kernel.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from kbatch_core.environment.variables import Kept, filter_env, secret_values

# Of the terminal, the shell or the kernel that submits; a job has its own.
_OF_THE_TERMINAL = re.compile(
    r"""PWD | OLDPWD | SHLVL | _ | TERM.* | COLORTERM | COLUMNS | LINES | LS_COLORS | LESS.* | PAGER | EDITOR | VISUAL
      | PS\d | PROMPT.* | BASH_.* | ZSH.* | HIST.* | DISPLAY | XAUTHORITY | DBUS_.* | XDG_(SESSION|RUNTIME).* | SSH_.*
      | HOME | USER | LOGNAME | MAIL | JUPYTER.* | IPY.* | KERNEL_.* | MPLBACKEND | CLICOLOR.* | FORCE_COLOR
      | GIT_(PAGER|ASKPASS|EDITOR) | PYDEVD_.* | PYTHONIOENCODING | TMUX.* | STY | WINDOW(ID)? | INVOCATION_ID
      | CHPL_.* | VSCODE_.* | NO_COLOR""",
    re.VERBOSE,
)
LONGEST = 16 * 1024


def changed_variables(
    live: Mapping[str, str],
    start: Mapping[str, str] | None,
    export: Collection[str] = (),
    also_secret: Collection[str] = (),
) -> Kept:
    """The variables of `live` that a job gets on top, and what was left out and why.

    `also_secret`: values that must not go along inside others. Without `start` only what `export` names goes along,
    since what is the user's own cannot be told.
    """
    changed: list[dict[str, Any]] = []
    for name, value in sorted(live.items()):
        named = name in export
        if not named and (start is None or start.get(name) == value):
            continue
        if not named and (_OF_THE_TERMINAL.fullmatch(name) or "\n" in value or not name.isidentifier()):
            continue
        if (len(value) <= LONGEST and value.isprintable()) or named:
            changed.append({"name": name, "value": value})
    return filter_env(changed, export, {*secret_values(live, export), *also_secret})
