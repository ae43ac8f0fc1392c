"""A door from the host's loopback into a network namespace.

    python -m tests.cluster.forward LISTEN_PORT NAMESPACE_FILE TARGET_PORT

It listens before it enters the namespace, and connects after: so nothing but loopback is listened on, and no
link between the two exists.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import sys

_CLONE_NEWNET = 0x40000000


def enter_network(path: str) -> None:
    """Move this process into the network namespace of `path` (/proc/PID/ns/net). Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one to the other until the end, which is passed on."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def serve(listener: socket.socket, target: int) -> None:
    """Forward each connection to `target` on loopback, here inside the namespace."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(copy(reader, back), copy(there, writer))
        finally:
            writer.close()
            back.close()

    server = await asyncio.start_server(connection, sock=listener)
    await server.serve_forever()


def main(port: int, namespace: str, target: int) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    enter_network(namespace)
    asyncio.run(serve(listener, target))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
