"""What a missing right costs, in a sentence each (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kbatch_core.model.safetext import safe_text

# What follows "Pods may not be read": the worst first.
_COSTS: Mapping[str, tuple[str, str]] = {
    "jobs": ("Jobs", "those there are not shown"),
    "pods": ("Pods", "where and since when a job runs, and how it failed, is not known"),
    "events": ("Events", "why no pod is made, or why one does not start, is not known"),
    "nodes": ("Nodes", "what fits on no node is not told from what waits for a free one"),
    "quotas": ("Resource quotas", "a full one is known from its events only, for an hour"),
    "workloads": ("Kueue's workloads", "why a job waits in its queue is not known"),
}


class MissingRights:
    """The rights that turned out to be missing. `namespaces` are those that are looked at, "" = all."""

    def __init__(self, namespaces: Collection[str]) -> None:
        self._namespaces = tuple(namespaces)
        self._missing: dict[str, set[str]] = {}

    def add(self, right: str, namespace: str = "") -> bool:
        """`namespace` "" for what is of the whole cluster. Whether it is news."""
        known = self._missing.setdefault(right, set())
        is_news = namespace not in known
        known.add(namespace)
        return is_news

    def discard(self, right: str, namespace: str = "") -> bool:
        """It is there. Whether that is news."""
        known = self._missing.get(right, set())
        is_news = namespace in known
        known.discard(namespace)
        return is_news

    def has(self, right: str) -> bool:
        """Whether it is missing somewhere."""
        return bool(self._missing.get(right))

    def without(self, right: str) -> tuple[str, ...]:
        """The namespaces where it is not missing."""
        return tuple(name for name in self._namespaces if name not in self._missing.get(right, ()))

    def sentences(self) -> tuple[str, ...]:
        """One for each right, which names the namespaces where it is missing unless that is everywhere.

        Where jobs may not be read, nothing else is missed.
        """
        said = []
        for right, (what, cost) in _COSTS.items():
            where = self._missing.get(right, set())
            if right != "jobs":
                where = where - self._missing.get("jobs", set())
            if where:
                said.append(f"{what} may not be read{self._where(where)}: {cost}.")
        return tuple(said)

    def _where(self, missing: Collection[str]) -> str:
        if "" in missing or set(self._namespaces) <= set(missing):
            return ""
        names = ", ".join(f'"{safe_text(name)}"' for name in sorted(missing))
        return f" in namespace{'s' if len(missing) > 1 else ''} {names}"
