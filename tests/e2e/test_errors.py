"""Each error that an agent can act on, as the built program says it, and as its metrics count it. SPDX-License-Identifier: Apache-2.0"""

import json
import re
import urllib.request

import httpx
import pytest

from support.authority import Authority
from support.ingresses import Asked, BaseUrlHttp2
from support.ingresses import Session as InSession
from support.ports import port_of_nobody
from support.room import FAILED, REPOSITORY
from support.waiting import until
from test_gateway_tls import configured
from test_proxy import Session

DOCUMENTED = (REPOSITORY / "docs" / "errors.md").read_text()


def counted(room):
    """{code: how often}, as the metrics tell."""
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=20) as told:
        text = told.read().decode()
    found = re.findall(r'strongroom_gateway_refusals_total\{code="(\w+)"\} (\d+)', text)
    return {code: int(number) for code, number in found}


class Asker:
    def __init__(self, room, *services):
        self.room, self.session = room, Session(room, *services)

    def __call__(self, path, carrying="gemini"):
        """A request with the pass of `carrying`, in the slot of the service that the path names."""
        slots = {
            "gemini": "x-goog-api-key",
            "heygen": "x-api-key",
            "anthropic": "x-api-key",
            "elevenlabs": "xi-api-key",
        }
        token = self.session.passes[carrying]
        slot = slots.get(path.split("/")[1])
        headers = {slot: token} if slot else {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.room.gateway}{path}", headers=headers, timeout=30)


@pytest.fixture
def world(make_room, tmp_path):
    """gemini as ever; heygen shows a wrong certificate, openai is not there."""
    import socket
    import ssl
    import threading

    chain, key, _ = Authority().issue("elsewhere.example")
    (tmp_path / "wrong.pem").write_text(chain)
    (tmp_path / "wrong.key").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "wrong.pem", tmp_path / "wrong.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()  # refused, with an alert or without

    threading.Thread(target=serve, daemon=True).start()
    room = configured(make_room, "")
    file = room.data / "strongroom.toml"
    text = file.read_text()
    with port_of_nobody() as nobodys:
        for host, port in (("api.heygen.com", listener.getsockname()[1]), ("api.openai.com", nobodys)):
            text = re.sub(rf'(host = "{host}:443"\nto = "127.0.0.1:)\d+', rf"\g<1>{port}", text)
        file.write_text(text)
        room.start().people()
        for service in ("gemini", "heygen", "openai", "elevenlabs"):
            room.add_key(service)
        yield room
    listener.close()


def policy(room, *words):
    room.cli("policy", "set", "--tenant", "acme", *map(str, words))


def test_each_is_said_counted_and_documented(world):
    room = world
    ask = Asker(room, "gemini", "heygen", "openai")
    seen = {}

    def expect(code, status, answer):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code), answer.text
        assert error["message"] and error["hint"]
        seen[code] = seen.get(code, 0) + 1
        return error

    told = expect("not_connected", 403, ask("/anthropic/v1/models"))
    assert told["link"] == f"{room.console_url()}#connect=anthropic"
    expect("not_granted", 403, ask("/elevenlabs/v1/models"))
    expect("pass_wrong_service", 403, ask("/heygen/v2/x"))
    expect("denied_path", 403, ask("/gemini/v1beta/triggers/x"))
    policy(room, "--service", "gemini", "--deny", "GET /v1beta/closed/**")
    told = expect("denied_path", 403, ask("/gemini/v1beta/closed/x"))
    expect("unknown_service", 404, httpx.get(f"{room.gateway}/nothing/v1", timeout=30))
    expect("pass_missing", 401, httpx.get(f"{room.gateway}/gemini/v1/models", timeout=30))
    unknown = {"x-goog-api-key": "AIza" + "x" * 43}
    expect("pass_unknown", 401, httpx.get(f"{room.gateway}/gemini/v1/models", headers=unknown, timeout=30))
    expect("upstream_tls", 502, ask("/heygen/v2/x", "heygen"))
    expect("upstream_unreachable", 502, ask("/openai/v1/models", "openai"))

    policy(room, "--service", "gemini", "--rpm", 1)
    assert ask("/gemini/v1beta/models").status_code == 200
    answer = ask("/gemini/v1beta/models")
    told = expect("rate_limited", 429, answer)
    assert told["limit"] == "requests_per_minute" and told["limit_of"] == "service"
    assert int(answer.headers["retry-after"]) > 0
    policy(room, "--service", "gemini", "--rpm", 0, "--bytes-per-day", 1)
    ask("/gemini/v1beta/models")
    answer = until(
        lambda: (answer := ask("/gemini/v1beta/models")).status_code == 429 and answer,
        what="the octets are spent",
    )
    assert expect("budget_spent", 429, answer)["limit"] == "bytes_per_day"
    policy(room, "--service", "gemini", "--bytes-per-day", 0)
    gemini = next(
        key for key in room.json("key", "list", "--tenant", "acme") if key["service"] == "gemini"
    )
    room.revoke(gemini["id"])
    expect("key_revoked", 403, ask("/gemini/v1beta/models"))
    room.cli("session", "end", ask.session.id)
    expect("session_ended", 403, ask("/heygen/v2/x", "heygen"))

    missing = [code for code in seen if f"`{code}`" not in DOCUMENTED]
    assert missing == []

    def all_counted():
        now = counted(room)
        return all(now.get(code, 0) >= times for code, times in seen.items()) and now

    until(all_counted, what="every refusal is counted")
    # By tenant: each says whose it is.
    listing = ("audit", "list", "--tenant", "acme", "--kind", "finding", "--limit", "200")
    for code in ("not_connected", "not_granted", "pass_wrong_service", "denied_path", "upstream_tls"):
        until(lambda: code in json.dumps(room.json(*listing)), what=f"{code} smells of an attack: a finding")
    failed = [json.loads(line) for line in room.log().splitlines() if '"upstream_failed"' in line]
    assert {(each["service"], each["host"], each["reason"]) for each in failed} == {
        ("heygen", "api.heygen.com:443", "tls_certificate"),
        ("openai", "api.openai.com:443", "dial_refused"),
    }
    assert {each["session"] for each in failed} == {ask.session.id}


def test_a_check_that_reaches_nobody_says_why_in_the_log(world):
    keys = {each["service"]: each["id"] for each in world.json("key", "list", "--tenant", "acme")}
    for service in ("heygen", "openai", "openai", "openai"):
        done = world.json("key", "check", keys[service], expect=FAILED)
        assert done["verdict"] == "unknown"
    failed = [json.loads(line) for line in world.log().splitlines() if '"upstream_failed"' in line]
    assert [(each["service"], each["host"], each["session"], each["reason"]) for each in failed] == [
        ("heygen", "api.heygen.com:443", "", "tls_certificate"),
        ("openai", "api.openai.com:443", "", "dial_refused"),
    ], "the same one once"


def test_key_rejected_is_said_beside_the_providers_own_answer(room, standins):
    key, value = room.add_key("gemini")
    ask = Asker(room, "gemini")
    standins.revoke("gemini", value)
    assert ask("/gemini/v1beta/models").status_code == 400
    until(lambda: room.key(key)["state"] == "rejected_by_provider", what="it is noticed")
    answer = ask("/gemini/v1beta/models")
    assert (answer.status_code, answer.headers["strongroom-code"]) == (400, "key_rejected")
    assert "`key_rejected`" in DOCUMENTED


def test_what_http2_refuses_below_the_pipeline_is_counted(room):
    """A head that is too large: without a body there."""
    room.add_key("gemini")
    session = InSession(room, {"gemini": "generativelanguage.googleapis.com"}, "gemini")
    for asked, status in (
        (Asked("/v1/models", headers=[("x-large", "x" * 33000)]), 431),
        (Asked("/v1/" + "x" * 17000), 414),
    ):
        answered = BaseUrlHttp2(session).ask(asked)
        assert (answered.status, answered.body) == (status, b"")
    until(lambda: counted(room).get("too_large") == 2, what="both are counted")
