"""A provider that fails in every way it can, at random: for the soak test only. SPDX-License-Identifier: Apache-2.0"""

import asyncio
import hashlib
import os
import random
import ssl

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

BLOCK = os.urandom(1 << 16)


def pattern(size):
    """Octets that say by themselves whether they are whole."""
    return (BLOCK * (size // len(BLOCK) + 1))[:size]


class Broken(Exception):
    """This connection ends here, without ceremony."""


class Provider:
    """Each path is an act; which fault it meets is a matter of chance. `echoes`: what it says back although it must not."""

    def __init__(self, seed, fault_rate):
        self.random, self.fault_rate = random.Random(seed), fault_rate
        self.done, self.open = {}, 0

    async def start(self, chain, key):
        """The ports of HTTP and of websockets."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.http = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=context, backlog=512
        )
        self.sockets = await serve(
            self._serve_socket, "127.0.0.1", 0, ssl=context, compression=None, ping_interval=None
        )
        return [each.sockets[0].getsockname()[1] for each in (self.http, self.sockets)]

    async def _serve_socket(self, socket):
        """Says back what it hears, until a fault or the client ends it."""
        self.open += 1
        try:
            async for message in socket:
                await socket.send(message)
                if self.random.random() < self.fault_rate / 10:
                    self._count("in a websocket: reset")
                    socket.transport.abort()
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            while await self._exchange(reader, writer):
                pass
            writer.close()
        except Broken:
            writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ssl.SSLError):
            writer.transport.abort()
        finally:
            self.open -= 1

    def _count(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    async def _fault(self, reader, writer, where):
        """Perhaps a reset, a stall that outlasts the client's patience, or nothing."""
        if self.random.random() >= self.fault_rate:
            return
        kind = self.random.choice(("reset", "stall", "end"))
        self._count(f"{where}: {kind}")
        if kind == "stall":
            # The client gives up before that; the gateway must notice and let go.
            await asyncio.wait_for(reader.read(1), 20)
        if kind == "end":
            writer.close()
            await writer.wait_closed()
        raise Broken

    async def _exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        act = target.split("?")[0].strip("/").split("/")[-1]
        await self._fault(reader, writer, "before the answer")
        body = hashlib.sha256()
        await self._read_body(reader, headers, body, act == "slow")
        await getattr(self, f"_{act}", self._small)(reader, writer, headers, body.hexdigest())
        self._count(act)
        return True

    async def _read_body(self, reader, headers, digest, slowly):
        if headers.get("transfer-encoding") == "chunked":
            # An empty line is the end of the connection: the client, or the gateway for it, has left.
            while size := int(await reader.readline() or b"-1", 16):
                if size < 0:
                    raise Broken
                digest.update(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
            return
        left = int(headers.get("content-length", 0))
        while left:
            piece = await reader.readexactly(min(left, 1 << 14))
            digest.update(piece)
            left -= len(piece)
            if slowly:
                await asyncio.sleep(0.002)

    async def _send(self, writer, *octets):
        writer.write(b"".join(octets))
        await writer.drain()

    async def _small(self, reader, writer, headers, digest):
        body = f'{{"sha256":"{digest}"}}'.encode()
        await self._send(writer, _head(len(body)), body)

    _slow = _upload = _small

    async def _echo(self, reader, writer, headers, digest):
        """Says the key back, as careless providers do."""
        body = f"you are {headers.get('x-goog-api-key', 'nobody')}".encode()
        await self._send(writer, _head(len(body), "text/plain"), body)

    async def _download(self, reader, writer, headers, digest):
        size = 1 << 20
        await self._send(writer, _head(size))
        for at in range(0, size, 1 << 16):
            await self._send(writer, pattern(1 << 16))
            if at == 1 << 19:
                await self._fault(reader, writer, "in a download")

    async def _chunks(self, reader, writer, headers, digest):
        await self._send(writer, _head(None))
        for _ in range(20):
            await self._send(writer, b"1000\r\n", pattern(0x1000), b"\r\n")
        if self.random.random() < self.fault_rate:
            self._count("a truncated chunk")
            await self._send(writer, b"1000\r\n", pattern(0x10))
            raise Broken
        await self._send(writer, b"0\r\n\r\n")

    async def _events(self, reader, writer, headers, digest):
        await self._send(writer, _head(None, "text/event-stream"))
        for number in range(30):
            event = f"data: {number}\n\n".encode()
            await self._send(writer, f"{len(event):x}\r\n".encode(), event, b"\r\n")
            await asyncio.sleep(0.01)
            if number == 15:
                await self._fault(reader, writer, "in events")
        await self._send(writer, b"0\r\n\r\n")


def _head(length, kind="application/json"):
    framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{framing}\r\n\r\n".encode()
