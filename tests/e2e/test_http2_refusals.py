"""Requests that a provider did nothing with (RFC 9113 8.7), and their bodies: sent again whole, or not at all.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from support.http2_provider import HOST, answer
from support.ingresses import Asked, BaseUrl, ConnectHttp2, Session, read_answer
from support.own_provider import ProgramProvider
from support.recorder import Recorder
from support.slow_upload import SlowUpload
from support.waiting import until
from test_http2_providers import HOSTS, SLOT, ask, provider, room, session, start  # noqa: F401

pytestmark = pytest.mark.timeout(120)
MOST = 65_536  # that is kept of a body
TRAILERS = [("x-sum", "1")]
REFUSALS = {
    "reset": lambda asked: asked.connection.send(lambda s: s.reset_stream(asked.stream, 7)),
    "goaway": lambda asked: asked.connection.send(
        lambda s: s.close_connection(error_code=0, last_stream_id=0)
    ),
}
each_refusal = pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)


def begin(session, headers=(), ingress=ConnectHttp2):
    return SlowUpload(ingress(session), [(SLOT, session.passes["main"]), *headers])


def lines(size, first=0):
    """Octets all different, at whose end nothing is held back as what a pass may begin with."""
    return b"".join(b"%9d\n" % (first + number) for number in range(size // 10))


def send_and_see(upload, provider, pieces, number=1):
    """Each by itself, once the one before has come as a part of the body of this request."""
    sent = b""
    for piece in pieces:
        upload.send(piece)
        sent += piece
        until(lambda: provider.wait_for(number).body == sent, 60, "the piece has come")
    return sent


def refuse_first(provider, refuse=REFUSALS["reset"]):
    """The first request when it is whole."""
    provider.on_request = lambda asked: (refuse if asked is provider.all[0] else answer)(asked)


@each_refusal
def test_what_was_refused_when_it_was_whole_is_sent_again_whole(session, provider, refuse):
    refuse_first(provider, refuse)
    upload = begin(session)
    sent = send_and_see(upload, provider, [b"one ", b"two ", b"three"])
    upload.end(TRAILERS)
    assert upload.answer().status == 200
    assert [(each.body, each.trailers) for each in provider.all] == [(sent, TRAILERS)] * 2
    assert len(provider.connections) == 2
    assert ask(session).status == 200


@each_refusal
def test_what_was_refused_in_its_middle_goes_on_elsewhere(session, provider, refuse):
    """What comes after the refusal is not what is kept, and may be more of it."""
    upload = begin(session)
    sent = send_and_see(upload, provider, [b"one ", b"two "])
    refuse(provider.all[0])
    again = provider.wait_for(2)
    until(lambda: again.body == sent, 60, "what was sent has come again")
    for number in range(4):
        piece = lines(50_000, number)
        sent += piece
        upload.send(piece)
        until(lambda: again.body == sent, 60, "the piece has come")
    upload.end(TRAILERS)
    assert upload.answer().status == 200
    assert (again.body, again.trailers) == (sent, TRAILERS)
    assert len(provider.all) == len(provider.connections) == 2


def test_what_comes_while_it_is_sent_again_stays_in_order(session, provider):
    upload = begin(session)
    sent = send_and_see(upload, provider, [b"0 "])
    provider.lets_in.clear()
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.knocks == 2, 60, "the gateway has come again")
    for number in range(1, 200):
        upload.send(b"%d " % number)
        sent += b"%d " % number
    upload.end()
    provider.lets_in.set()
    assert upload.answer().status == 200
    assert provider.all[1].body == sent


def test_what_waits_for_a_window_is_sent_again(session, provider):
    provider.settings = {4: 10_000}  # SETTINGS_INITIAL_WINDOW_SIZE
    assert ask(session).status == 200, "so that the gateway has heard of it"
    provider.opens_windows = False
    upload = begin(session)
    body = lines(60_000)
    upload.send(body)
    first = provider.wait_for(2)
    until(lambda: len(first.body) == 10_000, 60, "the stream's window is full")
    provider.settings, provider.opens_windows = {}, True
    REFUSALS["reset"](first)
    until(lambda: provider.wait_for(3).body == body, 60, "all has come again")
    upload.end()
    assert upload.answer().status == 200
    assert len(provider.all) == 3


def test_as_much_as_is_kept_is_sent_again_and_no_more(session, provider):
    provider.settings = {4: 1_000_000}
    for size, outcome in ((MOST, (200, None)), (MOST + 1, (0, 7))):
        count = len(provider.all)
        refuse = lambda asked: asked is provider.all[count] and REFUSALS["reset"](asked) is None
        provider.on_request = lambda asked: refuse(asked) or answer(asked)
        upload = begin(session)
        body = send_and_see(upload, provider, [b"u" * 40_000, b"v" * (size - 40_000)], count + 1)
        upload.end()
        answered = upload.answer()
        assert (answered.status, answered.reset_code) == outcome
        assert {each.body for each in provider.all[count:]} == {body}
    assert len(provider.all) == 3


def test_once_is_enough(session, provider):
    provider.on_request = REFUSALS["reset"]
    upload = begin(session)
    send_and_see(upload, provider, [b"body"])
    upload.end()
    answered = upload.answer()
    assert (answered.status, answered.reset_code) == (0, 7), "as the provider did: the agent may go on"
    assert [each.body for each in provider.all] == [b"body"] * 2


def test_what_an_answer_has_begun_for_is_not_sent_again(session, provider):
    def begin_and_reset(asked):
        asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "100")]))
        REFUSALS["reset"](asked)

    provider.on_request = begin_and_reset
    upload = begin(session)
    send_and_see(upload, provider, [b"body"])
    upload.end()
    assert upload.answer().reset_code == 7
    assert len(provider.all) == 1


def test_a_client_that_waits_for_100_is_told_once(session, provider):
    """Refused before it was told, and after."""

    def tell(asked):
        if asked is provider.all[0]:
            return REFUSALS["reset"](asked)
        asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "100")]))

    provider.on_head = tell
    headers = [(SLOT, session.passes["main"]), ("expect", "100-continue")]
    asked = Asked("/v1/x", "POST", headers, b"a body", waits_for_continue=True)
    answered = ConnectHttp2(session).ask(asked)
    assert (answered.status, answered.interim) == (200, [100])
    assert [each.body for each in provider.all] == [b"", b"a body"]
    # This one says nothing until the gateway itself has asked for the body.
    provider.on_head = None
    provider.on_request = lambda asked: (REFUSALS["reset"] if len(provider.all) == 3 else answer)(asked)
    answered = ConnectHttp2(session).ask(asked)
    assert (answered.status, answered.interim) == (200, [100])
    assert [each.body for each in provider.all[2:]] == [b"a body"] * 2


SERVER = """
const http2 = require('node:http2'), fs = require('node:fs');
const server = http2.createSecureServer({ key: fs.readFileSync(process.argv[1]), cert: fs.readFileSync(process.argv[2]) });
let streams = 0;
server.on('stream', (stream) => {
  const number = ++streams, parts = [];
  stream.on('error', () => {});
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => {
    if (number === 1) return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    stream.respond({ ':status': 200 });
    stream.end(Buffer.concat([Buffer.from(`${number} `), ...parts]));
  });
});
server.on('unknownProtocol', (socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => console.log(`PORT ${server.address().port}`));
"""


class RefusingNode(ProgramProvider):
    """Node's own HTTP/2 server, which refuses its first stream when that is whole."""

    hosts = [HOST]

    def __init__(self, folder, environment):
        super().__init__(folder, HOST, lambda chain, key: ["node", "-e", SERVER, key, chain], env=environment)

    def stop(self):
        self._process.terminate()
        self._process.wait(30)


@pytest.mark.parametrize("way", ["body", "chunks"])
def test_an_http1_agents_body_is_sent_again_too(start, suite_folder, environment, way):
    """With another request behind it on the same connection."""
    room = start(RefusingNode(suite_folder / f"refusing-node-{way}", environment))
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    ingress, body = BaseUrl(session), lines(50_000)
    headers = [(SLOT, session.passes["main"])]
    asked = Asked("/v1/x", "POST", headers, **({"body": body} if way == "body" else {"chunks": [body]}))
    following = Asked("/v1/next", headers=headers)
    with ingress.raw() as connection, connection.makefile("rb") as stream:
        connection.sendall(ingress.head(asked) + ingress.body(asked) + ingress.head(following))
        assert read_answer(stream, "POST").body == b"2 " + body
        assert read_answer(stream, "GET").body == b"3 "
    session.end()


def test_d3_a_pass_around_the_refusal_is_not_sent(session, provider):
    """Its first half is held back on the first connection, its second comes after the refusal."""
    half = len(session.passes["main"]) // 2
    upload = begin(session)
    upload.send(b"note: " + session.passes["main"][:half].encode())
    until(lambda: provider.wait_for(1).body == b"note: ", 60, "the rest is held back")
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.wait_for(2).body == b"note: ", 60, "it has come again")
    upload.send(session.passes["main"][half:].encode())
    upload.end()
    answered = upload.answer()
    assert answered.status == 400 and b"pass_misplaced" in answered.body
    assert [each.body for each in provider.all] == [b"note: "] * 2
    assert not provider.all[1].ended.is_set()


def test_d3_what_was_masked_is_masked_again(session, room, provider):
    room.cli("policy", "set", "--tenant", "acme", "--service", "gemini", "--on-misplaced", "mask")
    refuse_first(provider)
    upload = begin(session)
    upload.send(b"note: ")
    until(lambda: provider.wait_for(1).body == b"note: ", 60, "the piece has come")
    upload.send(session.passes["main"].encode() + b"\n")
    masked = b"note: " + b"*" * len(session.passes["main"]) + b"\n"
    until(lambda: provider.wait_for(1).body == masked, 60, "the piece has come")
    upload.end()
    assert upload.answer().status == 200
    assert [each.body for each in provider.all] == [masked] * 2


def test_one_use_is_recorded_and_counted(session, room, provider):
    room.cli("policy", "set", "--tenant", "acme", "--service", "gemini", "--rpm", "2")
    refuse_first(provider)
    for _ in range(2):
        number = len(provider.all) + 1
        upload = begin(session)
        send_and_see(upload, provider, [b"some body"], number)
        upload.end()
        assert upload.answer().status == 200
    assert [each.body for each in provider.all] == [b"some body"] * 3
    assert ask(session).status == 429, "the third use of this minute"
    uses = lambda: [each for each in session.record() if each["action"] == "use"]
    until(lambda: all("outcome" in each for each in uses()), what="the gateway has told how they ended")
    assert [(each["status"], each["bytes_up"]) for each in uses()] == [(200, 9)] * 2


def test_i3_a_revoke_comes_before_what_was_to_be_sent_again(session, room, provider):
    upload = begin(session)
    send_and_see(upload, provider, [b"a part"])
    provider.lets_in.clear()
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.knocks == 2, 60, "the gateway has come again")
    upload.send(b", and more")
    room.cli("key", "revoke", room.key_id)
    provider.lets_in.set()
    assert upload.answer().status == 403
    assert len(provider.all) == 1


def test_a_body_whose_provider_cannot_be_reached_again_is_refused(session, provider):
    upload = begin(session)
    send_and_see(upload, provider, [b"a part"])
    provider.lets_in.clear()
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.knocks == 2, 60, "the gateway has come again")
    upload.send(b", and more")
    provider.turns_away = True
    provider.lets_in.set()
    answered = upload.answer()
    assert answered.status == 502 and b"upstream" in answered.body
    assert len(provider.all) == 1


def test_i3_a_revoke_ends_what_is_being_sent_again(session, room, provider):
    upload = begin(session)
    sent = send_and_see(upload, provider, [b"a part"])
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.wait_for(2).body == sent, 60, "it has come again")
    room.cli("key", "revoke", room.key_id)
    assert all(each.ended.wait(30) for each in provider.connections)
    assert upload.answer().status == 403
    assert len(provider.all) == 2


def test_an_agent_that_leaves_ends_what_is_being_sent_again(session, provider):
    upload = begin(session)
    sent = send_and_see(upload, provider, [b"a part"])
    REFUSALS["reset"](provider.all[0])
    until(lambda: provider.wait_for(2).body == sent, 60, "it has come again")
    upload.leave()
    assert provider.all[1].reset.wait(20)
    assert ask(session).status == 200


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
