"""Every way into the gateway, each with the same face: one request in, what came back out.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import os
import socket
import ssl
import subprocess
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from support import strict
from support.ports import free_port
from support.room import PROGRAMS
from support.waiting import until

TIMEOUT = 30


@dataclass
class Asked:
    """A request as an agent means it; `host` and `twice_host` are for those that lie."""

    path: str
    method: str = "GET"
    headers: list = field(default_factory=list)
    body: bytes | None = None
    chunks: list | None = None
    host: str | None = None
    second_host: str | None = None
    trailers: list = field(default_factory=list)  # after a body over HTTP/2
    waits_for_continue: bool = False
    to: str = "gemini"


@dataclass
class Answered:
    status: int = 0
    headers: list = field(default_factory=list)
    body: bytes = b""
    interim: list = field(default_factory=list)
    trailers: list = field(default_factory=list)  # over HTTP/2
    messages: list = field(default_factory=list)  # of a websocket, until the other side closes it
    reset: bool = False  # the stream or the connection was broken off instead of an answer
    reset_code: int | None = None  # of a stream of HTTP/2

    def all(self, name):
        return [value for each, value in self.headers if each == name]


def read_answer(stream, method, more=lambda: None):
    """The next final answer on an HTTP/1 connection; `more` is called at 100."""
    answered = Answered()
    while answered.status < 200 and answered.status != 101:
        line = strict.read_line(stream.read)
        if line is None:
            answered.reset = True
            return answered
        answered.status, answered.headers = int(line.split()[1]), []
        while line := strict.read_line(stream.read):
            name, _, value = line.partition(b":")
            answered.headers.append((name.decode().lower(), value.strip().decode("latin1")))
        if answered.status < 200 and answered.status != 101:
            answered.interim.append(answered.status)
            if answered.status == 100:
                more()
    if method == "HEAD" or answered.status in (101, 204, 304):
        return answered
    if answered.all("transfer-encoding"):
        answered.body = strict.read_chunks(stream.read)
    elif answered.all("content-length"):
        answered.body = strict.read_exactly(stream.read, int(answered.all("content-length")[0]))
    else:
        answered.body = stream.read()
    return answered


def masked_frame(text, first=0x81):
    mask = os.urandom(4)
    masked = bytes(octet ^ mask[at % 4] for at, octet in enumerate(text))
    return bytes([first, 0x80 | len(text)]) + mask + masked


def read_messages(read):
    messages = []
    while (head := strict.read_exactly(read, 2))[0] != 0x88:
        messages.append(strict.read_exactly(read, head[1]))
    return messages


class Ingress:
    """HTTP/1.1 to one place; what differs is how the connection is made and how the target is written."""

    name, is_h2, is_inspected, is_session, over_tls = "", False, False, False, False
    is_websocket = False

    def __init__(self, session):
        self.session = session
        self.room = session.room

    def connect(self, asked):
        raise NotImplementedError

    def target(self, asked):
        return asked.path

    def host(self, asked):
        return self.session.hosts[asked.to]

    def own_headers(self, asked):
        return []

    def raw(self):
        host, port = self.room.endpoints["gateway"].rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=TIMEOUT)

    def head(self, asked):
        hosts = [asked.host or self.host(asked)]
        if asked.second_host:
            hosts.append(asked.second_host)
        fields = [("Host", host) for host in hosts] + self.own_headers(asked) + asked.headers
        if asked.body is not None:
            fields.append(("Content-Length", str(len(asked.body))))
        if asked.chunks is not None:
            fields.append(("Transfer-Encoding", "chunked"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"{asked.method} {self.target(asked)} HTTP/1.1\r\n{lines}\r\n".encode("latin1")

    def body(self, asked):
        if asked.chunks is not None:
            pieces = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in asked.chunks]
            return b"".join(pieces) + b"0\r\n\r\n"
        return asked.body or b""

    def ask(self, asked):
        with self.connect(asked) as connection:
            try:
                try:
                    connection.sendall(self.head(asked))
                    if not asked.waits_for_continue:
                        connection.sendall(self.body(asked))
                except BrokenPipeError:
                    pass  # it had seen enough; its answer is there to be read
                with connection.makefile("rb") as stream:
                    answered = read_answer(
                        stream, asked.method, lambda: connection.sendall(self.body(asked))
                    )
                    if answered.status == 101:
                        connection.sendall(masked_frame(b"hello"))
                        answered.messages = read_messages(stream.read)
                        connection.sendall(masked_frame(b"", 0x88))
                        stream.read()  # until the gateway ends it, as its provider has
                    return answered
            except (ConnectionError, ssl.SSLError):
                return Answered(reset=True)


class BaseUrl(Ingress):
    name = "base-url"

    def connect(self, asked):
        return self.raw()

    def target(self, asked):
        return f"/{asked.to}{asked.path}"

    def host(self, asked):
        return self.room.endpoints["gateway"]


class BaseUrlTls(BaseUrl):
    name, over_tls, protocol = "base-url-tls", True, "http/1.1"

    def connect(self, asked):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([self.protocol])
        return context.wrap_socket(self.raw(), server_hostname="localhost")


class SessionSocket(BaseUrl):
    """The session's own Unix socket: like a base URL, but it is known whose it is."""

    name, is_session = "session-socket", True

    def connect(self, asked):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(self.session.socket)
        return connection


class Absolute(Ingress):
    name, is_inspected = "absolute", True

    def connect(self, asked):
        return self.raw()

    def target(self, asked):
        return f"https://{self.session.hosts[asked.to]}{asked.path}"

    def own_headers(self, asked):
        return [("Proxy-Authorization", f"Basic {self.session.pair}")]


class Connect(Ingress):
    name, is_inspected, protocol = "connect", True, "http/1.1"

    def connect(self, asked):
        place = f"{self.session.hosts[asked.to]}:443"
        connection = self.raw()
        connection.sendall(
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic {self.session.pair}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += strict.read_exactly(connection.recv, 1)
        assert head.startswith(b"HTTP/1.1 200"), head
        return self.secured(connection, asked)

    def secured(self, connection, asked):
        context = ssl.create_default_context(cadata=self.session.authority)
        context.set_alpn_protocols([self.protocol])
        secured = context.wrap_socket(connection, server_hostname=self.session.hosts[asked.to])
        assert secured.selected_alpn_protocol() in (self.protocol, None)
        return secured


class Transparent(Connect):
    """`strongroom relay`, as in a workroom whose names lead to it; the session's own, started when first used."""

    name = "transparent"

    def connect(self, asked):
        connection = socket.create_connection(("127.0.0.1", self.session.relay()), timeout=TIMEOUT)
        return self.secured(connection, asked)


def send_pieces(session, content, trailers=()):
    """All of a body that fits into the first window."""
    size = session.max_outbound_frame_size
    for start in range(0, max(len(content), 1), size):
        is_last = start + size >= len(content)
        session.send_data(
            1, content[start : start + size], end_stream=is_last and not trailers
        )
    if trailers:
        session.send_headers(1, trailers, end_stream=True)


class Http2Mixin:
    """The same over HTTP/2: nothing is repaired or refused on this side."""

    is_h2, protocol = True, "h2"

    def ask(self, asked):
        with self.connect(asked) as connection:
            try:
                return self._exchange(connection, asked)
            except (ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError):
                return Answered(reset=True)

    def _fields(self, asked):
        fields = [
            (":method", asked.method),
            (":scheme", "https"),
            (":authority", asked.host or self.host(asked)),
            (":path", self.target(asked)),
        ]
        if asked.second_host:
            fields.append(("host", asked.second_host))
        fields += [(name.lower(), value) for name, value in asked.headers]
        if asked.body is not None:
            fields.append(("content-length", str(len(asked.body))))
        return fields

    def begin(self, asked):
        """The connection of a request whose answer nobody reads."""
        connection = self.connect(asked)
        self._send(connection, asked)
        return connection

    def _send(self, connection, asked):
        lenient = h2.config.H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
            header_encoding="latin1",
        )
        session = h2.connection.H2Connection(lenient)
        session.initiate_connection()
        content = b"".join(asked.chunks) if asked.chunks is not None else asked.body
        session.send_headers(1, self._fields(asked), end_stream=content is None)
        if content is not None and not asked.waits_for_continue:
            send_pieces(session, content, asked.trailers)
        connection.sendall(session.data_to_send())
        return session, content

    def _exchange(self, connection, asked):
        session, content = self._send(connection, asked)
        answered = Answered()
        while octets := connection.recv(65536):
            for event in session.receive_data(octets):
                if self._take(event, answered, session, content):
                    return answered
            connection.sendall(session.data_to_send())
        answered.reset = True
        return answered

    @staticmethod
    def _take(event, answered, session, content):
        """True at the end."""
        if isinstance(event, h2.events.InformationalResponseReceived):
            answered.interim.append(int(dict(event.headers)[":status"]))
            send_pieces(session, content)
        elif isinstance(event, h2.events.ResponseReceived):
            answered.headers = [(name, value) for name, value in event.headers]
            answered.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.TrailersReceived):
            answered.trailers = [(name, value) for name, value in event.headers]
        elif isinstance(event, h2.events.DataReceived):
            answered.body += event.data
            session.acknowledge_received_data(event.flow_controlled_length, 1)
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            answered.reset = True
            answered.reset_code = int(event.error_code)
        return answered.reset or isinstance(event, h2.events.StreamEnded)


def upgrade_headers():
    key = base64.b64encode(os.urandom(16)).decode()
    return [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    ]


class WebsocketMixin:
    """The same request, as one that asks to become a websocket."""

    is_websocket = True

    def own_headers(self, asked):
        return super().own_headers(asked) + upgrade_headers()


def to_websocket(ingress):
    name = f"{ingress.__name__}Websocket"
    return type(name, (WebsocketMixin, ingress), {"name": f"{ingress.name}-websocket"})


class ConnectHttp2(Http2Mixin, Connect):
    name = "connect-http2"


class TransparentHttp2(Http2Mixin, Transparent):
    name = "transparent-http2"


class BaseUrlHttp2(Http2Mixin, BaseUrlTls):
    name = "base-url-http2"


INGRESSES = [
    BaseUrl,
    BaseUrlTls,
    BaseUrlHttp2,
    SessionSocket,
    Connect,
    ConnectHttp2,
    Absolute,
    Transparent,
    TransparentHttp2,
]
INGRESSES += [to_websocket(each) for each in INGRESSES if not each.is_h2]


class Session:
    """One session, its passes by service and label, and its relay."""

    def __init__(self, room, hosts, *services, flags=()):
        self.room, self.hosts = room, hosts
        named = [part for service in services for part in ("--service", service)]
        started = room.json(
            *("session", "start", "--tenant", "acme", "--member", "alice", *flags, *named)
        )
        self.id = started["session"]["id"]
        self.socket = started.get("socket")
        self.authority = started["proxy"]["authority"]
        self.credential = started["proxy"]["credential"]
        self.pair = base64.b64encode(f"session:{self.credential}".encode()).decode()
        self.passes = {}
        for each in started["passes"]:
            self.passes[each["service"]] = self.passes[each.get("label")] = each["pass"]
        self._relay = None

    def relay(self):
        if self._relay is None:
            self._port = free_port()
            self._relay = subprocess.Popen(
                [
                    PROGRAMS / "strongroom",
                    "relay",
                    "--listen",
                    f"127.0.0.1:{self._port}",
                    "--socket",
                    self.room.data / "gateway.sock",
                ],
                env={"PATH": os.environ["PATH"], "STRONGROOM_PROXY_CREDENTIAL": self.credential},
                stdout=subprocess.DEVNULL,
            )
            until(self._listens, 30, "the relay listens")
        return self._port

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def end(self):
        if self._relay is not None:
            self._relay.terminate()
            self._relay.wait(30)

    def record(self):
        """What the record says of this session's requests, oldest first."""
        listed = self.room.json("audit", "list", "--session", self.id, "--limit", "200")
        return [entry for entry in reversed(listed) if entry["action"] in ("use", "finding")]
