"""One pod on this machine, from the start of its first container to the end of its last."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kbatch_core.local.kubelet.containers import Container
from kbatch_core.local.kubelet.fields import MissingConfig
from kbatch_core.local.kubelet.process import Start
from kbatch_core.local.kubelet.start import build_start
from kbatch_core.local.kubelet.status import CREATING, DEADLINE, INITIALIZING, Outcome, pod_status
from kbatch_core.local.kubelet.tools import NODE_LOST, SHUT_DOWN, TOO_LONG, Stopping, Tools, never_ran
from kbatch_core.local.kubelet.volumes import make_volumes, without_blanks
from kbatch_core.local.state.podfacts import Object, is_deleted, requests_of
from kbatch_core.local.state.statuses import NotFound
from kbatch_core.model.objects import parse_time

GPU = "nvidia.com/gpu"
_RETRY_SECONDS = 10.0
_LONGEST_RETRY_SECONDS = 300.0
# How soon it is asked again whether what was killed is gone.
_ASK_SECONDS = 0.1
# A pod that takes its time to end is killed so long after it was told to, even when it was told that it has none.
_LEAST_GRACE_SECONDS = 2.0


class PodRun:
    """The processes of one pod. For the loop's thread only.

    `key` is None once its object is gone: then it is ended, without a word.
    """

    def __init__(
        self, key: tuple[str, str] | None, uid: str, tools: Tools, changed: Callable[[], None]
    ) -> None:
        """`changed` is called when a container has started or ended."""
        self.key = key
        self.uid = uid
        self.gpus: list[int] | None = None
        self._tools = tools
        self._changed = changed
        self._folder = without_blanks(tools.folder) / "pods" / uid
        self._containers: dict[str, Container] = {}
        self._stopping: Stopping | None = None
        self._outcome: Outcome | None = None
        self._done = False
        self._missing = False
        self._remember_gpus()
        self._take_up()

    def is_done(self) -> bool:
        """Whether nothing of it runs, and its object (if there is one) says how it ended."""
        return self._done

    def has_new_config(self) -> bool:
        """A ConfigMap or Secret has changed: whether a container waits for one, which is tried again then."""
        if self._missing:
            for container in self._containers.values():
                container.again_at = None
        return self._missing

    def container(self, name: str) -> Container | None:
        return self._containers.get(name)

    def pod_is_gone(self) -> None:
        """Its object was removed: end what runs at once."""
        self.key = None

    def close(self) -> None:
        for container in self._containers.values():
            if container.attempt is not None:
                container.attempt.close()

    def work(self, now: float) -> float | None:
        """Take it one step on; when to come again if nothing happens."""
        pod = self._pod()
        if pod is None:
            return self._end_at_once(now)
        self._find_losses(pod)
        again = [self._watch_deadlines(pod, now)]
        if self._stopping is not None or self._outcome is not None:
            again.append(self._stop(now))
        else:
            again.append(self._run(pod, now))
        self._write(pod, now)
        return min((when for when in again if when is not None), default=None)

    # What was there before

    def _take_up(self) -> None:
        """Containers of an earlier server."""
        if not self._folder.exists():
            return
        for path in sorted(self._folder.glob("containers/*")):
            self._adopt(Container({"name": path.name}, path, self.uid))

    def _adopt(self, container: Container) -> None:
        self._containers[container.spec["name"]] = container
        if container.attempt is not None and container.is_running():
            container.attempt.watch(self._changed)

    def _pod(self) -> Object | None:
        if self.key is None:
            return None
        try:
            pod = self._tools.store.get("pods", *self.key)
        except NotFound:
            pod = None
        if pod is None or pod["metadata"]["uid"] != self.uid:
            self.key = None
            return None
        for spec in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
            known = self._containers.get(spec["name"])
            if known is None:
                folder = self._folder / "containers" / spec["name"]
                self._adopt(Container(spec, folder, self.uid))
            else:
                known.spec = spec
        return pod

    def _find_losses(self, pod: Object) -> None:
        """A container whose keeper is gone and left no word: what is left of it ends, and nobody knows how it was."""
        for container in self._containers.values():
            attempt = container.attempt
            if attempt is None or container.is_running() or container.exit() is not None:
                continue
            if attempt.started() is None:
                # Nothing of it can have run: the server was killed while it began.
                continue
            attempt.kill_leftovers()
            container.lost = not attempt.has_leftovers()
        if pod["spec"].get("restartPolicy") != "Never":
            return
        for container in self._containers.values():
            end = container.exit()
            if container.lost:
                self._outcome = NODE_LOST
            elif end is not None and end.interrupted and end.code:
                self._outcome = SHUT_DOWN

    # Running

    def _run(self, pod: Object, now: float) -> float | None:
        """Start what is to be started: init containers one by one, then the others together."""
        spec = pod["spec"]
        for container in spec.get("initContainers") or ():
            done = self._containers[container["name"]].exit()
            if done is None or done.code != 0:
                for other in spec["containers"]:
                    self._containers[other["name"]].waiting = INITIALIZING
                return self._go_on(pod, container["name"], now, again_when_zero=False)
        policy = spec.get("restartPolicy", "Always")
        times = [
            self._go_on(pod, container["name"], now, again_when_zero=policy == "Always")
            for container in spec["containers"]
        ]
        return min((when for when in times if when is not None), default=None)

    def _go_on(self, pod: Object, name: str, now: float, *, again_when_zero: bool) -> float | None:
        """Start a container that has not run, or is to run again."""
        container = self._containers[name]
        if container.is_running():
            return None
        end = container.exit()
        if container.attempt is not None and (end is not None or container.lost):
            code = end.code if end is not None else 137
            policy = pod["spec"].get("restartPolicy", "Always")
            if policy == "Never" or (code == 0 and not again_when_zero):
                return None
            if container.again_at is not None and container.again_at > now:
                return container.again_at
            return self._start_again(pod, container, end.until / 1e9 if end is not None else now, now)
        if container.attempt is not None and container.has_run():
            # Lost, and its processes not quite gone.
            return now + _ASK_SECONDS
        if container.again_at is not None and container.again_at > now:
            return container.again_at
        return self._launch(pod, container, now)

    def _start_again(self, pod: Object, container: Container, ended: float, now: float) -> float | None:
        """After a failure later each time; the one before counts as `restarts`."""
        wait = min(_RETRY_SECONDS * 2.0 ** min(container.restarts, 10), _LONGEST_RETRY_SECONDS)
        name = container.spec["name"]
        if container.restarts == 0 or now >= ended + wait:
            container.start_over()
            return self._launch(pod, container, now)
        title = f"{name}_{pod['metadata']['namespace']}({self.uid})"
        words = (
            f"back-off {int(wait)}s restarting failed container={name} pod={pod['metadata']['name']}_{title}"
        )
        container.waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": words}}
        container.again_at = ended + wait
        self._say(pod, "Warning", "BackOff", f"Back-off restarting failed container {name}", name)
        return container.again_at

    def _launch(self, pod: Object, container: Container, now: float) -> float | None:
        name = container.spec["name"]
        self._missing = False
        try:
            start = self._build(pod, container)
            container.launch(start, self._changed)
        except MissingConfig as error:
            self._missing = True
            reason, message = "CreateContainerConfigError", str(error)
        except OSError as error:
            reason, message = "CreateContainerError", f"{error.strerror}: {error.filename or ''}".rstrip(": ")
        else:
            container.waiting = CREATING
            self._say(pod, "Normal", "Created", "Container created", name)
            self._say(pod, "Normal", "Started", "Container started", name)
            return None
        container.waiting = {"waiting": {"reason": reason, "message": message}}
        container.again_at = now + _RETRY_SECONDS
        self._say(pod, "Warning", "Failed", f"Error: {message}", name)
        return container.again_at

    def _build(self, pod: Object, container: Container) -> Start:
        lookup = self._tools.lookup(pod["metadata"]["namespace"])
        node = self._tools.store.get("nodes", "", self._tools.node)
        # The order of the folders: what is in them tells the next server what there is.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        claims = without_blanks(self._tools.folder) / "claims"
        volumes = make_volumes(pod, self._folder / "volumes", claims, node, lookup)
        work = self._folder / "work"
        work.mkdir(exist_ok=True)
        self._take_gpus(pod)
        return build_start(
            container.spec,
            pod,
            folder=container.next_folder(),
            log=container.log,
            volumes=volumes,
            node=node,
            lookup=lookup,
            home=self._tools.home,
            work=work,
            gpus=self.gpus,
        )

    # Ending

    def _watch_deadlines(self, pod: Object, now: float) -> float | None:
        """Whether somebody, or its own deadline, wants it to end."""
        spec = pod["spec"]
        if is_deleted(pod):
            grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0.0)
            if self._stopping is None:
                asked = (parse_time(pod["metadata"]["deletionTimestamp"]) or now) - grace
                self._stopping = Stopping(min(asked, now), grace)
            self._stopping.grace = min(self._stopping.grace, grace)
        limit = spec.get("activeDeadlineSeconds")
        started = parse_time(pod.get("status", {}).get("startTime"))
        if limit is None or started is None or self._stopping is not None:
            return None
        end: float = started + limit + self._tools.asleep(started)
        if now < end:
            return end
        self._say(pod, "Normal", "DeadlineExceeded", DEADLINE)
        self._stopping = Stopping(now, float(spec.get("terminationGracePeriodSeconds", 30)), TOO_LONG)
        return None

    def _stop(self, now: float) -> float | None:
        """TERM first, KILL when its time is over; when to look again."""
        if self._stopping is None:
            self._stopping = Stopping(now, 30.0)
        stopping = self._stopping
        end = stopping.since + max(stopping.grace, _LEAST_GRACE_SECONDS)
        again = end if now < end else now + 1.0
        running = [one for one in self._containers.values() if one.is_running()]
        for container in running:
            name = container.spec["name"]
            if container.attempt is None or (now < end and name in stopping.told):
                continue
            heard = container.attempt.kill() if now >= end else container.attempt.terminate()
            if not heard:
                # Its keeper has only just been started.
                again = min(again, now + _ASK_SECONDS)
            elif name not in stopping.told:
                stopping.told.add(name)
                self._say_killing(name)
        if running:
            return again
        return now + _ASK_SECONDS if self._is_leaving() else None

    def _is_leaving(self) -> bool:
        """Whether a lost container's processes are still there."""
        return any(
            one.attempt is not None and one.has_run() and one.exit() is None and not one.lost
            for one in self._containers.values()
        )

    def _end_at_once(self, now: float) -> float | None:
        """Its object is gone."""
        alive = False
        for container in self._containers.values():
            if container.attempt is None:
                continue
            if container.is_running():
                container.attempt.kill()
                alive = True
            elif container.exit() is None and container.attempt.started() is not None:
                container.attempt.kill_leftovers()
                alive = alive or container.attempt.has_leftovers()
        self._done = not alive
        return now + 1.0 if alive else None

    # Telling

    def _write(self, pod: Object, now: float) -> None:
        """The status, and whether all is over."""
        states = {name: container.now() for name, container in self._containers.items()}
        alive = any(one.is_running() for one in self._containers.values()) or self._is_leaving()
        outcome = None
        if not alive and self._stopping is not None:
            states = {name: never_ran(state) for name, state in states.items()}
            outcome = self._stopping.outcome
        if not alive and self._outcome is not None:
            outcome = self._outcome
        status = pod_status(pod, states, now, outcome)
        if outcome is None and alive and status["phase"] in ("Succeeded", "Failed"):
            # Some other container of it runs still.
            status["phase"] = "Running"
        elif not alive and self._stopping is not None and status["phase"] not in ("Succeeded", "Failed"):
            status = pod_status(
                {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}}, states, now, outcome
            )
        uid = self.uid

        def edit(found: Object) -> None:
            if found["metadata"]["uid"] == uid:
                found["status"] = status

        if self.key is not None:
            self._tools.store.change("pods", *self.key, edit)
        self._done = not alive and status["phase"] in ("Succeeded", "Failed")

    def _say(self, pod: Object, type: str, reason: str, message: str, container: str = "") -> None:
        path = f"spec.containers{{{container}}}" if container else ""
        self._tools.recorder.record(pod, type, reason, message, component="kubelet", field_path=path)

    def _say_killing(self, name: str) -> None:
        if self.key is not None:
            pod = self._tools.store.get("pods", *self.key)
            self._say(pod, "Normal", "Killing", f"Stopping container {name}", name)

    # GPUs

    def _take_gpus(self, pod: Object) -> None:
        number = int(requests_of(pod["spec"]).get(GPU, 0))
        if not number or self.gpus is not None:
            return
        free = self._tools.free_gpus()
        if len(free) < number:
            raise MissingConfig(f"{number} GPUs are not free yet")
        self.gpus = free[:number]
        (self._folder / "gpus.json").write_bytes(msgspec.json.encode(self.gpus))

    def _remember_gpus(self) -> None:
        try:
            self.gpus = msgspec.json.decode((self._folder / "gpus.json").read_bytes(), type=list[int])
        except (OSError, msgspec.MsgspecError):
            self.gpus = None
