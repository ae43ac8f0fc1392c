"""Settings from a kubeconfig, by the official loader.

The only module of the core that imports `kubernetes`, and only when it is called: the import costs 0.4 s, and a
notebook server does not need it. The loader merges files, runs exec plugins and writes certificate data to
files; what it does not do is done here: it goes on as an anonymous user when a plugin fails, and never runs
a plugin again after a 401.
"""

from __future__ import annotations

import base64
import os
import threading
from typing import Any

from kbatch_core.cluster.settings import Credentials, NoCredentials, Settings
from kbatch_core.errors import BadConfig, NoCluster


class _LoadedToken:
    """The token of a kubeconfig; after a 401 the kubeconfig is loaded again, which runs its exec plugin again."""

    def __init__(self, path: str | None, context: str | None, header: str) -> None:
        self._path = path
        self._context = context
        self._header = header
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        with self._lock:
            return {"Authorization": self._header}

    def refresh(self) -> bool:
        header = _authorization(_load(self._path, self._context)[0])
        with self._lock:
            changed = bool(header) and header != self._header
            if header:
                self._header = header
            return changed


def from_kubeconfig(
    path: str | None, *, context: str | None = None, namespace: str | None = None
) -> Settings:
    """Settings of `context` (None = the current one) in the kubeconfig at `path` (None = KUBECONFIG or the default).

    Raises NoCluster when there is no such file or context, BadConfig when it cannot be used.
    """
    configuration, active = _load(path, context)
    details = active.get("context", {})
    header = _authorization(configuration)
    credentials: Credentials = NoCredentials()
    if header:
        credentials = _LoadedToken(path, context, header)
    elif not configuration.cert_file:
        raise BadConfig(
            f'The kubeconfig\'s context "{active.get("name", "")}" gives neither a token nor a certificate.',
            "Log in to the cluster again, or run `kubectl get jobs` to see what its login plugin says.",
        )
    return Settings(
        server=configuration.host,
        namespace=namespace or details.get("namespace") or "default",
        credentials=credentials,
        ca_file=configuration.ssl_ca_cert,
        cert_file=configuration.cert_file,
        key_file=configuration.key_file,
        verify=configuration.verify_ssl,
        tls_server_name=configuration.tls_server_name,
        proxy=configuration.proxy,
        proxy_headers=configuration.proxy_headers,
        source=f'kubeconfig context "{active.get("name", "")}"',
    )


def _load(path: str | None, context: str | None) -> tuple[Any, dict[str, Any]]:
    """(configuration, active context) by the official loader."""
    import yaml
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config

    configuration = Configuration()
    where = path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    try:
        contexts, active = list_kube_config_contexts(config_file=path)
        load_kube_config(config_file=path, context=context, client_configuration=configuration)
    except ConfigException as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise NoCluster(
            f"The kubeconfig {where} cannot be used: {first}.",
            "Check KUBECONFIG and --context; `kubectl config get-contexts` lists what there is.",
        ) from error
    except (OSError, yaml.YAMLError, TypeError, AttributeError, KeyError, ValueError) as error:
        raise BadConfig(
            f"The kubeconfig {where} cannot be read: {type(error).__name__}.", "Is it valid YAML?"
        ) from error
    if context:
        active = next(entry for entry in contexts if entry["name"] == context)
    return configuration, active


def _authorization(configuration: Any) -> str:
    """The Authorization header that the loader prepared; empty when it found no token and no password."""
    token = configuration.get_api_key_with_prefix("BearerToken") or configuration.api_key.get("authorization")
    if token:
        text = str(token)
        return text if " " in text else f"Bearer {text}"
    if configuration.username and configuration.password:
        pair = f"{configuration.username}:{configuration.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    return ""
