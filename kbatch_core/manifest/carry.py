"""How the script gets into the pod: in the Job itself, or as a file in home when it is too large for that (pure)."""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.model import labels
from kbatch_core.model.jobspec import MAX_CARRIED_BYTES, JobSpec
from kbatch_core.model.notebook import with_parameters
from kbatch_core.runner import notebook_program

BIN = "/kbatch/bin"
SCRIPT = "script"
LINES = "lines"
NOTEBOOK = "notebook.pyz"

# Gives a task of --map-file its line as the last argument: the JOB_COMPLETION_INDEX-th of the file $0, from 0.
WITH_LINE = (
    '_n=$JOB_COMPLETION_INDEX; while IFS= read -r _l || [ "$_l" ]; do [ $_n -gt 0 ] || break; _n=$((_n-1)); done '
    '<"$0"; exec "$@" "$_l"'
)


# Runs a notebook: the program $0 with NAME INPUT OUTPUT.
WITH_PYTHON = (
    'command -v python3 >/dev/null || { echo "kbatch: this image has no python3, which runs notebooks: install '
    'python3, nbclient and ipykernel in it" >&2; exit 127; }; exec python3 "$0" "$@"'
)


class StagedFile(msgspec.Struct, frozen=True):
    """A file to be written before the submit; `path` is the same for who submits and in the job."""

    path: str
    data: bytes


class Carried(msgspec.Struct, frozen=True):
    """`command` starts the script in the pod; `annotations` of the pod template become the files called as said in
    `projected`; `files` are staged in home."""

    command: tuple[str, ...]
    annotations: dict[str, str]
    projected: dict[str, str]
    files: tuple[StagedFile, ...]
    warnings: tuple[str, ...] = ()


def carry(spec: JobSpec, record_dir: str, notebook: str = "") -> Carried:
    """How `spec`'s script travels; `record_dir` is the job's folder in home, empty = no home.

    `notebook` is where the output of a notebook goes, and empty for a script. Raises BadScript, BadOption.
    """
    if notebook:
        return _carry_notebook(spec, record_dir, notebook)
    if spec.parameters:
        raise BadOption(
            f"--parameter is for notebooks, and {spec.script_name} is none.",
            "Write a script's arguments after its name.",
        )
    annotations: dict[str, str] = {}
    projected: dict[str, str] = {}
    files: list[StagedFile] = []

    def place(name: str, annotation: str, text: str) -> str:
        data = text.encode()
        if len(data) <= MAX_CARRIED_BYTES:
            annotations[annotation] = text
            projected[name] = annotation
            return f"{BIN}/{name}"
        if not record_dir:
            raise BadScript(
                f"{spec.script_name} has {len(data) // 1024} KiB"
                f"{' in its --map-file' if name == LINES else ''}; without a home {MAX_CARRIED_BYTES // 1024} KiB "
                "are possible.",
                "Keep the program in the image and submit a short script that starts it.",
            )
        files.append(StagedFile(f"{record_dir}/{name}", data))
        return files[-1].path

    command = (*spec.interpreter, place(SCRIPT, labels.SCRIPT, spec.script), *spec.args)
    if spec.lines:
        path = place(LINES, labels.LINES, "".join(f"{line}\n" for line in spec.lines))
        command = ("/bin/sh", "-c", WITH_LINE, path, *command)
    return Carried(command, annotations, projected, tuple(files))


def _carry_notebook(spec: JobSpec, record_dir: str, output: str) -> Carried:
    """The notebook that runs, with its parameters, and the program that runs it: both in home."""
    if spec.args:
        raise BadOption(
            f"{spec.script_name} is a notebook, which takes no arguments: {spec.args[0]!r}.",
            "Write -P NAME=VALUE before its name.",
        )
    if spec.lines:
        raise BadOption(
            f"--map-file gives a script arguments, and {spec.script_name} is a notebook, which takes none.",
            "Submit it with --array, and let it read KBATCH_ARRAY_TASK_ID.",
        )
    text, unknown = with_parameters(spec.script_name, spec.script, spec.parameters)
    program = StagedFile(f"{record_dir}/{NOTEBOOK}", notebook_program())
    copy = StagedFile(f"{record_dir}/{SCRIPT}", text.encode())
    command = ("/bin/sh", "-c", WITH_PYTHON, program.path, spec.script_name, copy.path, output)
    warnings = tuple(f"-P {name}: the notebook's cell tagged parameters does not set it" for name in unknown)
    return Carried(command, {}, {}, (program, copy), warnings)
