"""Which jobs are meant: the filters that `list` and the commands that act have in common, with squeue's letters."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click
import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model import labels
from kbatch_core.model.names import is_id, label_value
from kbatch_core.model.reference import Reference, parse_reference
from kbatch_core.model.states import parse_states
from kbatch_core.status.row import JobRow
from kqueue_tui.cli.offers import complete_states

Function = TypeVar("Function", bound=Callable[..., Any])


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a job must be like; an empty part asks for nothing. `users` None = the session's own, () = everybody.

    `since` in seconds since the epoch: active, or ended after it. `label` are terms of a label selector.
    """

    ids: tuple[Reference, ...] = ()
    names: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    users: tuple[str, ...] | None = None
    accounts: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    label: str = ""
    since: float | None = None

    def matches(self, row: JobRow) -> bool:
        """Whether the row passes. `label` is the API server's to look at; what only home knows has none."""
        if self.label and row.past:
            return False
        if self.users and label_value(row.user) not in map(label_value, self.users):
            return False
        if self.ids and not any(is_meant(row, one) for one in self.ids):
            return False
        if self.states and row.state not in self.states:
            return False
        if self.names and not any(
            one == row.name or fnmatch.fnmatchcase(row.name, one) for one in self.names
        ):
            return False
        if self.accounts and row.account not in self.accounts:
            return False
        if self.partitions and row.partition not in self.partitions:
            return False
        return self.since is None or not row.finished or (row.ended or 0.0) >= self.since

    def selector(self) -> str:
        """The terms of a label selector that the API server can look at."""
        terms = [self.label] if self.label else []
        if self.users:
            terms.append(_one_of(labels.USER, self.users))
        if self.ids and all(is_id(one.job) for one in self.ids):
            terms.append(_one_of(labels.ID, tuple(one.job for one in self.ids)))
        return ",".join(terms)

    @property
    def narrows(self) -> bool:
        """Whether it asks for anything but a user."""
        return bool(self.names or self.states or self.accounts or self.partitions or self.label)


def filter_options(function: Function) -> Function:
    """Add -n, -t, -u, -A, -p, --label, --me, as squeue and scancel have them."""
    for option in (
        click.option("--label", metavar="SELECTOR", default="", help="Only jobs with these labels, as kubectl -l."),
        click.option("--partition", "-p", metavar="LIST", default="", help="Only of these queues or profiles."),
        click.option("--account", "-A", metavar="LIST", default="", help="Only of these accounts."),
        click.option("--me", is_flag=True, help="Only your own jobs: the default."),
        click.option("--user", "-u", metavar="LIST", default="", help="Only of these users."),
        click.option("--states", "--state", "-t", metavar="LIST", default="",
                     help="Only in these states: PD,R or pending,running.", shell_complete=complete_states),
        click.option("--name", "-n", metavar="LIST", default="",
                     help="Only with these names, which may have * and ?."),
    ):  # fmt: skip
        function = option(function)
    return function


def make_filter(options: Mapping[str, Any], *, ids: Iterable[str] = (), since: float | None = None) -> Filter:
    """The Filter of a command's options. Raises BadOption."""
    users = words(options["user"])
    all_users = bool(options.get("all_users"))
    if options["me"] + bool(users) + all_users > 1:
        raise BadOption("--me, --user and --all-users exclude each other.", "Give one of them.")
    return Filter(
        ids=tuple(parse_reference(one) for one in ids),
        names=words(options["name"]),
        states=parse_states(options["states"]) if options["states"] else frozenset(),
        users=() if all_users else users or None,
        accounts=words(options["account"]),
        partitions=words(options["partition"]),
        label=options["label"],
        since=since,
    )


def is_meant(row: JobRow, reference: Reference) -> bool:
    """By an id, the beginning of one, or a name. The row of a whole array stands for each of its tasks."""
    if reference.text in (row.name, row.job_name):
        return True
    if reference.job not in (row.name, row.job_name) and not row.id.startswith(reference.job):
        return False
    return reference.tasks is None or row.task is None or row.task in reference.tasks.numbers()


def words(text: str) -> tuple[str, ...]:
    """The parts of a comma list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _one_of(key: str, values: tuple[str, ...]) -> str:
    return f"{key} in ({','.join(sorted({label_value(value) for value in values}))})"
