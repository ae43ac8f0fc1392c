"""What a Job runs, read back from the Job (pure): the other direction of `pod.py`."""

from __future__ import annotations

import msgspec

from kbatch_core.model.objects import Job

_END_OF_OPTIONS = "--"


class Program(msgspec.Struct, frozen=True):
    """The supervisor's options by their letter (`-o`: output file), and the words of the script's command."""

    options: dict[str, str]
    words: tuple[str, ...]

    @property
    def output(self) -> str:
        """The output file, which may still have %a and %N; empty = none."""
        return self.options.get("-o", "")

    @property
    def error(self) -> str:
        """The file of stderr; empty = with the output."""
        return self.options.get("-e", "")


def program_of(job: Job) -> Program:
    """The Program of a Job that kbatch made; an empty one for any other."""
    containers = job.spec.template.spec.containers
    if not containers:
        return Program({}, ())
    words = [unescape(word) for word in (containers[0].command or containers[0].args)]
    if _END_OF_OPTIONS not in words:
        return Program({}, ())
    end = words.index(_END_OF_OPTIONS)
    return Program(dict(zip(words[2:end:2], words[3:end:2], strict=False)), tuple(words[end + 1 :]))


def unescape(text: str) -> str:
    """The text that Kubernetes makes of what `escape` made."""
    return text.replace("$$", "$")
