"""Between a runner and its vault: control connections are handed on, and of lease channels a test says what becomes of
them, one after the other. SPDX-License-Identifier: Apache-2.0"""

import os
import socket
import threading
from pathlib import Path

#: Types of frames (src/lease/messages.h: their places in Message).
VAULT_HELLO, ACQUIRE_SESSION, ALL_GRANTED, FENCE, REFRESH = 2, 4, 6, 11, 13
#: AllGranted, but for the first one.
AGAIN = -1


def frames(source):
    """Whole frames, each with its type."""
    held = b""
    while block := source.recv(65536):
        held += block
        while len(held) >= 4 and len(held) >= 4 + int.from_bytes(held[:4], "big"):
            size = 4 + int.from_bytes(held[:4], "big")
            yield held[4], held[:size]
            held = held[size:]


class Channel:
    """One lease channel. What becomes of a frame is said by its type: `doubled`: sent twice in one piece; `held`: kept
    until release(), and all behind it; `late`: kept so, the others pass; `last`: the channel ends with it."""

    def __init__(self, doubled=(), held=(), late=(), last=(), is_dead=False):
        self.doubled, self.held, self.late, self.last, self.is_dead = doubled, held, late, last, is_dead
        self.before_last = self.after_last = lambda: None
        self.is_holding, self._released = threading.Event(), threading.Event()

    def release(self):
        self._released.set()

    def _send_late(self, sink, frame):
        self._released.wait(60)
        try:
            sink.sendall(frame)
        except OSError:
            pass

    def carry(self, source, sink):
        answers, is_last = 0, False
        try:
            for kind, frame in frames(source):
                answers += kind == ALL_GRANTED
                is_last = kind in self.last
                if kind in self.late or (AGAIN in self.late and kind == ALL_GRANTED and answers > 1):
                    self.is_holding.set()
                    threading.Thread(target=self._send_late, args=(sink, frame), daemon=True).start()
                    continue
                if kind in self.held:
                    self.is_holding.set()
                    self._released.wait(60)
                if is_last:
                    self.before_last()
                sink.sendall(frame * 2 if kind in self.doubled else frame)
                if is_last:
                    break
        except OSError:
            is_last = False
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if is_last:
            self.after_last()


class LeaseRelay:
    """Channels beyond those named pass through."""

    def __init__(self, room, *channels):
        self.room, self.to = room, room.data / "control.sock"
        # The paths of sockets are short.
        self.folder = Path(room.environment["XDG_RUNTIME_DIR"]) / f"l{os.urandom(3).hex()}"
        self.folder.mkdir(mode=0o700)
        self.channels, self.attached = list(channels), 0
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.folder / "control.sock"))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self, services, command, **options):
        """A `strongroom run` that reaches the vault by way of this."""
        data, self.room.data = self.room.data, self.folder
        try:
            return self.room.begin(services, command, **options)
        finally:
            self.room.data = data

    def _accept(self):
        while True:
            client, _ = self._server.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self.to))
            first = client.recv(65536)
            server.sendall(first)
            channel = Channel()
            if b"/attach HTTP/1.1" in first:
                answer = b""
                while not answer.endswith(b"\r\n\r\n"):
                    answer += server.recv(1)
                client.sendall(answer)
                if b" 101 " in answer:
                    self.attached += 1
                    channel = self.channels.pop(0) if self.channels else channel
                    if channel.is_dead:
                        raise OSError
                    threading.Thread(target=channel.carry, args=(client, server), daemon=True).start()
                    return channel.carry(server, client)
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            self._pass_on(server, client)
        except OSError:
            for each in (client, server):
                each.close()

    @staticmethod
    def _pass_on(source, sink):
        try:
            while block := source.recv(65536):
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
