"""An organisation's proxy between the gateway and providers. SPDX-License-Identifier: Apache-2.0"""

import json
import socket

import httpx
import pytest

from support.connect_proxy import ConnectProxy
from support.island import PUBLIC, Island, is_possible
from test_gateway_tls import configured
from test_proxy import GEMINI, Session

USER, PASSWORD = "gate way", "p:w/@%"
QUOTED = "gate%20way:p%3Aw%2F%40%25"


@pytest.fixture
def proxy(standins):
    made = ConnectProxy(standins.port, f"{USER}:{PASSWORD}")
    yield made
    made.stop()


def behind(make_room, proxy, more="", hosts=(GEMINI,)):
    """A room whose providers `hosts` are reached by the proxy only."""
    text = f'upstream_proxy = "http://{QUOTED}@127.0.0.1:{proxy.port}"\n{more}'
    room = configured(make_room, text)
    file = room.data / "strongroom.toml"
    dials = file.read_text().split("[[gateway.dial]]")
    kept = [dial for dial in dials if not any(f'"{host}:443"' in dial for host in hosts)]
    file.write_text("[[gateway.dial]]".join(kept))
    return room


def asked(room, session, path="/v1beta/models", **more):
    headers = {"x-goog-api-key": session.passes["gemini"], **more.pop("headers", {})}
    return httpx.get(f"{room.gateway}/gemini{path}", headers=headers, timeout=30, **more)


def test_o10_providers_are_reached_through_it_and_its_credential_goes_nowhere_else(
    make_room, proxy, standins
):
    room = behind(make_room, proxy).start().people()
    key, _ = room.add_key("gemini")
    session = Session(room, "gemini")
    own = {"proxy-authorization": "Basic YWdlbnQ6b3du"}
    assert asked(room, session, headers=own).status_code == 200
    assert asked(room, session).status_code == 200
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200
    assert len(proxy.heads) == 1, "one connection, kept"
    [head] = proxy.heads
    assert head.startswith(f"CONNECT {GEMINI}:443 HTTP/1.1\r\nhost: {GEMINI}:443\r\n")
    assert "YWdlbnQ6b3du" not in head, "E8: what the agent has for a proxy is not for this one"
    for seen in standins.requests(service="gemini"):
        assert "proxy-authorization" not in json.dumps(seen).lower()
    assert PASSWORD not in room.log() and QUOTED not in room.log()
    assert room.cli("key", "check", key).returncode == 0
    url = f"{room.gateway}/gemini/standin/sse?events=1&hold"
    with pytest.raises(httpx.HTTPError):
        with httpx.stream(
            "GET", url, headers={"x-goog-api-key": session.passes["gemini"]}, timeout=30
        ) as events:
            lines = events.iter_lines()
            assert next(lines) == "id: 0"
            room.revoke(key)
            for _ in lines:
                pass


@pytest.mark.parametrize(
    "said, status",
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 407),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", 403),
        (b"HTTP/1.1 301 Moved\r\nlocation: https://elsewhere.example/\r\n\r\n", 301),
        (b"SSH-2.0-not-a-proxy\r\n\r\n", 0),
        (b"HTTP/1.1 200 OK\r\n", None),
        (b"x" * 20_000, None),
        (b"", None),
    ],
)
def test_o10_a_proxy_that_does_not_open_is_a_provider_that_cannot_be_reached(
    make_room, proxy, said, status
):
    room = behind(make_room, proxy).start().people()
    room.add_key("gemini")
    session = Session(room, "gemini")
    proxy.answer = lambda head: said
    for _ in range(3):
        answer = asked(room, session)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    lines = [json.loads(line) for line in room.log().splitlines() if "upstream_proxy_refused" in line]
    told = [(each["host"], each["status"]) for each in lines]
    assert told == ([] if status is None else [(f"{GEMINI}:443", status)]), "once for all three"


@pytest.mark.violations
def test_o10_what_is_behind_it_must_still_be_the_provider(make_room, proxy, standins):
    """It leads to another server than it was asked for: the certificate is looked at as ever."""
    room = behind(make_room, proxy, hosts=(GEMINI,)).start().people()
    room.add_key("generic-http", settings={"host": "not.a.standin.test", "header": "x-key"})
    session = Session(room, "generic-http")
    answer = httpx.get(
        f"{room.gateway}/generic-http/x",
        headers={"x-key": session.passes["generic-http"]},
        timeout=30,
    )
    assert answer.json()["error"]["code"] == "upstream_tls"
    assert "not.a.standin.test:443" in proxy.heads[-1]


def test_o10_some_hosts_are_reached_without_it(make_room, proxy):
    more = 'no_proxy = [".googleapis.com", "other.example"]'
    room = behind(make_room, proxy, more).start().people()
    room.add_key("gemini")
    answer = asked(room, Session(room, "gemini"))
    assert answer.json()["error"]["code"] in ("upstream_unreachable", "upstream_timeout")
    assert proxy.heads == []


def test_g5_the_proxy_is_not_asked_for_what_the_gateway_may_not_dial(make_room, proxy):
    room = behind(make_room, proxy).start().people()
    room.add_key(
        "generic-http", label="one", settings={"host": "localhost", "header": "x-key"}
    )
    places = ["localhost:22", "localhost:80"]
    tunnels = [part for place in places for part in ("--tunnel", place)]
    room.cli("policy", "set", "--tenant", "acme", *tunnels)
    session = Session(room, "generic-http:one")
    answer = httpx.get(
        f"{room.gateway}/generic-http/x",
        headers={"x-key": session.passes["generic-http"]},
        timeout=30,
    )
    assert answer.json()["error"]["code"] == "upstream_unreachable"
    for place in (*places, "127.0.0.1:80", "169.254.169.254:80", "[fd00:ec2::254]:80"):
        status, connection = session.connect(place)
        connection.close()
        assert status == (502 if place in places else 403), place
    assert proxy.heads == []


def test_o10_a_plain_tunnel_goes_through_it_as_well(make_room, proxy, standins):
    room = behind(make_room, proxy).start().people()
    room.add_key("gemini")
    room.cli("policy", "set", "--tenant", "acme", "--tunnel", "plain.example:7000")
    session = Session(room, "gemini")
    echo = socket.create_server(("127.0.0.1", 0))
    proxy.target = echo.getsockname()[1]
    status, connection = session.connect("plain.example:7000")
    assert status == 200 and "CONNECT plain.example:7000 " in proxy.heads[-1]
    with connection, echo.accept()[0] as other:
        other.sendall(b"the server speaks first")
        assert connection.recv(100) == b"the server speaks first"
        connection.sendall(b"and is heard")
        assert other.recv(100) == b"and is heard"
    echo.close()


def test_settings_that_cannot_be_are_told_without_the_password(make_room):
    for url in (
        "https://p:secret-word@127.0.0.1:1",
        "http://p:secret-word@127.0.0.1",
        "http://p:secret-word%zz@127.0.0.1:1",
        "http://p:secret-word%0a@127.0.0.1:1",
        "http://p:secret-word@127.0.0.1:1/path",
        "secret-word:1",
    ):
        sentence = configured(make_room, f'upstream_proxy = "{url}"').refused_start()
        assert "upstream_proxy" in sentence and "secret-word" not in sentence
    assert "no_proxy" in configured(make_room, 'no_proxy = ["*.example"]').refused_start()


@pytest.mark.skipif(not is_possible(), reason="this machine gives no namespaces")
def test_o10_a_name_server_that_does_not_answer_leaves_the_proxy_its_time(
    tmp_path, canaries, environment
):
    name, lines = "silent.island.test", 'upstream_proxy = "http://127.0.0.1:3128"'
    island = Island(tmp_path, canaries, environment, {name: None}, lines, "timeout:20 attempts:2")
    room = island.room.people()
    room.add_key("generic-http", label="far", settings={"host": name, "header": "x-key"})
    session = room.json(
        *("session", "start", "--tenant", "acme", "--member", "alice"),
        *("--service", "generic-http:far"),
    )
    headers = {"x-key": session["passes"][0]["pass"]}
    transport = httpx.HTTPTransport(uds=str(room.data / "gateway.sock"))
    with httpx.Client(transport=transport, timeout=40) as client:
        answer = client.get("http://gateway/generic-http/x", headers=headers)
    assert (answer.status_code, answer.text) == (200, PUBLIC[0])
    assert island.lines("queries"), "it was asked"
    island.stop()
