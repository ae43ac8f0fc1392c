"""Whether an action may be done now, and if not, why (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from kbatch_core.model.rights import Right, name_rights
from kqueue_tui.dashboard.actions import Action
from kqueue_tui.dashboard.backend import SyncState


def why_not(
    action: Action, *, readonly: bool, state: SyncState | None, rights: Mapping[Right, bool], namespace: str
) -> str:
    """A sentence that says why the action is off; "" when it may be done.

    `state` is None before there is a connection; a right that was not asked for yet does not stand in the way,
    because the API server has the last word anyway.
    """
    if readonly and action.writes:
        return "This dashboard was opened with --readonly."
    if action.needs is not None and not rights.get(action.needs, True):
        return f'Your account may not {name_rights([action.needs])} in namespace "{namespace}".'
    if action.writes and state != "LIVE" and not action.about_nothing_shown:
        if state in (None, "LOADING"):
            return "The jobs are still being read."
        return "What is shown may be out of date, so nothing is changed until the cluster answers again."
    return ""
