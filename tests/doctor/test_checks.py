"""Each check by itself: what it makes of what was found, and never a finding without what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.cluster.settings import Settings
from kbatch_core.doctor import cluster_checks, local_checks
from kbatch_core.doctor.finding import Finding, safe
from kbatch_core.doctor.local_checks import Folder, Terminal
from kbatch_core.environment import Environment, Mount, Session
from kbatch_core.errors import BadConfig, PermissionDenied, UsageError
from kbatch_core.manifest.rules import Ruling
from kbatch_core.model.rights import EXTRA, NEEDED, Right
from kqueue_tui.cli.doctor import lines

SERVER = Settings(server="https://10.96.0.1:443", namespace="hub", source="this pod's service account")
POD = {"metadata": {"name": "jupyter-ann"}, "spec": {"containers": [{"name": "notebook"}]}}
HOME = {"name": "home", "persistentVolumeClaim": {"claimName": "claim-ann"}}


def session(**fields: object) -> Session:
    given = {
        "cwd": "/",
        "home": "/home/ann",
        "user": "ann",
        "host": "jupyter-ann",
        "in_pod": True,
        "environ": {},
    }
    return Session(**{**given, **fields})  # type: ignore[arg-type]


def environment(access: str = "", **fields: object) -> Environment:
    given = {
        "image": "images.example.org/lab@sha256:0a",
        "server": "jupyter-ann",
        "home": "/home/ann",
        "home_access": access,
        "mounts": (Mount(path="/home/ann", volume="home", persistent=True),),
        "volumes": (HOME,),
        "volume_mounts": ({"name": "home", "mountPath": "/home/ann"},),
    }
    return Environment(**{**given, **fields})  # type: ignore[arg-type]


def advice(finding: Finding) -> str:
    """What is said of a finding that is not ok: what it costs and what to do are both there."""
    assert finding.verdict != "ok"
    assert finding.costs or finding.details
    assert finding.hint
    return f"{finding.sentence} {finding.costs} {finding.hint} {' '.join(finding.details)}"


def test_a_cluster_that_answers_is_named_with_how_it_was_chosen() -> None:
    found = cluster_checks.server(SERVER, "v1.36.3", 0.0)
    assert found.verdict == "ok"
    assert found.sentence == "this pod's service account: https://10.96.0.1:443, Kubernetes 1.36.3"


@pytest.mark.parametrize(("ahead", "words"), [(4.9, ""), (90.4, "90 s ahead of"), (-3600.0, "3600 s behind")])
def test_a_clock_that_differs(ahead: float, words: str) -> None:
    found = cluster_checks.server(SERVER, "v1.36.3", ahead)
    assert found.verdict == ("limited" if words else "ok")
    if words:
        assert words in advice(found)


@pytest.mark.parametrize("is_there", [True, None])
def test_who_we_are(is_there: bool | None) -> None:
    found = cluster_checks.account("system:serviceaccount:hub:ann", session(), "hub", is_there)
    assert found.verdict == "ok"
    assert 'system:serviceaccount:hub:ann, in namespace "hub"' in found.sentence
    assert 'user "ann"' in found.sentence
    assert "not known" in cluster_checks.account("", session(), "hub", True).sentence


def test_a_namespace_that_is_not_there() -> None:
    found = cluster_checks.account("ann", session(), "sience", False)
    assert found.verdict == "broken"
    assert 'namespace "sience", which is not there' in advice(found)


def test_all_rights() -> None:
    found = cluster_checks.rights(dict.fromkeys(NEEDED, True), "ann", "hub", pods=True)
    assert (found.verdict, found.sentence) == ("ok", "all 11 that are needed")


@pytest.mark.parametrize("right", NEEDED)
def test_a_right_that_lacks_is_named_with_what_does_not_work_and_whom_to_ask(right: Right) -> None:
    has = {**dict.fromkeys(NEEDED, True), right: False}
    found = cluster_checks.rights(has, "system:serviceaccount:hub:ann", "hub", pods=True)
    assert found.verdict == "broken"
    assert f"may not {right.verb} {right.what}" in found.sentence
    assert found.details == (f"{right.verb} {right.what}: {NEEDED[right]}",)
    assert 'system:serviceaccount:hub:ann in namespace "hub"' in advice(found)


def test_no_right_at_all_is_one_fault() -> None:
    found = cluster_checks.rights(dict.fromkeys(NEEDED, False), "ann", "hub", pods=True)
    assert found.verdict == "broken"
    assert "--namespace" in advice(found)
    assert not found.details


def test_rights_of_one_resource_are_said_together() -> None:
    has = {right: right.resource != "jobs" for right in NEEDED}
    sentence = cluster_checks.rights(has, "", "hub", pods=True).sentence
    assert sentence == "Your account may not create, get, list, watch, patch, delete jobs"


def test_where_the_hub_wrote_the_pod_down_no_right_to_pods_is_no_fault() -> None:
    has = {right: right.resource != "pods" for right in NEEDED}
    assert cluster_checks.rights(has, "ann", "hub", pods=False).verdict == "limited"
    assert cluster_checks.rights(has, "ann", "hub", pods=True).verdict == "broken"


def test_rights_that_may_not_be_asked() -> None:
    found = cluster_checks.rights(dict.fromkeys(NEEDED), "ann", "hub", pods=True)
    assert found.verdict == "broken"
    assert "system:basic-user" in advice(found)


def test_what_is_done_without() -> None:
    assert cluster_checks.extra_rights([]).verdict == "ok"
    found = cluster_checks.extra_rights([(extra, extra.rights) for extra in EXTRA])
    assert found.verdict == "limited"
    assert found.details[0] == "create, get pods/exec: `kqueue shell`"
    assert found.details[-1].startswith("list pods (whole cluster): ")
    assert advice(found)


def test_the_pod_that_a_job_copies() -> None:
    found = cluster_checks.environment(environment(), session(), "")
    assert found.sentence.startswith('the pod "jupyter-ann" as the API has it, image images.example.org/lab@')
    assert (
        "as the hub wrote it down" in cluster_checks.environment(environment(), session(pod=POD), "").sentence
    )


def test_an_image_is_short_enough_to_be_read() -> None:
    long = environment(image=f"images.example.org/lab@sha256:{'0a' * 32}")
    assert cluster_checks.environment(long, session(), "").sentence.endswith("@sha256:0a0a0a0a0a0a…")


def test_a_pod_that_may_not_be_read() -> None:
    found = cluster_checks.environment(PermissionDenied("May not.", "Ask your admin."), session(), "")
    assert found.verdict == "broken"
    assert "--image" in advice(found)


def test_a_laptop_has_nothing_to_copy() -> None:
    laptop = session(in_pod=False)
    found = cluster_checks.environment(UsageError("There is no notebook server here."), laptop, "")
    assert found.verdict == "ok"
    assert "--image" in found.sentence
    bare = Environment(image="python:3.13")
    assert "python:3.13" in cluster_checks.environment(bare, laptop, "python:3.13").sentence


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (environment("ReadWriteMany"), "jobs on any node"),
        (environment("ReadWriteOnce"), "for one node (ReadWriteOnce)"),
        (environment(), "for one node (taken so: claims may not be read)"),
        (
            environment(volume_mounts=({"name": "home", "mountPath": "/home/ann", "subPath": "ann"},)),
            "jobs on any node",
        ),
    ],
)
def test_home_and_where_jobs_can_have_it(found: Environment, words: str) -> None:
    home = cluster_checks.home(found)
    assert home.verdict == "ok"
    assert '/home/ann, from the claim "claim-ann"' in home.sentence
    assert words in home.sentence


def test_no_home() -> None:
    found = cluster_checks.home(environment(home=""))
    assert found.verdict == "limited"
    assert "volume" in advice(found)


def test_a_quota() -> None:
    assert cluster_checks.quota([]).verdict == "ok"
    room = Ruling("Quota q leaves 3 CPUs")
    assert cluster_checks.quota([room]).sentence == "Quota q leaves 3 CPUs"
    full = Ruling("Quota q leaves 0 pods now", "It starts when other jobs have ended")
    assert "New jobs wait" in advice(cluster_checks.quota([room, full]))
    demand = Ruling("Quota q demands limits.cpu, and nothing sets it", "Add --cpu-limit", never=True)
    found = cluster_checks.quota([full, demand])
    assert "Add --cpu-limit." in advice(found)
    assert "leaves 0" not in found.sentence


def test_what_p_may_name() -> None:
    assert "leave -p out" in cluster_checks.partitions(None, []).sentence
    many = [f"q{number}" for number in range(9)]
    found = cluster_checks.partitions(many, ["gpu"]).sentence
    assert found == "Kueue queues q0, q1, q2, q3, q4, q5, …; profiles gpu"


def test_settings() -> None:
    assert local_checks.config([], [], []).verdict == "ok"
    assert (
        local_checks.config([Path("/etc/k.toml")], ["KBATCH_MEM"], []).sentence == "/etc/k.toml, KBATCH_MEM"
    )
    found = local_checks.config([], [], [BadConfig("k.toml: bad.", "Correct it.")])
    assert found.verdict == "broken"
    assert "k.toml: bad." in advice(found)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        (Folder(Path("/home/ann/.kbatch"), jobs=1, free=1 << 30), ""),
        (Folder(Path("/home/ann/.kbatch"), free=1 << 20), "Only 1 MiB are free"),
        (Folder(Path("/home/ann"), problem="/home/ann cannot be written"), "cannot be written"),
    ],
)
def test_the_history(folder: Folder, words: str) -> None:
    found = local_checks.history(folder)
    if words:
        assert found.verdict == "broken"
        assert words in advice(found)
    else:
        assert found.sentence == "/home/ann/.kbatch, 1 job, can be written"


def test_versions() -> None:
    found = local_checks.versions("0.1.0", "3.11.2", {"click": "8.2"}, "/opt/conda")
    assert found.sentence == "kbatch 0.1.0, Python 3.11.2 in /opt/conda, click 8.2"
    assert "kubernetes" in advice(local_checks.versions("0.1.0", "3.11.2", {"kubernetes": None}, "/opt"))


def test_notebooks() -> None:
    assert local_checks.notebooks("/opt/conda/bin/python3").verdict == "ok"
    assert "kqueue-tui[notebook]" in advice(local_checks.notebooks(""))


def test_a_terminal() -> None:
    good = Terminal(True, 100, 40, "xterm-256color", True)
    assert local_checks.terminal(good).sentence.startswith("100 columns, 40 lines, xterm-256color, colours")
    plain = Terminal(True, 100, 40, "xterm", False, "NO_COLOR is set")
    assert "no colours (NO_COLOR is set)" in local_checks.terminal(plain).sentence
    assert "TERM=xterm-256color" in advice(local_checks.terminal(Terminal(True, 100, 40, "dumb")))
    assert local_checks.terminal(Terminal(False)).verdict == "ok"


def test_what_a_finding_says_cannot_act_on_a_terminal() -> None:
    hostile = "a\x1b[2Jb\udcff\n"
    found = safe(
        Finding(check="x", verdict="ok", sentence=hostile, costs=hostile, hint=hostile, details=(hostile,))
    )
    for text in (found.sentence, found.costs, found.hint, *found.details):
        assert text == "ab\ufffd "


def test_a_finding_as_text() -> None:
    found = Finding(
        check="rights", verdict="broken", sentence="May not", costs="No x.", hint="Ask.", details=("one: 1",)
    )
    assert list(lines(found, None)) == [
        "broken   rights       May not:",
        "                      - one: 1",
        "                      No x.",
        "                      Ask.",
    ]
    long = Finding(check="x", verdict="ok", sentence="word " * 40)
    assert max(map(len, lines(long, 80))) <= 80
    assert len(list(lines(long, None))) == 1
