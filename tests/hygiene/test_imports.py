"""What a command imports is part of how fast it starts, so it is tested in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What no plain command may import. `kubernetes` is allowed to a laptop with a kubeconfig only.
HEAVY = ("textual", "rich", "kubernetes", "aiohttp", "watchfiles", "yaml", "hypothesis", "websocket")


def imported_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    program = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def modules_of(module: str) -> set[str]:
    """All modules that a fresh interpreter has after the import of one."""
    program = f"import sys, {module}\nprint(*sys.modules, sep='\\n')"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "kqueue_tui.cli.kbatch",
        "kqueue_tui.cli.kqueue",
        "kqueue_tui.cli.list",
        "kqueue_tui.cli.show",
        "kqueue_tui.cli.logs",
        "kqueue_tui.cli.cancel",
        "kqueue_tui.cli.wait",
        "kqueue_tui.cli.rerun",
        "kqueue_tui.cli.watch",
        "kbatch_core.client",
    ],
)
def test_a_command_imports_nothing_heavy(module: str) -> None:
    assert imported_by(f"import {module}").isdisjoint(HEAVY)


def test_a_list_imports_nothing_that_only_a_submit_needs() -> None:
    packages = (
        "manifest.job",
        "environment.detect",
        "history.efficiency",
        "staging",
        "runner.packing",
        "queue",
    )
    assert modules_of("kqueue_tui.cli.list").isdisjoint(f"kbatch_core.{name}" for name in packages)


def test_the_first_paint_waits_for_nothing_that_comes_after_it() -> None:
    modules = modules_of("kqueue_tui.dashboard.launch")
    assert modules.isdisjoint(
        {"kbatch_core.client", "kbatch_core.model.options", "kbatch_core.queue", "urllib3"}
    )
    assert modules.isdisjoint(
        f"kqueue_tui.dashboard.{name}" for name in ("connect", "submitting", "view.selector")
    )


def test_no_other_command_imports_the_doctor() -> None:
    program = (
        "import importlib, sys\n"
        "from kqueue_tui.cli import kbatch, kqueue\n"
        "for name, (module, _) in kqueue.COMMANDS.items():\n"
        "    name == 'doctor' or importlib.import_module(module)\n"
        "print(*sys.modules, sep='\\n')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not [name for name in result.stdout.split() if name.startswith("kbatch_core.doctor")]


def test_the_core_imports_nothing_that_talks_to_a_person() -> None:
    modules = imported_by(
        "import pkgutil, kbatch_core\n"
        "for found in pkgutil.walk_packages(kbatch_core.__path__, 'kbatch_core.'):\n"
        "    '.local' in found.name or __import__(found.name)"
    )
    assert modules.isdisjoint({"click", "rich", "textual"})


def test_in_a_pod_the_cluster_is_found_without_the_kubernetes_package() -> None:
    modules = imported_by(
        "import pathlib, tempfile\n"
        "from kbatch_core.cluster.choose import load\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "for name in ('token', 'namespace', 'ca.crt'): (folder / name).write_text('x')\n"
        "load({}, service_account=folder)"
    )
    assert "kubernetes" not in modules
