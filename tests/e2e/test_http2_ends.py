"""How streams and connections of HTTP/2 end, on either side. SPDX-License-Identifier: Apache-2.0"""

import threading

import h2.config
import h2.connection
import h2.events
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

from support.http2_provider import answer
from support.ingresses import Asked, ConnectHttp2
from support.slow_upload import SlowUpload
from support.waiting import until
from test_http2_providers import SLOT, ask, provider, room, session, start  # noqa: F401

pytestmark = pytest.mark.timeout(120)


class Http2Agent:
    """One connection, written to frame by frame."""

    def __init__(self, session):
        self.ingress = ConnectHttp2(session)
        self.asked = Asked("/v1/x", headers=[(SLOT, session.passes["main"])])
        self.connection = self.ingress.connect(self.asked)
        self.connection.settimeout(30)
        self.session = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin1"))
        self.session.initiate_connection()
        self.events = []
        self.flush()

    def flush(self):
        self.connection.sendall(self.session.data_to_send())

    def begin(self, stream=1, method="GET", ends=True):
        self.asked.method = method
        self.session.send_headers(stream, self.ingress._fields(self.asked), end_stream=ends)
        self.flush()

    def send_frames(self, *frames):
        self.connection.sendall(b"".join(each.serialize() for each in frames))

    def read(self):
        """False at the orderly end; a connection that is reset raises."""
        octets = self.connection.recv(65536)
        self.events += self.session.receive_data(octets)
        return bool(octets)

    def read_until(self, kind):
        while not (found := self.all(kind)):
            assert self.read(), "the gateway has ended the connection"
        return found[0]

    def read_to_end(self):
        while self.read():
            pass

    def body(self):
        self.read_until(h2.events.StreamEnded)
        return b"".join(each.data for each in self.all(h2.events.DataReceived))

    def all(self, kind):
        return [each for each in self.events if isinstance(each, kind)]


def resets(number):
    """Each of a stream of its own that has just begun, with a head that is nothing."""
    stream = 2 * number + 1
    return [HeadersFrame(stream, b"\x82", flags=["END_HEADERS", "END_STREAM"]), RstStreamFrame(stream, 8)]


FLOODS = {
    "ping": [PingFrame(0, b"12345678") for _ in range(500)],
    "settings": [SettingsFrame(0) for _ in range(100)],
    "rapid-reset": [frame for number in range(1, 500) for frame in resets(number)],
    "continuation": [HeadersFrame(3, b"\x82"), *[ContinuationFrame(3, b"\x87") for _ in range(20)]],
}


@pytest.mark.parametrize("kind", FLOODS)
def test_n2_an_agent_that_floods_is_told_why_it_loses_its_connection(session, provider, kind):
    agent = Http2Agent(session)
    agent.read_until(h2.events.RemoteSettingsChanged)
    agent.send_frames(*FLOODS[kind])
    agent.read_to_end()
    [told] = agent.all(h2.events.ConnectionTerminated)
    assert told.error_code == 11, "ENHANCE_YOUR_CALM"
    assert ask(session).status == 200


def test_an_agent_that_breaks_the_protocol_is_told_so(session, provider):
    agent = Http2Agent(session)
    agent.begin()
    agent.read_until(h2.events.StreamEnded)
    agent.send_frames(HeadersFrame(2, b"\x82", flags=["END_HEADERS", "END_STREAM"]))
    agent.read_to_end()
    [told] = agent.all(h2.events.ConnectionTerminated)
    assert told.error_code == 1, "PROTOCOL_ERROR"


def test_n2_a_provider_that_floods_is_told_why_it_loses_its_connection(session, provider):
    def flood(asked):
        for _ in range(500):
            asked.connection.send(lambda s: s.ping(b"12345678"))

    provider.on_request = flood
    assert ask(session, method="POST", body=b"x").status == 502
    assert provider.connections[0].ended.wait(30)
    assert provider.connections[0].told == 11, "ENHANCE_YOUR_CALM"


def test_an_agent_that_says_goaway_has_its_last_answer_and_an_end_in_order(session, provider):
    go = threading.Event()

    def wait(asked):
        go.wait(30)
        answer(asked, b"last" * 4000)

    provider.on_request = wait
    agent = Http2Agent(session)
    agent.begin()
    provider.wait_for(1)
    agent.send_frames(GoAwayFrame(0))
    go.set()
    assert agent.body() == b"last" * 4000
    agent.read_to_end()
    [told] = agent.all(h2.events.ConnectionTerminated)
    assert (told.error_code, told.last_stream_id) == (0, 1)


def test_an_agent_that_says_goaway_without_streams_is_ended_in_order(session, provider):
    agent = Http2Agent(session)
    agent.begin()
    agent.read_until(h2.events.StreamEnded)
    agent.send_frames(GoAwayFrame(0))
    agent.read_to_end()
    assert agent.all(h2.events.ConnectionTerminated)[-1].error_code == 0


@pytest.mark.parametrize("size", [4, 60_000])
def test_an_answer_that_ends_its_upload_arrives_whole(session, provider, size):
    """RFC 9113 8.1: the whole answer, then RST_STREAM with NO_ERROR, which ends an upload and no more."""

    def answer_early(asked):
        send = asked.connection.send
        send(lambda s: s.send_headers(asked.stream, [(":status", "200")]))
        for begin in range(0, size, 15_000):
            send(lambda s: s.send_data(asked.stream, b"e" * min(15_000, size - begin)))
        send(lambda s: s.send_headers(asked.stream, [("x-sum", "1")], end_stream=True))
        send(lambda s: s.reset_stream(asked.stream, 0))

    provider.on_head = answer_early
    upload = SlowUpload(ConnectHttp2(session), [(SLOT, session.passes["main"])])
    answered = upload.answer()
    assert (answered.status, answered.body, answered.trailers) == (200, b"e" * size, [("x-sum", "1")])
    agent = Http2Agent(session)
    agent.begin(method="POST", ends=False)
    reset = agent.read_until(h2.events.StreamReset)
    ended = agent.read_until(h2.events.StreamEnded)
    assert agent.events.index(ended) < agent.events.index(reset)
    assert reset.error_code == 0


@pytest.mark.parametrize("body", [b"", b"an order"])
def test_a_request_whose_stream_was_reset_before_it_went_is_not_sent(session, provider, body):
    provider.lets_in.clear()
    agent = Http2Agent(session)
    agent.begin(method="POST", ends=not body)
    if body:
        agent.session.send_data(1, body, end_stream=True)
        agent.flush()
    until(lambda: provider.knocks == 1, 60, "the gateway dials")
    agent.session.reset_stream(1, 8)
    agent.session.ping(b"12345678")
    agent.flush()
    agent.read_until(h2.events.PingAckReceived)
    provider.lets_in.set()
    assert ask(session, "/v1/next").status == 200
    assert [asked.get(":path") for asked in provider.all] == ["/v1/next"]


def test_a_provider_that_never_says_its_settings_fails_all_who_wait_at_once(session, provider):
    """And for a while whoever comes next: nobody waits for it again."""
    provider.is_silent = True
    agents = [Http2Agent(session) for _ in range(4)]
    for agent in agents:
        agent.begin()
    answers = [agent.body() for agent in agents]
    assert sum(b"upstream_protocol" in body for body in answers) == 1, "what was sent first"
    assert sum(b"upstream_unreachable" in body for body in answers) == 3
    assert b"upstream_unreachable" in ask(session).body
    assert provider.knocks == 1
    assert provider.connections[0].ended.wait(30)
