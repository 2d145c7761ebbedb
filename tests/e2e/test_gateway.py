"""The gateway's door, octet by octet: strict parsing, every slot, TLS on the same port, cancelling, restarts.

Passes come from `strongroom session start`, so these tests speak from outside any workroom.
SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

import h2.config
import h2.connection
import h2.events
import pytest

from support.waiting import until


@pytest.fixture
def use(room, standins):
    return Use(room, standins)


class Use:
    """A session on the gemini key, and raw requests with its pass."""

    def __init__(self, room, standins):
        self.room, self.standins = room, standins
        self.key_id, self.key = room.add_key("gemini")
        started = room.json(
            "session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini"
        )
        self.session = started["session"]["id"]
        [issued] = started["passes"]
        self.token = issued["pass"]
        standins.passes(self.token)

    def connect(self, tls=False, protocol=None):
        host, port = self.room.endpoints["gateway"].rsplit(":", 1)
        raw = socket.create_connection((host, int(port)), timeout=20)
        if not tls:
            return raw
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if protocol is not None:
            context.set_alpn_protocols([protocol])
        return context.wrap_socket(raw, server_hostname="localhost")

    def exchange(self, octets, tls=False):
        """(status, whole answer) of one connection that is closed by the other side."""
        if isinstance(octets, str):
            octets = octets.encode("latin1")
        with self.connect(tls) as connection:
            connection.sendall(octets)
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except (ConnectionResetError, ssl.SSLError):
                pass
        return (
            int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
        ), answer.decode("latin1")

    def get(self, path="/gemini/v1/models", headers=None, tls=False):
        headers = {"x-goog-api-key": self.token} if headers is None else headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return self.exchange(
            f"GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{lines}\r\n", tls
        )

    def error(self, answer):
        return json.loads(answer[answer.index("{") : answer.rindex("}") + 1])["error"]


def test_every_slot_of_the_service_takes_the_pass(use):
    basic = base64.b64encode(f"any:{use.token}".encode()).decode()
    for path, headers in [
        ("/gemini/v1/models", {"x-goog-api-key": use.token}),
        ("/gemini/v1/models", {"X-GOOG-API-KEY": use.token}),
        (f"/gemini/v1/models?key={use.token}", {}),
        (f"/gemini/v1/models?a=1&key={use.token}&b=2", {}),
        ("/gemini/v1/models", {"Authorization": f"Bearer {use.token}"}),
        ("/gemini/v1/models", {"Authorization": f"Basic {basic}"}),
        (f"/gemini/v1/models?key={use.token}", {"x-goog-api-key": use.token}),
    ]:
        status, answer = use.get(path, headers)
        assert status == 200, (path, answer)
        assert use.key not in answer
    assert [dict(request["query"]) for request in use.standins.requests()][2:4] == [
        {},
        {"a": "1", "b": "2"},
    ]


def test_other_credentials_of_the_agent_do_not_travel(use):
    """Cookies, proxy credentials and forged forwarding headers stay here; the rest goes on."""
    headers = {
        "x-goog-api-key": use.token,
        "Proxy-Authorization": "Basic eDp5",
        "X-Forwarded-For": "1.2.3.4",
        "X-Of-The-Agent": "kept",
        "Connection": "close, X-Hop",
        "X-Hop": "dropped",
        "TE": "trailers",
        "Keep-Alive": "timeout=5",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status, answer = use.exchange(
        f"GET /gemini/standin/echo HTTP/1.1\r\nHost: gateway\r\n{lines}\r\n"
    )
    assert status == 200, answer
    [seen] = use.standins.requests()
    assert seen["headers"]["x-of-the-agent"] == "kept"
    assert not {"x-hop", "proxy-authorization", "keep-alive", "x-forwarded-for"} & set(
        seen["headers"]
    )
    assert (seen["headers"]["te"], seen["headers"]["connection"]) == ("trailers", "te")
    assert seen["headers"]["x-goog-api-key"] == "<key of gemini>"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_plain_and_tls_on_one_port(use, tls):
    assert use.get(tls=tls)[0] == 200


def over_http2(use, path, *options):
    """curl's answer to one request over HTTP/2: (version and status, heads, body)."""
    done = subprocess.run(
        [shutil.which("curl"), "-ksS", "--http2", "--max-time", "20", "-D", "-", "-H", f"x-goog-api-key: {use.token}"]
        + [*options, "https://" + use.room.endpoints["gateway"] + path],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    heads, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return heads.split("\n")[0].strip(), heads.lower(), body


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_base_url_over_tls_offers_http2(use):
    assert over_http2(use, "/gemini/v1beta/models")[0] == "HTTP/2 200"
    [seen] = use.standins.requests()
    assert seen["headers"]["x-goog-api-key"] == "<key of gemini>"
    started = over_http2(
        use,
        "/gemini/upload/v1beta/files",
        *("-H", "X-Goog-Upload-Protocol: resumable", "-H", "X-Goog-Upload-Command: start"),
        *("-H", "X-Goog-Upload-Header-Content-Length: 5", "-d", "{}"),
    )
    own = "https://" + use.room.endpoints["gateway"] + "/"
    assert f"x-goog-upload-url: {own}" in started[1], started
    use.room.revoke(use.key_id)
    refused = over_http2(use, "/gemini/v1beta/models")
    assert refused[0] == "HTTP/2 403" and use.error(refused[2])["code"] == "key_revoked"


AMBIGUOUS = {
    "both lengths": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "length with a sign": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nContent-Length: +4\r\n\r\nabcd",
    "unknown coding": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding twice": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before colon": "GET /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key : {pass}\r\n\r\n",
    "folded line": "GET /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nX-A: b\r\n c\r\nx-goog-api-key: {pass}\r\n\r\n",
    "bare LF": "GET /gemini/standin/echo HTTP/1.1\nHost: g\nx-goog-api-key: {pass}\n\n",
    "CR in a value": "GET /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nX-A: b\rc\r\nx-goog-api-key: {pass}\r\n\r\n",
    "NUL in a value": "GET /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nX-A: b\0c\r\nx-goog-api-key: {pass}\r\n\r\n",
    "no Host": "GET /gemini/standin/echo HTTP/1.1\r\nx-goog-api-key: {pass}\r\n\r\n",
    "two Hosts": "GET /gemini/standin/echo HTTP/1.1\r\nHost: a\r\nHost: b\r\nx-goog-api-key: {pass}\r\n\r\n",
    "chunk size with a sign": "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\nTransfer-Encoding: chunked\r\n\r\n+4\r\nabcd\r\n0\r\n\r\n",
    "old version": "GET /gemini/standin/echo HTTP/0.9\r\nHost: g\r\nx-goog-api-key: {pass}\r\n\r\n",
    "method is no token": "GE(T /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\n\r\n",
    "space in the target": "GET /gemini/standin/e cho HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {pass}\r\n\r\n",
}


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_ambiguous_requests_are_refused(use, what):
    """Refused and the connection closed: a second request in the same octets is never looked at."""
    smuggled = f"GET /gemini/v1/models HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {use.token}\r\n\r\n"
    status, answer = use.exchange(AMBIGUOUS[what].replace("{pass}", use.token) + smuggled)
    assert status in (400, 501, 505), answer
    assert len(re.findall(r"HTTP/1\.1 \d{3} ", answer)) == 1
    assert "/v1/models" not in [request["path"] for request in use.standins.requests()]


def test_expect_100_continue(use):
    """The agent's body is asked for before it is sent, and arrives."""
    with use.connect() as connection:
        connection.sendall(
            (
                f"POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nConnection: close\r\nx-goog-api-key: {use.token}\r\n"
                "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            ).encode()
        )
        first = connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 100"), first
        connection.sendall(b"hello")
        answer = first
        while piece := connection.recv(65536):
            answer += piece
    assert b"HTTP/1.1 200" in answer and b'"body":"hello"' in answer.replace(b'": "', b'":"')


def test_expect_of_a_refused_request_is_answered_at_once(use):
    status, answer = use.exchange(
        "POST /gemini/standin/echo HTTP/1.1\r\nHost: g\r\nConnection: close\r\nx-goog-api-key: AIzaNobodysPass"
        "0123456789012345678901234567890123456789\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    )
    assert status == 401 and use.error(answer)["code"] == "pass_unknown"


def test_refusals_name_what_is_wrong(use):
    unknown = "AIza" + "x" * 43
    assert use.error(use.get(headers={})[1])["code"] == "pass_missing"
    assert use.error(use.get(headers={"x-goog-api-key": unknown})[1])["code"] == "pass_unknown"
    assert use.error(use.get("/nosuchservice/v1/models")[1])["code"] == "unknown_service"
    assert use.error(use.get("/gemini@api.openai.com/v1/models")[1])["code"] == "unknown_host"
    denied = use.error(use.get("/gemini/v1beta/triggers/x")[1])
    assert denied["code"] == "denied_path" and denied["message"] and denied["hint"]
    use.room.cli("session", "end", use.session)
    assert use.error(use.get()[1])["code"] == "session_ended"
    assert use.standins.requests() == []


def test_the_pass_in_other_places_is_not_sent_on(use):
    """In another header, the path, or another parameter it would reach the provider: refused, or not passed on."""
    for path, headers in [
        ("/gemini/standin/echo", {"x-goog-api-key": use.token, "User-Agent": use.token}),
        (f"/gemini/standin/echo?note={use.token}", {"x-goog-api-key": use.token}),
        (f"/gemini/v1/{use.token}", {"x-goog-api-key": use.token}),
    ]:
        use.get(path, headers)
    assert use.standins.violations() == []


def test_a_client_that_leaves_cancels_upstream(use):
    use.standins.stream(events=2, hold=True)
    body = b'{"contents":[]}'
    with use.connect() as connection:
        connection.sendall(
            (
                f"POST /gemini/v1/models/m:streamGenerateContent?alt=sse HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {use.token}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        until(lambda: len(use.standins.open()) == 1, 30, "the stream is open")
    until(lambda: use.standins.open() == [], 30, "the provider's side is closed too")


def test_keep_alive_and_pipelining(use):
    one = f"GET /gemini/standin/echo?n={{}} HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {use.token}\r\n"
    octets = (
        one.format(1)
        + "\r\n"
        + one.format(2)
        + "\r\n"
        + one.format(3)
        + "Connection: close\r\n\r\n"
    )
    _, answer = use.exchange(octets)
    assert answer.count("HTTP/1.1 200") == 3
    assert answer.index("n=1") < answer.index("n=2") < answer.index("n=3")


def test_events_arrive_one_by_one(use):
    """Back-pressure aside, nothing is held back: each event is here before the next is sent."""
    use.standins.stream(events=1, hold=True)
    body = json.dumps({"contents": [{"parts": [{"text": "now"}]}]}).encode()
    with use.connect() as connection:
        connection.sendall(
            (
                f"POST /gemini/v1/models/m:streamGenerateContent?alt=sse HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {use.token}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            ).encode()
            + body
        )
        answer = b""
        while b"gemini stand-in heard: now" not in answer:
            answer += connection.recv(65536)
        assert b'"STOP"' not in answer
        use.standins.release()
        while piece := connection.recv(65536):
            answer += piece
    assert b'"STOP"' in answer and answer.endswith(b"0\r\n\r\n")


def test_a_clean_stop_drains_streams(make_room, standins):
    """SIGTERM: no new work, but a running stream may end by itself within the bounded time."""
    room = make_room(flags=["--drain-seconds", "60"]).people()
    use = Use(room, standins)
    standins.stream(events=1, hold=True)
    body = b'{"contents":[]}'
    with use.connect() as connection:
        connection.sendall(
            (
                f"POST /gemini/v1/models/m:streamGenerateContent?alt=sse HTTP/1.1\r\nHost: g\r\nx-goog-api-key: {use.token}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            ).encode()
            + body
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        room.process.terminate()
        until(lambda: not listens(room.endpoints["gateway"]), 30, "nothing new is accepted")
        standins.release()
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.endswith(b"0\r\n\r\n"), "the stream came to its own end"
    assert room.process.wait(60) == 0 and time.monotonic() - began < 50, "before its time was over"


STREAM = "/gemini/v1/models/m:streamGenerateContent?alt=sse"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_clean_stop_lets_http2_streams_end_in_order(make_room, standins, tmp_path):
    """All of the answer and its end arrive, and no client takes the end of the connection for a failure."""
    room = make_room(flags=["--drain-seconds", "60"]).people()
    use = Use(room, standins)
    standins.stream(events=1, hold=True)
    port = room.endpoints["gateway"].rsplit(":", 1)[1]
    heard = tmp_path / "heard"
    client = subprocess.Popen(
        ["curl", "-sSN", "--http2", "--cacert", room.data / "gateway-ca.pem", "-o", heard]
        + ["-w", "%{http_version}", "--max-time", "30", "-H", f"x-goog-api-key: {use.token}"]
        + ["-d", '{"contents":[]}', f"https://localhost:{port}{STREAM}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: heard.exists() and heard.stat().st_size > 0, 60, "the answer has begun")
    began = time.monotonic()
    room.process.terminate()
    until(lambda: not listens(room.endpoints["gateway"]), 30, "nothing new is accepted")
    standins.release()
    said, _ = client.communicate(timeout=30)
    assert (client.returncode, said) == (0, "2") and b'"STOP"' in heard.read_bytes()
    assert room.process.wait(60) == 0 and time.monotonic() - began < 50, "before its time was over"


def test_a_clean_stop_waits_for_nobody_who_does_not_read(make_room, standins):
    """Idle connections of HTTP/2 end at once, whatever their clients do; an answer that nobody takes, in time."""
    room = make_room(flags=["--drain-seconds", "60"]).people()
    use = Use(room, standins)
    idle = use.connect(tls=True, protocol="h2")
    idle.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    assert idle.recv(9), "the gateway's settings"
    began = time.monotonic()
    room.process.terminate()
    assert room.process.wait(60) == 0 and time.monotonic() - began < 50
    room.flags[-1] = "4"
    room.start()
    standins.stream(events=1, hold=True)
    deaf = use.connect(tls=True, protocol="h2")
    session = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    session.initiate_connection()
    session.send_headers(
        1,
        [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", STREAM)]
        + [("x-goog-api-key", use.token)],
    )
    session.send_data(1, b'{"contents":[]}', end_stream=True)
    deaf.sendall(session.data_to_send())
    while not any(isinstance(e, h2.events.DataReceived) for e in session.receive_data(deaf.recv(65536))):
        pass
    began = time.monotonic()
    room.process.terminate()
    assert room.process.wait(60) == 0 and time.monotonic() - began > 3
    standins.release()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "bare", "br"])
def test_c5_a_provider_that_compresses_unasked_is_read_all_the_same(use, coding):
    status, answer = use.get(f"/gemini/standin/coded?coding={coding}")
    head, _ = answer.split("\r\n\r\n", 1)
    assert status == 200 and "content-encoding" not in head.lower(), head
    assert 'etag: W/"coded"' in head and answer.endswith("0\r\n\r\n")
    # A client of the usual kind: the chunks are gone.
    base = f"http://{use.room.endpoints['gateway']}/gemini/standin/coded?coding={coding}"
    request = urllib.request.Request(base, headers={"x-goog-api-key": use.token})
    said = json.load(urllib.request.urlopen(request, timeout=20))
    assert said["accept-encoding"] == "identity"
    assert said["x-goog-api-key"] == "*" * len(use.key)


def listens(endpoint):
    host, port = endpoint.rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_the_gateway_serves_no_control_call(use):
    for path in ("/api/v1/keys", "/healthz", "/metrics", "/"):
        assert use.get(path)[0] in (400, 404)


def test_health_and_metrics(use):
    base = f"http://{use.room.endpoints['metrics']}"
    for path in ("/healthz", "/readyz"):
        assert urllib.request.urlopen(base + path, timeout=30).status == 200
    use.get()
    text = urllib.request.urlopen(base + "/metrics", timeout=30).read().decode()
    assert "strongroom" in text and use.key not in text and use.token not in text
