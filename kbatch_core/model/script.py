"""The script as it travels: checked, frozen as text, and how it is started (pure).

What sbatch refuses is refused: DOS line breaks. What it refuses for want of a `#!` line is started by what the
file's name says, as people expect of `kbatch train.py`.
"""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadScript
from kbatch_core.model.jobspec import MAX_SCRIPT_BYTES
from kbatch_core.model.notebook import freeze, is_notebook

_INTERPRETERS = {
    ".py": ("python3",),
    ".r": ("Rscript",),
    ".jl": ("julia",),
    ".pl": ("perl",),
    ".bash": ("/bin/bash",),
    ".sh": ("/bin/sh",),
}


class Script(msgspec.Struct, frozen=True):
    """`text` verbatim, of a notebook without outputs; `interpreter` is put before it, empty when its first line
    names one, and of a notebook."""

    name: str
    text: str
    interpreter: tuple[str, ...]


def check_script(name: str, data: bytes) -> Script:
    """The Script in `data`, read from a file called `name`. Raises BadScript."""
    if is_notebook(name):
        return Script(name, freeze(name, data), ())
    if not data.strip():
        raise BadScript(f"{name} is empty.", "Put the commands to run in it.")
    if len(data) > MAX_SCRIPT_BYTES:
        raise BadScript(
            f"{name} has {len(data) // 2**20} MiB; a script may have {MAX_SCRIPT_BYTES // 2**20} MiB.",
            "Keep data in files of their own in your home, and let the script read them.",
        )
    line = _line_of(data, b"\0")
    if line:
        raise BadScript(
            f"{name}:{line}: a NUL byte: this is not a text file.", "Submit a script that starts it."
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        where = data.count(b"\n", 0, error.start) + 1
        raise BadScript(f"{name}:{where}: not UTF-8 text.", f"Convert it: iconv -t utf-8 {name}.") from error
    if text.startswith("\ufeff"):
        raise BadScript(
            f"{name}:1: a byte order mark: with it the #! line is none.",
            f"Take it away: sed -i '1s/^\\xEF\\xBB\\xBF//' {name}.",
        )
    line = _line_of(data, b"\r\n")
    if line:
        raise BadScript(
            f"{name}:{line}: the line ends in a DOS line break (\\r\\n).",
            f"Convert it: sed -i 's/\\r$//' {name}.",
        )
    line = _late_interpreter(text)
    if line:
        raise BadScript(
            f"{name}:{line}: the #! line counts in the first line only.", "Take away what stands before it."
        )
    return Script(name, text, _interpreter(name, text))


def _late_interpreter(text: str) -> int:
    """The number of a `#!/` line that only comments and blank lines stand before; 0 = none."""
    if text.startswith("#!"):
        return 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(("#!/", "#! /")):
            return number
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return 0


def _line_of(data: bytes, what: bytes) -> int:
    """The number of the first line with `what`; 0 = none."""
    position = data.find(what)
    return data.count(b"\n", 0, position) + 1 if position >= 0 else 0


def _interpreter(name: str, text: str) -> tuple[str, ...]:
    if text.startswith("#!"):
        return ()
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return _INTERPRETERS.get(suffix, ("/bin/sh",))
