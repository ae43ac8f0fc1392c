"""The kernel: nbclient's client around it, how it starts, why it died, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient

from kbatch_core.runner.notebook.log import Stream, one_line, show

MARK = "KBATCH_SUPERVISOR"
"""The supervisor's mark. Without it the supervisor leaves the kernel to us, who can interrupt it."""
STARTUP_SECONDS = 600

_OOM_COUNTERS = ("memory.events", "memory/memory.oom_control")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class NoKernel(Exception):
    """There is no kernel to run the notebook with, and why."""


class Kernel(NotebookClient):
    """nbclient's client, which also writes to the log what cells print, and keeps it joined in the notebook."""

    def __init__(self, notebook: Any) -> None:
        super().__init__(notebook, timeout=None)
        self.ready = False
        self.left = False
        """Whether a cell called `exit`, which asks the frontend to end the kernel: that is us."""
        self.streams: list[Stream] = []
        self.on_cell_executed = self._look_at
        self._tasks: set[Any] = set()
        self._kills = oom_kills()

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """nbclient's hook for every output."""
        kind, content = msg["msg_type"], msg["content"]
        show(kind, content)
        if kind == "stream" and self._goes_on(outs, msg):
            self.streams[-1].add(content["text"])
            return None
        made = super().output(outs, msg, display_id, cell_index)
        if kind == "stream" and made is not None:
            self.streams.append(Stream(made))
        return made

    def _goes_on(self, outs: Any, msg: Any) -> bool:
        """Whether a stream message belongs to the last output of the cell."""
        if not outs or not self.streams or self.clear_before_next_output:
            return False
        node = self.streams[-1].node
        hooked = self.output_hook_stack[msg["parent_header"].get("msg_id")]
        return outs[-1] is node and node["name"] == msg["content"]["name"] and not hooked

    def settle(self) -> None:
        """Bring the outputs in the notebook up to date."""
        while self.streams:
            self.streams.pop().settle()

    async def start(self) -> None:
        """Start the kernel that the notebook names. Raises NoKernel."""
        name = self.nb.metadata.get("kernelspec", {}).get("name", "python3")
        manager: Any = self.create_kernel_manager()
        output = process_output()
        try:
            if manager.ipykernel:
                # Sockets that are files are private, as ports are not; not every other kernel knows them.
                manager.transport = "ipc"
                manager.ip = str(Path(os.environ["JUPYTER_RUNTIME_DIR"], "kernel"))
            environ = {key: value for key, value in os.environ.items() if key != MARK}
            environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
            await self.async_start_new_kernel(
                env=environ, stdout=output, stderr=output, preexec_fn=die_with_parent
            )
            channels: Any = manager.client()
            self.kc = channels
            channels.context.rcvhwm = 0  # by default zmq drops what comes faster than it is read
            channels.start_channels()
            await channels.wait_for_ready(timeout=STARTUP_SECONDS)
        except NoSuchKernel as error:
            there = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
            raise NoKernel(
                f'it names the kernel "{name}", which this image does not have (it has: {there}): '
                "install it, or choose another in JupyterLab"
            ) from error
        except (OSError, RuntimeError) as error:
            raise NoKernel(f'the kernel "{name}" does not start: {one_line(error)}') from error
        finally:
            os.close(output)
        channels.allow_stdin = False
        message = await self.async_wait_for_reply(channels.kernel_info())
        if message:
            self.nb.metadata["language_info"] = message["content"].get("language_info", {})
        self.ready = True

    def interrupt(self) -> None:
        """As Interrupt in JupyterLab."""
        assert self.km is not None
        self._soon(self.km.interrupt_kernel())

    def signal(self, number: int) -> None:
        """Pass on a signal that the user asked for with --signal."""
        if self.ready and self.km is not None:
            self._soon(self.km.signal_kernel(number))

    async def autopsy(self, cell: Any, index: int) -> tuple[int, str]:
        """(exit code, why the kernel has died), after its last words are read."""
        assert self.kc is not None
        channel: Any = self.kc.iopub_channel
        while await channel.msg_ready():
            message = await channel.get_msg(timeout=1)
            if message["msg_type"] == "stream":
                self.output(cell.outputs, message, None, index)
        manager: Any = self.km
        status = await manager.provisioner.poll() or 0
        if status >= 0:
            return status or 1, f"the kernel has left with exit code {status}"
        if -status == signal.SIGKILL and oom_kills() > self._kills:
            return 137, "the kernel was killed, out of memory: ask for more with --mem"
        return 128 - status, f"the kernel was killed by signal {-status} ({signal.strsignal(-status)})"

    async def end(self) -> None:
        """Shut the kernel down, so that its exit handlers run, and end what it left running."""
        manager: Any = self.km
        if manager is None or not manager.has_kernel:
            return
        group = getattr(manager.provisioner, "pgid", None)
        await self._async_cleanup_kernel()
        if group:
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)

    def _look_at(self, execute_reply: Any, **_: object) -> None:
        payload = execute_reply["content"].get("payload", [])
        self.left = self.left or any(item.get("source") == "ask_exit" for item in payload)

    def _soon(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def oom_kills(root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processes were killed here for want of memory, by the control group (version 1 or 2)."""
    for name in _OOM_COUNTERS:
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)", (root / name).read_text(), re.MULTILINE)
            if found:
                return int(found[1])
    return 0


def process_output() -> int:
    """A descriptor for what the kernel's process itself writes; a thread copies it to the log.

    Not the log itself, which whatever the notebook leaves running would keep open.
    """
    reading, writing = os.pipe()

    def copy() -> None:
        while True:
            data = os.read(reading, 65536)
            if not data:
                return
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()

    threading.Thread(target=copy, daemon=True).start()
    return writing


def die_with_parent() -> None:
    """In the kernel's process before it starts: it is killed when we are."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
