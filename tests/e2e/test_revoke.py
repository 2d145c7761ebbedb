"""Revoke in the middle of everything: R1 and R2 hold when the command returns. SPDX-License-Identifier: Apache-2.0"""

import json
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.disk import full_disk
from support.processes import pids, read
from support.room import FAILED, NOT_FOUND, flatten
from support.supervisors import record_of, supervisors
from support.waiting import until

# What every probe begins with: a raw client, and `again`, one more use after the cut.
CLIENT = """
import http.client, json, os, sys, time, urllib.parse
from concurrent.futures import ThreadPoolExecutor
HOST = urllib.parse.urlparse(os.environ["STRONGROOM_GATEWAY"]).netloc
KEY = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
def say(*words): print(*words, flush=True)
def again():
    connection = http.client.HTTPConnection(HOST, timeout=20)
    connection.request("GET", "/gemini/v1/models", headers=KEY)
    answer = connection.getresponse()
    body = answer.read()
    say("AGAIN", answer.status, json.loads(body).get("error", {}).get("code", "none"))
"""

STREAM = CLIENT + """
connection = http.client.HTTPConnection(HOST, timeout=60)
connection.request("POST", "/gemini/v1/models/m:streamGenerateContent?alt=sse",
                   body=json.dumps({"contents": [{"parts": [{"text": "hold"}]}]}), headers={**KEY, "content-type": "application/json"})
answer = connection.getresponse()
say("FIRST", answer.status, answer.readline().decode().strip())
try:
    while answer.read1(65536): pass
    say("END clean")
except (http.client.HTTPException, OSError) as error:
    say("END cut", type(error).__name__)
again()
"""

SOCKET = CLIENT + """
from websockets.sync.client import connect
from websockets.exceptions import ConnectionClosed
with connect(f"ws://{HOST}/gemini/standin/ws?interval_ms=5", additional_headers=KEY, proxy=None) as socket:
    say("FIRST", socket.recv(timeout=20))
    try:
        while True: socket.recv(timeout=20)
    except ConnectionClosed as error:
        say("END cut", type(error).__name__)
again()
"""

UPLOAD = CLIENT + """
connection = http.client.HTTPConnection(HOST, timeout=60)
connection.putrequest("POST", "/gemini/standin/upload")
for name, value in KEY.items(): connection.putheader(name, value)
connection.putheader("content-length", str(1 << 40))
connection.endheaders()
block = bytes(65536)
try:
    connection.send(block)
    connection.send(block)
    say("FIRST")
    while True:
        connection.send(block)
        time.sleep(0.005)
except OSError as error:
    say("END cut", type(error).__name__)
again()
"""


def revoke_in_the_middle(room, standins, probe):
    key_id, _ = room.add_key("gemini")
    standins.stream(events=2, hold=True)
    workroom = room.begin(["gemini"], [sys.executable, "-c", probe])
    workroom.line("FIRST")
    until(
        lambda: [
            entry for entry in standins.open() if entry["progress"] or entry["kind"] == "websocket"
        ],
        30,
        "it is under way",
    )

    began = time.monotonic()
    document = room.revoke(key_id)
    assert time.monotonic() - began < 20
    assert document["receipt"]["r1"]["holds"] is True
    until(lambda: standins.open() == [], 30, "the provider's side has seen the end")
    assert workroom.line("END").startswith(
        "cut"
    ), "never a clean end: the agent must not take half for the whole"
    assert workroom.line("AGAIN") == "403 key_revoked"
    assert room.key(key_id)["state"] == "revoked"
    seen = len(standins.requests())
    assert workroom.wait() == 0
    assert len(standins.requests()) == seen, "nothing more has left the gateway"


@pytest.mark.parametrize(
    "probe", [STREAM, SOCKET, UPLOAD], ids=["event stream", "websocket", "upload"]
)
def test_revoke_in_the_middle(room, standins, probe):
    revoke_in_the_middle(room, standins, probe)


def test_i12_a_full_disk_keeps_no_revoke_from_fencing(room, standins):
    """What cannot be stored is fenced all the same, says so, and is stored as soon as there is room."""
    key_id, _ = room.add_key("gemini")
    standins.stream(events=2, hold=True)
    workroom = room.begin(["gemini"], [sys.executable, "-c", STREAM])
    workroom.line("FIRST")
    with full_disk(room.process.pid):
        done = room.cli("key", "revoke", key_id, expect=FAILED)
        assert "fenced" in done.stderr and "not stored" in done.stderr
        until(lambda: standins.open() == [], 30, "the provider's side has seen the end")
        assert workroom.line("END").startswith("cut")
        assert workroom.line("AGAIN") == "403 key_revoked"
        room.run(["gemini"], ["/bin/true"], expect=None)
        assert workroom.wait() == 0
    room.run(["gemini"], ["/bin/true"], expect=NOT_FOUND)
    until(lambda: "fenced_is_stored" in room.log(), 30, "it is stored by itself")
    assert room.revoke(key_id)["receipt"]["r1"]["holds"] is True
    room.kill9()
    room.start()
    assert room.key(key_id)["state"] == "revoked"
    assert len(standins.requests()) == 1, "nothing more has left the gateway"


def test_receipt_tells_and_verifies(room, standins):
    key_id, _ = room.add_key("gemini")
    standins.stream(events=2, hold=True)
    workroom = room.begin(["gemini"], [sys.executable, "-c", STREAM])
    workroom.line("FIRST")
    document = room.revoke(key_id)
    receipt = document["receipt"]
    assert (
        key_id in flatten(receipt)
        and "gateway" in flatten(receipt)
        and "acknowledged" in flatten(receipt)
    )
    assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
    assert receipt["asked_at"] <= receipt["completed_at"]
    room.json("receipt", "show", receipt["id"])
    assert receipt["id"] in [one["id"] for one in room.json("receipt", "list")]

    forged = room.folder / "forged.json"
    forged.write_text(
        json.dumps(document).replace(key_id, key_id[:-1] + ("0" if key_id[-1] != "0" else "1"))
    )
    room.cli("receipt", "verify", str(forged), expect=FAILED)
    # No server is needed: the public key in the data directory is enough.
    true = room.folder / "true.json"
    true.write_text(json.dumps(document))
    room.stop()
    room.cli("receipt", "verify", str(true))


def test_revoke_again_and_of_nothing(room):
    key_id, _ = room.add_key("gemini")
    assert room.revoke(key_id)["receipt"]["r1"]["holds"] is True
    again = room.cli("key", "revoke", key_id, "--json", expect=None)
    assert again.returncode in (0, 3), "a second revoke is harmless"
    assert room.key(key_id)["state"] == "revoked"
    assert room.cli("key", "show", "00000000000000000000000000000000", expect=None).returncode in (
        2,
        4,
    )


INJECTED = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('DEAF', flush=True); time.sleep(600)"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("ORPHAN", flush=True)
        time.sleep(600)
    os._exit(0)
print("READY", flush=True)
time.sleep(600)
"""


def workroom_processes(mark):
    """Processes of this machine whose environment holds `mark`."""
    return [pid for pid in pids() if mark in read(pid, "environ")]


def test_revoke_of_an_injected_key_ends_its_processes(make_room, standins):
    """One that ignores TERM, and one that left its parent and its session: all are dead when the command returns."""
    room = make_room(flags=["--grace-seconds", "1"]).people()
    key_id, token = room.add_key("github", member="alice")
    workroom = room.begin(["github"], [sys.executable, "-c", INJECTED])
    for word in ("READY", "DEAF", "ORPHAN"):
        workroom.line(word)
    mark = f"GH_TOKEN={token}".encode()
    assert len(workroom_processes(mark)) >= 3
    began = time.monotonic()
    document = room.revoke(key_id)
    assert time.monotonic() - began < 20
    assert workroom_processes(mark) == []
    receipt = document["receipt"]
    assert receipt["r2"]["holds"] is True and receipt["r1"]["holds"] is True
    assert any("python" in str(leaf) for leaf in flatten(receipt)), "the processes are named"
    assert workroom.wait() != 0
    assert room.run(["github"], ["/bin/true"], expect=None).returncode in (3, 4)


def test_the_end_of_a_run_ends_all_its_processes(room):
    _, token = room.add_key("github", member="alice")
    orphan = "setsid sh -c 'sleep 600 & echo ORPHAN; echo > there; exec sleep 600' &"
    leave = "until [ -s there ]; do sleep 0.05; done; exit 4"
    done = room.run(["github"], ["/bin/sh", "-c", f"{orphan} {leave}"], expect=4)
    assert "ORPHAN" in done.stdout
    assert workroom_processes(f"GH_TOKEN={token}".encode()) == []
    states = lambda: [session["state"] for session in room.json("session", "list", "--tenant", "acme")]
    until(lambda: states() == ["ended"], what="the vault has heard the runner's last word")


def test_i9_the_end_of_a_session_whose_runner_is_away_withdraws_nothing(room):
    """Nobody can say that its processes are dead, as its supervisor and the record are gone: the receipt does not either."""
    room.add_key("github", member="alice")
    workroom = room.begin(["github"], ["/bin/sh", "-c", "echo READY; exec sleep 600"])
    workroom.line("READY")
    session = room.json("session", "list")[0]["id"]
    supervisor = supervisors(room)[session]
    room.kill9()
    os.kill(supervisor, signal.SIGKILL)
    workroom.process.kill()
    workroom.wait()
    shutil.rmtree(record_of(room, session))
    room.start()
    r2 = room.api("POST", f"/api/v1/sessions/{session}/end", {})[1]["receipt"]["r2"]
    assert r2["holds"] is False
    assert [each["state"] for each in r2["processes"]] == ["still_exposed"]
    assert "whose runner is not connected" in r2["processes"][0]["name"]


def test_i9_a_runner_that_ends_while_the_gateway_is_waited_for_makes_no_second_end(room):
    """Its last word is heard before the first end is through: one receipt, which says what it said."""
    room.add_key("github", member="alice")
    room.add_key("gemini")
    use = 'curl -sf -o /dev/null -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1beta/models"'
    workroom = room.begin(["github", "gemini"], ["/bin/sh", "-c", f"{use}; echo READY; exec sleep 600"])
    workroom.line("READY")
    session = room.json("session", "list")[0]["id"]
    [gateway] = room.gateway_pids()
    os.kill(gateway, signal.SIGSTOP)
    try:
        receipt = room.json("session", "end", session)["receipt"]
        workroom.wait()
    finally:
        os.kill(gateway, signal.SIGCONT)
    assert receipt["r2"]["holds"] and [each["state"] for each in receipt["r2"]["processes"]] == ["dead"]
    acts = [each for each in room.json("audit", "list") if each["action"] == "session.end"]
    assert [(each["outcome"], each["actor"]) for each in acts] == [("done", "operator"), ("begun", "operator")]
    assert [each["id"] for each in room.json("receipt", "list")] == [receipt["id"]]


def test_i9_two_ends_of_a_session_at_a_time_have_one_receipt(room):
    room.add_key("github", member="alice")
    workroom = room.begin(["github"], ["/bin/sh", "-c", "trap '' TERM; echo READY; sleep 600; sleep 600"])
    workroom.line("READY")
    session = room.json("session", "list")[0]["id"]
    with ThreadPoolExecutor() as both:
        ends = [both.submit(room.api, "POST", f"/api/v1/sessions/{session}/end", {}) for _ in range(2)]
    [one, other] = [end.result()[1]["receipt"] for end in ends]
    assert one["id"] == other["id"] and one["r2"]["holds"]
    assert [each["id"] for each in room.json("receipt", "list")] == [one["id"]]
    workroom.wait()


@pytest.mark.parametrize("way", ["session", "member", "tenant"])
def test_other_ends_cut_as_well(room, standins, way):
    """The end of the session, the member's and the tenant's removal: each has a receipt, each cuts at once."""
    room.add_key("gemini")
    standins.stream(events=2, hold=True)
    workroom = room.begin(["gemini"], [sys.executable, "-c", STREAM])
    workroom.line("FIRST")
    if way == "session":
        [session] = room.json("session", "list", "--tenant", "acme")
        document = room.cli("session", "end", session["id"], "--json").stdout
    elif way == "member":
        document = room.cli("member", "remove", "alice", "--tenant", "acme", "--json").stdout
    else:
        document = room.cli("tenant", "remove", "acme", "--json").stdout
    assert room.verified(document)["receipt"]["r1"]["holds"] is True
    until(lambda: standins.open() == [], 30, "the provider's side has seen the end")
    # The session has ended, so its processes have been ended too: the workroom can say no more.
    workroom.wait()
    assert len(standins.requests()) == 1


def test_two_gateways(make_room, standins):
    """Streams at both; one revoke cuts them all, and the receipt names both holders."""
    room = make_room(flags=["--gateway-processes", "2"]).people()
    assert len(room.gateway_pids()) == 2
    key_id, _ = room.add_key("gemini")
    standins.stream(events=2, hold=True)
    workrooms = [room.begin(["gemini"], [sys.executable, "-c", STREAM]) for _ in range(8)]
    for workroom in workrooms:
        workroom.line("FIRST")
    assert len(standins.open()) == 8
    receipt = room.revoke(key_id)["receipt"]
    assert receipt["r1"]["holds"] is True
    assert len([leaf for leaf in flatten(receipt) if leaf == "gateway"]) == 2
    until(lambda: standins.open() == [], 30, "all are cut")
    for workroom in workrooms:
        assert workroom.line("END").startswith("cut")
        assert workroom.line("AGAIN") == "403 key_revoked"


def test_a_frozen_gateway_cannot_use_the_key_after_the_revoke(room, standins):
    """It cannot acknowledge; its lease runs out, the revoke returns, and what it wakes up with is worthless."""
    key_id, _ = room.add_key("gemini")
    flag = room.folder / "thawed"
    probe = CLIENT + """
again()
say("FIRST")
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
again()
say("DONE")
"""
    workroom = room.begin(["gemini"], [sys.executable, "-c", probe, flag])
    workroom.line("FIRST")
    [gateway] = room.gateway_pids()
    os.kill(gateway, signal.SIGSTOP)
    try:
        began = time.monotonic()
        receipt = room.revoke(key_id)["receipt"]
        took = time.monotonic() - began
    finally:
        os.kill(gateway, signal.SIGCONT)
    assert 1 < took < 20 and receipt["r1"]["holds"] is True
    assert "lease_ran_out" in flatten(receipt)
    flag.touch()
    workroom.line("DONE")
    lines = [line for line in workroom.lines() if line.startswith("AGAIN")]
    assert lines[0] == "AGAIN 200 none" and lines[1] in (
        "AGAIN 403 key_revoked",
        "AGAIN 401 key_revoked",
    )
    assert len(standins.requests()) == 1
