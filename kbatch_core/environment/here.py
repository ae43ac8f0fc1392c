"""What a job has on the local cluster: this machine as it is (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbatch_core.environment.facts import Environment, Mount, escaped

if TYPE_CHECKING:
    from kbatch_core.environment.session import Session

IMAGE = "local"
"""Where an image is named there is none: the job runs the programs of this machine."""
_DISK = "this-machine"


def on_this_machine(session: Session, image: str = "") -> Environment:
    """The whole file system under its own paths, and who the user is; `image` is what was asked for in vain."""
    dropped = (f"image {image}: the local cluster runs this machine's own programs",) if image else ()
    who = {"HOME": session.home, "USER": session.user, "LOGNAME": session.user}
    # So that a job can submit another one, and look at itself.
    who |= {name: session.environ[name] for name in ("KBATCH_CLUSTER",) if name in session.environ}
    return Environment(
        image=IMAGE,
        user=session.user,
        home=session.home,
        image_pull_policy="Never",
        keep_entrypoint=False,
        env=tuple(escaped({"name": name, "value": value}) for name, value in who.items() if value),
        volumes=({"name": _DISK, "hostPath": {"path": "/"}},),
        volume_mounts=({"name": _DISK, "mountPath": "/"},),
        mounts=(Mount(path="/", volume=_DISK, persistent=True),),
        home_access="ReadWriteMany",
        dropped=dropped,
    )
