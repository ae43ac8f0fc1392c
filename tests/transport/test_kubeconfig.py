"""A kubeconfig: every way to say who one is and where the server is, and every way to get it wrong."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.cluster.choose import load
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import BadConfig, NoCluster
from kbatch_core.local import certificate
from tests.scripted import ScriptedServer

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: main
clusters: [{name: c, cluster: {server: "URL"}}]
users: [{name: u, user: {token: abc}}, {name: none, user: {}}]
contexts:
- {name: main, context: {cluster: c, user: u, namespace: science}}
- {name: anonymous, context: {cluster: c, user: none}}
"""


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "config"
    path.write_text(text)
    return str(path)


def test_a_kubeconfig_gives_server_namespace_and_token(tmp_path: Path) -> None:
    path = write(tmp_path, KUBECONFIG.replace("URL", "https://k8s.example.org"))
    settings = load({}, kubeconfig=path, service_account=tmp_path / "none")
    assert (settings.server, settings.namespace) == ("https://k8s.example.org", "science")
    assert settings.credentials.headers() == {"Authorization": "Bearer abc"}
    assert "main" in settings.source


def test_a_context_without_credentials_is_not_used_as_anonymous(tmp_path: Path) -> None:
    path = write(tmp_path, KUBECONFIG.replace("URL", "https://k8s.example.org"))
    with pytest.raises(BadConfig, match="neither a token nor a certificate"):
        load({}, kubeconfig=path, context="anonymous", service_account=tmp_path / "none")


@pytest.mark.parametrize("text", ["", "{", "[]", "a: b", "apiVersion: v1\nkind: Config\n", "[" * 50_000])
def test_a_broken_kubeconfig_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises((NoCluster, BadConfig), match="kubeconfig"):
        load({}, kubeconfig=write(tmp_path, text), service_account=tmp_path / "none")


def test_an_unknown_context_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, KUBECONFIG.replace("URL", "https://k8s.example.org"))
    with pytest.raises(NoCluster, match=r'has no context "other"\. It has anonymous, main\.'):
        load({}, kubeconfig=path, context="other", service_account=tmp_path / "none")


def test_a_real_request_carries_the_token_and_a_rotated_one_after_401(tmp_path: Path) -> None:
    path = tmp_path / "config"
    with ScriptedServer([(401, {}, b"{}"), (200, {}, b"ok")]) as server:
        path.write_text(KUBECONFIG.replace("URL", server.url))
        transport = Transport(load({}, kubeconfig=str(path), service_account=tmp_path / "none"))
        path.write_text(KUBECONFIG.replace("URL", server.url).replace("abc", "new"))
        assert transport.request("GET", "/version") == b"ok"
        transport.close()
    assert [headers["Authorization"] for _, _, headers in server.requests] == ["Bearer abc", "Bearer new"]


def look(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any] | None = None, **context: Any
) -> Settings:
    """The settings of a kubeconfig (JSON is YAML) of one context."""
    text = {
        "current-context": "main",
        "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example.org", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u", **context}}],
    }
    return load({}, kubeconfig=write(tmp_path, json.dumps(text)), service_account=tmp_path / "none")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key, as files."""
    files = tmp_path / "some.crt", tmp_path / "some.key"
    certificate.make(*files)
    return files


def plugin(tmp_path: Path, text: str) -> dict[str, Any]:
    """A user who logs in by a program, which says this."""
    path = tmp_path / "login"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path)}}


def test_a_token_in_a_file_has_no_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    settings = look(tmp_path, {"tokenFile": str(tmp_path / "token")})
    assert settings.credentials.headers() == {"Authorization": "Bearer abc"}
    assert settings.namespace == "default"


def test_a_login_plugin(tmp_path: Path) -> None:
    answer = (
        '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"abc"}}'
    )
    settings = look(tmp_path, plugin(tmp_path, f"echo '{answer}'"))
    assert settings.credentials.headers() == {"Authorization": "Bearer abc"}


def test_what_a_login_plugin_complains_of_is_in_the_sentence_and_nowhere_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadConfig, match="you must log in"):
        look(tmp_path, plugin(tmp_path, "echo you must log in >&2; exit 3"))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("form", ["path", "relative", "data"])
def test_a_client_certificate(tmp_path: Path, pair: tuple[Path, Path], form: str) -> None:
    if form == "data":
        texts = [base64.b64encode(path.read_bytes()).decode() for path in pair]
        user = dict(zip(("client-certificate-data", "client-key-data"), texts, strict=True))
    else:
        names = [path.name if form == "relative" else str(path) for path in pair]
        user = dict(zip(("client-certificate", "client-key"), names, strict=True))
    settings = look(tmp_path, user, {"certificate-authority": "some.crt"})
    found = [Path(path or "") for path in (settings.cert_file, settings.key_file, settings.ca_file)]
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in (*pair, pair[0])]
    assert found[1].stat().st_mode & 0o077 == 0
    assert settings.credentials.headers() == {}


def test_of_several_files_the_first_context_is_taken_as_by_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = KUBECONFIG.replace("URL", "https://k8s.example.org")
    (tmp_path / "first").write_text("current-context: main\nclusters: []\nusers: []\ncontexts: []\n")
    (tmp_path / "second").write_text(text.replace("current-context: main", "current-context: anonymous"))
    files = os.pathsep.join(str(tmp_path / name) for name in ("missing", "first", "second"))
    monkeypatch.setenv("KUBECONFIG", files)
    settings = load({"KUBECONFIG": files}, service_account=tmp_path / "none")
    assert settings.namespace == "science"
    assert settings.credentials.headers() == {"Authorization": "Bearer abc"}


@pytest.mark.parametrize(
    ("user", "cluster", "context", "words"),
    [
        ({"token": "a\nX-Other: b"}, {}, {}, "no header may have"),
        ({"token": "t\u00f6k\u2014"}, {}, {}, "no header may have"),
        ({"token": "abc"}, {"server": ""}, {}, "cluster without a server"),
        ({"token": "abc"}, {"server": 5}, {}, "not expected"),
        ({"token": "abc"}, {"proxy-url": "socks5://127.0.0.1:1"}, {}, "does not begin with http"),
        ({"token": "abc"}, {"proxy-url": "junk"}, {}, "does not begin with http"),
        ({"token": "abc"}, {"certificate-authority-data": "anVuaw=="}, {}, "certificate-authority that"),
        (
            {"client-certificate-data": "anVuaw==", "client-key-data": "anVuaw=="},
            {},
            {},
            "certificate or key that",
        ),
        ({"token": "abc", "as": "bob"}, {}, {}, "acts as another one"),
        ({"token": "abc"}, {}, {"namespace": 5}, "namespace that is no text"),
        ({"auth-provider": {"name": "gcp", "config": {}}}, {}, {}, "not expected"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], context: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadConfig, match=words):
        look(tmp_path, user, cluster, **context)


def test_a_message_about_a_missing_value_does_not_quote_what_stands_around_it(tmp_path: Path) -> None:
    with pytest.raises(NoCluster) as caught:
        look(tmp_path, {"token": "abc"}, {"server": None})
    assert f"Expected key server in {tmp_path}/config/cluster." in str(caught.value)
