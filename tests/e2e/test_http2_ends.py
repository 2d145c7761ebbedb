"""How streams and connections of HTTP/2 end, on either side. SPDX-License-Identifier: Apache-2.0"""

import h2.config
import h2.connection
import h2.events
import pytest

from support.ingresses import Asked, ConnectHttp2
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

    def read(self):
        """False at the orderly end; a connection that is reset raises."""
        octets = self.connection.recv(65536)
        self.events += self.session.receive_data(octets)
        return bool(octets)

    def read_until(self, kind):
        while not (found := self.all(kind)):
            assert self.read(), "the gateway has ended the connection"
        return found[0]

    def all(self, kind):
        return [each for each in self.events if isinstance(each, kind)]


@pytest.mark.parametrize("body", [b"", b"an order"])
def test_a_request_whose_stream_was_reset_before_it_went_is_not_sent(session, provider, body):
    provider.lets_in.clear()
    agent = Http2Agent(session)
    agent.begin(method="POST", ends=not body)
    if body:
        agent.session.send_data(1, body, end_stream=True)
        agent.flush()
    until(lambda: provider.knocks == 1, 20, "the gateway dials")
    agent.session.reset_stream(1, 8)
    agent.session.ping(b"12345678")
    agent.flush()
    agent.read_until(h2.events.PingAckReceived)
    provider.lets_in.set()
    assert ask(session, "/v1/next").status == 200
    assert [asked.get(":path") for asked in provider.all] == ["/v1/next"]
