"""Settings from a kubeconfig, by the official loader.

The only module of the core that imports `kubernetes`, and only when it is called: the import costs 0.4 s, and a
notebook server does not need it. The loader merges files, runs exec plugins and writes certificate data to
files; what it does not do is done here: it goes on as an anonymous user when a plugin fails, never runs a plugin
again after a 401, and believes a value of any type.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from kbatch_core.cluster.problems import one_line
from kbatch_core.cluster.settings import NoCredentials, Settings
from kbatch_core.errors import BadConfig, NoCluster

_LOOK = "`kubectl config view` shows the kubeconfig as it is read."


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
    configuration, active, complaint = _load(path, context)
    name = f'The kubeconfig\'s context "{active.get("name", "")}"'
    header = _authorization(configuration)
    if not header and not configuration.cert_file:
        raise BadConfig(
            f"{name} gives neither a token nor a certificate" + (f": {complaint}." if complaint else "."),
            "Log in to the cluster again; `kubectl get jobs` runs the same login.",
        )
    found = active.get("context", {}).get("namespace")
    _check(configuration, header, found, name)
    return Settings(
        server=configuration.host,
        namespace=namespace or found or "default",
        credentials=_LoadedToken(path, context, header) if header else NoCredentials(),
        ca_file=configuration.ssl_ca_cert,
        cert_file=configuration.cert_file,
        key_file=configuration.key_file,
        verify=configuration.verify_ssl,
        tls_server_name=configuration.tls_server_name,
        proxy=configuration.proxy,
        proxy_headers=configuration.proxy_headers,
        source=f'context "{active.get("name", "")}" of the kubeconfig {_where(path)}',
    )


def _check(configuration: Any, header: str, namespace: object, name: str) -> None:
    """Raises BadConfig for what would fail later, at each request, and say less."""
    if not configuration.host:
        raise BadConfig(f"{name} leads to a cluster without a server.", _LOOK)
    if not isinstance(namespace, (str, type(None))):
        raise BadConfig(f"{name} has a namespace that is no text: {namespace!r}.", _LOOK)
    if not (header.isascii() and header.isprintable()):
        raise BadConfig(f"{name} has a token with characters that no header may have.", _LOOK)
    if configuration.proxy and not str(configuration.proxy).startswith(("http://", "https://")):
        raise BadConfig(
            f"{name} has a proxy-url that does not begin with http:// or https://.",
            "Other kinds of proxies are not supported.",
        )
    try:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        what = "certificate-authority"
        if configuration.ssl_ca_cert:
            tls.load_verify_locations(configuration.ssl_ca_cert)
        what = "client certificate or key"
        if configuration.cert_file:
            # A password, even an empty one, keeps OpenSSL from asking for one on the terminal.
            tls.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (OSError, TypeError) as error:
        raise BadConfig(f"{name} has a {what} that cannot be used: {error}.", _LOOK) from error


class _Complaints(logging.Handler):
    """What the loader logs when a login plugin fails, in place of raising it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = one_line(record.getMessage())


def _load(path: str | None, context: str | None) -> tuple[Any, dict[str, Any], str]:
    """(configuration, active context, what a login plugin complained of) by the official loader."""
    import yaml
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    configuration = Configuration()
    complaints = _Complaints()
    where = _where(path)
    # While the root logger has a handler, the loader's complaint is not printed over a dashboard.
    logging.getLogger().addHandler(complaints)
    try:
        files = KubeConfigMerger(where)
        if files.config is None:
            raise NoCluster(f"There is no kubeconfig {where}.", "Check KUBECONFIG.")
        if context is not None:
            _check_context(context, files.config_files, where)
        # Of several files the first that names one decides, as for kubectl; the loader would take the last.
        named = (one.get("current-context") for one in files.config_files.values())
        loader = KubeConfigLoader(
            files.config,
            active_context=context or next(filter(None, named), None),
            config_base_path=None,
            config_persister=files.save_changes,
        )
        _refuse_impersonation(files.config_files, loader.current_context)
        loader.load_and_set(configuration)
    except ConfigException as error:
        # It names what stands around a missing value in full, tokens and all.
        found = re.sub(r"/\{.*\}", "", one_line(str(error), limit=10_000))
        raise NoCluster(
            f"The kubeconfig {where} cannot be used: {one_line(found)}.",
            "Check KUBECONFIG and --context; `kubectl config get-contexts` lists what there is.",
        ) from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadConfig(
            f"The kubeconfig {where} cannot be read: {one_line(str(error))}.", "Is it valid YAML?"
        ) from error
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise BadConfig(
            f"The kubeconfig {where} has a value of a kind that is not expected ({type(error).__name__}).",
            _LOOK,
        ) from error
    finally:
        logging.getLogger().removeHandler(complaints)
    return configuration, loader.current_context, complaints.last


def _where(path: str | None) -> str:
    """The file that is read; of KUBECONFIG several, with colons between."""
    return path or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _check_context(context: str, files: Mapping[str, Any], where: str) -> None:
    """Raises NoCluster with the names there are."""
    known = [str(one["name"]) for config in files.values() for one in config.get("contexts") or ()]
    if context not in known:
        there = f"It has {', '.join(sorted(known))}." if known else "It has none."
        raise NoCluster(f'The kubeconfig {where} has no context "{context}".', there)


def _refuse_impersonation(files: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """The loader passes over `as`, and would act with the rights of another user. Raises BadConfig."""
    named = context["context"].get("user")
    users = [one for config in files.values() for one in config.get("users") or () if one["name"] == named]
    if users and (users[0].get("user") or {}).get("as"):
        raise BadConfig(
            f'The user of the kubeconfig\'s context "{context["name"]}" acts as another one (`as`), which is not '
            "supported.",
            "Choose a context with an account of its own: --context.",
        )


def _authorization(configuration: Any) -> str:
    """The Authorization header that the loader prepared; empty when it found no token and no password."""
    token = configuration.get_api_key_with_prefix("BearerToken") or configuration.api_key.get("authorization")
    if token:
        text = str(token).strip()  # of a tokenFile, which ends in a line end
        return text if " " in text else f"Bearer {text}"
    if configuration.username and configuration.password:
        pair = f"{configuration.username}:{configuration.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    return ""
