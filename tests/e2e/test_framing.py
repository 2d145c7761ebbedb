"""Octets that can be read in two ways, sent to the gateway and to a real nginx before the same upstream.

Whatever the gateway lets through is one request that nobody can read otherwise, with the body that was meant; what it refuses
is refused whole; and it lets nothing through that nginx refuses, but what ACCEPTED_HERE_ALONE names. SPDX-License-Identifier: Apache-2.0
"""

import itertools
import re
import socket

import pytest

from support.framing_cases import CASES, FOLLOWER, HIDDEN
from support.git_server import NGINX
from support.ingresses import Session
from support.nginx_proxy import NginxProxy
from support.recorder import Recorder
from support.room import Room

HOSTS = {"gemini": "generativelanguage.googleapis.com"}
ACCEPTED_HERE_ALONE = {
    # RFC 9110 5.6.3: OWS is blanks and tabs; the length travels without them.
    "length-with-blanks-around",
}


class World:
    def __init__(self, folder, canaries, environment):
        self.recorder = Recorder(folder / "provider", HOSTS.values())
        (folder / "room").mkdir(mode=0o700)
        self.room = Room(folder / "room", self.recorder, canaries, environment).start().people()
        self.room.add_key("gemini")
        self.token = Session(self.room, HOSTS, "gemini").passes["gemini"]
        self.nginx = NginxProxy(folder / "nginx", self.recorder.plain_port)
        self.tags = (f"f{number}f" for number in itertools.count(1))

    def written(self, template, tag):
        key = f"x-goog-api-key: {self.token}\r\n".encode()
        filled = template.replace(b"@KEY", key).replace(b"@PATH", f"/gemini/v1/{tag}".encode())
        hidden = HIDDEN.replace(b"@PATH", f"/gemini/v1/{tag}".encode())
        return filled.replace(b"@HIDDEN", b"%d" % len(hidden))

    def stop(self):
        self.nginx.stop()
        assert self.room.stop() == 0
        self.recorder.stop()


@pytest.fixture(scope="module")
def world(suite_folder, canaries, environment):
    folder = suite_folder / "framing"
    folder.mkdir()
    world = World(folder, canaries, environment)
    yield world
    world.stop()


def all_answers(port, pieces, is_cut):
    """Everything that comes back until the other side ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            if is_cut:
                connection.shutdown(socket.SHUT_WR)
            while octets := connection.recv(65536):
                answers += octets
        except ConnectionError:
            pass
        return answers


def exchange(world, port, case, tag, pieces=1):
    octets = world.written(case.octets + (b"" if case.is_cut else FOLLOWER), tag)
    size = -(-len(octets) // pieces)
    parts = [octets[start : start + size] for start in range(0, len(octets), size)]
    return all_answers(port, parts, case.is_cut)


def gateway_port(world):
    return int(world.room.endpoints["gateway"].rsplit(":", 1)[1])


def check_ours(world, case, tag, answers):
    seen = world.recorder.seen(tag, tls=True)
    whole = [each for each in seen if each.fault is None]
    followers = [each for each in whole if each.request.path.endswith("-follower")]
    first = [each for each in whole if each not in followers]
    assert not any("smuggled" in each.request.target for each in whole)
    if case.refused:
        assert whole == [], "neither it nor what hides behind it"
        assert all(each.is_cut for each in seen), seen
        statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)
        assert statuses in ([], [b"400"], [b"405"], [b"414"], [b"431"], [b"501"], [b"505"]), answers
        return
    assert [each.fault for each in seen] == [None] * len(seen)
    assert [each.request.body for each in first] == [world.written(case.body, tag)], answers
    assert len(followers) == (0 if case.is_last else 1)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_F1_F2_F9_never_laxer_than_nginx(world, case):
    assert case.refused or case.nginx or case.name in ACCEPTED_HERE_ALONE
    tag = next(world.tags)
    world.recorder.forget()
    check_ours(world, case, tag, exchange(world, gateway_port(world), case, tag))
    world.recorder.forget()
    exchange(world, world.nginx.port, case, tag)
    seen = world.recorder.seen(tag, tls=False)
    first = [each for each in seen if each.request and not each.request.path.endswith("-follower")]
    passed = bool(first) or any(each.fault for each in seen)
    assert passed == case.nginx, "what is said of nginx is true"


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_F1_F2_F9_however_the_octets_are_split(world, case):
    tag = next(world.tags)
    world.recorder.forget()
    pieces = min(64, len(case.octets))
    check_ours(world, case, tag, exchange(world, gateway_port(world), case, tag, pieces))
