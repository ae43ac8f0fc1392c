"""From a container's spec to the words, variables and folder of its process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kbatch_core.local.kubelet.fields import Lookup, MissingConfig, environment, expand
from kbatch_core.local.kubelet.process import MARK, Start
from kbatch_core.local.kubelet.volumes import mounts, real_paths
from kbatch_core.local.state.podfacts import Object
from kbatch_core.manifest.carry import BIN
from kbatch_core.manifest.pod import TMP

LOG_SIZE, LOG_FILES = 10 * 1024 * 1024, 5
"""The kubelet's own: containerLogMaxSize and containerLogMaxFiles."""
_TERMINATION_LOG = "/dev/termination-log"
# Of the server's own environment a process gets what belongs to the user and the machine.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR")


def build_start(
    container: Object,
    pod: Object,
    *,
    folder: Path,
    log: Path,
    volumes: Mapping[str, Path],
    node: Object,
    lookup: Lookup,
    home: Path | None,
    work: Path,
    gpus: Sequence[int] | None,
    environ: Mapping[str, str] = os.environ,
) -> Start:
    """What the keeper is told. `folder` is the attempt's, `work` where a process starts that is told nothing,
    `gpus` are the numbers of its GPUs, None where it asked for none. Raises MissingConfig."""
    pairs = [
        *mounts(container, volumes),
        (container.get("terminationMessagePath") or _TERMINATION_LOG, str(folder / "termination")),
    ]
    own = environment(container, pod, node, lookup)
    words = [expand(word, own) for part in ("command", "args") for word in container.get(part) or ()]
    if not words:
        raise MissingConfig(
            "no command: the local cluster runs no images, so a container has to name its command"
        )
    env = _inherited(environ, home)
    env["HOSTNAME"] = pod["spec"].get("hostname") or pod["metadata"]["name"]
    env |= {name: real_paths(value, pairs) for name, value in own.items()}
    if gpus is not None:
        env.setdefault("CUDA_VISIBLE_DEVICES", ",".join(map(str, gpus)))
    env[MARK] = str(folder)
    cwd = container.get("workingDir")
    return Start(
        argv=_supervised([real_paths(word, pairs) for word in words], words, pairs, folder),
        env=env,
        cwd=real_paths(cwd, pairs) if cwd else str(work),
        log=str(log),
        log_size=LOG_SIZE,
        log_files=LOG_FILES,
    )


def _inherited(environ: Mapping[str, str], home: Path | None) -> dict[str, str]:
    env = {name: environ[name] for name in _INHERITED if name in environ}
    env |= {name: value for name, value in environ.items() if name.startswith("LC_")}
    if home is not None:
        env["HOME"] = str(home)
    return env


def _supervised(
    argv: list[str], words: Sequence[str], pairs: Sequence[tuple[str, str]], folder: Path
) -> list[str]:
    """The supervisor's own defaults are paths of a container: here it is told others."""
    if words[1:2] != [f"{BIN}/supervisor"]:
        return argv
    options = ["-w", real_paths(TMP, pairs), "-l", str(folder / "termination"), "-g", str(folder)]
    return [*argv[:2], *options, *argv[2:]]
