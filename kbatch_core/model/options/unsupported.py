"""The rows of sbatch's options that do nothing here: ignored by name, or refused with a hint.

Ignored is what only says where or how well a job runs. Refused is what would change what the job does: it is
better not to run than to run something else.
"""

from __future__ import annotations

from kbatch_core.model.options.option import Kind, Option

_NODES = "Which node a job gets is the Kubernetes scheduler's choice."
_HARDWARE = "How a job is bound to cores, memory and links is the node's choice."
_QUEUE = "Order and limits are those of the queue (`-p`)."
_ADMIN = "There is no such thing in Kubernetes."


def _ignored(name: str, why: str, short: str = "", kind: Kind = "value") -> Option:
    return Option(name, "Read and ignored.", short=short, kind=kind, category="ignored", here=why)


def _refused(name: str, why: str, hint: str, short: str = "", kind: Kind = "value") -> Option:
    return Option(name, "Refused.", short=short, kind=kind, category="refused", here=why, hint=hint)


IGNORED = (
    _ignored("mail-type", "No mail is sent; `kbatch --wait` or `kqueue` tell when a job has ended."),
    _ignored("mail-user", "No mail is sent; `kbatch --wait` or `kqueue` tell when a job has ended."),
    _ignored("qos", _QUEUE, "q"),
    _ignored("exclusive", "A job shares its node; ask for the CPUs and memory it needs.", kind="optional"),
    _ignored("nodelist", _NODES, "w"),
    _ignored("exclude", _NODES, "x"),
    _ignored("reservation", _QUEUE),
    _ignored("clusters", "Jobs go to the cluster of your kubeconfig or notebook server.", "M"),
    _ignored("licenses", _ADMIN, "L"),
    _ignored("nice", _QUEUE, kind="optional"),
    _ignored("priority", _QUEUE),
    _ignored("time-min", "The time limit is that of `--time`."),
    _ignored("wckey", _ADMIN),
    _ignored("oversubscribe", _NODES, "s", "flag"),
    _ignored("overcommit", _NODES, "O", "flag"),
    _ignored("contiguous", _NODES, kind="flag"),
    _ignored("switches", _NODES),
    _ignored("prefer", _NODES),
    _ignored("batch", _NODES),
    _ignored("cluster-constraint", _NODES),
    _ignored("nodefile", _NODES, "F"),
    _ignored("spread-job", _NODES, kind="flag"),
    _ignored("use-min-nodes", _NODES, kind="flag"),
    _ignored("segment", _NODES),
    _ignored("spread-segments", _NODES, kind="flag"),
    _ignored("consolidate-segments", _NODES, kind="flag"),
    _ignored("no-kill", "A job has one node, and is started again when that is lost.", "k", "optional"),
    _ignored("wait-all-nodes", "A job has one node."),
    _ignored("reboot", _NODES, kind="flag"),
    _ignored("delay-boot", _NODES),
    _ignored("distribution", _HARDWARE, "m"),
    _ignored("hint", _HARDWARE),
    _ignored("threads-per-core", _HARDWARE),
    _ignored("cores-per-socket", _HARDWARE),
    _ignored("sockets-per-node", _HARDWARE),
    _ignored("extra-node-info", _HARDWARE, "B"),
    _ignored("core-spec", _HARDWARE, "S"),
    _ignored("thread-spec", _HARDWARE),
    _ignored("mem-bind", _HARDWARE),
    _ignored("gpu-bind", _HARDWARE),
    _ignored("gpu-freq", _HARDWARE),
    _ignored("cpu-freq", _HARDWARE),
    _ignored("gres-flags", _HARDWARE),
    _ignored("tres-bind", _HARDWARE),
    _ignored("network", _HARDWARE),
    _ignored("resv-ports", _HARDWARE, kind="optional"),
    _ignored("acctg-freq", "CPU and memory are always measured."),
    _ignored("profile", "CPU and memory are always measured."),
    _ignored("propagate", "Limits are those of the container.", kind="optional"),
    _ignored("get-user-env", "The environment is the notebook server's.", kind="optional"),
    _ignored(
        "oom-kill-step", "A process that takes too much memory is killed by the kernel.", kind="optional"
    ),
    _ignored("mem-update", _ADMIN),
    _ignored("mcs-label", _ADMIN),
    _ignored("extra", _ADMIN),
    _ignored("resources", _ADMIN),
    _ignored("stepmgr", "There are no job steps.", kind="flag"),
    _ignored("kill-on-invalid-dep", "There are no dependencies."),
    _ignored("ignore-pbs", "#PBS lines are never read.", kind="flag"),
    _ignored("verbose", "Use --show-options or --dry-run.", "v", "flag"),
)

REFUSED = (
    _refused(
        "dependency", "jobs do not wait for each other", "Write: kbatch --wait a.sh && kbatch b.sh.", "d"
    ),
    _refused(
        "begin", "a start time needs a controller, and kbatch has none",
        "Submit with --hold and run `kqueue release` then, or use a CronJob.", "b",
    ),
    _refused("deadline", "a date to be finished by is not kept", "Use --time, and --give-up-after for the wait."),
    _refused("input", "a job's standard input is empty", "Redirect in the script: program < file.", "i"),
    _refused("export-file", "variables are not read from a file", "Use --env NAME=VALUE or --export."),
    _refused("uid", "a job runs as your notebook server does", "Leave it out."),
    _refused("gid", "a job runs as your notebook server does", "Leave it out."),
    _refused("container", "OCI bundles are not run", "Name a container image with --image."),
    _refused("container-id", "OCI bundles are not run", "Name a container image with --image."),
    _refused("runtime", "OCI bundles are not run", "Name a container image with --image."),
    _refused("bb", "there is no burst buffer", "Copy files in the script; --tmp asks for local disk."),
    _refused("bbf", "there is no burst buffer", "Copy files in the script; --tmp asks for local disk."),
    _refused("gpus-per-socket", "a job has no sockets of its own", "Say how many GPUs in all: --gpus."),
    _refused("mincpus", "a job has one task on one node", "Ask for its CPUs with -c."),
    _refused("tres-per-task", "resources have options of their own here", "Use -c, --mem and --gpus."),
)  # fmt: skip
