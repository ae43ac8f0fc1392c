"""Where a job runs and writes: working directory and output files, checked against what outlives the pod (pure)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

import msgspec

from kbatch_core.environment import Environment
from kbatch_core.errors import BadOption, BadScript
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.notebook import SUFFIX, is_notebook
from kbatch_core.model.patterns import DEFAULT_ARRAY_OUTPUT, DEFAULT_OUTPUT, expand


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`output`, `error`: absolute, may still have %a and %N; empty = none. `record_dir` is empty without a home."""

    workdir: str
    output: str
    error: str
    record_dir: str
    notebook: str
    """Where the output of a notebook goes, as `output`; empty for a script."""
    warnings: tuple[str, ...]


def find_place(spec: JobSpec, environment: Environment, *, job_id: str, name: str, cwd: str) -> Place:
    """Resolve the working directory and the output patterns. Raises BadOption when -D, -o or -e cannot be kept.

    The `--output` of a notebook names the notebook when it ends in `.ipynb`, else the log. Raises BadScript for a
    notebook without a home.
    """
    warnings: list[str] = []
    workdir = _workdir(spec, environment, cwd, warnings)

    def path(option: str, pattern: str) -> str:
        text = expand(
            pattern, job_id=job_id, job_name=name, user=environment.user, array=spec.array is not None
        )
        return _kept(posixpath.normpath(posixpath.join(workdir or "/", text)), environment, option, pattern)

    log, notebook = spec.output, ""
    if is_notebook(spec.script_name):
        log, notebook = _notebook(spec, environment, path, folders=(cwd, workdir))
    output = ""
    if log is not None:
        output = path("--output", log)
    elif environment.keeps(workdir):
        output = path("--output", DEFAULT_ARRAY_OUTPUT if spec.array else DEFAULT_OUTPUT)
    else:
        warnings.append("no output file is written, because the job has no home; use kqueue logs")
    return Place(
        workdir=workdir,
        output=output,
        error=path("--error", spec.error) if spec.error is not None else "",
        notebook=notebook,
        record_dir=posixpath.join(environment.home, ".kbatch", job_id) if environment.home else "",
        warnings=tuple(warnings),
    )


def _kept(path: str, environment: Environment, option: str, pattern: str) -> str:
    """`path`, if what is written there is kept. Raises BadOption, which names what was typed."""
    if path == "/dev/null" or environment.keeps(path):
        return path
    raise BadOption(
        f"{option} {pattern}: {path} is not on a disk that outlives the job.",
        f"Write below {environment.home}."
        if environment.home
        else f"This job has no home; leave {option} away and read the output with kqueue logs.",
    )


def _notebook(
    spec: JobSpec, environment: Environment, path: Callable[[str, str], str], folders: Sequence[str]
) -> tuple[str | None, str]:
    """(pattern of the log or None for the default, where the notebook's output goes). Raises BadScript, BadOption.

    In one of `folders` is the notebook that runs, which is not written over.
    """
    if not environment.home:
        raise BadScript(
            f"{spec.script_name} is a notebook, and a job without a home has no place for it.",
            f"Submit it as a script: jupyter nbconvert --to script {spec.script_name}.",
        )
    if spec.output is not None and is_notebook(spec.output):
        output = path("--output", spec.output)
        if output in [posixpath.join(folder, spec.script_name) for folder in folders]:
            raise BadOption(
                f"--output {spec.output}: this is the notebook that runs.",
                "Choose another name for what comes of it.",
            )
        return None, output
    return spec.output, path("--output", _default_notebook(spec))


def _default_notebook(spec: JobSpec) -> str:
    """The pattern of a notebook's output: its own name and the job's id."""
    stem = spec.script_name.removesuffix(SUFFIX).replace("\\", "").replace("%", "%%")
    return f"{stem}-{'%A_%a' if spec.array else '%j'}{SUFFIX}"


def _workdir(spec: JobSpec, environment: Environment, cwd: str, warnings: list[str]) -> str:
    """The job's working directory; empty = the image's own."""
    if spec.workdir is not None:
        workdir = posixpath.normpath(posixpath.join(cwd, spec.workdir))
        if environment.mounts and environment.mount_of(workdir) is None:
            raise BadOption(
                f"--chdir {spec.workdir}: {workdir} is not on a disk that the job has.",
                f"Choose a directory below {environment.home or environment.mounts[0].path}.",
            )
        return workdir
    if environment.keeps(cwd):
        return cwd
    if environment.home:
        warnings.append(f"{cwd} is not on a disk that the job has: it runs in {environment.home}")
    return environment.home or environment.workdir
