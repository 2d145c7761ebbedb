"""Providers that speak HTTP/2, and what they may do to the gateway. SPDX-License-Identifier: Apache-2.0"""

import os
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter

import hpack
import pytest
from hyperframe.frame import RstStreamFrame

from support import strict
from support.authority import Authority
from support.git_server import NGINX
from support.held_streams import HeldStreams
from support.http2_provider import HOST, Http2Provider, answer
from support.ingresses import Asked, BaseUrl, BaseUrlHttp2, ConnectHttp2, Session, read_answer
from support.own_provider import OwnProvider, ProgramProvider
from support.ports import free_port
from support.processes import descriptors_of, resident_of
from support.recorder import Recorder
from support.room import FAILED, Room
from support.waiting import until

pytestmark = pytest.mark.timeout(120)
SLOT = "x-goog-api-key"
HOSTS = {"gemini": HOST}
STREAMS = int(os.environ.get("IDLE_STREAMS", "400"))


@pytest.fixture
def start(suite_folder, canaries, environment):
    """Starts a Strongroom before `provider`."""
    started = []

    def begin(provider, gateway_lines=""):
        folder = suite_folder / f"h2-{len(list(suite_folder.iterdir()))}"
        folder.mkdir(mode=0o700)
        room = Room(folder, provider, canaries, environment)
        room.configure_gateway(gateway_lines)
        started.append((room, provider))
        return room.start().people()

    yield begin
    for room, provider in started:
        provider.stop()
        assert room.stop() == 0, room.log()[-2000:]


@pytest.fixture
def provider(suite_folder):
    return Http2Provider(suite_folder / f"h2-provider-{len(list(suite_folder.iterdir()))}")


@pytest.fixture
def room(start, provider):
    return start(provider)


@pytest.fixture
def session(room):
    room.key_id, room.key_value = room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    yield session
    session.end()


def ask(session, path="/v1/x", ingress=ConnectHttp2, method="GET", **more):
    headers = [(SLOT, session.passes["main"]), *more.pop("headers", [])]
    return ingress(session).ask(Asked(path, method=method, headers=headers, **more))


def test_requests_go_on_as_http2_and_their_key_is_never_indexed(session, room, provider):
    provider.on_request = lambda asked: answer(asked, b"told " + room.key_value.encode())
    for number in range(3):
        answered = ask(session, f"/v1/x?n={number}", method="POST", body=b"question")
        assert (answered.status, answered.body) == (200, b"told " + b"*" * len(room.key_value))
    assert len(provider.connections) == 1
    for number, asked in enumerate(provider.all):
        fields = dict(asked.headers)
        assert fields[":path"] == f"/v1/x?n={number}"
        assert (fields[":authority"], fields[":scheme"]) == (HOST, "https")
        assert (asked.body, fields["content-length"]) == (b"question", "8")
        assert fields[SLOT] == room.key_value
        never = {field[0] for field in asked.headers if isinstance(field, hpack.NeverIndexedHeaderTuple)}
        assert SLOT in never and ":path" in never


def test_c6_trailers_go_on_both_ways_without_the_key(session, room, provider):
    def act(asked):
        named = ("x-api-key", "of somebody else")
        answer(asked, trailers=[("x-sum", "1"), named, ("x-echo", room.key_value)])

    provider.on_request = act
    answered = ask(session)
    assert answered.body == b"fine"
    assert dict(answered.trailers)["x-sum"] == "1"
    assert "x-api-key" not in dict(answered.trailers)
    assert room.key_value not in repr(answered.trailers)


def test_d3_trailers_of_a_request_go_on_unless_a_pass_stands_in_one(session, provider):
    answered = ask(session, method="POST", chunks=[b"body"], trailers=[("x-sum", "1")])
    assert answered.status == 200
    assert (provider.all[0].body, provider.all[0].trailers) == (b"body", [("x-sum", "1")])
    pass_in_one = [("x-note", session.passes["main"])]
    answered = ask(session, method="POST", chunks=[b"body"], trailers=pass_in_one)
    assert answered.status == 400 and b"pass_misplaced" in answered.body
    assert [asked.ended.is_set() for asked in provider.all[1:]] in ([], [False])


def test_trailers_are_announced_both_ways(session, provider):
    """Go's server drops what of them was not announced (RFC 9110 6.6.2)."""
    announced, trailers = [("trailer", "x-end")], [("x-end", "1")]
    provider.on_request = lambda asked: answer(asked, headers=announced, trailers=trailers)
    sent = {"chunks": [b"body"], "headers": [("trailer", "x-sum")], "trailers": [("x-sum", "1")]}
    answered = ask(session, method="POST", **sent)
    assert (provider.all[0].get("trailer"), provider.all[0].trailers) == ("x-sum", [("x-sum", "1")])
    assert (answered.all("trailer"), answered.trailers) == (["x-end"], trailers)


def test_c6_trailers_behind_a_length_go_on_without_the_key(session, room, provider):
    def act(asked):
        named = ("x-api-key", "of somebody else")
        trailers = [("grpc-status", "0"), named, ("x-echo", room.key_value)]
        body = b"told " + room.key_value.encode()
        answer(asked, body, headers=[("content-length", str(len(body)))], trailers=trailers)

    provider.on_request = act
    masked = "*" * len(room.key_value)
    for _ in range(2):
        answered = ask(session)
        assert answered.body.decode() == "told " + masked
        assert answered.all("content-length") == [str(len(answered.body))]
        assert dict(answered.trailers)["grpc-status"] == "0"
        assert "x-api-key" not in dict(answered.trailers)
        assert "x-echo" in dict(answered.trailers)
        assert room.key_value not in repr(answered.trailers)


def test_trailers_behind_a_length_of_0_go_on(session, provider):
    def act(asked):
        fields = [(":status", "200"), ("content-length", "0")]
        asked.connection.send(lambda s: s.send_headers(asked.stream, fields))
        trailers = [("grpc-status", "5")]
        asked.connection.send(lambda s: s.send_headers(asked.stream, trailers, end_stream=True))

    provider.on_request = act
    for _ in range(2):
        answered = ask(session)
        assert (answered.status, answered.body) == (200, b"")
        assert answered.trailers == [("grpc-status", "5")]


def test_d3_trailers_of_a_request_behind_a_length_go_on_unless_a_pass_stands_in_one(session, provider):
    large = os.urandom(50_000)
    for body in (b"body", large):
        answered = ask(session, method="POST", body=body, trailers=[("x-sum", "1")])
        assert answered.status == 200
        asked = provider.all[-1]
        assert (asked.body, asked.trailers) == (body, [("x-sum", "1")])
        assert asked.get("content-length") == str(len(body))
    pass_in_one = [("x-note", session.passes["main"])]
    answered = ask(session, method="POST", body=b"body", trailers=pass_in_one)
    assert answered.status == 400 and b"pass_misplaced" in answered.body
    assert [asked.ended.is_set() for asked in provider.all[2:]] in ([], [False])


def test_trailers_of_a_request_behind_a_length_of_0_go_on(session, provider):
    for trailers in ([("x-sum", "1")], []):
        answered = ask(session, method="POST", body=b"", trailers=trailers)
        assert answered.status == 200
        asked = provider.all[-1]
        assert (asked.body, asked.trailers, asked.get("content-length")) == (b"", trailers, "0")
    pass_in_one = [("x-note", session.passes["main"])]
    answered = ask(session, method="POST", body=b"", trailers=pass_in_one)
    assert answered.status == 400 and b"pass_misplaced" in answered.body
    assert [asked.ended.is_set() for asked in provider.all[2:]] in ([], [False])


def test_f7_what_comes_behind_a_length_of_0_is_no_body(session, provider):
    headers = [("content-length", "0")]
    answered = ask(session, method="POST", headers=headers, chunks=[b"GET /v1/hidden HTTP/1.1"])
    assert answered.reset or answered.status == 400
    assert [asked.body for asked in provider.all] in ([], [b""])
    assert [asked.ended.is_set() for asked in provider.all] in ([], [False])


@pytest.mark.parametrize("ingress", [BaseUrl, ConnectHttp2])
def test_an_http1_provider_is_told_of_a_length_of_0(start, suite_folder, ingress):
    """Some want it with every POST (411). What came behind it over HTTP/2 has no place there."""
    recorder = Recorder(suite_folder / f"h2-recorder-empty-{ingress.name}", [HOST])
    room = start(recorder)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    for path in ("/v1/x", "/v1/x", "/v1/none"):
        body = b"" if path == "/v1/x" else None
        trailers = [("x-sum", "1")] if path == "/v1/x" else []
        assert ask(session, path, ingress, "POST", body=body, trailers=trailers).status == 200
        seen = recorder.seen("v1")[-1]
        names = [name.lower() for name, _ in seen.request.headers]
        assert (seen.fault, seen.request.body) == (None, b"")
        assert seen.request.all("content-length") == (["0"] if path == "/v1/x" else [])
        assert "transfer-encoding" not in names and "x-sum" not in names
    assert len({each.connection for each in recorder.seen("v1")}) == 1
    session.end()


@pytest.mark.parametrize("said", [0, 3, 5])
def test_f7_an_answer_that_is_not_as_long_as_it_says_is_never_whole(session, provider, said):
    def lie(asked):
        length = ("content-length", str(said))
        answer(asked, b"fine", headers=[length], trailers=[("x-sum", "1")])

    provider.on_request = lie
    answered = ask(session)
    assert answered.reset or answered.status == 502
    assert answered.trailers == []


def test_an_http1_provider_gets_what_the_length_says_and_no_trailers(start, suite_folder):
    recorder = Recorder(suite_folder / "h2-recorder-length", [HOST])
    room = start(recorder)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    for body in (b"one", b"another"):
        answered = ask(session, method="POST", body=body, trailers=[("x-sum", "1")])
        assert answered.status == 200
        seen = recorder.seen("x")[-1]
        names = [name.lower() for name, _ in seen.request.headers]
        assert (seen.fault, seen.request.body) == (None, body)
        assert names.count("content-length") == 1
        assert "transfer-encoding" not in names and "x-sum" not in names
    assert len({each.connection for each in recorder.seen("x")}) == 1
    session.end()


def test_trailers_of_an_http1_provider_reach_an_http2_agent(start, suite_folder):
    recorder = Recorder(suite_folder / "h2-recorder", [HOST])
    chunks = b"4\r\nfine\r\n0\r\nx-sum: 1\r\n\r\n"
    recorder.script["x"] = (
        lambda seen: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    )
    room = start(recorder)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    for _ in range(2):
        answered = ask(session)
        assert (answered.body, answered.trailers) == (b"fine", [("x-sum", "1")])
    session.end()


def test_a_check_reads_what_a_provider_says_over_several_chunks(start, suite_folder):
    recorder = Recorder(suite_folder / "h2-recorder-check", [HOST])
    chunks = b'9\r\n"API_KEY_\r\n8\r\nINVALID"\r\n0\r\n\r\n'
    head = b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n"
    recorder.script["v1beta"] = lambda seen: head + chunks
    room = start(recorder)
    key, _ = room.add_key("gemini", label="main")
    assert room.json("key", "check", key, expect=FAILED)["verdict"] == "rejected"


def test_a_redirect_leads_back_to_the_gateway_by_the_way_that_the_request_came(session, room, provider):
    """Through the proxy that is the provider's own URL; some clients go by its path (docker)."""
    target = f"https://{HOST}/v1/next?page=2"
    provider.on_request = lambda asked: answer(asked, headers=[("location", target)], status="302")
    assert ask(session).all("location") == [target]
    base = f"https://{room.endpoints['gateway']}/gemini/v1/next?page=2"
    assert ask(session, ingress=BaseUrlHttp2).all("location") == [base]


def test_two_sessions_and_two_keys_share_no_connection(session, room, provider):
    room.add_key("gemini", label="other")
    second = Session(room, HOSTS, "gemini:main")
    third = Session(room, HOSTS, "gemini:other")
    for each in (session, second):
        assert ask(each).status == 200
    headers = [(SLOT, third.passes["other"])]
    assert ConnectHttp2(third).ask(Asked("/v1/x", headers=headers)).status == 200
    assert len(provider.connections) == 3
    assert ask(session).status == 200
    assert len(provider.connections) == 3


def test_what_the_provider_refused_is_sent_again_and_what_it_took_is_not(session, provider):
    def refuse_first(asked):
        if len(provider.all) == 1:
            return asked.connection.send(lambda session: session.reset_stream(asked.stream, 7))
        answer(asked)

    provider.on_request = refuse_first
    answered = ask(session, method="POST", body=b"once")
    assert answered.status == 200
    assert [asked.body for asked in provider.all] == [b"once", b"once"]

    def cancel(asked):
        asked.connection.send(lambda session: session.reset_stream(asked.stream, 8))

    provider.on_request = cancel
    assert ask(session, method="POST", body=b"taken").status == 502
    assert len(provider.all) == 3


def test_what_stands_behind_a_goaway_goes_to_a_new_connection(session, provider):
    def go_away(asked):
        if len(provider.all) == 1:
            return asked.connection.send(
                lambda session: session.close_connection(error_code=0, last_stream_id=0)
            )
        answer(asked)

    provider.on_request = go_away
    assert ask(session, method="POST", body=b"x").status == 200
    assert len(provider.connections) == 2
    assert ask(session).status == 200
    assert len(provider.connections) == 2


def test_more_streams_than_a_provider_takes_get_a_connection_of_their_own(session, provider):
    provider.settings = {3: 1}  # SETTINGS_MAX_CONCURRENT_STREAMS
    assert ask(session).status == 200
    go, answers = threading.Event(), []

    def wait(asked):
        go.wait(30)
        answer(asked)

    provider.on_request = wait
    threads = [
        threading.Thread(target=lambda: answers.append(ask(session).status)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    provider.wait_for(4)
    go.set()
    for thread in threads:
        thread.join(30)
    assert answers == [200] * 3
    assert len(provider.connections) == 3


def test_a_reset_of_either_side_reaches_the_other(session, provider):
    begun = threading.Event()

    def break_off(asked):
        asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "200")]))
        asked.connection.send(lambda s: s.send_data(asked.stream, b"part"))
        if asked.get(":path") == "/v1/broken":
            asked.connection.send(lambda s: s.reset_stream(asked.stream, 2))
        begun.set()

    provider.on_request = break_off
    answered = ask(session, "/v1/broken")
    assert answered.reset
    begun.clear()
    connection = ConnectHttp2(session).begin(Asked("/v1/left", headers=[(SLOT, session.passes["main"])]))
    assert begun.wait(20)
    connection.close()
    assert provider.wait_for(2).reset.wait(20)
    assert not provider.connections[0].ended.is_set(), "the connection to the provider stays"


@pytest.mark.parametrize("code", [8, 11])  # CANCEL, ENHANCE_YOUR_CALM
def test_a_reset_in_the_middle_keeps_its_code(session, provider, code):
    def break_off(asked):
        asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "200")]))
        asked.connection.send(lambda s: s.send_data(asked.stream, b"part"))
        asked.connection.send(lambda s: s.reset_stream(asked.stream, code))

    provider.on_request = break_off
    answered = ask(session)
    assert (answered.reset, answered.reset_code) == (True, code)


def test_a_reset_before_an_answer_is_a_status_or_what_grpc_makes_of_its_code(session, provider):
    provider.on_request = lambda asked: asked.connection.send(
        lambda s: s.reset_stream(asked.stream, 11)
    )
    answered = ask(session, method="POST", body=b"x")
    assert answered.status == 502 and b"upstream_protocol" in answered.body
    answered = ask(session, method="POST", body=b"x", headers=[("content-type", "application/grpc")])
    assert (answered.status, answered.reset_code) == (0, 11)
    uses = lambda: [each.get("outcome") for each in session.record() if each["action"] == "use"]
    until(lambda: None not in uses(), what="the gateway has told how they ended")
    assert uses() == ["upstream_failed"] * 2


def test_what_cannot_be_sent_again_from_here_is_refused_as_the_provider_did(session, provider):
    """Not even the second time: the agent may begin anew, and knows it."""
    provider.on_head = lambda asked: asked.connection.send(
        lambda s: s.reset_stream(asked.stream, 7)
    )
    answered = ask(session, method="POST", chunks=[b"a body"], waits_for_continue=True)
    assert (answered.status, answered.reset_code) == (0, 7)
    assert [asked.body for asked in provider.all] == [b""] * 2


def test_n6_idle_streams_take_no_descriptors_and_little_memory(start, provider):
    """Connections are all that is counted by the system, however many streams they carry."""
    room = start(provider, f"tenant_exchanges = {2 * STREAMS}")
    key, _ = room.add_key("gemini", label="main")
    provider.on_request = lambda asked: asked.connection.send(
        lambda s: s.send_headers(asked.stream, [(":status", "200")])
    )
    # A provider of this kind takes 100 streams a connection, and 16 connections hold what one session has.
    sessions = [Session(room, HOSTS, "gemini:main") for _ in range(-(-STREAMS // 1600))]
    [pid] = room.gateway_pids()
    def hold(number):
        session = sessions[number % len(sessions)]
        held.append(HeldStreams(ConnectHttp2(session), 100, [(SLOT, session.passes["main"])]))
        assert held[-1].wait_for_heads() == [200] * 100

    held = []
    hold(0)  # and with the first ones comes what all of them share
    descriptors, resident = descriptors_of(pid), resident_of(pid)
    for number in range(1, STREAMS // 100):
        hold(number)
    count = 100 * (len(held) - 1)
    more = descriptors_of(pid) - descriptors
    assert more <= len(held) + len(provider.connections)
    each = lambda: (resident_of(pid) - resident) / count
    until(lambda: each() < 16, 60, f"{each():.1f} KiB each")
    print(f"{count} streams, {each():.1f} KiB each, {more} descriptors")
    room.cli("key", "revoke", key)
    for streams in held:
        assert None not in streams.wait_for_ends()
        streams.close()
    for session in sessions:
        session.end()


def test_i4_a_revoke_closes_idle_connections(session, room, provider):
    assert ask(session).status == 200
    [connection] = provider.connections
    assert not connection.ended.is_set()
    room.cli("key", "revoke", room.key_id)
    assert connection.ended.wait(30)


def test_i3_a_revoke_ends_an_upload_that_waits_for_a_window(session, room, provider):
    provider.settings = {4: 10_000}  # SETTINGS_INITIAL_WINDOW_SIZE
    assert ask(session).status == 200, "so that the gateway has heard of it"
    provider.opens_windows = False
    headers = [(SLOT, session.passes["main"])]
    connection = ConnectHttp2(session).begin(Asked("/v1/x", "POST", headers, b"u" * 60_000))
    asked = provider.wait_for(2)
    until(lambda: len(asked.body) == 10_000, 60, "the stream's window is full")
    room.cli("key", "revoke", room.key_id)
    assert asked.connection.ended.wait(30)
    assert len(asked.body) == 10_000 and not asked.ended.is_set()
    connection.close()


def test_n1_an_agent_that_does_not_read_stops_the_provider(session, provider):
    """What is on its way is bounded by windows and buffers, not by what the provider has."""
    sent = []

    def pour(asked):
        asked.connection.send(lambda s: s.send_headers(asked.stream, [(":status", "200")]))
        while not asked.reset.is_set():
            with asked.connection.lock:
                window = asked.connection.session.local_flow_control_window(asked.stream)
            room = min(window, 16_384)
            if room == 0:
                asked.connection.windows.clear()
                sent.append(0)
                if not asked.connection.windows.wait(1):
                    break
                continue
            asked.connection.send(lambda s: s.send_data(asked.stream, b"p" * room))
            sent.append(room)
        sent.append(None)

    provider.on_request = pour
    connection = ConnectHttp2(session).begin(Asked("/v1/x", headers=[(SLOT, session.passes["main"])]))
    until(lambda: sent and sent[-1] is None, 60, "the provider is held back")
    total = sum(each or 0 for each in sent)
    assert 65_535 <= total < 4_000_000
    connection.close()


FLOODS = {
    "ping": lambda s: s.ping(b"12345678"),
    "settings": lambda s: s.update_settings({4: 65_535}),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_n2_a_provider_that_floods_loses_its_connection(session, provider, kind):
    def flood(asked):
        if len(provider.all) > 1:
            return answer(asked)
        for _ in range(2000):
            asked.connection.send(FLOODS[kind])

    provider.on_request = flood
    answered = ask(session, method="POST", body=b"x")
    assert answered.status == 502
    assert provider.connections[0].ended.wait(30)
    assert ask(session).status == 200
    assert len(provider.connections) == 2


def test_n2_a_provider_that_resets_for_each_piece_of_a_request_keeps_its_connection(session, provider):
    """As Go and HAProxy do with what was on its way when they answered."""
    asking = [(SLOT, session.passes["main"])]
    with HeldStreams(ConnectHttp2(session), 50, asking, "/v1/early", body=b"x") as streams:
        streams.go_on(400)
        streams.wait_for_ends()
        resets = [RstStreamFrame(asked.stream, error_code=5).serialize() for asked in provider.all]
        provider.connections[0].socket.sendall(b"".join(resets) * 4)
        streams.begin(1)
        streams.wait_for_ends()
        assert Counter(streams.statuses.values()) == {200: 401}
    assert len(provider.connections) == 1


def test_f7_what_is_no_http_in_an_answer_does_not_come_back(session, provider):
    def lie(asked):
        fields = [(":status", "200"), ("x-a", "1\r\nx-injected: 2"), ("transfer-encoding", "chunked")]
        asked.connection.send(
            lambda s: s.send_headers(asked.stream, fields, end_stream=True)
        )

    provider.on_request = lie
    answered = ask(session)
    assert answered.status == 502 and not answered.all("x-injected")


NGINX_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format told 'h:$http2 $connection $status';
  access_log {folder}/access.log told;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/chain.pem;
    ssl_certificate_key {folder}/key.pem;
    keepalive_requests {requests};
    root {folder}/root;
    location /v1/early {{ return 200 early; }}
  }}
}}
"""


class NginxProvider(OwnProvider):
    """A real nginx: both protocols, and a GOAWAY after so many requests."""

    hosts = [HOST]

    def __init__(self, folder, requests=5):
        self.folder, self.port = folder, free_port()
        for name in ("root/v1", "body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / name).mkdir(parents=True)
        authority = Authority()
        chain, key, _ = authority.issue(HOST)
        self.ca = folder / "ca.pem"
        configuration = NGINX_CONFIGURATION.format(folder=folder, port=self.port, requests=requests)
        files = {"ca.pem": authority.pem, "key.pem": key, "chain.pem": chain}
        for name, text in {**files, "nginx.conf": configuration}.items():
            (folder / name).write_text(text)
        self.large = os.urandom(3_000_000)
        (folder / "root" / "v1" / "large").write_bytes(self.large)
        self._process = subprocess.Popen(
            [NGINX, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"]},
        )
        until(self._listens, 30, "nginx listens")
        (folder / "key.pem").unlink()

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def told(self):
        """[(protocol, connection, status)] of all requests."""
        return [line.split() for line in (self.folder / "access.log").read_text().splitlines()]

    def stop(self):
        self._process.terminate()
        self._process.wait(30)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_may_say_goaway_at_any_time(start, suite_folder):
    provider = NginxProvider(suite_folder / "h2-nginx")
    room = start(provider)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    answers, lock = [], threading.Lock()

    def several():
        for _ in range(10):
            answered = ask(session, "/v1/large")
            with lock:
                answers.append((answered.status, answered.body == provider.large))

    threads = [threading.Thread(target=several) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert answers == [(200, True)] * 40
    assert ask(session, "/v1/large", ingress=BaseUrl).body == provider.large
    told = until(lambda: len(lines := provider.told()) > 40 and lines, what="all are in its log")
    assert [protocol for protocol, _, _ in told] == ["h:h2"] * 40 + [told[-1][0]] and told[-1][0] != "h:h2"
    assert len({connection for _, connection, _ in told}) >= 8
    session.end()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("requests", [10_000, 70], ids=["on one connection", "on many"])
def test_n2_a_provider_that_answers_before_the_body_loses_no_request(start, suite_folder, requests):
    """It resets each stream whose body it does not want, behind the answer (RFC 9113 8.1): as many a second as it answers.

    One that ends its connection after so many requests has not seen what was still on its way into it: POSTs may go again.
    """
    provider = NginxProvider(suite_folder / f"h2-nginx-early-{requests}", requests)
    room = start(provider)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    asking = [(SLOT, session.passes["main"])]
    with HeldStreams(ConnectHttp2(session), 50, asking, "/v1/early", body=b"x" * 200) as streams:
        streams.go_on(1500)
        streams.wait_for_ends()
        assert Counter(streams.statuses.values()) == {200: 1500}
    told = until(lambda: len(lines := provider.told()) >= 1500 and lines, what="all are in its log")
    connections = {connection for _, connection, _ in told}
    assert len(connections) == 1 if requests > 1500 else len(connections) >= 1500 // requests
    session.end()


UPLOADS = """
head -c 2000000 /dev/zero > "$HOME/upload"
for key in $GEMINI_API_KEY $GEMINI_API_KEY $GEMINI_API_KEY none none none; do
  curl -sS --max-time 20 --http2 -H "x-goog-api-key: $key" --data-binary "@$HOME/upload" -w ' %{http_version} %{http_code}\\n' "https://$PLACE/v1/x"
done
"""


@pytest.mark.skipif(None in (NGINX, shutil.which("curl")), reason="nginx or curl is not installed")
def test_curl_reads_what_is_said_before_its_upload_is_over(start, suite_folder):
    """nginx takes a mebibyte; and we refuse what has no pass. curl 7 forgets an answer behind which its stream is reset at once."""
    provider = NginxProvider(suite_folder / "h2-nginx-full", 10_000)
    room = start(provider)
    room.add_key("gemini", label="main")
    said = room.run(["gemini"], ["sh", "-c", UPLOADS], variables={"PLACE": HOST}).stdout
    assert re.findall(r"^ (\d \d+)$", said, re.M) == ["2 413"] * 3
    assert re.findall(r'"code":"(\w+)".* (\d \d+)$', said, re.M) == [("pass_missing", "2 401")] * 3


SERVER = """
const http2 = require('node:http2'), fs = require('node:fs');
const server = http2.createSecureServer({ key: fs.readFileSync(process.argv[1]), cert: fs.readFileSync(process.argv[2]) });
server.on('stream', (stream, headers) => {
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => {
    const answer = `${headers[':method']} ${headers.te ?? '-'} ${Buffer.concat(parts)}`;
    const path = headers[':path'];
    const length = answer.length + (path === '/v1/lie' ? 1 : 0);
    const framing = path === '/v1/x' ? {} : { 'content-length': length };
    stream.respond({ ':status': 200, 'content-type': 'text/plain', ...framing }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
    stream.end(answer);
  });
});
server.on('session', () => console.log('SESSION'));
server.on('unknownProtocol', (socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => console.log(`PORT ${server.address().port}`));
"""


class NodeProvider(ProgramProvider):
    """Node's own HTTP/2 server: nothing but h2 by ALPN."""

    hosts = [HOST]

    def __init__(self, folder, environment):
        server = lambda chain, key: ["node", "-e", SERVER, key, chain]
        super().__init__(folder, HOST, server, env=environment)

    def stop(self):
        """How many connections there were."""
        self._process.terminate()
        return self._process.communicate(timeout=30)[0].count("SESSION")


def test_an_http1_agent_reaches_a_provider_that_speaks_nothing_but_http2(
    start, suite_folder, environment
):
    provider = NodeProvider(suite_folder / "h2-node", environment)
    room = start(provider)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    for body in (b"one", b"two"):
        answered = ask(session, ingress=BaseUrl, method="POST", body=body)
        assert (answered.status, answered.body) == (200, b"POST - " + body)
    headers = [(SLOT, session.passes["main"]), ("TE", "trailers")]
    asked = Asked("/v1/x", method="POST", headers=headers, chunks=[b"in", b"parts"])
    with BaseUrl(session).raw() as connection:
        connection.sendall(BaseUrl(session).head(asked) + BaseUrl(session).body(asked))
        whole = b""
        while not whole.endswith(b"x-sum: 1\r\n\r\n"):
            octets = connection.recv(65536)
            assert octets, whole
            whole += octets
    assert b"POST trailers inparts" in whole
    session.end()
    assert provider.stop() == 1


def test_an_http1_agent_gets_what_the_length_says_and_no_trailers(start, suite_folder, environment):
    """HTTP/1 has no place for them there: both answers stand one behind the other on one connection."""
    provider = NodeProvider(suite_folder / "h2-node-length", environment)
    room = start(provider)
    room.add_key("gemini", label="main")
    session = Session(room, HOSTS, "gemini:main")
    headers = [(SLOT, session.passes["main"]), ("TE", "trailers")]
    ingress = BaseUrl(session)
    with ingress.raw() as connection, connection.makefile("rb") as stream:
        for _ in range(2):
            connection.sendall(ingress.head(Asked("/v1/length", headers=headers)))
            answered = read_answer(stream, "GET")
            assert (answered.status, answered.body) == (200, b"GET trailers ")
            assert answered.all("content-length") == [str(len(answered.body))]
            assert answered.all("transfer-encoding") == []
        connection.sendall(ingress.head(Asked("/v1/lie", headers=headers)))
        with pytest.raises((strict.CutShort, ConnectionError)):
            read_answer(stream, "GET")
    session.end()
