"""What all screens have: the app by its type, the rights, the footer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.screen import Screen

from kqueue_tui.dashboard.actions import APP, Action
from kqueue_tui.dashboard.messages import QueueChanged
from kqueue_tui.dashboard.widgets.hints import Hint, Hints

if TYPE_CHECKING:
    from kqueue_tui.dashboard.base_app import BaseApp


class DashboardScreen(Screen[None]):
    """A full screen. `ACTIONS` is what it binds."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    _greyed: tuple[bool, ...] = ()

    @property
    def dashboard(self) -> BaseApp:
        """The app, which has the backend, the config and the clock."""
        return cast("BaseApp", self.app)

    def allowed(self, action_id: str) -> bool:
        """Whether an action may be done now; if not, a toast says why."""
        action = next(action for action in self.ACTIONS if action.id == action_id)
        reason = self.dashboard.why_not(action)
        if reason:
            self.dashboard.say(reason, severity="warning")
        return not reason

    def actions(self) -> Iterable[Action]:
        """What works here now: the focused widget's actions, the screen's, the app's."""
        yield from getattr(self.focused, "ACTIONS", ())
        yield from self.ACTIONS
        yield from APP

    async def action_run(self, action_id: str) -> None:
        """Do one of `actions`, as its key would."""
        action = next(action for action in self.actions() if action.id == action_id)
        method = f"action_{action.name.partition('(')[0]}"
        focused = self.focused.ancestors_with_self if self.focused is not None else ()
        places = (*focused, self, self.app)
        namespace = next(place for place in places if hasattr(place, method))
        await self.app.run_action(action.name, namespace)

    @on(QueueChanged)
    def _hints_may_be_off(self) -> None:
        """Rights have come, or the data is old: the footer is made anew only if that greys another part of it."""
        off = tuple(bool(self.dashboard.why_not(action)) for action in self.actions() if action.hint)
        if off != self._greyed:
            self._greyed = off
            self.refresh_hints()

    def refresh_hints(self) -> None:
        """Fill the footer, if the screen has one, with what matters where the focus is.

        A widget for which all keys are text has HINTS of its own.
        """
        own = getattr(self.focused, "HINTS", None)
        for footer in self.query(Hints):
            footer.show(self._hints_of_actions() if own is None else own)

    def _hints_of_actions(self) -> list[Hint]:
        keys = self.keys_by_id()
        return [
            Hint(
                keys[action.id][0],
                action.title,
                f"screen.run('{action.id}')",
                off=bool(self.dashboard.why_not(action)),
                stays=action.group == "Dashboard",
            )
            for action in self.actions()
            if action.hint and action.id in keys
        ]

    def keys_by_id(self) -> dict[str, list[str]]:
        """The keys of each binding that is active now, as shown to people."""
        keys: dict[str, list[str]] = {}
        for active in self.active_bindings.values():
            if active.binding.id is not None:
                keys.setdefault(active.binding.id, []).append(self.app.get_key_display(active.binding))
        return keys

    def on_descendant_focus(self) -> None:
        self.refresh_hints()

    def on_screen_resume(self) -> None:
        self.refresh_hints()
