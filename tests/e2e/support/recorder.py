"""An upstream that reads strictly, keeps what it saw octet by octet, and answers what a test tells it to.

Over TLS it stands for the providers' hosts (for the gateway); without TLS it stands behind a peer proxy.
SPDX-License-Identifier: Apache-2.0
"""

import base64
import datetime
import hashlib
import json
import socket
import ssl
import threading
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import strict

ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Seen:
    """One request, or what was no request (`fault` says why)."""

    tls: bool
    connection: int
    request: strict.Request | None
    fault: str | None = None
    is_cut: bool = False  # its connection ended in the middle of it
    socket: object = None


def answer(body=b"", status="200 OK", headers=()):
    """A whole answer as octets."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode("latin1") + body
    )


def echo(seen):
    """The default: what was asked, without the key."""
    told = {"path": seen.request.path, "body": seen.request.body.decode("latin1")}
    return answer(json.dumps(told).encode(), headers=[("Content-Type", "application/json")])


class Recorder:
    """`hosts` are the names in its certificate; `script[tag]` is called with what was seen when `tag` is a segment of its path, and
    answers octets, or None to end the connection. `otherwise` answers the rest."""

    def __init__(self, folder, hosts):
        folder.mkdir(parents=True, exist_ok=True)
        self.hosts, self.ca = list(hosts), folder / "ca.pem"
        self.script, self.keys, self.otherwise = {}, {}, echo
        self._seen, self._lock, self._connections, self._open = [], threading.Lock(), 0, set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._make_certificates(folder)
        self._listeners = []
        self.port, self.plain_port = self._listen(True), self._listen(False)

    # What a Room asks of the stand-ins of providers
    def accept(self, service, key):
        self.keys.setdefault(service, []).append(key)

    def passes(self, *_):
        pass

    def release(self):
        pass

    def seen(self, tag, tls=None):
        """What came with `tag` in its target, and all that was no request."""
        with self._lock:
            return [
                each
                for each in self._seen
                if (tls is None or each.tls == tls)
                and (each.request is None or tag in each.request.target)
            ]

    def forget(self):
        with self._lock:
            self._seen.clear()

    def stop(self):
        for listener in self._listeners:
            listener.close()
        with self._lock:
            still_open = list(self._open)
        for each in still_open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _listen(self, tls):
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listeners.append(listener)
        threading.Thread(target=self._accept_all, args=(listener, tls), daemon=True).start()
        return listener.getsockname()[1]

    def _accept_all(self, listener, tls):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection, tls), daemon=True).start()

    def _serve(self, connection, tls):
        with self._lock:
            self._connections += 1
            number = self._connections
        try:
            if tls:
                connection = self._context.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            with connection:
                stream = connection.makefile("rb")
                while self._serve_one(connection, stream.read, tls, number):
                    pass
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _serve_one(self, connection, read, tls, number):
        seen = Seen(tls, number, None, socket=connection)
        try:
            seen.request = strict.read_head(read)
            if seen.request is None:
                return False
            if seen.request.all("expect"):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            seen.request.body = strict.read_body(read, seen.request)
        except strict.Ambiguous as ambiguous:
            seen.fault, seen.is_cut = str(ambiguous), isinstance(ambiguous, strict.CutShort)
        with self._lock:
            self._seen.append(seen)
        if seen.fault is not None:
            connection.sendall(answer(b"ambiguous", "400 Bad Request", [("Connection", "close")]))
            return False
        tags = [part for part in seen.request.path.split("/") if part in self.script]
        if seen.request.all("upgrade") and not tags:
            return self._serve_socket(connection, read, seen)
        octets = self.script[tags[0]](seen) if tags else self.otherwise(seen)
        if octets is None:
            return False
        connection.sendall(octets)
        return True

    def _serve_socket(self, connection, read, seen):
        """Says back what the first message said, then the key, and ends."""
        key = seen.request.all("sec-websocket-key")[0]
        accept = base64.b64encode(hashlib.sha1((key + ACCEPT).encode()).digest()).decode()
        connection.sendall(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        head = strict.read_exactly(read, 6)
        mask, text = head[2:], strict.read_exactly(read, head[1] & 0x7F)
        said = bytes(octet ^ mask[at % 4] for at, octet in enumerate(text))
        injected = [*seen.request.all("x-goog-api-key"), *seen.request.all("x-key"), ""][0].encode()
        for message in (said, injected):
            connection.sendall(bytes([0x81, len(message)]) + message)
        connection.sendall(b"\x88\x00")
        read(1)
        return False

    def _make_certificates(self, folder):
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)

        def make(subject, issuer, key, signer, extension):
            return (
                x509.CertificateBuilder()
                .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
                .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - day)
                .not_valid_after(now + day)
                .add_extension(extension, critical=True)
                .sign(signer, hashes.SHA256())
            )

        authority, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in self.hosts])
        root = make("recorder", "recorder", authority, authority, x509.BasicConstraints(True, None))
        chain = folder / "leaf.pem"
        pem = serialization.Encoding.PEM
        self.ca.write_bytes(root.public_bytes(pem))
        chain.write_bytes(
            make("hosts", "recorder", leaf, authority, names).public_bytes(pem)
            + leaf.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self._context.load_cert_chain(chain)
        chain.unlink()
