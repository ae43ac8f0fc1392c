"""A job's output file, read while the job runs, until the job has ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from kbatch_core.errors import AuthExpired, KbatchError
from kbatch_core.logs.attempts import FIRST_PAUSE, LONGEST_PAUSE, end_of, reason
from kbatch_core.logs.events import Batch, Gap, Waiting
from kbatch_core.logs.homefile import Changes, HomeFile
from kbatch_core.logs.podlog import Stopper
from kbatch_core.logs.task import Task
from kbatch_core.model.record import Record


class FileLog:
    """Iterate over `events`; `End` is the last one.

    Whether the job has ended the API server says, which is asked seldom, and at once when the supervisor has written
    its `record`. While it does not answer, the file is read all the same. Raises AuthExpired, OSError.
    """

    def __init__(
        self,
        path: Path,
        task: Task,
        *,
        record_file: Path,
        record: Callable[[], Record | None],
        tail: int | None,
        stopper: Stopper,
        clock: Callable[[], float],
        wait: Callable[[float], object],
    ) -> None:
        self._path = path
        self._task = task
        self._record_file = record_file
        self._record = record
        self._tail = tail
        self._stopper = stopper
        self._clock = clock
        self._wait = wait
        self._pause = FIRST_PAUSE
        self._recorded = 0
        self._waiting = ""

    def events(self) -> Iterator[Batch]:
        """The lines, and at last how the job ended."""
        changes = Changes(self._path, self._stopper, self._wait)
        with HomeFile(self._path, tail=self._tail) as file:
            next_look = self._clock()
            while not self._stopper.stopped:
                came = False
                for batch in file.read():
                    came = True
                    yield from self._say("")
                    yield batch
                if self._ended_perhaps() or self._clock() >= next_look:
                    ended = yield from self._look(file)
                    if ended:
                        return
                    next_look = self._clock() + self._pause
                    self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
                elif not came:
                    changes.wait()

    def _ended_perhaps(self) -> bool:
        """Whether a new record has come; then the job's end is near."""
        try:
            written = self._record_file.stat().st_mtime_ns
        except OSError:
            return False
        if written == self._recorded:
            return False
        self._recorded, self._pause = written, FIRST_PAUSE
        return True

    def _look(self, file: HomeFile) -> Generator[Batch, None, bool]:
        """Ask for the job; True when it has ended, and then its last lines and its end have been given."""
        try:
            row = self._task.look().row
        except AuthExpired:
            raise
        except KbatchError:
            return False
        if row is not None and not row.finished:
            if row.state == "PD":
                yield from self._say(reason(row))
            return False
        yield from self._say("")
        # What was written between the last read and the end.
        yield from file.read()
        yield from file.rest()
        record = self._record()
        if record is not None and record.output_error:
            yield [Gap(None, record.end, f"the output file could not be written: {record.output_error}")]
        yield [end_of(row)]
        return True

    def _say(self, why: str) -> Iterator[Batch]:
        """That nothing comes, and why, when it is another reason than before."""
        if why != self._waiting:
            self._waiting = why
            yield [Waiting(why)]
