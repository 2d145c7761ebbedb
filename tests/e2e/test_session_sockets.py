"""A Unix socket of a session's own: for its owner, for this session's passes, for as long as the session.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.waiting import until
from test_proxy import GEMINI, Session, told_of

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


class SocketSession(Session):
    """As Session, with a socket, over which it is reached."""

    def __init__(self, room, *services, flags=()):
        self.room = room
        asked = [part for service in services for part in ("--service", service)]
        started = room.json(
            *("session", "start", "--tenant", "acme", "--member", "alice"),
            *("--socket", *flags, *asked),
        )
        self.id = started["session"]["id"]
        self.socket = Path(started["socket"])
        self.credential = started["proxy"]["credential"]
        self.authority = started["proxy"]["authority"]
        self.passes = {each["service"]: each["pass"] for each in started["passes"]}
        for each in self.passes.values():
            room.standins.passes(each)

    def client(self, **more):
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket), **more), timeout=60
        )

    def raw(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(str(self.socket))
        return connection

    def connect(self, place, lines=""):
        connection = self.raw()
        connection.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{lines}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head and (octet := connection.recv(1)):
            head += octet
        return int(head.split()[1]), connection


def asked(client, token, base="http://gateway/gemini"):
    return client.get(f"{base}/v1beta/models", headers={"x-goog-api-key": token})


def test_base_urls_proxy_and_tls_over_it(room):
    room.add_key("gemini")
    session = SocketSession(room, "gemini")
    token = session.passes["gemini"]
    with session.client() as client:
        assert [asked(client, token).status_code for _ in range(3)] == [200] * 3
    trust = ssl.create_default_context(cafile=str(room.data / "gateway-ca.pem"))
    for http2 in (False, True):
        with session.client(verify=trust, http2=http2) as client:
            answer = asked(client, token, "https://localhost/gemini")
            assert (answer.status_code, answer.http_version) == (
                200,
                "HTTP/2" if http2 else "HTTP/1.1",
            )
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=token)
    assert status == 200, "no credential for the proxy is asked for"
    with session.raw() as connection:
        connection.sendall(
            f"GET https://{GEMINI}/v1beta/models HTTP/1.1\r\nHost: {GEMINI}\r\n"
            f"x-goog-api-key: {token}\r\nConnection: close\r\n\r\n".encode()
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    status, connection = session.connect("example.com:443")
    connection.close()
    assert status == 403


def test_d7_nothing_of_another_session_is_good_there(room):
    room.add_key("gemini")
    session, other = SocketSession(room, "gemini"), Session(room, "gemini")
    trust = ssl.create_default_context(cafile=str(room.data / "gateway-ca.pem"))
    for base, more in (
        ("http://gateway/gemini", {}),
        ("https://localhost/gemini", {"verify": trust}),
        ("https://localhost/gemini", {"verify": trust, "http2": True}),
    ):
        with session.client(**more) as client:
            answer = asked(client, other.passes["gemini"], base)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "pass_unknown")
            assert asked(client, session.passes["gemini"], base).status_code == 200
    until(lambda: told_of(room, "pass_of_another_session"), 30, "it is a finding")
    pair = base64.b64encode(f"session:{other.credential}".encode()).decode()
    status, connection = session.connect(
        f"{GEMINI}:443", f"Proxy-Authorization: Basic {pair}\r\n"
    )
    connection.close()
    assert status == 407
    with session.raw() as connection:
        connection.sendall(b"\x01" + other.credential.encode() + b"\n\x16\x03\x01")
        try:
            assert connection.recv(10) == b""
        except ConnectionResetError:
            pass


def test_it_goes_with_the_session_and_takes_its_connections_along(room):
    room.add_key("gemini")
    session = SocketSession(room, "gemini")
    assert session.socket.is_socket() and session.socket.stat().st_mode & 0o777 == 0o600
    idle = session.raw()
    with session.client() as client:
        assert asked(client, session.passes["gemini"]).status_code == 200
        room.cli("session", "end", session.id)
        assert not session.socket.exists()
        try:
            assert idle.recv(1) == b""
        except ConnectionResetError:
            pass
        with pytest.raises(httpx.HTTPError):
            asked(client, session.passes["gemini"])


def test_it_is_there_again_after_a_gateway_or_the_server_was_killed(room):
    room.add_key("gemini")
    session, ended = SocketSession(room, "gemini"), SocketSession(room, "gemini")
    [pid] = room.gateway_pids()
    os.kill(pid, 9)
    until(lambda: room.gateway_pids() not in ([], [pid]), what="a new gateway")
    with session.client() as client:
        assert asked(client, session.passes["gemini"]).status_code == 200
    room.kill9()
    assert session.socket.exists()
    room.start()
    with session.client() as client:
        assert asked(client, session.passes["gemini"]).status_code == 200
    room.cli("session", "end", ended.id)
    assert not ended.socket.exists() and session.socket.exists()


def test_a_gateway_that_stood_still_hears_of_every_socket(room):
    """More was made and ended meanwhile than the channel to it has room for."""
    room.add_key("gemini")
    before = SocketSession(room, "gemini")
    body = {"tenant": "acme", "member": "alice", "services": ["gemini"], "socket": True}
    [pid] = room.gateway_pids()
    os.kill(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(160) as many:
            made = list(many.map(lambda _: room.api("POST", "/api/v1/sessions", body), range(160)))
            ids = [answer["session"]["id"] for _, answer in made]
            ended = many.map(lambda id: room.api("POST", f"/api/v1/sessions/{id}/end", {})[0], ids)
            assert set(ended) == {200}
        after = SocketSession(room, "gemini")
    finally:
        os.kill(pid, signal.SIGCONT)
    for session in (before, after):
        with session.client() as client:
            assert asked(client, session.passes["gemini"]).status_code == 200
    assert room.gateway_pids() == [pid]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_workroom_may_ask_for_one(room):
    room.add_key("gemini")
    ask = (
        'echo "$STRONGROOM_SOCKET"; curl -sS -o /dev/null -w "%{http_code}" --unix-socket "$STRONGROOM_SOCKET" '
        '-H "x-goog-api-key: $GEMINI_API_KEY" http://gateway/gemini/v1beta/models'
    )
    done = room.run(["gemini"], ["/bin/sh", "-c", ask], flags=["--socket"])
    path, status = done.stdout.split()
    assert status == "200" and path.startswith(str(room.data))
    until(lambda: not os.path.exists(path), what="it is gone with the session")
    done = room.run(["gemini"], ["/bin/sh", "-c", "env | grep -c STRONGROOM_SOCKET || true"])
    assert done.stdout.strip() == "0"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_data_directory_may_be_deeper_than_a_sockets_path(make_room):
    """The kernel takes 107 octets of a path: the programs go by the folder's descriptor, a client by where it stands."""
    room = make_room(below="/".join(["deeper"] * 20)).people()
    room.add_key("gemini")
    session = SocketSession(room, "gemini")
    assert len(str(room.data / "control.sock")) > 107 and session.socket.is_socket()
    done = subprocess.run(
        ["curl", "-sS", "-w", "%{http_code}", "--unix-socket", session.socket.name]
        + ["-H", "x-goog-api-key: " + session.passes["gemini"], "http://gateway/gemini/v1beta/models"],
        cwd=session.socket.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.endswith("200"), done
    assert room.run(["gemini"], ["/bin/true"]).returncode == 0


CONNECT = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(sys.argv[1]); "
ASK = CONNECT + "s.sendall(b'GET /gemini/x HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'); print(s.recv(12))"


@root_only
def test_it_is_its_owners_alone(room, tmp_path_factory):
    """The file may be shown elsewhere, as to a container: mode and kernel say who connects."""
    room.add_key("gemini")
    session = SocketSession(room, "gemini", flags=["--socket-owner", "65534"])
    shown = Path("/tmp") / f"strongroom-{os.getpid()}.sock"
    os.link(session.socket, shown)

    def by(user):
        done = subprocess.run(
            ["/usr/bin/python3", "-c", ASK, str(shown)],
            capture_output=True,
            text=True,
            timeout=60,
            user=user,
            group=user,
            cwd="/",
        )
        return done.stdout.strip() or done.stderr.strip().rsplit("\n", 1)[-1]

    try:
        assert by(65534) == "b'HTTP/1.1 401'"
        assert "PermissionError" in by(65533)
        shown.chmod(0o666)
        ended = by(65533)
        assert ended == "b''" or "ConnectionReset" in ended or "BrokenPipe" in ended, ended
        assert by(65534) == "b'HTTP/1.1 401'"
    finally:
        shown.unlink()


TOUCH = "import os,sys; os.open('mine', os.O_CREAT | os.O_WRONLY, dir_fd=int(sys.argv[1]))"
LEAD = "import os,sys; os.symlink('/etc/passwd', 'other', dir_fd=int(sys.argv[1]))"


@root_only
def test_its_folder_is_nobody_elses(room):
    """A container is given the folder: its user passes through, and changes nothing there, where the server would follow
    what stands in the socket's place, and give that away."""
    room.add_key("gemini")
    session = SocketSession(room, "gemini", flags=["--socket-owner", "65534"])
    folder = session.socket.parent

    def by_owner(command, *arguments):
        return subprocess.run(
            ["/usr/bin/python3", "-c", command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            user=65534,
            group=65534,
            extra_groups=[],
            cwd="/",
            pass_fds=[given],
        )

    def is_as_it_should_be():
        assert "PermissionError" in by_owner(TOUCH, str(given)).stderr
        assert "PermissionError" in by_owner(LEAD, str(given)).stderr
        asked_there = by_owner(ASK, f"/proc/self/fd/{given}/s")
        assert asked_there.stdout.strip() == "b'HTTP/1.1 401'", asked_there.stderr
        assert (folder.stat().st_uid, session.socket.stat().st_uid) == (os.geteuid(), 65534)

    given = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        is_as_it_should_be()
        # As it once was made.
        os.chown(folder, 65534, -1)
        folder.chmod(0o700)
        room.kill9()
        room.start()
        is_as_it_should_be()
        room.kill9()
        room.start()
        is_as_it_should_be()
    finally:
        os.close(given)
    room.cli("session", "end", session.id)
    assert not folder.exists()


def test_an_owner_that_cannot_be_is_refused(room):
    room.add_key("gemini")
    body = {"tenant": "acme", "member": "alice", "services": ["gemini"], "socket": True}
    for owner in (-1, 1 << 33):
        status, answer = room.api("POST", "/api/v1/sessions", {**body, "socket_owner": owner})
        assert status == 400 and "socket_owner" in json.dumps(answer)
