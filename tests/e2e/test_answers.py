"""Answers of a careless or hostile upstream: whatever it sends, the next answer on its connection is the next client's own.

SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json
import threading
from dataclasses import dataclass

import pytest

from support.ingresses import Asked, BaseUrl, Session, read_answer
from support.recorder import Recorder, answer
from support.room import Room
from support.strict import Ambiguous

HOSTS = {"gemini": "generativelanguage.googleapis.com"}
POISON = answer(b'{"nonce": "poison"}')
BROKEN = 0  # the answer had begun, so it is cut


class World:
    def __init__(self, folder, canaries, environment):
        self.recorder = Recorder(folder / "provider", HOSTS.values())
        (folder / "room").mkdir(mode=0o700)
        self.room = Room(folder / "room", self.recorder, canaries, environment).start().people()
        self.room.add_key("gemini")
        self.session = Session(self.room, HOSTS, "gemini")
        self.tags = (f"a{number}a" for number in itertools.count(1))

    def client(self):
        return Client(BaseUrl(self.session))


class Client:
    """One connection of an agent, for several requests."""

    def __init__(self, ingress):
        self.ingress = ingress
        self.connection = ingress.connect(None)
        self.stream = self.connection.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()

    def ask(self, tag, method="GET"):
        """(status, body); the status is BROKEN when the answer ends before its end, None when nothing came."""
        headers = [("x-goog-api-key", self.ingress.session.passes["gemini"])]
        body = b"x" if method == "POST" else None
        asked = Asked(f"/v1/{tag}", method, headers, body)
        try:
            self.connection.sendall(self.ingress.head(asked) + (body or b""))
            answered = read_answer(self.stream, method)
        except (Ambiguous, ConnectionError):
            return BROKEN, b""
        return (None if answered.reset else answered.status), answered.body


@pytest.fixture(scope="module")
def world(suite_folder, canaries, environment):
    folder = suite_folder / "answers"
    folder.mkdir()
    world = World(folder, canaries, environment)
    yield world
    assert world.room.stop() == 0
    world.recorder.stop()


@dataclass
class Case:
    name: str
    octets: bytes
    status: int | None = 200  # for the client that asked
    method: str = "GET"
    ends: bool = False  # the upstream ends the connection behind it
    late: bytes = b""  # sent when the client has its answer


def head(*lines, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin1")


CHUNKED = "Transfer-Encoding: chunked"
CASES = [
    Case("in-order", answer(b"ok")),
    # RFC 9112 6.3: two lengths, or a length and a coding
    Case("length-and-coding", head("Content-Length: 2", CHUNKED) + b"0\r\n\r\n" + POISON, 502),
    Case("coding-and-length", head(CHUNKED, "Content-Length: 5") + b"0\r\n\r\n" + POISON, 502),
    Case("two-lengths", head("Content-Length: 2", "Content-Length: 80") + b"ok" + POISON, 502),
    Case(
        "the-same-length-twice",
        head("Content-Length: 2", "Content-Length: 2") + b"ok" + POISON,
        502,
    ),
    Case("a-list-of-lengths", head("Content-Length: 2, 2") + b"ok" + POISON, 502),
    Case("a-negative-length", head("Content-Length: -1") + POISON, 502),
    Case("a-length-with-plus", head("Content-Length: +2") + b"ok" + POISON, 502),
    Case("a-length-in-hex", head("Content-Length: 0x2") + b"ok" + POISON, 502),
    Case("a-length-too-large", head("Content-Length: 99999999999999999999") + b"ok" + POISON, 502),
    Case("an-empty-length", head("Content-Length:") + POISON, 502),
    Case("coding-twice", head(CHUNKED, CHUNKED) + b"0\r\n\r\n" + POISON, 502),
    Case("another-coding", head("Transfer-Encoding: gzip") + POISON, 502),
    Case("a-coding-before", head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n" + POISON, 502),
    Case("a-coding-that-is-not", head("Transfer-Encoding: xchunked") + b"0\r\n\r\n" + POISON, 502),
    Case(
        "coding-in-1.0",
        b"HTTP/1.0 200 OK\r\n" + CHUNKED.encode() + b"\r\n\r\n0\r\n\r\n" + POISON,
        502,
    ),
    # RFC 9112 2.2, 5: lines
    Case("bare-lf", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok" + POISON, 502),
    Case("bare-lf-in-the-middle", b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok" + POISON, 502),
    Case("bare-cr", head("X-A: a\rContent-Length: 99", "Content-Length: 2") + b"ok" + POISON, 502),
    Case("nul", head("X-A: a\0b", "Content-Length: 2") + b"ok" + POISON, 502),
    Case(
        "space-before-the-colon",
        head("Content-Length : 2", "Content-Length: 60") + b"ok" + POISON,
        502,
    ),
    Case(
        "folded", head("X-A: a", " Content-Length: 60", "Content-Length: 2") + b"ok" + POISON, 502
    ),
    Case("no-colon", head("Content-Length") + POISON, 502),
    Case(
        "head-too-large",
        head(*[f"X-{n}: {'x' * 1000}" for n in range(40)], "Content-Length: 0") + POISON,
        502,
    ),
    Case(
        "too-many-headers",
        head(*[f"X-{n}: x" for n in range(200)], "Content-Length: 0") + POISON,
        502,
    ),
    Case("no-status", b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n" + POISON, 502),
    Case("status-of-four", head("Content-Length: 0", status="2000 OK") + POISON, 502),
    Case("another-protocol", b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n" + POISON, 502),
    Case("http2-version", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" + POISON, 502),
    # RFC 9110 15.2: interim answers
    Case("continue-unasked", head(status="100 Continue") + answer(b"ok")),
    Case("two-hints", head("Link: </a>", status="103 Early Hints") * 2 + answer(b"ok")),
    Case("flood-of-interim", head(status="102 Processing") * 3000, None, ends=True),
    Case(
        "interim-with-length",
        head("Content-Length: 6", status="103 Hints") + b"poison" + POISON,
        None,
    ),
    Case(
        "switch-unasked",
        head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching") + POISON,
        502,
    ),
    # RFC 9112 6.3: what has no body
    Case(
        "no-content-with-length",
        head("Content-Length: 6", status="204 No Content") + b"poison" + POISON,
        204,
    ),
    Case(
        "no-content-in-chunks", head(CHUNKED, status="204 No Content") + b"0\r\n\r\n" + POISON, 204
    ),
    Case("no-content-and-more", head(status="204 No Content") + POISON, 204),
    Case(
        "not-modified-with-body",
        head("Content-Length: 6", status="304 Not Modified") + b"poison" + POISON,
        304,
    ),
    Case("head-with-body", head("Content-Length: 6") + b"poison" + POISON, 200, "HEAD"),
    Case("head-in-chunks", head(CHUNKED) + b"0\r\n\r\n" + POISON, 200, "HEAD"),
    # octets behind an answer
    Case("more-than-its-length", answer(b"ok") + b"poison"),
    Case("a-second-answer", answer(b"ok") + POISON),
    Case("a-second-answer-behind-chunks", head(CHUNKED) + b"2\r\nok\r\n0\r\n\r\n" + POISON),
    Case("a-second-answer-late", answer(b"ok"), late=POISON),
    Case(
        "a-second-answer-late-behind-chunks", head(CHUNKED) + b"2\r\nok\r\n0\r\n\r\n", late=POISON
    ),
    Case("a-second-answer-late-behind-a-post", answer(b"ok"), method="POST", late=POISON),
    Case("head-with-body-late", head("Content-Length: 6"), 200, "HEAD", late=b"poison" + POISON),
    Case("no-content-with-body-late", head(status="204 No Content"), 204, late=POISON),
    Case("not-modified-with-body-late", head(status="304 Not Modified"), 304, late=POISON),
    Case("one-octet-late", answer(b"ok"), late=b"\n"),
    # chunks
    Case(
        "chunk-size-overflow",
        head(CHUNKED) + b"10000000000000002\r\nok\r\n0\r\n\r\n" + POISON,
        BROKEN,
    ),
    Case("chunk-size-negative", head(CHUNKED) + b"-2\r\nok\r\n0\r\n\r\n" + POISON, BROKEN),
    Case("chunk-size-in-hex-of-c", head(CHUNKED) + b"0x2\r\nok\r\n0\r\n\r\n" + POISON, BROKEN),
    Case("chunk-longer-than-its-size", head(CHUNKED) + b"2\r\nokay\r\n0\r\n\r\n" + POISON, BROKEN),
    Case("chunk-with-bare-lf", head(CHUNKED) + b"2\nok\n0\n\n" + POISON, BROKEN),
    Case("trailer-with-length", head(CHUNKED) + b"0\r\nContent-Length: 9\r\n\r\n" + POISON, BROKEN),
    Case("last-chunk-without-end", head(CHUNKED) + b"2\r\nok\r\n0\r\n", BROKEN, ends=True),
    # ends
    Case("nothing", b"", 502, "POST", ends=True),
    Case("ends-in-the-head", b"HTTP/1.1 200 OK\r\nContent-Le", 502, "POST", ends=True),
    Case("ends-in-the-body", head("Content-Length: 9") + b"ok", BROKEN, ends=True),
    Case("ends-in-a-chunk", head(CHUNKED) + b"9\r\nok", BROKEN, ends=True),
    # Without TLS's own end nobody knows that this was all.
    Case("until-the-end", head() + b"ok", BROKEN, ends=True),
    Case("length-and-close", head("Content-Length: 2", "Connection: close") + b"ok" + POISON),
]


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_the_next_answer_is_the_next_clients_own(world, case):
    may_go_on, has_gone_on = threading.Event(), threading.Event()
    first, second, third = (next(world.tags) for _ in range(3))

    def careless(seen):
        try:
            seen.socket.sendall(case.octets)
            may_go_on.wait(20)
            seen.socket.sendall(case.late)
        finally:  # the gateway may have had enough
            has_gone_on.set()
        return None if case.ends else b""

    def honest(tag):
        return lambda seen: answer(json.dumps({"nonce": tag}).encode())

    world.recorder.script |= {first: careless, second: honest(second), third: honest(third)}
    if case.ends:
        may_go_on.set()
    with world.client() as one, world.client() as other:
        status, body = one.ask(first, case.method)
        may_go_on.set()
        assert has_gone_on.wait(20)
        if case.status is not None:
            assert status == case.status, body
        assert b"poison" not in body
        assert other.ask(second) == (200, json.dumps({"nonce": second}).encode())
        # The first client's own connection, too, where it still stands.
        status, body = one.ask(third)
        assert (status, body) in (
            (200, json.dumps({"nonce": third}).encode()),
            (None, b""),
            (BROKEN, b""),
        )
    if case.name == "in-order":
        used = {world.recorder.seen(tag)[0].connection for tag in (first, second, third)}
        assert (
            len(used) == 1
        ), "one connection carried all three: the cases above do meet a reused one"
