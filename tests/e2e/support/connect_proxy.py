"""A proxy as organisations have one before the internet: CONNECT with Basic, and a list of what it was asked.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import socket
import threading


class ConnectProxy:
    """Leads every place to `port` of loopback. `answer(head)` may say something else instead of opening the tunnel."""

    def __init__(self, port, credential=None):
        self.target, self.credential = port, credential
        self.heads, self.answer = [], None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                octets = connection.recv(4096)
                if not octets:
                    return
                head += octets
            text = head.decode("latin1")
            self.heads.append(text)
            said = self.answer(head) if self.answer else None
            if said is None and self.credential:
                pair = base64.b64encode(self.credential.encode()).decode()
                if f"proxy-authorization: Basic {pair}\r\n" not in text:
                    said = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
            if said is not None:
                connection.sendall(said)
                return
            with socket.create_connection(("127.0.0.1", self.target), timeout=20) as onward:
                connection.sendall(b"HTTP/1.1 200 OK\r\nvia: 1.1 proxy\r\n\r\n")
                onward.settimeout(None)
                back = threading.Thread(target=self._pump, args=(onward, connection), daemon=True)
                back.start()
                self._pump(connection, onward)
                back.join(20)

    @staticmethod
    def _pump(source, sink):
        try:
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for each in (source, sink):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
