"""A provider that speaks HTTP/2 alone and fails in its ways, at random: for the soak test only. SPDX-License-Identifier: Apache-2.0"""

import asyncio
import hashlib
import random
import ssl

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.errors import ErrorCodes

from provider import Broken, pattern


class StreamsProvider:
    """The acts of provider.Provider, each on a stream of its own, and `chat`: a gRPC call that says back what it hears."""

    def __init__(self, seed, fault_rate):
        self.random, self.fault_rate = random.Random(seed), fault_rate
        self.done, self.open = {}, 0

    async def start(self, chain, key):
        """Its port."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        context.set_alpn_protocols(["h2"])
        self.server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=context, backlog=512
        )
        return self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            await Connection(self, writer).serve(reader)
        except (Broken, OSError, ssl.SSLError, h2.exceptions.ProtocolError):
            pass
        finally:
            writer.transport.abort()
            self.open -= 1

    def count(self, what):
        self.done[what] = self.done.get(what, 0) + 1


class Connection:
    def __init__(self, provider, writer):
        self.provider, self.writer, self.streams = provider, writer, {}
        self.moved = asyncio.Condition()  # a window, or an end
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin1")
        self.session = h2.connection.H2Connection(config)

    async def serve(self, reader):
        self.session.initiate_connection()
        self.flush()
        try:
            while octets := await reader.read(1 << 16):
                for event in self.session.receive_data(octets):
                    self.take(event)
                self.flush()
                await self.writer.drain()
                async with self.moved:
                    self.moved.notify_all()
        finally:
            for stream in self.streams.values():
                stream.task.cancel()

    def flush(self):
        if self.writer.transport.is_closing():
            raise Broken
        self.writer.write(self.session.data_to_send())

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            stream = self.streams[event.stream_id] = Stream(self, event.stream_id, event.headers)
            stream.task = asyncio.create_task(stream.serve())
            stream.task.add_done_callback(lambda _: self.streams.pop(stream.id, None))
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.DataReceived):
            # Windows open again at once: what waits in the gateway is what it holds back itself.
            self.session.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream:
                stream.pieces.put_nowait(event.data)
        elif isinstance(event, h2.events.StreamEnded) and stream:
            stream.pieces.put_nowait(b"")
        elif isinstance(event, h2.events.StreamReset) and stream:
            self.provider.count("a stream: reset by the agent")
            stream.task.cancel()


class Stream:
    def __init__(self, connection, number, headers):
        self.connection, self.id, self.headers = connection, number, dict(headers)
        self.provider, self.pieces, self.task = connection.provider, asyncio.Queue(), None

    async def serve(self):
        act = self.headers[":path"].split("?")[0].split("/")[-1]
        try:
            await self.fault("before the answer")
            await getattr(self, act.lower())()
            self.provider.count(act)
        except (Broken, h2.exceptions.ProtocolError, OSError):
            pass

    async def fault(self, where):
        """Perhaps a reset, a refusal, the end of the connection in order or without, a stall; mostly nothing."""
        if self.provider.random.random() >= self.provider.fault_rate:
            return
        session = self.connection.session
        kind = self.provider.random.choice(("reset", "refused", "goaway", "broken off", "stall"))
        self.provider.count(f"{where}: {kind}")
        if kind == "stall":
            # The client gives up before that, and the task is cancelled.
            await asyncio.sleep(20)
        elif kind in ("reset", "refused"):
            is_refused = kind == "refused" and where == "before the answer"
            session.reset_stream(
                self.id, ErrorCodes.REFUSED_STREAM if is_refused else ErrorCodes.INTERNAL_ERROR
            )
            self.connection.flush()
        elif kind == "goaway":
            session.close_connection(last_stream_id=self.id)
            self.connection.flush()
            self.connection.writer.close()
        else:
            self.connection.writer.transport.abort()
        raise Broken

    async def heard(self):
        while piece := await self.pieces.get():
            yield piece

    async def digest(self):
        digest = hashlib.sha256()
        async for piece in self.heard():
            digest.update(piece)
        return digest.hexdigest()

    def begin(self, kind="application/json", more=()):
        fields = [(":status", "200"), ("content-type", kind), *more]
        self.connection.session.send_headers(self.id, fields)
        self.connection.flush()

    async def send(self, octets):
        """As windows allow."""
        session = self.connection.session
        while octets:
            async with self.connection.moved:
                await self.connection.moved.wait_for(
                    lambda: session.local_flow_control_window(self.id) > 0
                )
            size = min(session.local_flow_control_window(self.id), session.max_outbound_frame_size)
            session.send_data(self.id, octets[:size])
            octets = octets[size:]
            self.connection.flush()
            await self.connection.writer.drain()

    def end(self, trailers=()):
        if trailers:
            self.connection.session.send_headers(self.id, list(trailers), end_stream=True)
        else:
            self.connection.session.end_stream(self.id)
        self.connection.flush()

    async def answer(self, body, kind="application/json"):
        self.begin(kind, [("content-length", str(len(body)))])
        await self.send(body)
        self.end()

    # One act each

    async def small(self):
        await self.answer(f'{{"sha256":"{await self.digest()}"}}'.encode())

    upload = slow = small

    async def echo(self):
        await self.digest()
        await self.answer(f"you are {self.headers.get('x-api-key')}".encode(), "text/plain")

    async def download(self):
        await self.digest()
        self.begin(more=[("content-length", str(1 << 20))])
        for number in range(16):
            await self.send(pattern(1 << 16))
            if number == 8:
                await self.fault("in a download")
        self.end()

    async def chunks(self):
        await self.digest()
        self.begin()
        for _ in range(20):
            await self.send(pattern(0x1000))
        await self.fault("in a body without a length")
        self.end()

    async def events(self):
        await self.digest()
        self.begin("text/event-stream")
        for number in range(30):
            await self.send(f"data: {number}\n\n".encode())
            await asyncio.sleep(0.01)
            if number == 15:
                await self.fault("in events")
        self.end()

    async def chat(self):
        self.begin("application/grpc")
        async for piece in self.heard():
            await self.send(piece)
            if self.provider.random.random() < self.provider.fault_rate / 10:
                await self.fault("in a call")
        self.end([("grpc-status", "0"), ("x-key", self.headers.get("x-api-key", "none"))])
