"""What `kbatch SCRIPT` asks for, from Python: the script, its directives and the options in one reading."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.model.arrays import MAX_TASKS, ArraySpec, from_numbers
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.notebook import sections
from kbatch_core.model.options.combine import to_jobspec
from kbatch_core.model.options.config import load_config, site_config_path, user_config_path
from kbatch_core.model.options.directives import read_directives
from kbatch_core.model.options.resolve import Resolved, Typed, resolve
from kbatch_core.model.options.table import BY_NAME
from kbatch_core.model.options.values import Export
from kbatch_core.model.script import Script, check_script

MAX_FILE_BYTES = 512 * 1024 * 1024
"""A notebook may be this large with its outputs; what is larger is not even read."""
_OPENED = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

# What kbatch does beside submitting, and who does it for Python code.
_INSTEAD = {
    "wait": "client.wait(job)",
    "follow": "client.lines(job)",
    "dry-run": "client.read(script).manifest",
    "test-only": "client.submit(client.read(script), dry_run=True)",
    "like": "client.like(reference)",
    "map-file": "inputs=[...]",
    "wrap": "a script file",
    **dict.fromkeys(("parsable", "quiet", "json", "show-options"), "the job that is returned"),
}


class Request(msgspec.Struct, frozen=True):
    """What is asked for, and the options that it comes from."""

    spec: JobSpec
    resolved: Resolved

    def notes(self) -> list[str]:
        """What the user should hear of, a sentence each."""
        said = (self.resolved.ignored_sentence(), *self.resolved.notes)
        return [f"{note.rstrip('.')}." for note in said if note]


def read_request(
    path: str | Path,
    args: Iterable[object] = (),
    *,
    inputs: Iterable[object] = (),
    throttle: int | None = None,
    options: Mapping[str, object] = {},
    environ: Mapping[str, str] = os.environ,
) -> Request:
    """What `kbatch OPTIONS PATH ARGS` asks for. `options` have kbatch's long names, with `_` for `-`.

    With `inputs` it is an array: task n gets the n-th as its last argument, from 1 on, `throttle` of them at a time.
    Raises BadScript, BadOption, BadConfig.
    """
    script = read_script(str(path))
    resolved = resolve(
        _typed(options),
        environ=environ,
        directives=read_directives(script.text, script.name),
        user=load_config(user_config_path(environ)),
        site=load_config(site_config_path(environ)),
    )
    if not resolved.get("allow-secrets"):
        check_secrets(script.name, script.text, resolved, tuple(map(str, args)))
    spec = to_jobspec(
        resolved,
        script=script.text,
        script_name=script.name,
        interpreter=script.interpreter,
        args=tuple(map(str, args)),
    )
    lines = tuple(map(str, inputs))
    if lines:
        spec = msgspec.structs.replace(spec, array=_array_of(lines, spec, throttle), lines=lines)
    return Request(spec, resolved)


def read_script(path: str) -> Script:
    """Read and check the script at `path`, now: what is saved later does not change the job. Raises BadScript.

    A pipe or device is none, unless a shell has opened it for us: `kbatch <(sed ... job.sh)`.
    """
    try:
        found = Path(path).stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or path.startswith(_OPENED)):
            raise BadScript(f"{path} is no file but a pipe or a device.", "Give the path of a script.")
        if found.st_size > MAX_FILE_BYTES:
            raise BadScript(
                f"{path} has {found.st_size // 2**20} MiB: that is data.", "Give the script that reads it."
            )
        data = Path(path).read_bytes()
    except IsADirectoryError as error:
        raise BadScript(f"{path} is a directory.", "Give the script in it.") from error
    except FileNotFoundError as error:
        raise BadScript(f"There is no file {path}.", "Give the path of a script.") from error
    except OSError as error:
        raise BadScript(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    return check_script(Path(path).name, data)


def check_secrets(name: str, text: str, resolved: Resolved, args: Sequence[str]) -> None:
    """Raises BadScript when a script or what is typed beside it holds what looks like a credential."""
    from kbatch_core.model.secrets import find_secrets

    export = resolved.get("export")
    pairs = [("-P", pair) for pair in resolved.all("parameter")] + [
        ("--env", pair) for pair in resolved.all("env")
    ]
    pairs += [("--export", pair) for pair in (export.values if isinstance(export, Export) else ())]
    given = [(f"{flag} {pair[0]}", "=".join(pair)) for flag, pair in pairs if isinstance(pair, tuple)]
    given += [(f"argument {number}", arg) for number, arg in enumerate(args, 1)]
    for part, lines in (*sections(name, text), *given):
        for number, kind in find_secrets(lines):
            raise BadScript(
                f"{part}:{number}: this looks like a credential{_kind(kind)}, and others may read a job.",
                "Read it from a file in your home instead, or submit with --allow-secrets.",
            )


def _typed(options: Mapping[str, object]) -> Typed:
    """The options as they would be typed: 4 as "4", True as a flag, a list as an option that is repeated."""
    typed: dict[str, str | bool | Sequence[str] | None] = {}
    for name, value in options.items():
        option = BY_NAME.get(name.replace("_", "-"))
        if option is None:
            raise BadOption(f"{name} is no option of kbatch.", "`kbatch --help` lists them; write _ for -.")
        if option.name in _INSTEAD:
            raise BadOption(f"{name} is for the command line.", f"Use {_INSTEAD[option.name]}.")
        if isinstance(value, bool) or value is None:
            if value and option.kind == "value":
                raise BadOption(f"{name} needs a value.", f"Write {name}={option.metavar or 'VALUE'!r}.")
            typed[name] = value
        elif isinstance(value, Mapping):
            typed[name] = [f"{key}={one}" for key, one in value.items()]
        elif isinstance(value, (list, tuple)):
            texts = list(map(str, value))
            typed[name] = texts if option.multiple else ",".join(texts)
        else:
            typed[name] = str(value)
    return typed


def _array_of(lines: Sequence[str], spec: JobSpec, throttle: int | None) -> ArraySpec:
    if spec.array is not None:
        raise BadOption("inputs and an array exclude each other.", "The array has a task for each input.")
    if len(lines) > MAX_TASKS:
        raise BadOption(
            f"There are {len(lines)} inputs, and {MAX_TASKS} tasks are allowed.",
            "Let each task do several pieces of the work.",
        )
    for number, line in enumerate(lines, 1):
        if "\n" in line or "\0" in line:
            raise BadOption(f"Input {number} has a line break or a NUL byte.", "Give one line for each.")
    return ArraySpec(from_numbers(list(range(1, len(lines) + 1))), throttle or None)


def _kind(kind: str) -> str:
    return "" if kind == "credential" else f" ({kind})"
