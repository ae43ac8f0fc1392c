"""What the command line tells the dashboard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`screen` is what opens first: "queue" or "form". None and "" mean that the config decides."""

    screen: str = "queue"
    script: str = ""
    readonly: bool = False
    filter: str | None = None
    theme: str = ""
    mouse: bool = True
    demo: bool = False
    all_users: bool = False
    namespace: str | None = None
    all_namespaces: bool = False
    context: str | None = None
    kubeconfig: str | None = None
