"""Receivers of the record: what a log server is to Strongroom. SPDX-License-Identifier: Apache-2.0"""

import json
import re
import socket
import ssl
import threading

from support.authority import Authority
from support.https_server import HttpsServer

#: RFC 5424 6, as far as what we send goes.
MESSAGE = re.compile(
    r'<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) (\S+) strongroom - (use|settled|change|finding) '
    r'\[meta sequenceId="(\d+)"\]\[origin software="strongroom" swVersion="[^"]+"\] (\{.*\})'
)


def parse(octets):
    """(priority, the entry) of one message; the number in its structured data must be the entry's."""
    found = MESSAGE.fullmatch(octets.decode())
    assert found, octets
    entry = json.loads(found[6])
    assert int(found[5]) == entry["index"] + 1 and found[2] == entry["time"] and found[4] == entry["kind"]
    return int(found[1]), entry


class HttpsSink:
    """Takes NDJSON; answers what `status` says, and nothing at all while it hangs."""

    def __init__(self, folder, host="localhost"):
        self.status, self.batches, self.refused, self.tokens = 200, [], [], []
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._server = HttpsServer(folder, host, answer=self._answer)
        self.ca, self.port = self._server.ca, self._server.port

    def _answer(self, request):
        method, path, headers, body = request
        assert method == "POST" and path == "/ingest" and headers["content-type"] == "application/x-ndjson"
        batch = (headers["idempotency-key"], [json.loads(line) for line in body.splitlines()])
        self.tokens.append(headers.get("authorization"))
        self._goes_on.wait(60)
        (self.batches if self.status == 200 else self.refused).append(batch)
        return self.status, {}, b""

    def hang(self):
        self._goes_on.clear()

    def go_on(self):
        self._goes_on.set()

    @property
    def entries(self):
        """As a receiver keeps them that takes no batch twice."""
        return [entry for entries in dict(self.batches).values() for entry in entries]

    def stop(self):
        self._goes_on.set()
        self._server.stop()


class SyslogStream:
    """TCP or TLS with octet counting (RFC 6587, RFC 5425)."""

    def __init__(self, folder, tls_name=None):
        self.messages, self._context = [], None
        if tls_name:
            folder.mkdir(parents=True, exist_ok=True)
            authority = Authority()
            chain, key, _ = authority.issue(tls_name)
            (folder / "syslog.pem").write_text(chain + key)
            self.ca = folder / "syslog-ca.pem"
            self.ca.write_text(authority.pem)
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(folder / "syslog.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rb")
            while size := self._size(stream):
                self.messages.append(stream.read(size))
        except (OSError, ValueError):
            pass

    @staticmethod
    def _size(stream):
        digits = b""
        while (octet := stream.read(1)) not in (b" ", b""):
            digits += octet
        return int(digits or 0)

    def stop(self):
        self._listener.close()


class SyslogDatagrams:
    """UDP, or a Unix socket as /dev/log is one."""

    def __init__(self, path=None):
        self._socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(str(path) if path else ("127.0.0.1", 0))
        self.port = None if path else self._socket.getsockname()[1]
        self.messages = []
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            try:
                self.messages.append(self._socket.recv(65536))
            except OSError:
                return

    def stop(self):
        self._socket.close()
