"""The command palette: every action that works on the screen behind it, by its name."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from kqueue_tui.dashboard.actions import Action
from kqueue_tui.dashboard.screens.base import DashboardScreen


class ActionCommands(Provider):
    """Commands from the actions of a DashboardScreen."""

    async def discover(self) -> Hits:
        # Who looks at the whole list knows how to move in one.
        for action, keys in sorted(self._actions(), key=lambda found: found[0].group == "Move"):
            yield DiscoveryHit(_title(action, keys), partial(self._run, action), help=action.about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, keys in self._actions():
            score = matcher.match(f"{action.title} {action.about}")
            if score > 0:
                yield Hit(score, _title(action, keys), partial(self._run, action), help=action.about)

    def _actions(self) -> list[tuple[Action, str]]:
        screen = self.screen
        if not isinstance(screen, DashboardScreen):
            return []
        keys = screen.keys_by_id()
        return [(action, " ".join(keys[action.id])) for action in screen.actions() if action.id in keys]

    async def _run(self, action: Action) -> None:
        screen = self.screen
        if isinstance(screen, DashboardScreen):
            await screen.action_run(action.id)


def _title(action: Action, keys: str) -> str:
    return f"{action.title}  ({keys})"
