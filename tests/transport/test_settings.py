"""Finding the cluster: in a pod, by kubeconfig, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.cluster.choose import in_cluster, load
from kbatch_core.cluster.settings import TokenFile
from kbatch_core.errors import NoCluster


@pytest.fixture
def account(tmp_path: Path) -> Path:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("first\n")
    (folder / "namespace").write_text("hub")
    (folder / "ca.crt").write_text("")
    return folder


def test_a_pods_own_account(account: Path) -> None:
    settings = load(
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}, service_account=account
    )
    assert settings.server == "https://10.0.0.1:6443"
    assert settings.namespace == "hub"
    assert settings.credentials.headers() == {"Authorization": "Bearer first"}
    assert settings.ca_file == str(account / "ca.crt")


def test_an_ipv6_address_is_put_in_brackets_and_a_missing_one_has_a_name(account: Path) -> None:
    assert in_cluster({"KUBERNETES_SERVICE_HOST": "fd00::1"}, service_account=account).server == (
        "https://[fd00::1]:443"
    )
    assert in_cluster({}, service_account=account).server == "https://kubernetes.default.svc:443"


def test_the_named_namespace_wins(account: Path) -> None:
    assert load({}, namespace="other", service_account=account).namespace == "other"


def test_the_token_is_read_again_after_a_minute_and_on_refresh(account: Path) -> None:
    now = [0.0]
    token = TokenFile(account / "token", clock=lambda: now[0])
    assert token.headers() == {"Authorization": "Bearer first"}
    (account / "token").write_text("second")
    now[0] = 59.0
    assert token.headers() == {"Authorization": "Bearer first"}
    now[0] = 60.0
    assert token.headers() == {"Authorization": "Bearer second"}
    assert not token.refresh(), "nothing new"
    (account / "token").write_text("third")
    assert token.refresh()
    assert token.headers() == {"Authorization": "Bearer third"}


def test_the_last_token_serves_while_the_file_is_being_replaced(account: Path) -> None:
    token = TokenFile(account / "token", clock=iter([0.0, 0.0, 100.0, 100.0, 100.0]).__next__)
    token.headers()
    (account / "token").unlink()
    assert token.headers() == {"Authorization": "Bearer first"}


def test_no_token_at_all_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoCluster, match="cannot be read"):
        TokenFile(tmp_path / "none").headers()


def test_no_cluster_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoCluster) as caught:
        load({"HOME": str(tmp_path)}, service_account=tmp_path / "none")
    assert caught.value.exit_code == 3
    assert "ask your admin" in caught.value.hint
