"""What a Job runs, read back from the words of its container (pure): the other direction of `pod.py`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kbatch_core.manifest.carry import BIN, LINES, SCRIPT, WITH_LINE, WITH_PYTHON
from kbatch_core.model.objects import Job
from kbatch_core.runner.words import file_pattern

_END_OF_OPTIONS = "--"
_WITH_LINE = ("/bin/sh", "-c", WITH_LINE)


class Program(msgspec.Struct, frozen=True):
    """The supervisor's options by their letter (`-o`: output file), and the words of the script's command.

    `exports` are what it puts KBATCH_ and SLURM_ before: SUBMIT_DIR and so on.
    """

    options: dict[str, str]
    words: tuple[str, ...]
    exports: dict[str, str] = {}

    @property
    def output(self) -> str:
        """The output file, which may still have %a and %N; empty = none."""
        return file_pattern(self.options.get("-o", ""))

    @property
    def error(self) -> str:
        """The file of stderr; empty = with the output."""
        return file_pattern(self.options.get("-e", ""))

    @property
    def record_dir(self) -> str:
        """The job's folder in home; empty = it has no home."""
        return self.options.get("-d", "")

    @property
    def interpreter(self) -> tuple[str, ...]:
        """What is put before the script."""
        return self._command[: self._script_at]

    @property
    def script(self) -> str:
        """The path of the script in the pod: an annotation as a file, or a file in `record_dir`."""
        return self._command[self._script_at] if self._command else ""

    @property
    def args(self) -> tuple[str, ...]:
        """The script's arguments, without a task's line of --map-file."""
        return self._command[self._script_at + 1 :]

    @property
    def lines(self) -> str:
        """The path of the file with a line for each task; empty when there is none."""
        return self.words[len(_WITH_LINE)] if self._has_lines else ""

    @property
    def notebook(self) -> str:
        """Where the output of a notebook goes, which may still have %a and %N; empty for a script."""
        return self.args[-1] if WITH_PYTHON in self.interpreter else ""

    @property
    def _has_lines(self) -> bool:
        return self.words[: len(_WITH_LINE)] == _WITH_LINE

    @property
    def _command(self) -> tuple[str, ...]:
        return self.words[len(_WITH_LINE) + 1 :] if self._has_lines else self.words

    @property
    def _script_at(self) -> int:
        paths = (f"{BIN}/{SCRIPT}", f"{self.record_dir}/{SCRIPT}")
        return next((at for at, word in enumerate(self._command) if word in paths), 0)


def program_of(job: Job) -> Program:
    """The Program of a Job that kbatch made; an empty one for any other."""
    containers = job.spec.template.spec.containers
    return read_program(containers[0].command or containers[0].args) if containers else Program({}, ())


def read_program(container_words: Sequence[str]) -> Program:
    """The Program in a container's `args` or `command`, as the API has them."""
    words = [unescape(word) for word in container_words]
    if _END_OF_OPTIONS not in words:
        return Program({}, ())
    end = words.index(_END_OF_OPTIONS)
    first = next((at for at in range(2, end, 2) if not words[at].startswith("-")), end)
    exports = (word.partition("=") for word in words[first:end])
    return Program(
        options=dict(zip(words[2:first:2], words[3:first:2], strict=False)),
        words=tuple(words[end + 1 :]),
        exports={name: value for name, _, value in exports},
    )


def is_carried(path: str) -> bool:
    """Whether a file of the pod is an annotation of it, not a file in home."""
    return path in (f"{BIN}/{SCRIPT}", f"{BIN}/{LINES}")


def unescape(text: str) -> str:
    """The text that Kubernetes makes of what `escape` made."""
    return text.replace("$$", "$")
