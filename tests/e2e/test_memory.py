"""What is left of keys where nobody looks: memory, core files, other processes, logs at their most talkative, error texts.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import http.client
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from support.canary import encodings
from support.memory import find, mappings
from support.processes import status_of
from support.room import NOBODY
from support.waiting import until
from test_gateway_tls import proxied
from test_proxy import GEMINI, Session

E2E = Path(__file__).resolve().parent
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads other processes' memory")


def use_in_every_way(room, session):
    """Requests that succeed, fail, stream, upload; plain, in TLS, in tunnels, over websockets."""
    token = session.passes["gemini"]
    headers = {"x-goog-api-key": token}
    paths = ("standin/echo", "standin/status?code=500", "standin/sse?events=9", "v1/models?x=1")
    trust = ssl.create_default_context(cafile=str(room.data / "gateway-ca.pem"))
    for base in (f"http://{room.endpoints['gateway']}", f"https://{room.endpoints['gateway']}"):
        with httpx.Client(headers=headers, verify=trust, timeout=60) as client:
            for path in paths:
                client.get(f"{base}/gemini/{path}")
            client.post(f"{base}/gemini/standin/upload", content=b"x" * 300_000)
            client.get(f"{base}/gemini/standin/download?bytes=300000")
            client.get(f"{base}/gemini/v1/models?key={token}", headers={"x-goog-api-key": ""})
            client.get(f"{base}/gemini/v1beta/triggers/x")
    with proxied(room, session) as client:
        for path in paths:
            client.get(f"https://{GEMINI}/{path}", headers=headers)
    with connect(
        f"ws://{room.endpoints['gateway']}/gemini/standin/ws",
        additional_headers=headers,
        proxy=None,
        open_timeout=60,
    ) as socket:
        socket.send("hello")
        for _ in range(5):
            socket.recv(timeout=20)


@root_only
def test_k4_k5_not_even_root_reads_a_key_in_use(room):
    """memfd_secret(2): neither /proc/PID/mem nor a debugger has those pages."""
    _, value = room.add_key("gemini")
    session = Session(room, "gemini")
    use_in_every_way(room, session)
    [gateway] = room.gateway_pids()
    hidden = [each for each in mappings(gateway) if "secretmem" in each.name]
    if not hidden:
        pytest.skip("this kernel has no memfd_secret")
    patterns = list(encodings(value))
    assert find(gateway, patterns) == [] and find(room.process.pid, patterns) == []
    with open(f"/proc/{gateway}/mem", "rb", 0) as memory:
        memory.seek(hidden[0].start)
        with pytest.raises(OSError):
            memory.read(4096)


@root_only
def test_k4_a_key_is_in_locked_memory_alone_and_nowhere_once_it_is_revoked(make_room):
    """Without hidden memory, so that the search sees what there is."""
    room = make_room(start=False)
    room.before = [sys.executable, str(E2E / "support" / "without_hidden_memory.py")]
    room.start().people()
    key, value = room.add_key("gemini")
    session = Session(room, "gemini")
    patterns = list(encodings(value))
    [gateway] = room.gateway_pids()
    for _ in range(20):
        use_in_every_way(room, session)
    held = find(gateway, patterns)
    assert held, "the gateway holds a lease: the search sees what it must see"
    loose = [
        (name, mapping.name)
        for name, mapping, _ in held
        if mapping.is_dumped or not mapping.is_locked
    ]
    assert loose == []
    assert find(room.process.pid, patterns) == [], "the vault has handed it out and forgotten it"
    room.cli("key", "check", key)
    room.revoke(key)
    assert find(gateway, patterns) == []
    assert find(room.process.pid, patterns) == []


#: At full size, by hand: 100000 requests and 1000 sessions.
REQUESTS = int(os.environ.get("STRONGROOM_CANARY_REQUESTS", "1000"))
SESSIONS = int(os.environ.get("STRONGROOM_CANARY_SESSIONS", "20"))
WORKERS = 4
RUNS_ONE_IN = 10  # sessions with a workroom that is given a value


def many_requests(room, session, count):
    """Over a connection that is kept, some of them answered with failures, streams and what the key is echoed in."""
    paths = ("v1/models", "standin/echo", "standin/status?code=500", "standin/sse?events=3", "v1/models?x=1")
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    for n in range(count):
        connection.request("GET", f"/gemini/{paths[n % len(paths)]}", headers={"x-goog-api-key": session.passes["gemini"]})
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 500), answer.status
    connection.close()


def many_sessions(room, number):
    """Each begun, used and ended; every tenth runs a workroom with an injected value too."""
    for n in range(number, SESSIONS, WORKERS):
        session = Session(room, "gemini")
        many_requests(room, session, REQUESTS // SESSIONS)
        room.json("session", "end", session.id)
        if n % RUNS_ONE_IN == 0:
            assert room.run(["github"], ["/bin/true"]).returncode == 0


@root_only
@pytest.mark.timeout(7200)
def test_k4_after_many_requests_and_sessions_a_value_is_in_locked_memory_alone(make_room):
    """All memory of vault and gateway is searched while the keys are alive, and again once they are revoked."""
    room = make_room(start=False)
    room.before = [sys.executable, str(E2E / "support" / "without_hidden_memory.py")]
    room.start().people()
    keys = [room.add_key("gemini"), room.add_key("github", member="alice")]
    patterns = [pattern for _, value in keys for pattern in encodings(value)]
    with ThreadPoolExecutor(WORKERS) as workers:
        for done in [workers.submit(many_sessions, room, number) for number in range(WORKERS)]:
            done.result()
    session = Session(room, "gemini")
    many_requests(room, session, 5)
    [gateway] = room.gateway_pids()
    held = find(gateway, patterns)
    assert held, "the gateway holds a lease: the search sees what it must see"
    loose = [(name, mapping.name) for name, mapping, _ in held if mapping.is_dumped or not mapping.is_locked]
    assert loose == []
    assert find(room.process.pid, patterns) == [], "the vault has handed them out and forgotten them"
    for key, _ in keys:
        room.revoke(key)
    assert find(gateway, patterns) == [] and find(room.process.pid, patterns) == []


@root_only
def test_k4_an_injected_value_is_in_the_workroom_alone(room):
    _, value = room.add_key("github", member="alice")
    workroom = room.begin(["github"], ["/bin/sh", "-c", "echo ready; exec sleep 600"])
    workroom.line("ready")
    patterns = list(encodings(value))
    # Vault and runner wipe theirs once it is handed on, by when the workroom may have spoken.
    until(lambda: find(room.process.pid, patterns) == [], what="the vault has forgotten it")
    assert [find(pid, patterns) for pid in room.gateway_pids()] == [[]]
    until(lambda: find(workroom.process.pid, patterns) == [], what="the runner has")


ATTACH = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for pid in map(int, sys.argv[1:]):
    try:
        open(f"/proc/{pid}/mem", "rb")
        print("read", end=" ")
    except PermissionError:
        print("denied", end=" ")
    try:
        os.listdir(f"/proc/{pid}/fd")
        print("listed", end=" ")
    except PermissionError:
        print("denied", end=" ")
    print("attached" if libc.ptrace(16, pid, None, None) == 0 else "denied", flush=True)
"""


@root_only
def test_k5_the_same_user_cannot_look_into_vault_and_gateway(room_of_nobody):
    nobody = {"user": NOBODY, "group": NOBODY, "cwd": "/", "env": {"PATH": "/usr/bin:/bin"}}

    def looks(*pids):
        command = ["/usr/bin/python3", "-c", ATTACH, *map(str, pids)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, **nobody)
        return done.stdout.split("\n")[:-1]

    other = subprocess.Popen(["/bin/sleep", "600"], **nobody)
    try:
        until(lambda: "sleep" in Path(f"/proc/{other.pid}/cmdline").read_text(), what="it runs")
        assert looks(other.pid) == ["read listed attached"], "what one user may do to its own"
    finally:
        other.kill()
        other.wait(10)
    pids = [room_of_nobody.process.pid, *room_of_nobody.gateway_pids()]
    assert looks(*pids) == ["denied denied denied"] * len(pids)


def test_k1_the_most_talkative_log_and_the_metrics_name_no_key_and_no_pass(make_room):
    room = make_room(["--log-level", "debug"]).people()
    _, value = room.add_key("gemini")
    session = Session(room, "gemini")
    use_in_every_way(room, session)
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=20) as answer:
        metrics = answer.read()
    assert b"strongroom_gateway_refusals_total" in metrics or b"strongroom_uses_total" in metrics
    told = metrics + room.log().encode()
    secrets = [value, session.credential, *session.passes.values()]
    found = [name for each in secrets for name, octets in encodings(each) if octets in told]
    assert found == []


def in_every_slot(base, token):
    """(url, headers) of requests that show `token` wherever somebody may take a credential."""
    pair = base64.b64encode(f"any:{token}".encode()).decode()
    quoted = urllib.parse.quote(token, safe="")
    yield f"{base}/gemini/v1/models", {"x-goog-api-key": token}
    yield f"{base}/gemini/v1/models", {"authorization": f"Bearer {token}"}
    yield f"{base}/gemini/v1/models", {"authorization": f"Basic {pair}"}
    yield f"{base}/gemini/v1/models?key={quoted}", {}
    yield f"{base}/gemini/v1/{quoted}", {}
    yield f"{base}/{quoted}/v1/models", {}
    yield f"{base}/gemini@{quoted}/v1", {}
    yield f"{base}/gemini/~l/{quoted}/v1", {}
    yield f"{base}/openai/v1/models", {"authorization": f"Bearer {token}", "x-api-key": token}


def said(url, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, str(answer.headers).encode() + answer.read()
    except urllib.error.HTTPError as error:
        return error.code, str(error.headers).encode() + error.read()


def forms_of(token):
    digest = hashlib.sha256(token.encode()).digest()
    yield from (octets for _, octets in encodings(token))
    yield digest.hex().encode()
    yield base64.b64encode(digest)
    yield base64.urlsafe_b64encode(digest).rstrip(b"=")


def test_k3_errors_say_nothing_of_what_was_presented(room, canaries):
    room.add_key("gemini")
    session = Session(room, "gemini")
    own = canaries.new("gemini")  # a real key that the agent brought along
    for token in (own, session.passes["gemini"][:-4] + "zzzz", session.credential):
        for url, headers in in_every_slot(f"http://{room.endpoints['gateway']}", token):
            status, answer = said(url, headers)
            assert status >= 400, (url, status)
            assert not [form for form in forms_of(token) if form in answer], (url, answer)
        control = f"http://{room.endpoints['control']}/api/v1"
        for path in ("keys", f"keys/{urllib.parse.quote(token)}", "nothing"):
            status, answer = said(f"{control}/{path}", {"authorization": f"Bearer {token}"})
            assert status in (401, 403, 404)
            assert not [form for form in forms_of(token) if form in answer], (path, answer)
    refused = room.cli("key", "show", own, expect=None)
    assert own not in refused.stdout + refused.stderr


def test_vault_and_gateway_have_given_up_what_they_do_not_need(room):
    """Their filters of system calls, the gateway's under the vault's (what they refuse: src/io/process/sandbox_test.cpp)."""
    [gateway] = room.gateway_pids()
    for pid, filters in ((room.process.pid, 1), (gateway, 2)):
        status = status_of(pid)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
        assert int(status["Seccomp_filters"]) == filters
