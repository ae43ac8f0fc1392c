"""Run: one notebook, cell by cell, saved after each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_output

from kbatch_core.runner.notebook.kernel import Kernel, NoKernel
from kbatch_core.runner.notebook.log import quote, say

INJECTED = "injected-parameters"
GRACE_SECONDS = 10.0
"""For a cell to end when it is interrupted; the supervisor kills after 25."""
NOTHING_TO_RUN_IT, TOLD_TO_END = 127, 143


class Ended(Exception):
    """The notebook has ended before its last cell, for a reason and with an exit code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Run:
    """One notebook from its first cell to its end. `name` is what the user calls it."""

    def __init__(self, name: str, notebook: Any, output: Path) -> None:
        self.name = name
        self.output = output
        self.notebook = notebook
        self.kernel = Kernel(notebook)
        self.cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        self.done = 0
        self.total = sum(not is_injected(cell) for _, cell in self.cells)
        self._stopped = False
        self._saved = True
        self._task: asyncio.Task[int] | None = None

    async def run(self) -> int:
        """Run the cells; the exit code."""
        loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._run())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            loop.add_signal_handler(number, self.kernel.signal, number)
        try:
            code = await self._task
        except Ended as ended:
            code = ended.code
            if ended.reason:
                say(ended.reason)
        except asyncio.CancelledError:
            code = TOLD_TO_END
            say(f"{self.name} was told to end before its first cell")
        self.save()
        await self.kernel.end()
        return code or (0 if self._saved else 1)

    def stop(self) -> None:
        """Interrupt the cell that runs, and end it when it goes on. Twice is the same as once."""
        if self._stopped or self._task is None:
            return
        self._stopped = True
        if self.kernel.ready:
            self.kernel.interrupt()
        asyncio.get_running_loop().call_later(GRACE_SECONDS if self.kernel.ready else 0, self._task.cancel)

    async def _run(self) -> int:
        try:
            await self.kernel.start()
        except NoKernel as error:
            raise Ended(NOTHING_TO_RUN_IT, f"{self.name} cannot run: {error}") from error
        number = 0
        for index, cell in self.cells:
            self._check()
            number += not is_injected(cell)
            where = "parameters" if is_injected(cell) else str(number)
            self._tell(f"cell {where}")
            try:
                await self._run_cell(index, cell, where)
            finally:
                self.save()
            self.done = number
            self._tell("")
        self._check()
        self.kernel.set_widgets_metadata()
        return 0

    def _check(self) -> None:
        """Raises Ended when no other cell shall run."""
        if self._stopped:
            raise Ended(TOLD_TO_END, f"{self.name} was told to end after cell {self.done}/{self.total}")
        if self.kernel.left:
            raise Ended(0, f"{self.name}[{self.done}] has left with exit")

    async def _run_cell(self, index: int, cell: Any, where: str) -> None:
        """Run one cell. Raises Ended when it is the last."""
        called = f"{self.name}[{where}]"
        try:
            await self.kernel.async_execute_cell(cell, index)
        except CellExecutionError as error:
            name, value = error.ename, error.evalue
            if self._stopped:
                raise Ended(TOLD_TO_END, f"{called} was told to end, and interrupted") from error
            if name == "SystemExit":
                raise Ended(exit_code(value), f"{called} has left with sys.exit({value})") from error
            self._tell(f"cell {where}: {name}")
            quote(f"{called} failed: {name}: {value}".rstrip(": "), cell)
            raise Ended(1) from error
        except DeadKernelError as error:
            if self._stopped:
                self.kernel.shutdown_kernel = "immediate"
                raise Ended(TOLD_TO_END, f"{called} was told to end, and did not by itself") from error
            code, reason = await self.kernel.autopsy(cell, index)
            self._tell(f"cell {where}: {reason}")
            quote(f"{called} failed: {reason}", cell)
            told = new_output("error", ename="DeadKernelError", evalue=reason, traceback=[reason])  # type: ignore[no-untyped-call]
            cell.outputs.append(told)
            raise Ended(code) from error

    def _tell(self, text: str) -> None:
        """How far it is, for the queue: `k/n text`, where k cells of n are done."""
        path = os.environ.get("KBATCH_PROGRESS")
        if path:
            line = f"{self.done}/{self.total} {text}".rstrip()
            with contextlib.suppress(OSError):  # a full home never ends a job
                Path(path).write_text(f"{line}\n", encoding="utf-8")

    def save(self) -> None:
        """Save the notebook, whole or not at all. What goes wrong is said once, and does not stop the cells."""
        self.kernel.settle()
        part = self.output.with_name(f".{self.output.name}.part")
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
            text: str = nbformat.writes(self.notebook)  # type: ignore[no-untyped-call]
            part.write_text(text, encoding="utf-8", errors="surrogatepass")
            part.replace(self.output)
        except OSError as error:
            if self._saved:
                say(f"the notebook cannot be saved as {self.output}: {error.strerror}")
            self._saved = False
        else:
            self._saved = True


def is_injected(cell: Any) -> bool:
    """Whether kbatch put this cell in; it is not counted."""
    return INJECTED in cell.metadata.get("tags", [])


def exit_code(value: str) -> int:
    """The exit code of sys.exit(value), as Python has it."""
    if value in ("", "None"):
        return 0
    return int(value) % 256 if re.fullmatch(r"-?[0-9]+", value) else 1
