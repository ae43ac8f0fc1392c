"""docs/admin.md and the code name the same rights."""

from __future__ import annotations

import re

from kbatch_core.model.rights import EXTRA, NEEDED, Right, group_of, name_rights
from tests.pods import ROOT, admin_object


def test_what_is_needed_is_the_role_of_the_page() -> None:
    written = {
        (rule["apiGroups"][0], resource, verb)
        for rule in admin_object("Role")["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {(group_of(one.resource), one.what, one.verb) for one in NEEDED} == written


def test_what_is_done_without_is_the_table_of_the_page() -> None:
    page = (ROOT / "docs" / "admin.md").read_text()
    table = page.partition("What else it can use")[2].partition("\n## ")[0]
    found = set()
    for row in re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE):
        everywhere = row.endswith(", in the cluster")
        for what, verbs in re.findall(r"`([a-z/]+)`: ([a-z, ]+)", row):
            found |= {
                (what, verb.strip(), everywhere)
                for verb in verbs.split(",")
                if verb.strip() not in ("in the cluster", "")
            }
    assert {(one.what, one.verb, extra.everywhere) for extra in EXTRA for one in extra.rights} == found


def test_names() -> None:
    rights = [Right("create"), Right("list", "events"), Right("delete"), Right("get", "pods", "log")]
    assert name_rights(rights) == "create, delete jobs; list events; get pods/log"
