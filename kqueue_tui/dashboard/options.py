"""What the command line tells the dashboard."""

from __future__ import annotations

from msgspec import Struct


class Options(Struct, frozen=True):
    """`screen` is what opens first: "queue" or "form". A filter of None and a theme of "" are left to the config."""

    screen: str = "queue"
    script: str = ""
    readonly: bool = False
    filter: str | None = None
    theme: str = ""
    mouse: bool = True
    all_users: bool = False
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False
    context: str | None = None
    kubeconfig: str | None = None
