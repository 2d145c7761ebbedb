"""The proxy ingress: tools that take HTTPS_PROXY reach the services' own hosts with the pass, and nothing else.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import urllib.request

import pytest

from support.processes import descriptors_of
from support.room import WRONG_USE
from support.waiting import until

GEMINI = "generativelanguage.googleapis.com"
CURL = shutil.which("curl")

PYTHON = """
import json, os, urllib.request
import httpx, requests
url = "https://generativelanguage.googleapis.com/v1beta/models"
headers = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
print(requests.get(url, headers=headers).status_code)
print(httpx.get(url, headers=headers).status_code)
print(urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status)
# a base URL still goes straight to the gateway
print(requests.get(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models", headers=headers).status_code)
"""

# The SDK reads no base URL from its environment: it goes to the provider's own host.
ELEVENLABS = """
from elevenlabs.client import ElevenLabs
client = ElevenLabs()
print(len(client.voices.get_all().voices) > 0)
print(len(b"".join(client.text_to_speech.convert(voice_id="voice1", text="hello", model_id="eleven_standin"))) > 0)
"""


class Session:
    """A session of its own, and raw connections through its proxy."""

    def __init__(self, room, *services):
        self.room = room
        asked = [part for service in services for part in ("--service", service)]
        started = room.json("session", "start", "--tenant", "acme", "--member", "alice", *asked)
        self.id = started["session"]["id"]
        self.credential = started["proxy"]["credential"]
        self.authority = started["proxy"]["authority"]
        self.passes = {each["service"]: each["pass"] for each in started["passes"]}
        for each in self.passes.values():
            room.standins.passes(each)

    def raw(self):
        host, port = self.room.endpoints["gateway"].rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=60)

    def connect(self, place, credential=None):
        """(status, connection) after CONNECT."""
        connection = self.raw()
        pair = base64.b64encode(f"session:{credential or self.credential}".encode()).decode()
        connection.sendall(
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic {pair}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(1)
            if not piece:
                break
            head += piece
        return int(head.split()[1]), connection

    def leads_to(self, place):
        status, connection = self.connect(place)
        connection.close()
        return status == 200

    def tunnel(self, host=GEMINI, name=None, authority=None):
        status, connection = self.connect(f"{host}:443")
        assert status == 200
        context = ssl.create_default_context(cadata=authority or self.authority)
        context.check_hostname = name is None
        return context.wrap_socket(connection, server_hostname=name or host)

    @staticmethod
    def ask(connection, host=GEMINI, key=None, path="/v1beta/models", more=""):
        """(status, whole answer) of one request that ends the connection."""
        slot = f"x-goog-api-key: {key}\r\n" if key else ""
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{slot}{more}Connection: close\r\n\r\n".encode()
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return int(answer.split()[1]), answer.decode("latin1")


def refusals(room, code):
    """How often, as the metrics tell."""
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=60) as told:
        text = told.read().decode()
    found = re.search(rf'strongroom_gateway_refusals_total{{code="{code}"}} (\d+)', text)
    return int(found[1]) if found else 0


def told_of(room, word):
    """Entries of the record with this in them. Who is refused does not wait for a finding to be recorded, a test does."""
    return [entry for entry in room.json("audit", "list", "--limit", "50") if word in json.dumps(entry)]


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl_with_the_variables_alone(room):
    room.add_key("gemini")
    ask = f'curl -sS -o /dev/null -w "%{{http_code}} %{{ssl_verify_result}}" -H "x-goog-api-key: $GEMINI_API_KEY" https://{GEMINI}/v1beta/models'
    done = room.run(["gemini"], ["/bin/sh", "-c", ask])
    assert done.stdout == "200 0"
    refused = room.run(
        ["gemini"],
        ["/bin/sh", "-c", "curl -sS https://example.com/"],
        expect=None,
    )
    assert refused.returncode != 0 and "403" in refused.stderr


def test_python_clients_with_the_variables_alone(room):
    room.add_key("gemini")
    done = room.run(["gemini"], [sys.executable, "-c", PYTHON])
    assert done.stdout.split() == ["200"] * 4


def test_an_sdk_that_reads_no_base_url(room):
    room.add_key("elevenlabs")
    done = room.run(["elevenlabs"], [sys.executable, "-c", ELEVENLABS])
    assert done.stdout.split() == ["True", "True"]


def test_a_session_without_the_proxy(room):
    """What --no-proxy leaves out; what the caller says of proxies and trust counts as well."""
    room.add_key("gemini")
    names = lambda done: {line.partition("=")[0] for line in done.stdout.splitlines()}
    ours = {"HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"}
    assert ours <= names(room.run(["gemini"], ["/usr/bin/env"]))
    assert not ours & names(room.run(["gemini"], ["/usr/bin/env"], flags=["--no-proxy"]))
    said = {"HTTPS_PROXY": "http://proxy.example:3128", "SSL_CERT_FILE": "/company.pem"}
    lines = room.run(["gemini"], ["/usr/bin/env"], variables=said).stdout.splitlines()
    assert {f"{name}={value}" for name, value in said.items()} <= set(lines)
    assert not [line for line in lines if line.startswith("https_proxy=")]


def test_what_the_operator_trusts_is_trusted_in_the_workroom(room):
    """[gateway] extra_ca is beside the public roots there too: for plain tunnels and what is reached directly."""
    room.add_key("gemini")
    ask = 'cat "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS"'
    trusted = room.run(["gemini"], ["/bin/sh", "-c", ask]).stdout
    inside = room.standins.ca.read_text().strip()
    assert trusted.count(inside) == 2


def test_what_the_proxy_writes_is_gone_with_the_session(room):
    room.add_key("gemini")
    done = room.run(
        ["gemini"],
        ["/bin/sh", "-c", 'echo "$SSL_CERT_FILE"; grep -c BEGIN "$NODE_EXTRA_CA_CERTS"'],
    )
    path, count = done.stdout.split()
    assert count == "2", "the session's authority, and whom the operator trusts"
    import pathlib

    assert not pathlib.Path(path).parent.exists()


@pytest.mark.parametrize("header", ["", "Proxy-Authorization: Basic bm86bm8=\r\n"])
def test_a_stranger_gets_no_tunnel(room, header):
    room.add_key("gemini")
    session = Session(room, "gemini")
    with session.raw() as connection:
        connection.sendall(
            f"CONNECT {GEMINI}:443 HTTP/1.1\r\nHost: {GEMINI}:443\r\n{header}\r\n".encode()
        )
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 407") and "proxy-authenticate: Basic" in answer
    forged = session.credential[:-6] + "AAAAAA"
    status, connection = session.connect(f"{GEMINI}:443", credential=forged)
    connection.close()
    assert status == 407


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_h2_a_credential_is_good_only_where_it_was_shown_first(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    by_other = [
        "/usr/bin/python3",
        "-c",
        "import socket,sys; s=socket.create_connection(('127.0.0.1', int(sys.argv[1])), 20);"
        "s.sendall(sys.argv[2].encode()); print(s.recv(4096).decode())",
        room.endpoints["gateway"].rsplit(":", 1)[1],
        f"CONNECT {GEMINI}:443 HTTP/1.1\r\nHost: {GEMINI}:443\r\n"
        f"Proxy-Authorization: Bearer {session.credential}\r\n\r\n",
    ]
    nobody = {"user": 65534, "group": 65534, "cwd": "/"}

    def stolen():
        return subprocess.run(by_other, capture_output=True, text=True, timeout=60, **nobody).stdout

    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200
    answer = stolen()
    assert answer.startswith("HTTP/1.1 403") and "proxy_elsewhere" in answer
    found = until(lambda: told_of(room, "proxy_elsewhere"), 30, "it is a finding")
    assert session.id in json.dumps(found), "it says whose it was"
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200, "the thief has locked nobody out"
    room.cli("session", "end", session.id)
    assert "403" in stolen() or "407" in stolen()


def test_h2_a_client_that_left_at_once_takes_the_proxy_from_nobody(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    pair = base64.b64encode(f"session:{session.credential}".encode()).decode()
    head = f"CONNECT {GEMINI}:443 HTTP/1.1\r\nHost: {GEMINI}:443\r\nProxy-Authorization: Basic {pair}\r\n\r\n"
    for pid in room.gateway_pids():
        os.kill(pid, signal.SIGSTOP)
    try:
        with session.raw() as impatient:
            impatient.sendall(head.encode())
    finally:
        for pid in room.gateway_pids():
            os.kill(pid, signal.SIGCONT)
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200
    assert not told_of(room, "proxy_elsewhere")


@pytest.mark.parametrize("is_first", [True, False])
def test_two_credentials_for_the_proxy_are_one_too_many(room, is_first):
    room.add_key("gemini")
    session = Session(room, "gemini")
    right = base64.b64encode(f"session:{session.credential}".encode()).decode()
    pairs = [right, "bm86bm8="] if is_first else ["bm86bm8=", right]
    lines = "".join(f"Proxy-Authorization: Basic {pair}\r\n" for pair in pairs)
    with session.raw() as connection:
        connection.sendall(
            f"CONNECT {GEMINI}:443 HTTP/1.1\r\nHost: {GEMINI}:443\r\n{lines}\r\n".encode()
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_a9_only_granted_hosts_and_ports(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    for place in ("example.com:443", f"{GEMINI}:8443", "api.openai.com:443", "127.0.0.1:443"):
        status, connection = session.connect(place)
        connection.close()
        assert status == 403, place
    # Each of them: a harmless one hides nobody.
    wanted = {"example.com", GEMINI, "api.openai.com", "127.0.0.1"}

    def hosts():
        found = room.json("audit", "list", "--tenant", "acme", "--kind", "finding", "--limit", "50")
        return {entry["host"] for entry in found if entry["outcome"] == "not_granted"}

    until(lambda: hosts() >= wanted, 30, "all are findings")
    assert hosts() == wanted


def test_a1_a2_one_name_for_a_request(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    with session.tunnel() as connection:
        status, answer = session.ask(connection, host="evil.example", key=session.passes["gemini"])
    assert status == 400 and "host_mismatch" in answer
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        session.tunnel(name="evil.example")
    until(lambda: refusals(room, "host_mismatch") == 2, 30, "both are counted")
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200


@pytest.mark.parametrize("shown", ["a pass", "no pass", "nonsense"])
def test_a_tunnel_without_tls_inside_is_told_so(room, shown):
    """In plain HTTP, as that is what its client speaks. A pass that came so is a finding."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    status, connection = session.connect(f"{GEMINI}:443")
    assert status == 200
    with connection:
        if shown == "nonsense":
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            answer = connection.recv(65536)
            assert b"400" in answer.split(b"\r\n")[0] and b"bad_request" in answer
            return
        key = session.passes["gemini"] if shown == "a pass" else None
        status, answer = session.ask(connection, key=key)
    assert (status, json.loads(answer.partition("\r\n\r\n")[2])["error"]["code"]) == (
        400,
        "https_required",
    )
    until(lambda: refusals(room, "https_required") == 1, 30, "it is counted")
    assert room.standins.requests() == []
    if key:
        until(lambda: shown_plainly(room), 30, "its session is told")
    assert shown_plainly(room) == ([(session.id, GEMINI)] if key else [])


def shown_plainly(room):
    found = room.json("audit", "list", "--tenant", "acme", "--kind", "finding")
    return [(each["session"], each["host"]) for each in found if each["outcome"] == "https_required"]


def test_a_refused_tunnel_says_why_where_clients_show_it(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    with session.raw() as connection:
        connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        first = connection.recv(65536).split(b"\r\n")[0]
    assert first == b"HTTP/1.1 407 proxy_auth_required: The proxy does not know this session."
    proxy = f"http://session:{session.credential}@{room.endpoints['gateway']}"
    with pytest.raises(OSError, match="not_granted: Nothing of this session leads to that host"):
        urllib.request.build_opener(urllib.request.ProxyHandler({"https": proxy})).open(
            "https://example.com/", timeout=60
        )


def test_d7_a_pass_of_another_session_is_no_good_here(room):
    room.add_key("gemini")
    mine, other = Session(room, "gemini"), Session(room, "gemini")
    with mine.tunnel() as connection:
        status, answer = mine.ask(connection, key=other.passes["gemini"])
    assert status == 401 and "pass_unknown" in answer
    until(lambda: told_of(room, "pass_of_another_session"), 30, "it is a finding")


def test_the_authority_is_the_sessions_own(room):
    room.add_key("gemini")
    mine, other = Session(room, "gemini"), Session(room, "gemini")
    assert mine.authority != other.authority
    with pytest.raises(ssl.SSLCertVerificationError):
        mine.tunnel(authority=other.authority)


def test_a_challenge_comes_before_the_pass(room):
    """Tools that send credentials only when asked are asked."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    with session.tunnel() as connection:
        status, answer = session.ask(connection)
    assert status == 401 and "www-authenticate: Basic" in answer


def test_a4_a5_an_absolute_target_is_the_same(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    pair = base64.b64encode(f"session:{session.credential}".encode()).decode()
    proxied = f"Proxy-Authorization: Basic {pair}\r\n"
    for target, expected in (
        (f"https://{GEMINI}/v1beta/models", 200),
        (f"http://{GEMINI}/v1beta/models", 400),
    ):
        with session.raw() as connection:
            status, answer = session.ask(
                connection, key=session.passes["gemini"], path=target, more=proxied
            )
        assert status == expected, target
        assert (status == 400) == ("https_required" in answer), "it says what is wrong with it"
    until(lambda: shown_plainly(room) == [(session.id, GEMINI)], 30, "its session is told")
    with session.raw() as connection:
        status, answer = session.ask(
            connection, host="example.com", path="https://example.com/", more=proxied
        )
    assert status == 403 and "not_granted" in answer


def test_revoke_and_end_close_the_tunnel_to_the_key(room):
    key_id, _ = room.add_key("gemini")
    session = Session(room, "gemini")
    with session.tunnel() as connection:
        room.json("key", "revoke", key_id)
        status, answer = session.ask(connection, key=session.passes["gemini"])
    assert status == 403 and "key_revoked" in answer
    room.cli("session", "end", session.id)
    status, connection = session.connect(f"{GEMINI}:443")
    connection.close()
    assert status == 403


def test_a_plain_tunnel_for_what_is_injected(room, standins):
    """Nobody looks into it: the certificate is the host's own. It ends with the session."""
    room.add_key("git", member="alice", settings={"host": "api.openai.com", "user": "x"})
    session = Session(room, "git")
    with open(standins.ca) as ca:
        own = ca.read()
    connection = session.tunnel(host="api.openai.com", authority=own)
    room.cli("session", "end", session.id)
    with connection:
        connection.settimeout(30)
        try:
            assert connection.recv(1) == b""
        except (ConnectionResetError, ssl.SSLError, OSError) as error:
            assert not isinstance(error, TimeoutError)
    until(lambda: told_of(room, "CONNECT"), 30, "it is recorded")


def test_d2_a_pass_in_a_plain_tunnel_is_found_where_nothing_hides_it(room):
    room.add_key("gemini")
    room.cli("policy", "set", "--tenant", "acme", "--tunnel", "api.openai.com:443")
    session = Session(room, "gemini")
    until(lambda: session.leads_to("api.openai.com:443"), 30, "the tunnel is allowed")
    _, connection = session.connect("api.openai.com:443")
    with connection:
        connection.settimeout(30)
        connection.sendall(f"GET /?k={session.passes['gemini']} HTTP/1.1\r\n\r\n".encode())
        try:
            assert connection.recv(1000) == b""
        except ConnectionResetError:
            pass
    found = until(lambda: told_of(room, "pass_misplaced"), 30, "it is a finding")
    assert len(found) == 1 and "api.openai.com" in json.dumps(found)


def test_a_tenant_may_allow_plain_tunnels(room, standins):
    """For package servers and the like: named places, no key, at once in running sessions."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    with open(standins.ca) as ca:
        own = ca.read()
    status, connection = session.connect("api.openai.com:443")
    connection.close()
    assert status == 403
    allow = ["policy", "set", "--tenant", "acme", "--tunnel", "api.openai.com:443"]
    # Where a key of ours may go is looked into all the same.
    shown = room.json(*allow, "--tunnel", f"{GEMINI}:443")
    assert shown["tunnels"] == ["api.openai.com:443", f"{GEMINI}:443"]
    until(lambda: session.leads_to("api.openai.com:443"), 30, "the tunnel is allowed")
    with session.tunnel(host="api.openai.com", authority=own) as connection:
        assert connection.version() is not None
    with session.tunnel() as connection:
        status, _ = session.ask(connection, key=session.passes["gemini"])
    assert status == 200
    room.cli("policy", "set", "--tenant", "acme", "--no-tunnel", "--rpm", "1000")
    until(lambda: not session.leads_to("api.openai.com:443"), 30, "the tunnel is lifted")
    for wrong in ("nonsense", "API.openai.com:443", "a b:443", "example.com:0", "example.com"):
        room.cli("policy", "set", "--tenant", "acme", "--tunnel", wrong, expect=WRONG_USE)
    room.cli(
        "policy", "set", "--tenant", "acme", "--service", "gemini", "--tunnel", "a.example:443",
        expect=WRONG_USE,
    )


def test_n5_a_tunnel_whose_client_was_reset_is_over(make_room):
    """Nobody is there to hear what the other end may still say: no descriptor and no turn of the tenant's wait for that."""
    room = make_room(start=False)
    place = "quiet.example:443"
    # Takes connections, and neither says nor ends anything.
    quiet = socket.create_server(("127.0.0.1", 0), backlog=64)
    file = room.data / "strongroom.toml"
    file.write_text(
        f'{file.read_text()}[[gateway.dial]]\nhost = "{place}"\nto = "127.0.0.1:{quiet.getsockname()[1]}"\n'
    )
    room.start().people()
    room.add_key("gemini")
    room.cli("policy", "set", "--tenant", "acme", "--tunnel", place)
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    before = descriptors_of(pid)
    tunnels = [session.connect(place) for _ in range(8)]
    assert [status for status, _ in tunnels] == [200] * 8
    assert descriptors_of(pid) >= before + 16
    for _, connection in tunnels:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    until(lambda: descriptors_of(pid) <= before, 30, "the gateway has let go of both sides")
    quiet.close()


# The transparent ingress: a network namespace in which the providers' names lead to a relay.

SOCKET = """
const { WebSocket } = require(process.argv[2]);
const voice = 'voice1';
const url = `wss://api.elevenlabs.io/v1/text-to-speech/${voice}/stream-input?model_id=eleven_standin`;
const socket = new WebSocket(url, { headers: { 'xi-api-key': process.env.ELEVENLABS_API_KEY } });
socket.on('open', () => {
  socket.send(JSON.stringify({ text: ' ' }));
  socket.send(JSON.stringify({ text: 'hello ' }));
  socket.send(JSON.stringify({ text: '' }));
});
let audio = 0;
socket.on('message', (octets) => { if (JSON.parse(octets).audio) audio += 1; });
socket.on('close', () => { console.log(`audio ${audio > 0}`); });
socket.on('error', (error) => { console.log(`error ${error.message}`); });
"""

INSIDE = """
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$HOSTS" /etc/hosts
"$STRONGROOM" relay --listen 127.0.0.1:443 --socket "$SOCKET" > "$READY" &
relay=$!
while ! grep -q ready "$READY"; do kill -0 $relay; done
unset STRONGROOM_PROXY_CREDENTIAL
"$@" || true
kill $relay
"""


def namespaces():
    import subprocess

    try:
        return (
            subprocess.run(
                ["unshare", "-n", "-m", "true"], capture_output=True, timeout=60
            ).returncode
            == 0
        )
    except OSError:
        return False


@pytest.fixture
def inside(room, tmp_path):
    """Runs a command where nothing but the relay can be reached, and names lead to it."""
    import subprocess

    from support.room import PROGRAMS

    def run(session, command, variables):
        hosts = tmp_path / "hosts"
        hosts.write_text("".join(f"127.0.0.1 {host}\n" for host in room.standins.hosts))
        authority = tmp_path / "ca.pem"
        authority.write_text(session.authority)
        environment = {
            **room.environment,
            "HOSTS": str(hosts),
            "READY": str(tmp_path / "ready"),
            "SOCKET": str(room.data / "gateway.sock"),
            "STRONGROOM": str(PROGRAMS / "strongroom"),
            "STRONGROOM_PROXY_CREDENTIAL": session.credential,
            "NODE_EXTRA_CA_CERTS": str(authority),
            "SSL_CERT_FILE": str(authority),
            "CURL_CA_BUNDLE": str(authority),
            **variables,
        }
        (tmp_path / "ready").touch()
        return subprocess.run(
            ["unshare", "-n", "-m", "/bin/sh", "-c", INSIDE, "sh", *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


isolated = pytest.mark.skipif(not namespaces(), reason="this machine gives no namespaces")


@isolated
def test_names_lead_to_the_relay_and_clients_know_nothing(room, inside):
    room.add_key("gemini")
    session = Session(room, "gemini")
    ask = 'curl -sS -o /dev/null -w "%{http_code}" -H "x-goog-api-key: $PASS" https://' + GEMINI
    done = inside(
        session, ["sh", "-c", f"{ask}/v1beta/models"], {"PASS": session.passes["gemini"]}
    )
    assert done.stdout == "200", done.stderr


@isolated
def test_a_websocket_client_that_reads_no_variable(room, inside):
    room.add_key("elevenlabs")
    session = Session(room, "elevenlabs")
    from pathlib import Path

    package = Path(__file__).resolve().parent / "node_modules" / "ws"
    done = inside(
        session,
        ["node", "-e", SOCKET, "-", str(package)],
        {"ELEVENLABS_API_KEY": session.passes["elevenlabs"]},
    )
    assert done.stdout.strip() == "audio true", done.stdout + done.stderr


@isolated
def test_a19_the_relay_leads_to_granted_hosts_alone(room, inside):
    room.add_key("gemini")
    session = Session(room, "gemini")
    done = inside(session, ["sh", "-c", "curl -sS https://api.openai.com/v1/models"], {})
    assert done.stdout == "" and done.stderr != ""
    until(lambda: told_of(room, "not_granted"), 30, "it is a finding")


@pytest.mark.parametrize(
    "preamble", [b"\x01", b"\x01srx_" + b"A" * 43 + b"\n", b"\x01" + b"x" * 47 + b"\n", b"\x01\x16"]
)
def test_a14_a_relay_that_says_nonsense_is_cut_off(room, preamble):
    room.add_key("gemini")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(room.data / "gateway.sock"))
        connection.sendall(preamble)
        connection.shutdown(socket.SHUT_WR)
        try:
            assert connection.recv(64) == b""
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("name", [None, "api.openai.com", f"{GEMINI}.evil.example"])
def test_a14_without_a_granted_name_there_is_no_place(room, name):
    """The client is told in its own protocol, and it is counted."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(room.data / "gateway.sock"))
        connection.sendall(b"\x01" + session.credential.encode() + b"\n")
        context = ssl.create_default_context(cadata=session.authority)
        context.check_hostname = False
        with pytest.raises(ssl.SSLError, match="unrecognized name"):
            context.wrap_socket(connection, server_hostname=name)
    until(lambda: refusals(room, "not_granted") == 1, 30, "it is counted")


# HTTP/2: chosen by ALPN inside an inspected tunnel; each stream is judged by itself.


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl_speaks_http2_and_several_requests_share_a_connection(room):
    room.add_key("gemini")
    ask = (
        f'curl -sS --parallel --http2 -H "x-goog-api-key: $GEMINI_API_KEY" -w "%{{http_version}} %{{http_code}}\\n" '
        + " ".join(f"-o /dev/null https://{GEMINI}/v1beta/models?n={n}" for n in range(20))
    )
    done = room.run(["gemini"], ["/bin/sh", "-c", ask])
    assert done.stdout.split("\n")[:-1] == ["2 200"] * 20


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_large_bodies_both_ways(room, version):
    """More than every window and buffer; the stand-in answers what came."""
    room.add_key("gemini")
    ask = f"""
      head -c 5000000 /dev/urandom | base64 -w0 > "$TMPDIR/body-$$"
      curl -sS {version} -H "x-goog-api-key: $GEMINI_API_KEY" --data-binary "@$TMPDIR/body-$$" \\
        -o "$TMPDIR/answer-$$" -w "%{{http_code}}\\n" "https://{GEMINI}/standin/echo"
      {sys.executable} -c 'import json, sys; print(json.load(open(sys.argv[2]))["body"] == open(sys.argv[1]).read())' \\
        "$TMPDIR/body-$$" "$TMPDIR/answer-$$"
      rm -f "$TMPDIR/body-$$" "$TMPDIR/answer-$$"
    """
    done = room.run(["gemini"], ["/bin/sh", "-c", ask])
    assert done.stdout.split() == ["200", "True"], done.stdout + done.stderr


STREAMS = """
const http2 = require('node:http2');
const [one, two] = process.env.PASSES.split(' ');
const session = http2.connect('https://generativelanguage.googleapis.com');
const say = (text) => { console.log(text); };
function open(name, pass) {
  const stream = session.request({ ':method': 'POST', ':path': '/v1/models/m:streamGenerateContent?alt=sse',
    'x-goog-api-key': pass, 'content-type': 'application/json' });
  stream.end(JSON.stringify({ contents: [{ parts: [{ text: 'hold' }] }] }));
  stream.once('data', () => say(`FIRST ${name}`));
  stream.on('error', (error) => say(`ERROR ${name} ${error.code}`));
  stream.on('end', () => say(`END ${name}`));
  stream.on('close', () => { say(`CLOSE ${name} ${stream.rstCode}`); if (name === 'one') again(); });
  return stream;
}
const first = open('one', one), second = open('two', two);
function again() {
  const stream = session.request({ ':path': '/v1beta/models', 'x-goog-api-key': two });
  stream.on('response', (headers) => { say(`AGAIN ${headers[':status']} ${second.closed}`); refuse(); });
  stream.resume();
}
function refuse() {
  const refused = session.request({ ':path': '/v1beta/models', 'x-goog-api-key': one });
  refused.on('response', (headers) => { say(`REVOKED ${headers[':status']}`); session.destroy(); });
  refused.resume();
}
"""


@isolated
def test_a12_n2_a_revoke_resets_its_streams_and_leaves_the_others(room, standins, tmp_path):
    import subprocess

    from support.room import PROGRAMS
    from support.waiting import until

    standins.stream(events=2, hold=True)
    first, _ = room.add_key("gemini", label="one")
    room.add_key("gemini", label="two")
    started = room.json(
        "session",
        "start",
        "--tenant",
        "acme",
        "--member",
        "alice",
        "--service",
        "gemini:one",
        "--service",
        "gemini:two",
    )
    passes = {each["label"]: each["pass"] for each in started["passes"]}
    for each in passes.values():
        standins.passes(each)
    hosts, authority, output = tmp_path / "hosts", tmp_path / "ca.pem", tmp_path / "out"
    hosts.write_text(f"127.0.0.1 {GEMINI}\n")
    authority.write_text(started["proxy"]["authority"])
    (tmp_path / "ready").touch()
    environment = {
        **room.environment,
        "HOSTS": str(hosts),
        "READY": str(tmp_path / "ready"),
        "SOCKET": str(room.data / "gateway.sock"),
        "STRONGROOM": str(PROGRAMS / "strongroom"),
        "STRONGROOM_PROXY_CREDENTIAL": started["proxy"]["credential"],
        "NODE_EXTRA_CA_CERTS": str(authority),
        "PASSES": f"{passes['one']} {passes['two']}",
    }
    with open(output, "wb") as out:
        process = subprocess.Popen(
            ["unshare", "-n", "-m", "/bin/sh", "-c", INSIDE, "sh", "node", "-e", STREAMS],
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        until(
            lambda: {"FIRST one", "FIRST two"} <= set(output.read_text().splitlines()),
            30,
            "both streams have begun",
        )
        room.json("key", "revoke", first)
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
    lines = output.read_text().splitlines()
    assert "END one" not in lines, "a cut stream must not look whole"
    assert any(line.startswith("CLOSE one") and not line.endswith(" 0") for line in lines), lines
    assert "AGAIN 200 false" in lines and "REVOKED 403" in lines, lines
