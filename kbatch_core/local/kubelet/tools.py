"""What the pods of a node share: the store, the folder, the GPUs; and the ends that no container tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kbatch_core.local.kubelet.fields import Lookup
from kbatch_core.local.kubelet.status import DEADLINE, UNKNOWN, ContainerNow, Outcome
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.podfacts import Object
from kbatch_core.local.state.statuses import NotFound
from kbatch_core.local.state.store import Store

NODE_LOST = Outcome(
    "NodeLost",
    "The process was ended together with its keeper, or the machine was: how far it came is not known",
    "DeletionByPodGC",
)
SHUT_DOWN = Outcome(
    "Terminated", "Pod was terminated in response to imminent node shutdown.", "TerminationByKubelet"
)
TOO_LONG = Outcome("DeadlineExceeded", DEADLINE)


@dataclass
class Tools:
    """What all pods share."""

    store: Store
    recorder: Recorder
    clock: Callable[[], float]
    folder: Path
    node: str
    gpus: int
    home: Path | None
    asleep: Callable[[float], float]
    taken_gpus: Callable[[], Iterable[int]]

    def free_gpus(self) -> list[int]:
        """The numbers of the GPUs that no pod has."""
        taken = set(self.taken_gpus())
        return [number for number in range(self.gpus) if number not in taken]

    def lookup(self, namespace: str) -> Lookup:
        """Objects of a namespace, or None."""

        def look(resource: str, name: str) -> Object | None:
            try:
                return self.store.get(resource, namespace, name)
            except NotFound:
                return None

        return look


@dataclass
class Stopping:
    """It is being ended: since when, how long it may take, and whether it was killed already."""

    since: float
    grace: float
    outcome: Outcome | None = None
    told: set[str] = field(default_factory=set)


def never_ran(state: ContainerNow) -> ContainerNow:
    """A container that waited when its pod was ended."""
    if "waiting" not in state.state:
        return state
    words = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": UNKNOWN}
    ended = {"terminated": {**words, "startedAt": None, "finishedAt": None}}
    return ContainerNow(ended, state.last, state.restarts, state.id)
