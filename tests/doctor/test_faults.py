"""Whatever is broken: each line says so with what to do, a documented exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.terminal import Terminal
from tests.commands.test_bad_input import KUBECONFIG, run
from tests.scripted import Answer, ScriptedServer

FORBIDDEN = {
    "kind": "Status",
    "status": "Failure",
    "reason": "Forbidden",
    "code": 403,
    "message": "no: you cannot do it",
}
JSON = {"Content-Type": "application/json"}


def checked(result: subprocess.CompletedProcess[str], code: int) -> dict[str, dict[str, Any]]:
    """The checks by name, after what holds for every call."""
    assert result.returncode == code, result.stderr
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["schema"] == 1
    assert found["works"] is (code == 0)
    for one in found["checks"]:
        assert one["sentence"]
        if one["verdict"] != "ok":
            assert one["hint"] and (one["costs"] or one["details"])
    return {one["check"]: one for one in found["checks"]}


def doctor(folder: Path, url: str, code: int, **environ: str) -> dict[str, dict[str, Any]]:
    """What it finds with a kubeconfig that leads to `url`."""
    (folder / "config").write_text(KUBECONFIG.replace("URL", url))
    environ = {"KUBECONFIG": str(folder / "config"), "PATH": "/nowhere", **environ}
    return checked(run("kqueue", "doctor", "--json", cwd=folder, **environ), code)


def answer(status: int, body: object) -> list[Answer]:
    return [(status, JSON, body if isinstance(body, bytes) else json.dumps(body).encode())]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (answer(401, {}), "does not accept the credentials"),
        (answer(404, b"404 page not found\n"), "is not a Kubernetes API server"),
        (answer(200, b"<html>Please log in</html>"), "not what the Kubernetes API sends"),
        (answer(200, {}), "it has no version"),
        (answer(200, {"gitVersion": 3}), "not what the Kubernetes API sends"),
        (answer(302, b""), "is not a Kubernetes API server"),
        (answer(503, {}), "busy or failing"),
    ],
)
def test_a_server_that_is_no_help(tmp_path: Path, answers: list[Answer], words: str) -> None:
    with ScriptedServer(answers) as server:
        found = doctor(tmp_path, server.url, 1)
        assert {method for method, _, _ in server.requests} == {"GET"}
    assert words in found["cluster"]["sentence"]
    assert found["cluster"]["verdict"] == "broken"
    # What needs no cluster is gone through all the same.
    assert {"config", "history", "versions", "terminal"} < set(found)


def test_a_server_that_refuses_everything(tmp_path: Path) -> None:
    version = (200, JSON, b'{"gitVersion": "v1.36.3"}')
    with ScriptedServer([version, *answer(403, FORBIDDEN)]) as server:
        found = doctor(tmp_path, server.url, 1)
    assert found["cluster"]["verdict"] == "ok"
    assert "not known" in found["account"]["sentence"]
    assert found["rights"]["verdict"] == "broken"
    assert "Even to ask" in found["rights"]["sentence"]


def test_a_server_that_answers_nonsense_to_all_but_the_first_question(tmp_path: Path) -> None:
    version = (200, JSON, b'{"gitVersion": "v1.36.3"}')
    for rest in (answer(200, {}), answer(200, []), answer(401, {})):
        with ScriptedServer([version, *rest]) as server:
            found = doctor(tmp_path, server.url, 1)
        assert found["rights"]["verdict"] == "broken"


def test_a_server_that_takes_the_connection_and_says_nothing(tmp_path: Path) -> None:
    """Neither over HTTP nor in the handshake of TLS; what is short here takes five seconds."""
    silent = "import kbatch_core.doctor.examine as examine; examine.SILENCE_SECONDS = 0.2; "
    with socket.create_server(("127.0.0.1", 0)) as server:
        for scheme in ("http", "https"):
            url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
            (tmp_path / "config").write_text(KUBECONFIG.replace("URL", url))
            result = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    silent + "import kqueue_tui.cli.kqueue as it; it.main()",
                    "doctor",
                    "--json",
                ],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                env={**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "config")},
                timeout=25,
            )
            found = checked(result, 1)["cluster"]
            assert found["sentence"] == f"The API server {url} took a request and did not answer it in time."
            assert "firewall" in found["hint"]


def test_a_refused_connection_and_a_proxy_that_is_none(tmp_path: Path) -> None:
    found = doctor(tmp_path, "https://127.0.0.1:1", 1)
    assert "refuses connections" in found["cluster"]["sentence"]
    proxied = KUBECONFIG.replace(
        'server: "URL"', 'server: "https://10.0.0.1", proxy-url: "http://127.0.0.1:1"'
    )
    (tmp_path / "config").write_text(proxied)
    result = run("kqueue", "doctor", "--json", cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert "The proxy to https://10.0.0.1 does not answer" in checked(result, 1)["cluster"]["sentence"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("3", "of a kind that is not expected"),
        ("contexts: 3", ""),
        ("current-context: x", "cannot be used"),
        (KUBECONFIG.replace("URL", "no url"), "no URL"),
        (KUBECONFIG.replace("token: abc", ""), ""),
        (KUBECONFIG.replace("token: abc", 'client-certificate: "/none", client-key: "/none"'), ""),
        ("\0", ""),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "config").write_text(text)
    result = run("kqueue", "doctor", "--json", cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"))
    assert words in checked(result, 1)["cluster"]["sentence"]


def test_no_cluster_and_one_that_is_no_name(tmp_path: Path) -> None:
    found = checked(run("kqueue", "doctor", "--json", cwd=tmp_path), 1)
    assert "There is no Kubernetes cluster" in found["cluster"]["sentence"]
    found = checked(run("kqueue", "doctor", "--json", "--cluster", "loacl", cwd=tmp_path), 1)
    assert "--cluster loacl" in found["cluster"]["sentence"]
    found = checked(run("kqueue", "doctor", "--json", "--kubeconfig", "/none", cwd=tmp_path), 1)
    assert "There is no kubeconfig /none" in found["cluster"]["sentence"]


def test_a_local_cluster_is_not_started(tmp_path: Path) -> None:
    found = checked(run("kqueue", "doctor", "--json", "--cluster", "local", cwd=tmp_path), 0)
    assert "does not run" in found["cluster"]["sentence"]
    assert not (tmp_path / ".local").exists()


def test_nothing_is_written(tmp_path: Path) -> None:
    run("kqueue", "doctor", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_settings_that_would_end_a_submit(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "kbatch"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[options]\nnothing = 1\n")
    (folder / "dashboard.toml").write_text("theme = 3\n")
    (tmp_path / "site.toml").write_bytes(b"\xff")
    result = run(
        "kqueue",
        "doctor",
        "--json",
        cwd=tmp_path,
        KBATCH_TIME="soon",
        KBATCH_SITE_CONFIG=str(tmp_path / "site.toml"),
    )
    sentence = checked(result, 1)["config"]["sentence"]
    for words in (
        "'nothing', which is no option",
        "site.toml",
        "KBATCH_TIME: --time",
        "theme must be a text",
    ):
        assert words in sentence


def test_a_home_that_cannot_hold_the_history(tmp_path: Path) -> None:
    (tmp_path / ".kbatch").write_text("")
    found = checked(run("kqueue", "doctor", "--json", cwd=tmp_path), 1)
    assert found["history"]["sentence"] == f"{tmp_path}/.kbatch is no directory"
    homes = {
        "": "HOME names no directory",
        "/none/there": "/none/there is not there",
        "\udcff": "HOME names no",
    }
    for home, words in homes.items():
        found = checked(run("kqueue", "doctor", "--json", cwd=tmp_path, HOME=home), 1)
        assert words in found["history"]["sentence"]


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    result = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; exec "$0" doctor --json', str(Path(sys.executable).with_name("kqueue"))],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert checked(result, 1)["session"]["sentence"] == "The current directory is gone."


def test_it_is_text_in_a_pipe_and_coloured_in_a_terminal(tmp_path: Path) -> None:
    piped = run("kqueue", "doctor", cwd=tmp_path)
    assert piped.returncode == 1
    assert "\x1b" not in piped.stdout
    first = piped.stdout.splitlines()
    assert first[0].startswith("broken   cluster      There is no Kubernetes cluster")
    assert first[1].strip().startswith("Nothing works but ")
    assert len(first) < 16
    with Terminal("kqueue", "doctor", environ={"HOME": str(tmp_path)}, columns=80, lines=40) as terminal:
        assert terminal.wait_end() == 1
        assert b"\x1b[31m\x1b[1mbroken" in terminal.raw
        assert max(len(line) for line in terminal.text().splitlines()) <= 80
        assert "80 columns, 40 lines, xterm-256color, colours" in " ".join(terminal.text().split())
