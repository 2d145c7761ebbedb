"""A workroom that is started as a platform does it: `strongroom attach` with a ticket, and strongroom-init as process 1 of
a namespace that it has not made. SPDX-License-Identifier: Apache-2.0"""

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

from support.room import PROGRAMS, Workroom

INIT = str(PROGRAMS / "strongroom-init")


def issue(room, *services, flags=(), member="alice"):
    wanted = [part for each in services for part in ("--service", each)]
    return room.json("ticket", "issue", "--tenant", "acme", "--member", member, *wanted, *flags)["ticket"]


class Platform:
    """Starts programs for one room beside the test, and ends what is left of them."""

    def __init__(self, room):
        self.room = room
        # The paths of sockets are short.
        self.folder = Path(room.environment["XDG_RUNTIME_DIR"]) / f"p{os.urandom(3).hex()}"
        self.folder.mkdir(mode=0o755)
        self.socket = self.folder / "s.sock"
        self.started = []
        self.counter = 0

    def url(self):
        return f"http://{self.room.endpoints['control']}"

    def begin(self, *command, input=None, environment=None, **options):
        self.counter += 1
        output, errors = (self.room.folder / f"platform-{self.counter}.{end}" for end in ("out", "err"))
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=open(output, "wb"),
            stderr=open(errors, "wb"),
            env={**self.room.environment, **(environment or {})},
            cwd=self.room.folder,
            **options,
        )
        if input is not None:
            process.stdin.write(input.encode())
            process.stdin.close()
        begun = Workroom(process, output, errors)
        self.started.append(begun)
        return begun

    def attach(self, ticket, *arguments, url=None, **options):
        return self.begin(
            PROGRAMS / "strongroom",
            "attach",
            "--ticket-file",
            "-",
            *arguments,
            input=ticket + "\n",
            environment={"STRONGROOM_URL": self.url() if url is None else url, **options.pop("environment", {})},
            **options,
        )

    def attach_here(self, ticket, *arguments, **options):
        return self.attach(ticket, "--socket", self.socket, *arguments, **options)

    def container(self, *command, before="", network=False, **options):
        """Process 1 of its own process ids, with its own loopback alone unless `network`."""
        begin = f"{before}; " if before else ""
        if not network:
            begin += "ip link set lo up; "
        script = f'{begin}exec {INIT} --socket {self.socket} -- "$@"'
        flags = ["--pid", "--fork", "--kill-child", "--mount-proc"] + ([] if network else ["--net"])
        return self.begin("unshare", *flags, "sh", "-c", script, "sh", *command, **options)

    def stop(self):
        for each in self.started:
            each.stop()


class Listener:
    """Hands connections on to the control port, and keeps what the client said."""

    def __init__(self, to):
        self.host, self.port = to.rsplit(":", 1)
        self.said = b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            server = socket.create_connection((self.host, int(self.port)))
            threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _carry(self, source, sink, is_client):
        try:
            while block := source.recv(65536):
                if is_client:
                    self.said += block
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def stop(self):
        self.server.close()


def knock(room, session, credential):
    """What who brings this credential is answered at a session's lease channel: (status, code)."""
    host, port = room.endpoints["control"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            f"POST /api/v1/sessions/{session}/attach HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Authorization: Bearer {credential}\r\nConnection: Upgrade\r\nUpgrade: strongroom-lease/1\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer and (block := connection.recv(65536)):
            answer += block
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        while status != 101 and not body.endswith(b"}") and (block := connection.recv(65536)):
            body += block
    return status, None if status == 101 else json.loads(body)["error"]["code"]
