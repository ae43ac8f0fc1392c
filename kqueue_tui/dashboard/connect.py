"""The Backend of a real cluster. Imported in a thread after the first paint, because it imports the transport."""

from __future__ import annotations

from collections.abc import Callable

from kbatch_core.client import Client
from kbatch_core.details import find_row, read_details
from kqueue_tui.dashboard.backend import Backend, Scope
from kqueue_tui.dashboard.form.backend import ClusterFormBackend
from kqueue_tui.dashboard.options import Options


def cluster_backend(options: Options, scope: Scope, on_change: Callable[[], None]) -> Backend:
    """Connect as the command line would. Raises NoCluster, BadConfig."""
    client = Client.connect(
        namespace=options.namespaces[0] if options.namespaces else None,
        kubeconfig=options.kubeconfig,
        context=options.context,
    )
    namespaces = [""] if scope.all_namespaces else scope.namespaces
    queue = client.queue(user=scope.user, namespaces=namespaces, on_change=on_change)
    return Backend(
        context=options.context or "",
        namespace=client.api.namespace,
        user=client.session.user,
        queue=queue,
        acts=client,
        now=queue.now,
        details=lambda row: read_details(client, row),
        logs=lambda row, request: client.log_reader(find_row(client, row), request),
        past=lambda shown: client.past(shown, user=scope.user, namespaces=queue.readable()),
        form=ClusterFormBackend(client, _where(options, options.namespaces[0] if options.namespaces else "")),
        past_job=lambda row: find_row(client, row).job,
        shell=lambda row: ["kqueue", "shell", *_where(options, row.namespace), row.id],
        attach=lambda row: ["kqueue", "logs", "-f", *_where(options, row.namespace), row.id],
    )


def _where(options: Options, namespace: str) -> list[str]:
    """The cluster options of a command that is to reach the same cluster."""
    chosen = {"--namespace": namespace, "--context": options.context, "--kubeconfig": options.kubeconfig}
    return [word for name, value in chosen.items() if value for word in (name, value)]
