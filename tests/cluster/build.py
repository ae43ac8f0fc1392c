"""The binaries of a real Kubernetes, built once from Go modules at pinned versions.

They land in a cache folder whose name is made of the versions. A build happens in a folder beside it that is
renamed at the end, under a lock: a half-built cache is never used, and runs side by side build once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

KUBERNETES = "1.36.3"
ETCD = "v3.7.3"
KWOK = "v0.8.0"

# k8s.io/kubernetes asks for its own staging modules at v0.0.0; each is replaced by its published twin.
STAGING = """
    api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap
    code-generator component-base component-helpers controller-manager cri-api cri-client cri-streaming
    csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator
    kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission
    sample-apiserver sample-cli-plugin sample-controller streaming
"""
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")


class Missing(Exception):
    """Something that this machine lacks, in one sentence with what to install."""


def cache_dir() -> Path:
    """Where what is expensive to make is kept between runs; KBATCH_TEST_CACHE moves it."""
    folder = os.environ.get("KBATCH_TEST_CACHE") or platformdirs.user_cache_dir("kbatch-tests")
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(text: str) -> None:
    """A progress line, past pytest's capturing."""
    stream = sys.__stderr__
    if stream is not None:
        print(f"[cluster] {text}", file=stream, flush=True)


@contextmanager
def made_once(name: str) -> Iterator[tuple[Path, Path | None]]:
    """(the finished folder, a folder to build in), the second None when it is there already.

    What is in the second when the block ends becomes the first, at once; when the block raises, nothing does.
    """
    final = cache_dir() / name
    if final.exists():
        yield final, None
        return
    with (cache_dir() / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.exists():
            yield final, None
            return
        building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=cache_dir()))
        try:
            yield final, building
            building.chmod(0o755)
            building.rename(final)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def forget_older(prefix: str, keep: str) -> None:
    """One image per state of the source would fill the disk: keep the newest few."""
    old = sorted(cache_dir().glob(f"{prefix}*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in old[6:]:
        if path.name != keep:
            shutil.rmtree(path, ignore_errors=True)


def binaries() -> Path:
    """The folder of kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, etcd and kwok.

    About ten minutes on two cores the first time, no time afterwards. Raises Missing without Go.
    """
    with made_once(f"kubernetes-{KUBERNETES}-etcd-{ETCD}-kwok-{KWOK}") as (final, building):
        if building is not None:
            if shutil.which("go") is None:
                raise Missing("Go is not installed: install Go 1.26 or newer to build the test cluster.")
            say(f"building Kubernetes {KUBERNETES}, etcd {ETCD} and kwok {KWOK}: once, about ten minutes")
            with tempfile.TemporaryDirectory() as work:
                _build_kubernetes(Path(work) / "kubernetes", building)
                _build_etcd(Path(work) / "etcd", building)
                _build_kwok(Path(work) / "kwok", building)
    return final


def _build_kubernetes(work: Path, out: Path) -> None:
    work.mkdir()
    replaces = "\n".join(f"\tk8s.io/{name} => k8s.io/{name} v0.{KUBERNETES[2:]}" for name in STAGING.split())
    (work / "go.mod").write_text(
        f"module testcluster\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v{KUBERNETES}\n\nreplace (\n{replaces}\n)\n"
    )
    imports = "\n".join(f'\t_ "k8s.io/kubernetes/cmd/{name}"' for name in COMPONENTS)
    (work / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\nimport (\n{imports}\n)\n")
    version = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES.split(".")
    flags = f"-s -w -X {version}.gitVersion=v{KUBERNETES} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
    _go(work, "mod", "tidy")
    for name in COMPONENTS:
        say(f"building {name}")
        _go(work, "build", "-o", f"{out}/", "-ldflags", flags, f"k8s.io/kubernetes/cmd/{name}")


def _build_etcd(work: Path, out: Path) -> None:
    say("building etcd")
    work.mkdir()
    (work / "go.mod").write_text(
        f"module testetcd\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 {ETCD}\n"
    )
    (work / "main.go").write_text(
        'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\n'
        "func main() { etcdmain.Main(os.Args) }\n"
    )
    _go(work, "mod", "tidy")
    _go(work, "build", "-ldflags", "-s -w", "-o", str(out / "etcd"), ".")


def _build_kwok(work: Path, out: Path) -> None:
    say("building kwok")
    work.mkdir()
    (work / "go.mod").write_text(
        f"module testkwok\n\ngo 1.26.0\n\ntool sigs.k8s.io/kwok/cmd/kwok\n\nrequire sigs.k8s.io/kwok {KWOK}\n"
    )
    _go(work, "mod", "tidy")
    _go(work, "build", "-ldflags", "-s -w", "-o", f"{out}/", "sigs.k8s.io/kwok/cmd/kwok")
    module = _go(work, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok").strip()
    shutil.copytree(Path(module) / "kustomize" / "stage", out / "kwok-stage")
    for path in (out / "kwok-stage").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _go(work: Path, *args: str) -> str:
    result = subprocess.run(["go", *args], cwd=work, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"go {args[0]} failed:\n{result.stderr[-4000:]}")
    return result.stdout
