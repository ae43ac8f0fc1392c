"""Images and pods as odd as they come: no passwd entry, nothing writable, no /dev/shm, hardly an environment."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster.processes import SETPRIV
from tests.supervisor.runs import Run, Shell

NOBODY = 123_456
BECOME = (SETPRIV, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
SCRIPT = "#!/bin/sh\necho hello from $(id -u)\nexit 3\n"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# Another /dev, without shm; a root in which only the run's own folder can be written.
NO_SHM = """set -e; mount -t tmpfs none "$0/dev"
for n in null zero full; do touch "$0/dev/$n"; mount --bind /dev/$n "$0/dev/$n"; done
mount --rbind "$0/dev" /dev; ls -A /dev >"$0/seen"; exec "$@" """
READ_ONLY = """set -e; mount --make-rprivate /; mount --bind "$0" "$0"; mount -o remount,bind,ro /
for m in /tmp /var /run /dev/shm; do mount -o remount,bind,ro $m 2>/dev/null || :; done
! touch /etc/x 2>/dev/null; exec "$@" """
READ_ONLY_HOME = """set -e; mount --make-rprivate /; mount --bind "$0/home" "$0/home"
mount -o remount,bind,ro "$0/home"; exec "$@" """


def in_namespace(program: str, run: Run) -> Sequence[str]:
    """Run with mounts of its own; $0 of the program is the run's folder."""
    return ("unshare", "--mount", "/bin/sh", "-c", program, str(run.folder))


@pytest.fixture
def open_run(shell: Shell) -> Iterator[Run]:
    """A run where any user may look; pytest's own folders are for one."""
    folder = Path(tempfile.mkdtemp(prefix="kbatch-run-"))
    folder.chmod(0o755)
    tools = Path(shell.path)
    if len(shell.path.split(":")) == 1:
        tools = folder / "tools"
        shutil.copytree(shell.path, tools, symlinks=True)
        shell = shell._replace(path=str(tools))
    run = Run(folder / "run", shell)
    yield run
    shutil.rmtree(folder, ignore_errors=True)


@root_only
def test_a_user_without_a_name_and_a_group_without_rights(open_run: Run) -> None:
    run = open_run
    os.chown(run.home, NOBODY, NOBODY)
    script = run.script(SCRIPT)
    ended = run(script, wrap=BECOME)
    assert (ended.code, run.output.read_text()) == (3, f"hello from {NOBODY}\n")
    assert ended.record is not None
    assert (ended.record.exit, ended.record.output_error) == (3, "")
    assert (run.records / "record.json").stat().st_uid == NOBODY


@root_only
@pytest.mark.parametrize("how", ["mount", "rights"])
def test_a_home_that_cannot_be_written(open_run: Run, how: str) -> None:
    """The job runs, the log is whole, progress can be reported, and the record says why there is no file."""
    run = open_run
    script = run.script("#!/bin/sh\nset -e\necho '1/2 x' >$KBATCH_PROGRESS\necho hello\nexit 3\n")
    mounted = how == "mount"
    ended = run(script, wrap=in_namespace(READ_ONLY_HOME, run) if mounted else BECOME)
    assert (ended.code, ended.log) == (3, b"hello\n")
    assert ended.record is not None
    assert ("Read-only" if mounted else "Permission denied") in ended.record.output_error
    assert ended.record.progress == "1/2 x"
    assert list(run.home.iterdir()) == []
    if not mounted:
        # Also when no output is to be written there.
        ended = run(script, options={"o": ""}, wrap=BECOME)
        assert ended.record is not None
        assert "Permission denied" in ended.record.output_error


@root_only
def test_no_dev_shm(run: Run) -> None:
    (run.folder / "dev").mkdir()
    ended = run(run.script(SCRIPT), wrap=in_namespace(NO_SHM, run))
    assert (run.folder / "seen").read_text().split() == ["full", "null", "zero"]
    assert (ended.code, run.output.read_text()) == (3, "hello from 0\n")
    assert ended.record is not None


@root_only
def test_a_read_only_root(run: Run) -> None:
    ended = run(run.script(SCRIPT), wrap=in_namespace(READ_ONLY, run))
    assert (ended.code, run.output.read_text()) == (3, "hello from 0\n")
    assert ended.record is not None
    assert ended.record.output_error == ""


def test_hardly_an_environment(run: Run) -> None:
    """No HOME, no LANG; and one with values that are hard to carry."""
    odd = {
        "A b": "1",
        "B.C": "2",
        "NEW": "a\nKBATCH_X=1\n",
        "Q": "'\"$(x)`\\",
        "_o": "/nowhere",
        "_t": "1",
        "IFS": "0",
    }
    script = run.script('#!/bin/sh\nenv -0 | tr "\\n\\0" "|\\n" | grep -E "^(A b|B.C|NEW|Q|_o|_t)=" | sort\n')
    ended = run(script, environ=odd)
    # Names that no variable of a shell can have do not pass through every shell, and _o and _t are the supervisor's.
    assert {"NEW=a|KBATCH_X=1|", "Q='\"$(x)`\\"} <= set(run.output.read_text().splitlines())
    assert ended.code == 0
    assert ended.record is not None
