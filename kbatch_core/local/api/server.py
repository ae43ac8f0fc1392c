"""The API server: HTTP on the loopback address, for whoever has the token.

It refuses what has not the token and what names another host (a web page that a name was bound to this address
for), and never answers a browser's question whether a page may read from it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from kbatch_core.local.api import discovery
from kbatch_core.local.api.handlers import Call, handle, shown
from kbatch_core.local.api.housekeeping import Housekeeping
from kbatch_core.local.api.options import flag, read_list_options
from kbatch_core.local.api.target import Target, find, is_group, split
from kbatch_core.local.api.watching import Watch
from kbatch_core.local.objects.admission import QuotaKeeper
from kbatch_core.local.state.statuses import (
    ApiError,
    InternalError,
    MethodNotAllowed,
    NoSuchPath,
    NotAcceptable,
    TooLarge,
    Unauthorized,
)
from kbatch_core.local.state.store import Store

Object = dict[str, Any]
Streamer = Callable[[web.Request, Target], Awaitable[web.StreamResponse]]

BODY_LIMIT = 3 * 1024 * 1024
_JSON = "application/json"
_log = logging.getLogger(__name__)


class ForeignHost(ApiError):
    """A request under a name that is not this server's: the attack is called DNS rebinding."""

    code, reason = 403, "Forbidden"


class Server:
    """Answers requests from the store. `streams` serve log and exec of a pod. Start it once, stop it once."""

    def __init__(
        self,
        store: Store,
        token: str,
        *,
        streams: dict[str, Streamer] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._token = token.encode()
        self._streams = streams or {}
        self._tls = tls
        self._watches: set[Watch] = set()
        self._runner: web.AppRunner | None = None
        self._quotas: QuotaKeeper | None = None
        self._housekeeping: Housekeeping | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; 0 = a free port, which is `port` afterwards."""
        self._quotas = QuotaKeeper(self._store)
        self._housekeeping = Housekeeping(self._store)
        self._housekeeping.start()
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # A client that goes away ends its watch, log or exec at once.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, shutdown_timeout=1, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End all watches and close."""
        for watch in tuple(self._watches):
            watch.end()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._housekeeping is not None:
            self._housekeeping.stop()
        if self._quotas is not None:
            self._quotas.stop()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_caller(request)
            return await self._route(request)
        except ApiError as error:
            return _json(error.status(), error.code)
        except web.HTTPRequestEntityTooLarge:
            large = TooLarge(f"Request entity too large: limit is {BODY_LIMIT}")
            return _json(large.status(), large.code)
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a client gets a Status, whatever happens here
            _log.exception("%s %s", request.method, request.path)
            failure = InternalError(f"{type(error).__name__}: {error}")
            return _json(failure.status(), failure.code)

    def _check_caller(self, request: web.Request) -> None:
        """Raises Unauthorized, ForeignHost."""
        # By whatever port: a tunnel or a proxy of the owner's may stand before this one.
        if request.host.rpartition(":")[0] not in ("127.0.0.1", "localhost"):
            raise ForeignHost(f"this server is not {request.host!r}")
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            raise Unauthorized

    async def _route(self, request: web.Request) -> web.StreamResponse:
        parts = split(request.rel_url.raw_path)
        accept = request.headers.get("Accept", "")
        if parts in (("healthz",), ("livez",), ("readyz",)):
            return web.Response(text="ok")
        document = self._document(parts, accept)
        if document is not None:
            if request.method != "GET":
                raise MethodNotAllowed
            return document
        if not is_group(parts):
            return web.Response(text="404 page not found\n", status=404)
        target = find(parts)
        if target is None:
            raise NoSuchPath
        if target.subresource in self._streams:
            return await self._streams[target.subresource](request, target)
        body = await request.read()
        call = Call(
            request.method, target, dict(request.query), request.content_type if body else "", accept, body
        )
        if accept and not any(word in accept for word in ("json", "*/*", "application/*")):
            raise NotAcceptable("406: Not Acceptable\n\nAvailable representations: application/json")
        watches = request.method == "GET" and flag(call.query, "watch")
        if watches and not target.review and not target.name:
            return await self._watch(request, call)
        answer = handle(self._store, call)
        response = web.Response(body=answer.body, status=answer.status, content_type=_JSON)
        for warning in call.warnings:
            quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{_header(quoted)}"')
        return response

    def _document(self, parts: tuple[str, ...], accept: str) -> web.Response | None:
        if parts == ("version",):
            return _json(discovery.version())
        if parts == ("openapi", "v2"):
            # No schema at all, which is what an empty protobuf message says: kubectl leaves checking to us then.
            return web.Response(body=b"", content_type="application/octet-stream")
        first = accept.partition(",")[0]
        if "as=APIGroupDiscoveryList" in first and "v=v2;" in f"{first};":
            found = discovery.aggregated(parts)
            if found is not None:
                body = msgspec.json.encode(found)
                return web.Response(body=body, headers={"Content-Type": discovery.AGGREGATED})
        found = discovery.find(parts, f"127.0.0.1:{self.port}")
        return None if found is None else _json(found)

    async def _watch(self, request: web.Request, call: Call) -> web.StreamResponse:
        target = call.target
        options = read_list_options(target.resource, call.query)
        show: Callable[[Object], Object] | None = None
        if call.wants_table:
            first = True

            def show_table(obj: Object) -> Object:
                nonlocal first
                columns, first = first, False
                return shown(call, obj, self._store.now(), columns=columns)

            show = show_table
        watch = Watch(self._store, target.resource, target.namespace, options, show)
        self._watches.add(watch)
        try:
            response = web.StreamResponse(headers={"Content-Type": _JSON})
            await response.prepare(request)
            async for line in watch.lines():
                await response.write(line)
            await response.write_eof()
            return response
        finally:
            watch.end()
            self._watches.discard(watch)


def _header(text: str) -> str:
    """Text that a header may hold."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:1000]


def _json(obj: Object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(obj) + b"\n", status=status, content_type=_JSON)
