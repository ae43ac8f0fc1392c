"""What a Job runs can be read back from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kbatch_core.environment import Environment
from kbatch_core.manifest import Submission
from kbatch_core.manifest.program import Program, program_of
from kbatch_core.model.objects import Job
from tests.manifest.test_job import build


def as_read(submission: Submission) -> Job:
    return msgspec.json.decode(msgspec.json.encode(submission.manifest), type=Job)


@pytest.mark.parametrize("args", [(), ("a b", "$(HOME)", "$$", "--", "-o", "x"), ("new\nline",)])
@pytest.mark.parametrize("environment", [None, Environment(image="x", keep_entrypoint=False)])
def test_options_and_words_come_back(args: tuple[str, ...], environment: Environment | None) -> None:
    fields: dict[str, Any] = {"args": args, "interpreter": ("python3",)}
    if environment is None:
        fields["output"] = "$x.out"
    program = program_of(as_read(build(environment, **fields)))
    assert program.words == ("python3", "/kbatch/bin/script", *args)
    assert program.output == ("/home/jovyan/$x.out" if environment is None else "")
    assert program.error == ""


def test_another_job_has_none() -> None:
    assert program_of(Job()) == Program({}, ())
