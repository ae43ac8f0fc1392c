"""What a shell offers when TAB is pressed: ids and names of jobs, states, and the names that this site knows.

A key press waits for it, and an error would land in the command line: so what cannot be had soon is not offered.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kbatch_core.model.states import STATES
from kbatch_core.status import make_row
from kbatch_core.status.reading import id_of, name_of

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from kbatch_core.client import Client
    from kbatch_core.model.objects import Job
    from kbatch_core.model.options.config import Config

Found = TypeVar("Found")
PATIENCE_SECONDS = 2.0
# Bash puts what is chosen into the line as it is: a name of other characters, which anybody may give a Job, would be
# a command there.
_WORD = r"\w[\w@%+=:,./-]*"


def complete_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of the user's jobs that begin so, the newest first, with name and state; names where a name was begun."""

    def question(client: Client) -> list[Job]:
        return client.api.list_jobs(client.selector())

    jobs = sorted(ask(ctx, question) or (), key=lambda job: job.metadata.creation_timestamp, reverse=True)
    told = [(id_of(job), safe_text(name_of(job)), _state(job)) for job in jobs]
    items = [_item(found, f"{name} {state}") for found, name, state in told if found.startswith(incomplete)]
    return items or [
        _item(name, f"{found} {state}")
        for found, name, state in told
        if name.startswith(incomplete) and re.fullmatch(_WORD, name)
    ]


def complete_states(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The last of a comma list of states, by code or name."""
    before, comma, word = incomplete.rpartition(",")
    words = [*STATES, *(name.lower() for name in STATES.values())]
    return [
        _item(f"{before}{comma}{one}", STATES.get(one, ""))
        for one in words
        if one.lower().startswith(word.lower()) and one not in ("?", "unknown")
    ]


def complete_partitions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Profiles of the config and LocalQueues of the namespace."""
    profiles = {name: profile.description for name, profile in _config().profiles.items()}
    queues = ask(ctx, lambda client: client.api.list_local_queues()) or ()
    return _offer({**dict.fromkeys(queues, "queue"), **profiles}.items(), incomplete)


def complete_features(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The last of the features of `--constraint`."""
    before = incomplete[: max(incomplete.rfind("&"), incomplete.rfind(",")) + 1]
    return _offer(((before + name, "") for name in _config().features), incomplete)


def complete_gpus(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """GPU types of the config, each as one GPU; after `gpu:` for --gres."""
    before = "gpu:" if param.name == "gres" else ""
    return _offer(((f"{before}{name}:1", "") for name in _config().gpu_types), incomplete)


def complete_words(*words: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """A completion that offers these words."""
    return lambda ctx, param, incomplete: _offer(((word, "") for word in words), incomplete)


def ask(ctx: click.Context, question: Callable[[Client], Found]) -> Found | None:
    """The cluster's answer; None when there is none soon, for whatever reason."""
    answers: list[Found] = []

    def work() -> None:
        from kbatch_core.client import Client

        typed = ctx.params
        try:
            client = Client.connect(
                namespace=typed.get("namespace"),
                context=typed.get("context"),
                kubeconfig=typed.get("kubeconfig"),
            )
            answers.append(question(client))
        except KbatchError:
            return

    # A server that does not answer at all is not waited for: the thread ends with the process.
    thread = threading.Thread(target=work, name="completion", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return answers[0] if answers else None


def _config() -> Config:
    from kbatch_core.model.options.config import Config, load_config, site_config_path, user_config_path

    try:
        return load_config(user_config_path(os.environ)).over(load_config(site_config_path(os.environ)))
    except KbatchError:
        return Config()


def _offer(words: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [_item(word, text) for word, text in words if word.startswith(incomplete)]


def _item(value: str, text: str = "") -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, help=text or None)


def _state(job: Job) -> str:
    """The state as far as the Job alone tells it: its pods are not read for a key press."""
    return "R" if job.status.ready else make_row(job, (), (), time.time()).state
