"""The demo's FormBackend: all but a cluster. What it makes is a real Job; it is played, not sent."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kbatch_core.environment import Environment
from kbatch_core.environment.facts import Mount
from kbatch_core.errors import NotFound
from kbatch_core.model import labels
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.names import id_from
from kqueue_tui.dashboard.form.backend import Earlier, Prepared
from kqueue_tui.dashboard.form.check import notes_of, read_form
from kqueue_tui.dashboard.form.like import values_of
from kqueue_tui.dashboard.form.model import Form
from tests.dashboard.demo.play import IMAGE, Play

if TYPE_CHECKING:
    from kbatch_core.model.objects import Job
    from kbatch_core.site import Report
    from tests.dashboard.demo.backend import DemoQueue

HOME = "/home/ann"


class DemoForm:
    """Accepts every job that the command line would make."""

    where: Sequence[str] = ()

    def __init__(self, queue: DemoQueue, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._clock = clock
        self._numbers = itertools.count(1)
        self._specs: dict[str, JobSpec] = {}

    def new_submit_id(self) -> str:
        return f"demo {next(self._numbers)}"

    def prepare(self, form: Form, submit_id: str) -> Prepared:
        """The Job that a cluster would get. Raises KbatchError."""
        from kbatch_core.manifest import build_job
        from kbatch_core.model.options.combine import with_options
        from kqueue_tui.cli.kbatch import spec_of

        _, source, resolved = read_form(form, submit_id)
        like = form.options.get("like")
        if like:
            base = self._spec_of(self._find(like))
            spec = with_options(base if source is None else source.of(base), resolved)
        else:
            assert source is not None
            spec = spec_of(resolved, source)
        job_id = id_from(spec.submit_id)
        self._specs[job_id] = spec
        submission = build_job(
            spec,
            _environment(),
            job_id=job_id,
            submit_id=spec.submit_id,
            namespace="research",
            cwd=f"{HOME}/work",
            submit_host="jupyter-ann",
        )
        return Prepared(submission, notes_of(resolved, submission.warnings))

    def report(self, prepared: Prepared) -> Report:
        from kbatch_core.site import Report

        accepted = "by the demo, which accepts every job; nothing was submitted"
        return Report((("accepted", accepted), ("nodes", "fits 3 nodes: node-a, node-b, node-c now")), True)

    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]:
        submission, now = prepared.submission, self._clock()
        spec = self._specs[submission.job_id]
        play = Play(
            submission.job_id,
            submission.name,
            now,
            None if spec.hold else now + 4,
            now + 120,
            account=spec.account or "climate",
            partition=spec.partition,
            cpus=f"{spec.cpus or 1000}m",
            memory=f"{math.ceil((spec.memory or 1 << 31) / (1 << 30))}Gi",
            gpus=spec.gpus,
            limit=spec.time_limit or 0,
            script=spec.script,
            command=f"kbatch {submission.manifest['metadata']['annotations'].get(labels.COMMAND, '')}",
            tasks=spec.array.count if spec.array is not None else 0,
            throttle=(spec.array.throttle or 4) if spec.array is not None else 0,
            held=spec.hold,
        )
        self._queue.change(play, play.uid)
        job = self._queue.job(play.uid)
        assert job is not None
        return job, ()

    def values_like(self, reference: str) -> Mapping[str, str]:
        """What a job of the demo has. Raises NotFound."""
        return values_of(self._spec_of(self._find(reference)), _environment())

    def earlier(self) -> Sequence[Earlier]:
        rows = sorted(self._queue.rows(), key=lambda row: row.submitted or 0.0, reverse=True)
        found = [(row, self._queue.play(row.uid)) for row in rows]
        return [Earlier(row.id, row.name, _command(play), row.submitted or 0.0) for row, play in found]

    def _find(self, reference: str) -> Play:
        row = next((row for row in self._queue.rows() if reference in (row.id, row.name)), None)
        if row is None:
            raise NotFound(f'There is no job "{reference}".', "Name one of the queue.")
        return self._queue.play(row.uid)

    def _spec_of(self, play: Play) -> JobSpec:
        from kbatch_core.model.quantity import parse_cpus, parse_memory

        if play.id in self._specs:
            return self._specs[play.id]
        name, *args = _command(play).split()[-1:] if play.command else [f"{play.name}.sh"]
        return JobSpec(
            script=play.script,
            script_name=name,
            args=tuple(args),
            name=play.name,
            time_limit=play.limit or None,
            cpus=parse_cpus(play.cpus),
            memory=parse_memory(play.memory.removesuffix("i")),
            gpus=play.gpus,
            partition=play.partition,
            account=play.account,
        )


def _command(play: Play) -> str:
    return (play.command or f"kbatch {play.name}.sh").removeprefix("kbatch ")


def _environment() -> Environment:
    """A notebook server of the demo's user; what is in the real home of who looks at it may be named too."""
    folders = dict.fromkeys((HOME, str(Path.home())))
    return Environment(
        image=IMAGE,
        server="jupyter-ann",
        user="ann",
        home=HOME,
        mounts=tuple(Mount(path=folder, volume="home", persistent=True) for folder in folders),
        volumes=({"name": "home", "persistentVolumeClaim": {"claimName": "claim-ann"}},),
        volume_mounts=({"name": "home", "mountPath": HOME},),
        requests={"cpu": "1", "memory": "2Gi"},
        limits={"memory": "2Gi"},
        home_access="ReadWriteMany",
    )
