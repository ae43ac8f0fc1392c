"""What goes on for a while: the log of a container, and a program in it (pods/log, pods/exec)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

from aiohttp import WSMsgType, web

from kbatch_core.local.api.options import InvalidOptions, flag, integer
from kbatch_core.local.api.target import Target
from kbatch_core.local.kubelet.logs import LogOptions
from kbatch_core.local.runner import Runner
from kbatch_core.local.state.statuses import BadRequest, MethodNotAllowed

# v5 has the end of stdin as a message of its own.
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STREAMS = {"": "", "All": "", "Stdout": "stdout", "Stderr": "stderr"}


class InvalidLogOptions(InvalidOptions):
    """An option of a log that is none."""

    def __init__(self, pod: str, field: str, message: str, reason: str = "FieldValueInvalid") -> None:
        super().__init__("PodLogOptions", field, message, reason, group="")
        self.message = self.message.replace('""', f'"{pod}"', 1)
        self.details["name"] = pod


class Streams:
    """The two of them for one Runner."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def log(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Raises NotFound, BadRequest, InvalidLogOptions before the first byte."""
        if request.method != "GET":
            raise MethodNotAllowed
        options = read_log_options(request, target.name)
        pieces = await self._runner.logs(
            target.namespace,
            target.name,
            container=request.query.get("container", ""),
            previous=flag(request.query, "previous"),
            options=options,
        )
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
        return response

    async def exec(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Over a websocket; SPDY, which clients before Kubernetes 1.30 speak, is refused. Raises as `log`."""
        query = request.query
        command = query.getall("command", [])
        container = query.get("container", "")
        # Asked first: a refusal is a Status, and can be none once the connection is a websocket.
        self._runner.place_of(target.namespace, target.name, container)
        if not command:
            raise BadRequest("you must specify at least 1 command for the container")
        socket = web.WebSocketResponse(protocols=_PROTOCOLS, max_msg_size=0)
        if not socket.can_prepare(request):
            raise BadRequest("Upgrade request required: to a websocket")
        await socket.prepare(request)

        async def receive() -> bytes | None:
            while True:
                message = await socket.receive()
                if message.type is WSMsgType.BINARY:
                    data: bytes = message.data
                    return data
                if message.type is not WSMsgType.TEXT:
                    return None

        async def send(frame: bytes) -> None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_bytes(frame)

        try:
            await self._runner.exec(
                target.namespace,
                target.name,
                container=container,
                command=command,
                stdin=flag(query, "stdin"),
                stdout=flag(query, "stdout"),
                stderr=flag(query, "stderr"),
                tty=flag(query, "tty"),
                receive=receive,
                send=send,
            )
        finally:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await socket.close()
        return socket


def read_log_options(request: web.Request, pod: str) -> LogOptions:
    """The query of a log. Raises BadRequest, InvalidLogOptions."""
    query = request.query
    tail, seconds = integer(query, "tailLines"), integer(query, "sinceSeconds")
    limit, time = integer(query, "limitBytes"), query.get("sinceTime", "")
    for field, value, least in (
        ("tailLines", tail, 0),
        ("sinceSeconds", seconds, 1),
        ("limitBytes", limit, 1),
    ):
        if value is not None and value < least:
            words = f"must be greater than {'or equal to 0' if least == 0 else '0'}"
            raise InvalidLogOptions(pod, field, f"Invalid value: {value}: {words}")
    if seconds is not None and time:
        words = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        raise InvalidLogOptions(pod, "[]", words, "FieldValueForbidden")
    stream = query.get("stream", "")
    if stream not in _STREAMS:
        words = f'Unsupported value: "{stream}": supported values: "All", "Stderr", "Stdout"'
        raise InvalidLogOptions(pod, "stream", words, "FieldValueNotSupported")
    since: float | None = None
    if time:
        try:
            since = datetime.fromisoformat(time).timestamp()
        except ValueError as error:
            raise BadRequest(f'parsing time "{time}": cannot parse it as RFC 3339') from error
    elif seconds is not None:
        since = datetime.now().timestamp() - seconds
    return LogOptions(
        follow=flag(query, "follow"),
        tail=tail,
        since=since,
        limit_bytes=limit,
        timestamps=flag(query, "timestamps"),
        stream=_STREAMS[stream],
    )
