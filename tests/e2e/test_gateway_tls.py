"""TLS to the gateway for workrooms on other machines: its own certificate, and what is refused without.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import shutil
import socket
import ssl
import sys

import httpx
import pytest
from cryptography import x509

from support.authority import Authority
from support.ports import free_port
from support.waiting import until
from test_proxy import GEMINI, Session

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
NAME = "gateway.test"


def configured(make_room, text, listen="127.0.0.1:0"):
    """A room with these lines in its [gateway] table, not yet started."""
    room = make_room(start=False)
    room.gateway_listen = listen
    room.configure_gateway(text)
    return room


def ask(run, room, url, session, *more):
    """(status, body) of one request of curl's; status 0: none came."""
    done = run(
        *("curl", "-sS", "--max-time", "50", "-w", "\n%{http_code}", *more),
        *("-H", f"x-goog-api-key: {session.passes['gemini']}", f"{url}/v1beta/models"),
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body or done.stderr


def shown_in_the_clear(room):
    """The sessions whose passes have crossed a network without TLS."""
    findings = room.json("audit", "list", "--tenant", "acme", "--kind", "finding")
    return [each["session"] for each in findings if each["outcome"] == "tls_required"]


@pytest.mark.parametrize("plain_http", ["local", "anywhere"])
def test_another_machine_needs_tls(make_room, neighbour, plain_http):
    room = configured(make_room, f'plain_http = "{plain_http}"', f"{neighbour.here}:0")
    room.start().people().add_key("gemini")
    session = Session(room, "gemini")
    at = room.endpoints["gateway"]
    status, body = ask(neighbour.run, room, f"http://{at}/gemini", session)
    if plain_http == "anywhere":
        assert status == 200, body
    else:
        assert status == 403 and json.loads(body)["error"]["code"] == "tls_required"
        until(lambda: session.id in shown_in_the_clear(room), 30, "its session is told")
    trusted = ("--cacert", room.data / "gateway-ca.pem")
    status, body = ask(neighbour.run, room, f"https://{at}/gemini", session, *trusted)
    assert status == 200, body
    status, body = ask(neighbour.run, room, f"https://{at}/gemini", session)
    assert status == 0, "only who was given the authority's file believes the certificate"


def test_no_tunnel_and_no_relay_in_plain_from_another_machine(make_room, neighbour, tmp_path):
    room = configured(make_room, "", f"{neighbour.here}:0")
    room.start().people().add_key("gemini")
    session = Session(room, "gemini")
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    (tmp_path / "session.pem").write_text(session.authority)
    inner = ("--cacert", tmp_path / "session.pem")
    url = f"https://{GEMINI}"
    plain = ("-x", f"http://session:{session.credential}@{host}:{port}")
    status, said = ask(neighbour.run, room, url, session, *inner, *plain)
    assert status == 0 and "403" in said
    until(lambda: shown_in_the_clear(room) == [session.id], 30, "its session is told")
    secure = ("-x", f"https://session:{session.credential}@{host}:{port}")
    trusted = ("--proxy-cacert", room.data / "gateway-ca.pem")
    status, said = ask(neighbour.run, room, url, session, *inner, *secure, *trusted)
    assert status == 200, said
    preamble = (
        "import socket,sys; s=socket.create_connection((sys.argv[1],int(sys.argv[2])),30);"
        "s.sendall(b'\\x01'+sys.argv[3].encode()+b'\\n'); s.settimeout(30); print(s.recv(1))"
    )
    relayed = Session(room, "gemini")
    done = neighbour.run(sys.executable, "-c", preamble, host, port, relayed.credential)
    assert done.stdout.strip() == "b'H'", done
    until(lambda: relayed.id in shown_in_the_clear(room), 30, "of the relay as well")


def proxied(room, session):
    """A client that reaches its proxy over TLS, so that there is TLS within TLS."""
    context = ssl.create_default_context(cafile=str(room.data / "gateway-ca.pem"))
    at = room.endpoints["gateway"]
    proxy = httpx.Proxy(f"https://session:{session.credential}@{at}", ssl_context=context)
    inner = ssl.create_default_context(cadata=session.authority)
    return httpx.Client(proxy=proxy, verify=inner, timeout=60)


def test_a_tunnel_inside_tls_is_inspected_and_cut_by_a_revoke(room):
    key, _ = room.add_key("gemini")
    session = Session(room, "gemini")
    headers = {"x-goog-api-key": session.passes["gemini"]}
    with proxied(room, session) as client:
        for _ in range(3):
            answer = client.get(f"https://{GEMINI}/v1beta/models", headers=headers)
            assert answer.status_code == 200
        big = b"octets \0" * 100_000
        sent = client.post(f"https://{GEMINI}/standin/upload", headers=headers, content=big)
        assert sent.json()["sha256"] == hashlib.sha256(big).hexdigest()
        with pytest.raises(httpx.ProxyError):
            client.get("https://example.com/", headers=headers)
        with pytest.raises(httpx.HTTPError):
            with client.stream(
                "GET", f"https://{GEMINI}/standin/sse?events=2&hold", headers=headers
            ) as events:
                lines = events.iter_lines()
                assert next(lines) == "id: 0"
                room.revoke(key)
                for _ in lines:
                    pass
        refused = client.get(f"https://{GEMINI}/v1beta/models", headers=headers)
        assert refused.json()["error"]["code"] == "key_revoked"


def serial_shown(room, authority):
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    context = ssl.create_default_context(cadata=authority.pem)
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=NAME) as secured:
            shown = secured.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


def bring(room, chain, key, mode=0o600):
    (room.data / "own.pem").write_text(chain)
    file = room.data / "own.key"
    file.write_text(key)
    file.chmod(mode)


OWN = 'certificate = "own.pem"\nprivate_key = "own.key"'


def test_an_operators_own_certificate_is_shown_and_renewed(make_room):
    authority = Authority()
    room = configured(make_room, OWN)
    chain, key, serial = authority.issue(NAME)
    bring(room, chain, key)
    room.start()
    assert serial_shown(room, authority) == serial
    # One after the other: in between they do not fit together, and the one before goes on.
    chain, key, serial = authority.issue(NAME)
    (room.data / "own.pem").write_text(chain)
    until(lambda: "certificate_not_renewed" in room.log(), what="the mistake is told")
    assert serial_shown(room, authority) != serial
    (room.data / "own.key").write_text(key)
    until(lambda: serial_shown(room, authority) == serial, what="the new one is shown")


def wrong(authority, kind):
    chain, key, _ = authority.issue(NAME)
    if kind == "of another key":
        key = authority.issue(NAME)[1]
    elif kind == "over":
        chain, key, _ = authority.issue(NAME, first_day=-5, last_day=-1)
    elif kind == "not yet":
        chain, key, _ = authority.issue(NAME, first_day=1, last_day=5)
    elif kind == "behind a passphrase":
        chain, key, _ = authority.issue(NAME, passphrase=b"words of the operator")
    elif kind == "no certificate":
        chain = "rubbish"
    elif kind == "no key":
        key = "rubbish"
    return chain, key


@pytest.mark.parametrize(
    "kind, said",
    [
        ("of another key", "does not belong to the certificate"),
        ("over", "time is over"),
        ("not yet", "not good yet"),
        ("behind a passphrase", "behind a passphrase"),
        ("no certificate", "no PEM certificate"),
        ("no key", "no PEM key"),
        ("for all to read", "chmod 600"),
        ("missing", "own.key"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused_with_a_reason(make_room, kind, said):
    room = configured(make_room, OWN)
    chain, key = wrong(Authority(), kind)
    bring(room, chain, key, 0o644 if kind == "for all to read" else 0o600)
    if kind == "missing":
        (room.data / "own.key").unlink()
    sentence = room.refused_start()
    assert said in sentence and len(sentence.splitlines()) == 1, sentence


def test_settings_that_cannot_be_are_told(make_room):
    for text, said in (
        ('certificate = "own.pem"', "belong together"),
        ('names = ["*.example.com"]', "no host name"),
        ('url = "gateway.test"', "https://NAME:PORT"),
        ('plain_http = "maybe"', "anywhere"),
    ):
        assert said in configured(make_room, text).refused_start()


def test_the_authority_stays_the_same(make_room):
    room = configured(make_room, 'names = ["gateway.test"]').start()
    before = (room.data / "gateway-ca.pem").read_text()
    assert room.api("GET", "/api/v1/installation")[1]["gateway_authority"] == before
    room.stop()
    room.start()
    assert (room.data / "gateway-ca.pem").read_text() == before
    context = ssl.create_default_context(cadata=before)
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    for name in ("gateway.test", "localhost", "127.0.0.1"):
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            context.wrap_socket(plain, server_hostname=name).close()


@pytest.mark.parametrize("flags", [["--no-proxy"], []])
def test_a_workroom_that_reaches_its_gateway_over_tls(make_room, flags):
    port = free_port()
    room = configured(make_room, f'url = "https://localhost:{port}"', f"127.0.0.1:{port}")
    room.start().people().add_key("gemini")
    tries = (
        'import os, requests, httpx, urllib.request\n'
        'headers = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}\n'
        'url = os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models"\n'
        'assert url.startswith("https://localhost:")\n'
        "print(requests.get(url, headers=headers).status_code)\n"
        "print(httpx.get(url, headers=headers).status_code)\n"
        f'if "HTTPS_PROXY" in os.environ: url = "https://{GEMINI}/v1beta/models"\n'
        "print(requests.get(url, headers=headers).status_code)\n"
    )
    done = room.run(["gemini"], [sys.executable, "-c", tries], flags=flags)
    assert done.stdout.split() == ["200"] * 3
    curl = 'curl -sS -o /dev/null -w "%{http_code}" -H "x-goog-api-key: $GEMINI_API_KEY" '
    url = "$GOOGLE_GEMINI_BASE_URL" if flags else f"https://{GEMINI}"
    done = room.run(["gemini"], ["/bin/sh", "-c", f"{curl} {url}/v1beta/models"], flags=flags)
    assert done.stdout == "200"
