"""The dashboard on scripted jobs, by a clock that stands still, for pictures, pilot and snapshot tests.

The jobs are in script.py, what they do with time in play.py; backend.py plays the cluster, form.py the form's part
of it. `python -m tests.dashboard.demo` runs kqueue with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend, Scope
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.saved_state import State
from tests.dashboard.demo.backend import DemoActs, DemoQueue, demo_backend
from tests.dashboard.demo.form import DemoForm

NOW = 1_790_000_000.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def make_app(
    options: Options | None = None,
    *,
    config: Config | None = None,
    state: State | None = None,
    keep: Callable[[State], None] = lambda state: None,
    clock: Clock | None = None,
    prepare: Callable[[Backend], None] = lambda backend: None,
    acts: type[DemoActs] = DemoActs,
    form: type[DemoForm] = DemoForm,
) -> Dashboard:
    """The app on the demo; `prepare` changes the Backend before the app gets it, `acts` and `form` do the writes."""
    at = clock or Clock()

    def connect(scope: Scope, on_change: Callable[[], None]) -> Backend:
        backend = demo_backend(scope, on_change, clock=at)
        prepare(backend)
        queue = backend.queue
        assert isinstance(queue, DemoQueue)
        if form is not DemoForm:
            backend = replace(backend, form=form(queue, at))
        return replace(backend, acts=acts(queue, at)) if acts is not DemoActs else backend

    return Dashboard(
        options or Options(),
        connect,
        config=config or Config(),
        state=state or State(),
        keep=keep,
        clock=at,
        environ={},
    )


async def settle(pilot: Pilot[None]) -> None:
    """Until the app has connected, its writes are done and all is shown."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await pilot.pause()  # It has begun: what it does in threads has been started.
    while any(not worker.is_finished for worker in app.workers):
        with suppress(WorkerCancelled):  # a newer check of the form takes the place of an older one
            await app.workers.wait_for_complete()
        await pilot.pause()  # What a thread has told may start others.
    await until(pilot, lambda: not app.behind)


async def until(pilot: Pilot[None], check: Callable[[], object]) -> None:
    """Until `check` is true; half a minute or more is given."""
    for _ in range(1000):
        if check():
            return
        await pilot.pause(0.02)
    raise AssertionError("It has not come true.")


@asynccontextmanager
async def running(app: Dashboard, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app, started and settled."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield pilot
