"""One container of a pod: its attempts on the disk, and its state as the kubelet sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from kbatch_core.local.kubelet.logs import last_lines
from kbatch_core.local.kubelet.process import Attempt, Exit, Start
from kbatch_core.local.kubelet.status import CREATING, UNKNOWN, ContainerNow
from kbatch_core.local.state.podfacts import Object
from kbatch_core.local.state.store import timestamp

MESSAGE_LIMIT = 4096
_FALLBACK_LINES, _FALLBACK_LIMIT = 80, 2048


class Container:
    """Its attempts are numbered from 0, each with a folder; the newest counts. For the loop's thread only."""

    def __init__(self, spec: Object, folder: Path, uid: str) -> None:
        """`folder` is the container's own; what an earlier server left there is taken up."""
        self.spec = spec
        self.folder = folder
        self._uid = uid
        self.attempt: Attempt | None = None
        self.waiting: Object = CREATING
        """What it waits for while no attempt counts."""
        self.lost = False
        """Whether its keeper is gone without a word."""
        self.again_at: float | None = None
        """When it is to be started again."""
        numbers = (
            sorted(int(path.name) for path in folder.glob("[0-9]*") if path.is_dir())
            if folder.exists()
            else []
        )
        self.restarts = numbers[-1] if numbers else 0
        if numbers:
            self.attempt = Attempt(folder / str(self.restarts))

    @property
    def log(self) -> Path:
        """The log of the newest attempt."""
        return self.log_of(self.restarts)

    def log_of(self, attempt: int) -> Path:
        return self.folder / f"{attempt}.log"

    def is_running(self) -> bool:
        """Whether its keeper lives, or is not known to have ended."""
        return self.attempt is not None and self.attempt.is_alive()

    def exit(self) -> Exit | None:
        return self.attempt.exit() if self.attempt is not None else None

    def has_run(self) -> bool:
        """Whether the newest attempt may ever have run anything."""
        return self.attempt is not None and (
            self.attempt.is_alive() or self.attempt.exit() is not None or self.attempt.started() is not None
        )

    def launch(self, start: Start, changed: Callable[[], None]) -> None:
        """Start it. Raises OSError."""
        if self.attempt is not None:
            self.attempt.close()
        attempt = Attempt(self.next_folder())
        attempt.launch(start)
        self.attempt, self.again_at, self.lost = attempt, None, False
        attempt.watch(changed)

    def next_folder(self) -> Path:
        """The folder of the attempt that comes next."""
        return self.folder / str(self.restarts)

    def start_over(self) -> None:
        """The next attempt is a new one."""
        if self.attempt is not None:
            self.attempt.close()
        self.attempt = None
        self.restarts += 1

    def now(self) -> ContainerNow:
        """Its state, as it is shown."""
        last = self._ended(self.restarts - 1) if self.restarts else {}
        if self.attempt is None or not self.has_run():
            return ContainerNow(self.waiting, last, self.restarts)
        name = f"processes://{self._uid}/{self.spec['name']}/{self.restarts}"
        end = self._ended(self.restarts)
        if end and self.again_at is not None:
            return ContainerNow(self.waiting, end, self.restarts)
        if end:
            return ContainerNow(end, last, self.restarts, name)
        started = self.attempt.started()
        if started is None or not started.pid:
            return ContainerNow(CREATING, last, self.restarts)
        since = timestamp(started.since / 1e9)
        return ContainerNow({"running": {"startedAt": since}}, last, self.restarts, name)

    def _ended(self, number: int) -> Object:
        """The state of an attempt that has ended; empty when it has not."""
        attempt = Attempt(self.folder / str(number))
        found = attempt.exit()
        current = number == self.restarts
        if found is None:
            if current and not self.lost:
                return {}
            words: Object = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": UNKNOWN}
            return {"terminated": {**words, "startedAt": None, "finishedAt": None}}
        state: Object = {"exitCode": found.code, "reason": "Error" if found.code else "Completed"}
        if found.error:
            state |= {"reason": "StartError", "message": f"failed to start the process: {found.error}"}
        else:
            message = self._message(number, found)
            if message:
                state["message"] = message
        state["startedAt"] = timestamp(found.since / 1e9)
        state["finishedAt"] = timestamp(found.until / 1e9)
        state["containerID"] = f"processes://{self._uid}/{self.spec['name']}/{number}"
        return {"terminated": state}

    def _message(self, number: int, found: Exit) -> str:
        """What it left as its last word, or the end of its log where that is asked for."""
        with contextlib.suppress(OSError):
            with open(self.folder / str(number) / "termination", "rb") as file:
                data = file.read(MESSAGE_LIMIT)
            if data:
                return data.decode(errors="replace")
        if found.code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            return last_lines(self.log_of(number), _FALLBACK_LINES, _FALLBACK_LIMIT)
        return ""
