"""What a user gets wrong: one sentence on stderr, the documented exit code, no traceback, nothing sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripted import ScriptedServer

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: main
clusters: [{name: c, cluster: {server: "URL"}}]
users: [{name: u, user: {token: abc}}]
contexts: [{name: main, context: {cluster: c, user: u, namespace: science}}]
"""


def run(prog: str, *args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """kbatch or kqueue as a user starts it, in `cwd`, with an otherwise empty home."""
    process = started(prog, *args, cwd=cwd, **environ)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def started(prog: str, *args: str, cwd: Path, **environ: str) -> subprocess.Popen[str]:
    """As `run`, while it runs."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name(prog)), *args],
        cwd=cwd,
        env={**inherited, "HOME": str(cwd), "LC_ALL": "C.UTF-8", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def one_sentence(result: subprocess.CompletedProcess[str], prog: str, code: int) -> str:
    """The message, after checking that it is all that a user gets."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"{prog}: ")
    assert "Traceback" not in result.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing.sh", None, "There is no file missing.sh."),
        ("empty.sh", b"", "empty.sh is empty."),
        ("binary", b"\x7fELF\0\0", "binary:1: a NUL byte"),
        ("large.sh", b"#" * (20 << 20), "large.sh has 20 MiB; a script may have 16 MiB."),
        ("dos.sh", b"#!/bin/sh\r\n", "dos.sh:1: the line ends in a DOS line break"),
    ],
)
def test_a_file_that_cannot_be_a_script(tmp_path: Path, name: str, data: bytes | None, words: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert words in one_sentence(run("kbatch", name, cwd=tmp_path), "kbatch", 2)


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "folder is a directory." in one_sentence(run("kbatch", "folder", cwd=tmp_path), "kbatch", 2)


def test_no_script_at_all(tmp_path: Path) -> None:
    assert "stdin is empty" in one_sentence(run("kbatch", cwd=tmp_path), "kbatch", 2)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--time", "soon"),
        ("--mem", "much"),
        ("--mem", "0"),
        ("-c", "many"),
        ("-c", "-1"),
        ("--nonsense", "x"),
    ],
)
def test_an_option_that_cannot_be_meant(tmp_path: Path, option: str, value: str) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    message = one_sentence(run("kbatch", option, value, "ok.sh", cwd=tmp_path), "kbatch", 2)
    assert value in message or option in message


@pytest.mark.parametrize("args", [("kbatch", "ok.sh"), ("kqueue", "list"), ("kqueue", "show", "abcd2345")])
def test_no_cluster(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    message = one_sentence(run(*args, cwd=tmp_path), args[0], 3)
    assert "There is no Kubernetes cluster to talk to" in message
    assert "KUBECONFIG" in message


def test_a_cluster_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG.replace("URL", "https://127.0.0.1:1"))
    result = run("kqueue", "list", cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert "refuses connections" in one_sentence(result, "kqueue", 3)


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (401, b"{}", 3, "does not accept the credentials"),
        (404, b"404 page not found\n", 3, "is not a Kubernetes API server"),
        (200, b"<html>login</html>", 3, "not what the Kubernetes API sends"),
        (
            403,
            b'{"kind":"Status","status":"Failure","reason":"Forbidden","code":403,"message":"jobs.batch is '
            b'forbidden: User \\"ann\\" cannot list resource \\"jobs\\" in API group \\"batch\\""}',
            1,
            'You may not read jobs in namespace "science"',
        ),
    ],
)
def test_an_answer_that_is_no_list(tmp_path: Path, status: int, body: bytes, code: int, words: str) -> None:
    with ScriptedServer([(status, {"Content-Type": "application/json"}, body)]) as server:
        (tmp_path / "config").write_text(KUBECONFIG.replace("URL", server.url))
        result = run("kqueue", "list", cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert words in one_sentence(result, "kqueue", code)


@pytest.mark.parametrize("args", [("show", "zzzz9999"), ("logs", "zzzz9999"), ("cancel", "no such job")])
def test_an_unknown_job(tmp_path: Path, args: tuple[str, ...]) -> None:
    with ScriptedServer(
        [(200, {"Content-Type": "application/json"}, b'{"metadata":{},"items":[]}')]
    ) as server:
        (tmp_path / "config").write_text(KUBECONFIG.replace("URL", server.url))
        result = run("kqueue", *args, cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    message = one_sentence(result, "kqueue", 1)
    assert f'There is no job "{args[1]}" in namespace "science".' in message


@pytest.mark.parametrize(
    ("option", "words"), [("--readonly", "list has no such option"), ("-A", "give it after")]
)
def test_an_option_of_the_dashboard_before_a_command(tmp_path: Path, option: str, words: str) -> None:
    assert words in one_sentence(run("kqueue", option, "list", cwd=tmp_path), "kqueue", 2)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("lst",), "There is no command lst. Did you mean list?"),
        (("xyzzy",), "There is no command xyzzy. See `kqueue --help`."),
        (("completion",), "Choose from: bash, zsh, fish. See `kqueue completion --help`."),
    ],
)
def test_a_command_that_is_not_whole(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    assert words in one_sentence(run("kqueue", *args, cwd=tmp_path), "kqueue", 2)


def test_a_name_that_would_write_to_the_terminal_is_refused_and_not_echoed(tmp_path: Path) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    result = run("kbatch", "--job-name=a\x1b[31m", "ok.sh", cwd=tmp_path)
    assert "control character" in one_sentence(result, "kbatch", 2)
    assert "\x1b" not in result.stderr


def test_nothing_is_sent_when_the_input_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    with ScriptedServer([(201, {}, b"{}")]) as server:
        (tmp_path / "config").write_text(KUBECONFIG.replace("URL", server.url))
        environ = {"KUBECONFIG": str(tmp_path / "config")}
        for args in (
            ("-t", "soon", "ok.sh"),
            ("missing.sh",),
            ("-D", "relative", "--mem", "x", "ok.sh"),
            ("ok.sh",),
        ):
            assert run("kbatch", *args, cwd=tmp_path, **environ).returncode == 2
    assert server.requests == []


@pytest.mark.parametrize("name", ["x" * 500, "\U0001f600\U0001f680", "a/b c", "-", "ÄÖÜ ß"])
def test_any_name_is_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    (tmp_path / "config").write_text(KUBECONFIG.replace("URL", "https://127.0.0.1:1"))
    args = ("--dry-run", "--image", "images.example.org/x", f"--job-name={name}", "ok.sh")
    result = run("kbatch", *args, cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert result.returncode == 0, result.stderr
    assert "kind: Job" in result.stdout


def test_a_credential_in_a_script_is_refused_with_the_line_and_not_echoed(tmp_path: Path) -> None:
    value = "ghp_" + "a1B2" * 9
    (tmp_path / "leak.sh").write_text(f"#!/bin/sh\nexport GITHUB_TOKEN={value}\n")
    message = one_sentence(run("kbatch", "leak.sh", cwd=tmp_path), "kbatch", 2)
    assert "leak.sh:2" in message
    assert "--allow-secrets" in message
    assert value not in message


def test_when_the_reader_of_a_pipe_has_gone_the_exit_code_is_that_of_the_signal(tmp_path: Path) -> None:
    with ScriptedServer([(200, {}, b'{"metadata":{},"items":[]}')]) as server:
        (tmp_path / "config").write_text(KUBECONFIG.replace("URL", server.url))
        process = started("kqueue", "list", cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(60), said) == (141, "")


def test_no_stdin_at_all(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("kbatch")
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    result = subprocess.run(
        ["sh", "-c", f"{program} <&-"],
        env={**inherited, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "stdin is empty" in one_sentence(result, "kbatch", 2)


def test_a_state_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = {"KBATCH_CLUSTER": "local:x", "XDG_STATE_HOME": str(tmp_path / "file")}
    message = one_sentence(run("kqueue", "list", cwd=tmp_path, **environ), "kqueue", 1)
    assert f"{tmp_path}/file/kbatch/local: Not a directory." in message


def in_shell(home: Path, server: ScriptedServer, line: str) -> subprocess.CompletedProcess[str]:
    """A line of sh that begins with one of our commands, typed in `home`, where a kubeconfig leads to `server`."""
    (home / "config").write_text(KUBECONFIG.replace("URL", server.url))
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        ["sh", "-c", f"{Path(sys.executable).parent}/{line}"],
        env={**inherited, "HOME": str(home), "KUBECONFIG": str(home / "config")},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        (">/dev/full", 1, "The output cannot be written: No space left on device."),
        (">&-", 0, ""),
        ("| true", 0, ""),
    ],
)
def test_an_output_that_cannot_be_written(tmp_path: Path, where: str, code: int, words: str) -> None:
    with ScriptedServer([(200, {}, b'{"metadata":{},"items":[]}')]) as server:
        result = in_shell(tmp_path, server, f"kqueue list {where}")
    assert result.returncode == code
    assert result.stderr == (f"kqueue: {words}\n" if words else "")


def test_a_submit_whose_output_is_lost_names_its_job_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "ok.sh").write_text("#!/bin/sh\n")
    with ScriptedServer([(201, {}, b'{"metadata":{"uid":"u"}}')]) as server:
        line = "kbatch --submit-id again --image images.example.org/x ok.sh >/dev/full"
        result = in_shell(tmp_path, server, line)
    assert result.returncode == 1
    said = result.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"kbatch: Submitted batch job \w{8}, which cannot be written: No space left on device\.", said
    )
