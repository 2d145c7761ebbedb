"""A provider that speaks HTTP/2 and does what a test tells it to: real frames over real TLS, by the `h2` library.

SPDX-License-Identifier: Apache-2.0
"""

import socket
import ssl
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from support.authority import Authority
from support.own_provider import OwnProvider

HOST = "generativelanguage.googleapis.com"


@dataclass
class Asked:
    """One request as it came. `headers` holds hpack's tuples, which say what must never be indexed."""

    connection: "Http2Connection"
    stream: int
    headers: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    reset: threading.Event = field(default_factory=threading.Event)  # by the gateway, or its connection's end

    def get(self, name):
        return dict(self.headers).get(name)


def answer(asked, body=b"fine", headers=(), trailers=(), status="200"):
    """A whole answer, within the first window."""
    fields = [(":status", status), *headers]
    asked.connection.send(lambda session: session.send_headers(asked.stream, fields))
    asked.connection.send(
        lambda session: session.send_data(asked.stream, body, end_stream=not trailers)
    )
    if trailers:
        asked.connection.send(
            lambda session: session.send_headers(asked.stream, list(trailers), end_stream=True)
        )


class Http2Connection:
    def __init__(self, provider, connection):
        self.provider, self.socket = provider, connection
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="latin1", validate_outbound_headers=False
        )
        self.session = h2.connection.H2Connection(config)
        self.lock, self.asked, self.ended = threading.RLock(), {}, threading.Event()
        self.windows = threading.Event()
        self.told = None  # the code of the gateway's GOAWAY

    def send(self, act):
        """`act(session)`, and what it makes goes out."""
        with self.lock:
            result = act(self.session)
            self.socket.sendall(self.session.data_to_send())
            return result

    def serve(self):
        try:
            while self.provider.is_silent and self.socket.recv(65536):
                pass
            self.session.local_settings = h2.settings.Settings(
                client=False, initial_values=self.provider.settings
            )
            self.send(lambda session: session.initiate_connection())
            if self.provider.greets is not None:
                self.provider.greets(self)
            while octets := self.socket.recv(65536):
                with self.lock:
                    events = self.session.receive_data(octets)
                    self.socket.sendall(self.session.data_to_send())
                for event in events:
                    self._take(event)
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            for asked in self.asked.values():
                asked.reset.set()
            self.ended.set()
            self._close()

    def _close(self):
        """Not while another thread writes: its octets would go to whatever gets the descriptor next."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        with self.lock:
            self.socket.close()

    def _take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            asked = Asked(self, event.stream_id, event.headers)
            self.asked[event.stream_id] = asked
            self.provider.note(asked)
            self._begin(self.provider.on_head, asked)
        elif isinstance(event, h2.events.DataReceived):
            self.asked[event.stream_id].body += event.data
            if self.provider.opens_windows:
                self.send(
                    lambda session: session.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                )
        elif isinstance(event, h2.events.TrailersReceived):
            self.asked[event.stream_id].trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            asked = self.asked[event.stream_id]
            asked.ended.set()
            self._begin(self.provider.on_request, asked)
        elif isinstance(event, h2.events.StreamReset):
            self.asked[event.stream_id].reset.set()
        elif isinstance(event, h2.events.WindowUpdated):
            self.windows.set()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.told = int(event.error_code)

    def _begin(self, act, asked):
        if act is not None:
            threading.Thread(target=self._guarded, args=(act, asked), daemon=True).start()

    @staticmethod
    def _guarded(act, asked):
        try:
            act(asked)
        except (OSError, h2.exceptions.ProtocolError):
            pass


class Http2Provider(OwnProvider):
    """`on_request(asked)` when a request is whole, `on_head(asked)` when its head has come; each on a thread of its own."""

    hosts = [HOST]

    def __init__(self, folder, protocols=("h2",)):
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority()
        chain, key, _ = authority.issue(HOST)
        self.ca = folder / "ca.pem"
        self.ca.write_text(authority.pem)
        (folder / "leaf.pem").write_text(chain + key)
        self.on_request, self.on_head, self.greets = answer, None, None
        self.settings, self.opens_windows = {}, True
        self.all, self.connections, self.refused = [], [], 0
        self.knocks, self.lets_in = 0, threading.Event()  # of those who want to connect
        self.lets_in.set()
        self.turns_away = False
        self.is_silent = False  # says not even what its settings are
        self._changed = threading.Condition()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "leaf.pem")
        (folder / "leaf.pem").unlink()
        self._context.set_alpn_protocols(list(protocols))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def note(self, asked):
        with self._changed:
            self.all.append(asked)
            self._changed.notify_all()

    def wait_for(self, count, seconds=60):
        """So many requests have come; the last of them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, seconds), len(self.all)
            return self.all[count - 1]

    def stop(self):
        self._listener.close()
        for each in self.connections:
            try:
                each.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        self.knocks += 1
        self.lets_in.wait(30)
        if self.turns_away:
            plain.close()
            return
        try:
            secured = self._context.wrap_socket(plain, server_side=True)
        except (OSError, ssl.SSLError):
            self.refused += 1
            return
        if secured.selected_alpn_protocol() != "h2":
            # What a server does that has no other protocol (RFC 7301 3.2); Python's own goes on without one.
            self.refused += 1
            secured.close()
            return
        connection = Http2Connection(self, secured)
        self.connections.append(connection)
        connection.serve()
