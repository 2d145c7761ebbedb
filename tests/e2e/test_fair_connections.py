"""Whose connections make room in a gateway that has no more of them; streams of HTTP/2 are none. SPDX-License-Identifier: Apache-2.0"""

import pytest

from support.held_streams import HeldStreams
from support.http2_provider import Http2Provider, answer
from support.ingresses import BaseUrl, BaseUrlHttp2, ConnectHttp2, Session
from support.room import Room
from test_http2_providers import HOSTS, SLOT, ask

pytestmark = pytest.mark.timeout(120)
DESCRIPTORS = 256
CONNECTIONS = 96  # that a gateway has room for then: half of the descriptors, without 64 for itself


@pytest.fixture
def provider(suite_folder):
    return Http2Provider(suite_folder / f"fair-provider-{len(list(suite_folder.iterdir()))}")


@pytest.fixture
def session(suite_folder, canaries, environment, provider):
    folder = suite_folder / f"fair-{len(list(suite_folder.iterdir()))}"
    folder.mkdir(mode=0o700)
    room = Room(folder, provider, canaries, environment)
    room.start_with_descriptors(DESCRIPTORS).people()
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    yield session
    session.end()
    provider.stop()
    assert room.stop() == 0, room.log()[-2000:]


def headers_of(session):
    return [(SLOT, session.passes["main"])]


def begin_only(asked):
    asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "200")]))


def silent(session, count):
    """So many connections that say nothing; the gateway has taken them all when this returns."""
    all_of_them = [BaseUrl(session).raw() for _ in range(count)]
    assert ask(session, ingress=BaseUrlHttp2).status == 200
    return all_of_them


def test_n8_streams_take_no_connections_place(session, provider):
    provider.on_request = lambda asked: (answer if asked.get(":path") == "/v1/x" else begin_only)(asked)
    with HeldStreams(BaseUrlHttp2(session), 60, headers_of(session)) as held:
        assert held.wait_for_heads() == [200] * 60
        silent_ones = silent(session, CONNECTIONS - 10)
        for each in silent_ones:
            each.setblocking(False)
            with pytest.raises(BlockingIOError):
                each.recv(1)
            each.close()


def test_n8_a_connection_with_streams_under_way_makes_no_room(session, provider):
    held_ones = []
    provider.on_request = lambda asked: (
        held_ones.append(asked) or begin_only(asked) if asked.get(":path") == "/v1/held" else answer(asked)
    )
    with HeldStreams(BaseUrlHttp2(session), 2, headers_of(session)) as held:
        assert held.wait_for_heads() == [200] * 2
        silent_ones = silent(session, 2 * CONNECTIONS)
        for asked in held_ones:
            asked.connection.send(lambda s: s.end_stream(asked.stream))
        assert held.wait_for_ends() == [None] * 2
    for each in silent_ones:
        each.close()


def test_n8_a_connection_without_streams_is_its_tenants(session):
    """So those go first that nobody is known to want."""
    with HeldStreams(BaseUrlHttp2(session), 1, headers_of(session)) as held:
        assert held.wait_for_ends() == [None]
        silent_ones = silent(session, 2 * CONNECTIONS)
        held.begin(1)
        assert held.wait_for_ends() == [None] * 2
    for each in silent_ones:
        each.close()


def test_n8_connections_without_streams_make_room(session):
    """In tunnels, too: the one that has waited longest is ended."""
    hoard = []
    for _ in range(CONNECTIONS + 10):
        hoard.append(HeldStreams(ConnectHttp2(session), 1, headers_of(session)))
        assert hoard[-1].wait_for_ends() == [None]
    assert hoard[0].is_ended() and not hoard[-1].is_ended()
    for each in hoard:
        each.close()
