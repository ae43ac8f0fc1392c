"""`kqueue doctor` in a user's pod on the real node, and in one whose hub wrote the pod down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.images import HOME
from tests.cluster.users import CLAIM, Server, User

pytestmark = pytest.mark.node


def doctor(server: Server) -> tuple[int, dict[str, dict[str, Any]]]:
    """(exit code, the checks by name) in a terminal of the server."""
    done = server.run("kqueue", "doctor", "--json", check=False)
    assert done.stderr == b""
    return done.returncode, {one["check"]: one for one in json.loads(done.stdout)["checks"]}


def test_in_a_notebook_server(user: User) -> None:
    server = user.start_server()
    code, found = doctor(server)
    assert code == 0
    assert [name for name, one in found.items() if one["verdict"] != "ok"] == ["more rights"]
    assert found["cluster"]["sentence"].startswith("this pod's service account: https://")
    assert f'the pod "{server.name}" as the API has it' in found["environment"]["sentence"]
    assert f'{HOME}, from the claim "{CLAIM}", for one node' in found["home"]["sentence"]
    assert f"{HOME}/.kbatch, 0 jobs" in found["history"]["sentence"]
    text = server.run("kqueue", "doctor").stdout.decode()
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if not line.startswith(" ")]) in range(10, 17)
    # What it calls good is good: a job is submitted, and noted.
    server.write("hello.sh", "#!/bin/sh\necho hello\n")
    server.submit("--wait", "hello.sh")
    assert f"{HOME}/.kbatch, 1 job," in doctor(server)[1]["history"]["sentence"]
