"""Requests that a provider did nothing with (RFC 9113 8.7), and their bodies. SPDX-License-Identifier: Apache-2.0"""

import pytest

from support.http2_provider import HOST, answer
from support.ingresses import BaseUrl, ConnectHttp2, Session
from support.recorder import Recorder
from support.slow_upload import SlowUpload
from support.waiting import until
from test_http2_providers import HOSTS, SLOT, ask, provider, room, session, start  # noqa: F401

pytestmark = pytest.mark.timeout(120)

REFUSALS = {
    "reset": lambda asked: asked.connection.send(lambda s: s.reset_stream(asked.stream, 7)),
    "goaway": lambda asked: asked.connection.send(
        lambda s: s.close_connection(error_code=0, last_stream_id=0)
    ),
}


def begin(session, headers=()):
    return SlowUpload(ConnectHttp2(session), [(SLOT, session.passes["main"]), *headers])


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)
def test_a_body_that_is_not_at_hand_any_more_is_never_sent_in_part(session, provider, refuse):
    provider.on_request = lambda asked: (refuse if len(provider.all) == 1 else answer)(asked)
    upload = begin(session)
    sent = b""
    for piece in (b"one ", b"two ", b"three"):
        upload.send(piece)
        sent += piece
        until(lambda: provider.wait_for(1).body == sent, 20, "the piece has come")
    upload.end()
    answered = upload.answer()
    assert (answered.status, answered.reset_code) == (0, 7)
    assert [each.body for each in provider.all] == [sent]


@pytest.mark.parametrize("way", ["body", "chunks"])
def test_over_a_connection_that_has_ended_meanwhile_no_part_of_a_body_goes_again(start, suite_folder, way):
    """HTTP/1, and a method that could be repeated: what came with the head is only the body's beginning."""
    recorder = Recorder(suite_folder / f"refusals-{way}", [HOST])
    recorder.script["ended"] = lambda seen: None
    room = start(recorder)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    body = b"u" * 100_000
    assert ask(session, "/v1/kept", ingress=BaseUrl).status == 200
    content = {"body": body} if way == "body" else {"chunks": [body]}
    assert ask(session, "/v1/ended", ingress=BaseUrl, method="PUT", **content).status == 502
    first, only = recorder.seen("v1")
    assert (only.request.body, only.connection) == (body, first.connection)
    session.end()
