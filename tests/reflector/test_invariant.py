"""Whatever happens on the way: after quiet the copy is what a fresh list is, and each uid saw a legal order."""

from __future__ import annotations

import random

import pytest

from kbatch_core.cluster.mirror import Mirror
from kbatch_core.cluster.reflector import Reflector
from kbatch_core.model.objects import Metadata
from tests.reflector.fake import Clock, Listener, Thing
from tests.reflector.world import World


def live_through(seed: int) -> World:
    """A random life of a few hundred steps, then quiet."""
    rng = random.Random(seed)
    clock = Clock()
    world = World(rng, clock)
    listener = Listener()
    mirror: Mirror[Thing] = Mirror(listener)
    late: list[Thing] = []

    def written(one: dict[str, object]) -> None:
        """The answer to a write of ours: it arrives now or later, when the object may be gone again."""
        metadata = one["metadata"]
        assert isinstance(metadata, dict)
        late.append(
            Thing(
                Metadata(
                    name=metadata["name"], uid=metadata["uid"], resource_version=metadata["resourceVersion"]
                )
            )
        )

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        while late and rng.random() < 0.7:
            mirror.put(late.pop(0))
        if world.steps > 150:
            world.quiet = True

    world.written = written
    reflector = Reflector(
        world, "/things", Thing, mirror, consistent=rng.random() < 0.5, clock=clock, wait=wait, rng=rng
    )
    world.done = reflector.stop
    reflector.run()
    fresh = {
        one["metadata"]["uid"]: int(one["metadata"]["resourceVersion"]) for one in world.objects.values()
    }
    kept = {one.metadata.uid: int(one.metadata.resource_version) for one in mirror.objects()}
    assert kept == fresh
    assert {uid: int(one.metadata.resource_version) for uid, one in listener.alive.items()} == fresh
    assert reflector.health.synced
    return world


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_after_quiet_the_copy_is_the_list(start: int) -> None:
    lives = [live_through(seed) for seed in range(start, start + 50)]
    assert sum(len(world.history) for world in lives) > 1000, "a life without changes proves nothing"
