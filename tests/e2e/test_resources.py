"""Whoever takes and gives nothing back: slow heads, readers that do not read, names at random, descriptors, idle websockets.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import os
import resource
import select
import socket
import ssl

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support.processes import descriptors_of, resident_of
from support.waiting import until
from test_proxy import GEMINI, Session

# One tenant may have three eighths of a gateway's descriptors at once.
MOST = (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 64) // 8 * 3
SOCKETS = min(int(os.environ.get("IDLE_SOCKETS", "1000")), MOST)

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root limits another process")


def dial(room):
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def works(room, session):
    headers = {"x-goog-api-key": session.passes["gemini"]}
    url = f"{room.gateway}/gemini/v1beta/models"
    return httpx.get(url, headers=headers, timeout=30).status_code == 200


def test_n1_heads_that_drip_in_hold_nobody_up_and_end(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    before = descriptors_of(pid)
    slow = [dial(room) for _ in range(100)]
    for each in slow:
        each.sendall(b"GET /gemini/v1beta/models HTTP/1.1\r\nx: ")

    def all_ended():
        """One octet more for each that still stands."""
        for each in list(slow):
            try:
                if select.select([each], [], [], 0)[0] and each.recv(4096) == b"":
                    raise ConnectionResetError
                each.sendall(b"x")
            except OSError:
                each.close()
                slow.remove(each)
        assert works(room, session)
        return not slow

    until(all_ended, 60, "the gateway has had enough of them")
    until(lambda: descriptors_of(pid) <= before + 4, what="nothing of them is left")


def test_n1_readers_that_do_not_read_cost_little_and_hold_nobody_up(room, standins):
    """Windows that stay shut: what the provider has to say waits with the provider."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    assert works(room, session)
    before, least = descriptors_of(pid), resident_of(pid)
    deaf = []
    for _ in range(60):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = room.endpoints["gateway"].rsplit(":", 1)
        each.connect((host, int(port)))
        each.sendall(
            f"GET /gemini/standin/download?bytes={1 << 30} HTTP/1.1\r\nHost: x\r\n"
            f"x-goog-api-key: {session.passes['gemini']}\r\n\r\n".encode()
        )
        deaf.append(each)
    until(
        lambda: descriptors_of(pid) >= before + 2 * len(deaf) - 8,
        60,
        "all of them are under way",
    )
    assert all(works(room, session) for _ in range(20))
    more = resident_of(pid) - least
    assert more < len(deaf) * 256, f"{more} KiB for {len(deaf)} of them"
    for each in deaf:
        each.close()
    until(lambda: descriptors_of(pid) <= before + 4, 30, "the provider's side has ended as well")


def test_n3_names_at_random_get_no_certificate(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    least = resident_of(pid)
    for number in range(200):
        status, connection = session.connect(f"{GEMINI}:443")
        assert status == 200
        context = ssl.create_default_context(cadata=session.authority)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with connection, pytest.raises((ssl.SSLError, OSError)):
            name = f"{number}.{GEMINI}"
            with context.wrap_socket(connection, server_hostname=name) as secured:
                secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
                if secured.recv(1) == b"":
                    raise OSError("it was ended")
    for number in range(200):
        status, connection = session.connect(f"{number}.example.com:443")
        connection.close()
        assert status == 403
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200
    assert resident_of(pid) - least < 8 << 10


@root_only
def test_n5_a_gateway_without_descriptors_goes_on_when_there_are_some(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    assert works(room, session)
    [pid] = room.gateway_pids()
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors_of(pid) + 8, hard))
    waiting = []
    for _ in range(100):
        waiting.append(dial(room))
        waiting[-1].sendall(b"GET /gemini/v1beta/models HTTP/1.1\r\n")
    until(
        lambda: descriptors_of(pid) >= resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] - 1,
        what="all are taken",
    )
    for each in waiting:
        each.close()
    assert until(lambda: _tries(room, session), 30, "it serves again")
    assert room.gateway_pids() == [pid], "the same one"


def _tries(room, session):
    try:
        return works(room, session)
    except httpx.HTTPError:
        return False


def test_n6_idle_websockets_are_cheap_and_a_revoke_ends_them_all(room, standins):
    key, _ = room.add_key("gemini")
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    assert works(room, session)
    before, least = descriptors_of(pid), resident_of(pid)
    url = f"ws://{room.endpoints['gateway']}/gemini/standin/ws?interval_ms=100000000"
    headers = {"x-goog-api-key": session.passes["gemini"]}

    async def one(gate):
        async with gate:
            return await connect(
                url,
                additional_headers=headers,
                proxy=None,
                ping_interval=None,
                compression=None,
                open_timeout=120,
            )

    async def story():
        gate = asyncio.Semaphore(50)
        sockets = await asyncio.gather(*(one(gate) for _ in range(SOCKETS)))
        assert descriptors_of(pid) >= before + 2 * SOCKETS - 4
        each = lambda: (resident_of(pid) - least) / SOCKETS
        await asyncio.to_thread(until, lambda: each() < 40, 60, "their beginning's memory is back")
        print(f"{SOCKETS} websockets, {each():.1f} KiB each")
        for socket_ in sockets[:: max(1, SOCKETS // 50)]:
            await socket_.send("still there?")
            assert await asyncio.wait_for(socket_.recv(), 60) == "still there?"
        assert await asyncio.to_thread(works, room, session), "others are served beside them"
        await asyncio.to_thread(room.revoke, key)
        for socket_ in sockets:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket_.recv(), 60)

    asyncio.run(story())
    until(lambda: descriptors_of(pid) <= before + 4, 30, "nothing of them is left")
