"""Node: a control plane with a real node (containerd, kubelet), in namespaces of its own.

Everything runs in one mount, network and process namespace that a holder process keeps. Inside, addresses are the
same in every run; outside, nothing is seen but a port on loopback. When the holder dies, the kernel ends every
process and removes every mount, link and rule. Only the control groups are left, and removed by name.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import cgroups
from tests.cluster.build import Missing, forget_older, made_once, say
from tests.cluster.control import NODE_ADDRESS, SERVICE_ADDRESS, Cluster, free_ports
from tests.cluster.images import Image, pause_image, user_image
from tests.cluster.processes import Component, wait_for

NODE_NAME = "node1"
_API_PORT = 6443
_PROGRAMS = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "gcc": "gcc",
}
_ENOUGH_MEMORY = 8 << 30
"""From here on images are kept in memory, 1 GB of them with a hub's."""
_CNI = Path("/usr/lib/cni/bridge")
# Process 1 of the namespace: reaps what is left behind, and ends when told to.
_HOLDER = "trap 'exit 0' TERM; while :; do sleep 86400 & wait $!; done"
_NETWORK = f"""
set -e
mount --make-rshared /
mkdir -p /var/lib/kubelet
for folder in /run /var/log /var/lib/kubelet; do mount -t tmpfs tmpfs $folder; done
ip link set lo up
ip link add node0 type bridge
ip addr add {NODE_ADDRESS}/32 dev node0
ip link set node0 up
ip route add default dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
for chain in PREROUTING OUTPUT; do
  iptables -t nat -A $chain -d {SERVICE_ADDRESS} -p tcp --dport 443 -j DNAT --to {NODE_ADDRESS}:{_API_PORT}
done
"""
# containerd's root folder in $2 on the one in $1: of that, layers are seen as they are, and everything else through
# an overlay, whose upper side the layers of containers cannot be on.
_ON_UNPACKED = """
set -e
snapshots=io.containerd.snapshotter.v1.overlayfs/snapshots
mkdir -p "$2/upper" "$2/work" "$2/root" "$2/snapshots"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
mount --bind "$2/snapshots" "$2/root/$snapshots"
for layer in "$1/$snapshots"/*/fs; do
  own=$2/root/$snapshots/$(basename "$(dirname "$layer")")
  mkdir -p "$own/fs" "$own/work"
  mount --bind "$layer" "$own/fs"
  mount -o remount,bind,ro "$own/fs"
done
"""


def check_machine() -> None:
    """Raises Missing with the first thing that this machine lacks for a node."""
    if os.geteuid() != 0:
        raise Missing(
            "The test node needs root: run the tests as root, or leave the tests marked `node` out."
        )
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed: install the package {package}.")
    if not _CNI.exists():
        raise Missing("The CNI plugins are not installed: install the package containernetworking-plugins.")


class Node(Cluster):
    """A Cluster whose one node, `node1`, runs pods. Pods reach the API server at 10.96.0.1:443."""

    listen = "0.0.0.0"  # of the namespace, which nobody else is in
    advertise = NODE_ADDRESS
    node_grace = "50s"  # the default

    def __init__(
        self,
        folder: Path | None = None,
        *,
        tied: bool = True,
        apiserver_args: Sequence[str] = (),
        kubelet: Mapping[str, Any] | None = None,
    ) -> None:
        check_machine()
        self._images = [pause_image(), user_image()]
        for name in cgroups.leftovers():
            cgroups.remove(name)
        self._kubelet_settings = dict(kubelet or {})
        super().__init__(folder, tied=tied, apiserver_args=apiserver_args)
        self.authority.issue("node", f"system:node:{NODE_NAME}", "system:nodes", [NODE_NAME, NODE_ADDRESS])
        self.authority.kubeconfig("node", self.internal_server(), self.folder / "node.kubeconfig")
        self._holder = Component(
            "holder",
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc",
             "sh", "-c", _HOLDER],
            self.folder / "log",
            tied=tied,
        )  # fmt: skip
        self._inside = 0
        self._cgroup = ""
        self.image = self._images[1].name

    def choose_ports(self) -> tuple[int, int, int]:
        return 2379, 2380, free_ports(1)[0]

    def internal_server(self) -> str:
        return f"https://127.0.0.1:{_API_PORT}"

    def api_port(self) -> int:
        return _API_PORT

    def start(self) -> Node:
        self._holder.start()
        self._inside = wait_for(lambda: child_of(self._holder.pid), what="the namespaces")
        self._cgroup = f"{cgroups.PREFIX}{self._holder.pid}"
        cgroups.create(self._cgroup)
        self.run_inside("sh", "-c", _NETWORK)
        self.open_door("forward", self.port, _API_PORT)
        super().start()
        self._start_node()
        return self

    def open_door(self, name: str, port: int, target: int) -> None:
        """Lead a port of the host's loopback to one of the node's."""
        door = Component(
            name,
            [sys.executable, "-m", "tests.cluster.forward", str(port), f"/proc/{self._inside}/ns/net",
             str(target)],
            self.folder / "log",
            tied=self._tied,
            environ={"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        door.start()
        self.components[name] = door

    def stop(self) -> None:
        for name in ("kubelet", "containerd"):
            if name in self.components:
                self.components.pop(name).stop(kill=True)
        if self._inside:
            # Process 1 takes all others of the namespace with it.
            os.kill(self._inside, signal.SIGKILL)
            self._inside = 0
        self._holder.stop()
        if self._cgroup:
            wait_for(self._cgroup_is_gone, what="the node's control groups to empty", seconds=20)
        super().stop()

    def component(self, name: str, command: Sequence[str]) -> Component:
        return super().component(name, ["nsenter", *self._where(), *command])

    def run_inside(self, *command: str) -> str:
        """Run a command in the node's namespaces and return its output. Raises RuntimeError with its words."""
        result = subprocess.run(["nsenter", *self._where(), *command], capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(f"{command[0]}: {result.stderr.strip()}")
        return result.stdout

    def kill_kubelet(self) -> None:
        """Kill the kubelet with SIGKILL; pods run on."""
        self._kill_inside("kubelet")

    def start_kubelet(self) -> None:
        """Start the kubelet, again after `kill_kubelet`."""
        self.components["kubelet"].start()

    def _end(self, name: str) -> None:
        self._kill_inside(name)

    def _kill_inside(self, name: str) -> None:
        self.end_inside(name, signal.SIGKILL)

    def end_inside(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a program of the namespaces: a signal to what nsenter started, since nsenter passes none on."""
        child = child_of(self.components[name].pid)
        if child:
            os.kill(child, how)
            wait_for(lambda: not Path(f"/proc/{child}").exists(), what=f"{name} to end", seconds=20)
        self.components[name].stop()

    def _where(self) -> list[str]:
        return ["--target", str(self._inside), "--mount", "--net", "--pid", "--"]

    def _cgroup_is_gone(self) -> bool:
        cgroups.remove(self._cgroup)
        return not any((path / self._cgroup).exists() for path in cgroups.hierarchies())

    def _start_node(self) -> None:
        socket_path = self.folder / "containerd.sock"
        network = self.folder / "cni"
        network.mkdir(exist_ok=True)
        (network / "10-bridge.conflist").write_text(_CNI_CONFIG)
        state = self.folder / "containerd"
        state.mkdir(exist_ok=True)
        if free_memory() >= _ENOUGH_MEMORY:
            # Images are many small files, which a disk is slow to write and slow to remove.
            self.run_inside("mount", "-t", "tmpfs", "tmpfs", str(state))
        self.run_inside("sh", "-c", _ON_UNPACKED, "sh", str(self._unpacked()), str(state))
        self._start_containerd(state / "root")
        (self.folder / "kubelet.yaml").write_text(yaml.safe_dump(self._kubelet_config(socket_path)))
        self.component(
            "kubelet",
            [
                str(self.bin / "kubelet"),
                f"--kubeconfig={self.folder / 'node.kubeconfig'}",
                f"--config={self.folder / 'kubelet.yaml'}",
                f"--hostname-override={NODE_NAME}",
                f"--node-ip={NODE_ADDRESS}",
                f"--root-dir={self.folder / 'kubelet'}",
            ],
        ).start()
        wait_for(self.node_ready, what="the node to be ready", seconds=90)

    def _unpacked(self) -> Path:
        """containerd's root folder with the images unpacked, which takes 15 s of a processor: made once for all
        nodes, which change nothing in it."""
        version = subprocess.run(["containerd", "--version"], capture_output=True, text=True).stdout
        made_of = "\n".join([version, *(image.path.parent.name for image in self._images)])
        key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
        with made_once(f"containerd-{key}") as (final, building):
            if building is not None:
                say("unpacking the images")
                self._start_containerd(building)
                for image in self._images:
                    self.import_image(image)
                self.end_inside("containerd")
                forget_older("containerd-", keep=final.name)
        # The newest are kept.
        os.utime(final)
        return final

    def _start_containerd(self, root: Path) -> None:
        socket_path, config = self.folder / "containerd.sock", self.folder / "containerd.toml"
        socket_path.unlink(missing_ok=True)
        config.write_text(self._containerd_config(socket_path, root))
        self.component("containerd", ["containerd", "--config", str(config)]).start()
        wait_for(socket_path.exists, what="containerd")

    def import_image(self, image: Image) -> None:
        """Import an image, also under its digest, so that the node reports `repository@sha256:...` for it."""
        self.ctr("images", "import", str(image.path))
        listed = self.ctr("images", "ls", f"name=={image.name}").split()
        digest = next(word for word in listed if word.startswith("sha256:"))
        self.ctr("images", "tag", "--force", image.name, f"{image.name.rpartition(':')[0]}@{digest}")

    def node_ready(self) -> bool:
        """Whether the node says that it is ready."""
        conditions = self.get("node", NODE_NAME)["status"].get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def ctr(self, *args: str) -> str:
        """containerd's own client, in the namespace that the kubelet uses."""
        return self.run_inside("ctr", "-a", str(self.folder / "containerd.sock"), "-n", "k8s.io", *args)

    def _containerd_config(self, socket_path: Path, root: Path) -> str:
        return f"""version = 2
root = "{root}"
state = "{self.folder / "containerd" / "state"}"
[grpc]
  address = "{socket_path}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{self._images[0].name}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{_CNI.parent}"
    conf_dir = "{self.folder / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
"""

    def _kubelet_config(self, socket_path: Path) -> dict[str, Any]:
        pki = self.authority.folder
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.ca_file)},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._cgroup}",
            "cgroupsPerQOS": True,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "containerRuntimeEndpoint": f"unix://{socket_path}",
            "tlsCertFile": str(pki / "node.crt"),
            "tlsPrivateKeyFile": str(pki / "node.key"),
            "evictionHard": {},
            "fileCheckFrequency": "2s",
            "syncFrequency": "5s",
            "nodeStatusUpdateFrequency": "4s",
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "resolvConf": "",
            # Logs are rotated as soon and as small as a kubelet can, and the rotated ones removed, not packed.
            "containerLogMaxSize": "64Ki",
            "containerLogMaxFiles": 2,
            "containerLogMonitorInterval": "3s",
            "volumePluginDir": str(self.folder / "volume-plugins"),
            "podLogsDir": str(self.folder / "pod-logs"),
            **self._kubelet_settings,
        }


_CNI_CONFIG = """{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true,
   "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam",
            "ranges": [[{"subnet": "10.88.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
"""


def free_memory() -> int:
    """Bytes that could be had without swapping; 0 where the kernel does not say."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found else 0


def child_of(pid: int) -> int:
    """The first child of a process; 0 when it has none."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return 0
