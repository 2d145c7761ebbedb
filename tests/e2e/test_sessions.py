"""Sessions as a platform works with them: limits, labels, lists, what is shown of one.

SPDX-License-Identifier: Apache-2.0
"""

import subprocess
import sys

from support.room import NOT_FOUND, WRONG_USE
from support.waiting import until

START = ["session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini"]
ASK = """
import os, sys, urllib.request
request = urllib.request.Request(
    os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models", headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]})
print("ANSWER", urllib.request.urlopen(request).status, flush=True)
sys.stdin.read()
"""
HOLD = """
import os, urllib.request
request = urllib.request.Request(
    os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse",
    data=b'{"contents":[]}', headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"], "Content-Type": "application/json"})
answer = urllib.request.urlopen(request)
print("FIRST", answer.readline(), flush=True)
answer.read()
"""


WRITE = """
import os, sys, time
print("READY", flush=True)
turn = 0
while True:
    if os.path.exists(f"{sys.argv[1]}{turn}"):
        print("LINE", turn, flush=True)
        turn += 1
    time.sleep(0.02)
"""


def start(room, *flags):
    return room.json(*START, *flags)["session"]


def listed(room, *flags):
    return [each["id"] for each in room.json("session", "list", *flags)]


def test_a_list_is_filtered_and_comes_in_pages(room):
    room.add_key("gemini")
    made = [start(room, "--label", f"run={n % 2}", "--label", "team=a b")["id"] for n in range(4)][::-1]
    room.cli("session", "end", made[1])
    assert listed(room) == made, "newest first"
    assert listed(room, "--label", "run=1") == [made[0], made[2]]
    assert listed(room, "--label", "run=1", "--label", "team=a b", "--tenant", "acme") == [made[0], made[2]]
    assert listed(room, "--label", "run=2") == []
    assert listed(room, "--state", "open") == [made[0], *made[2:]]
    assert listed(room, "--limit", "3") == made[:3]
    status, page = room.api("GET", f"/api/v1/sessions?limit=2&before={made[1]}")
    assert status == 200 and [each["id"] for each in page] == made[2:]
    for query in ("limit=0", "limit=1001", "limit=x", "label=x", "state=lost", "before=x"):
        assert room.api("GET", f"/api/v1/sessions?{query}")[0] == 400, query
    room.cli("session", "list", "--tenant", "nobody", expect=NOT_FOUND)
    for flags in (["--label", "x"], ["--label", "a=1", "--label", "a=2"], ["--idle", "8 days"], ["--ttl", "0"]):
        room.cli(*START, *flags, expect=WRONG_USE)


def test_a_shell_takes_what_a_start_prints(room):
    """What is shown once is all there, without --json too."""
    room.add_key("gemini")
    room.add_key("github", member="alice")
    room.add_key("generic-http", settings={"host": "api.standin.test", "variable": "MY_PASS"})
    said = room.cli(*START, "--service", "github", "--service", "generic-http", "--socket").stdout
    assert "never again" in said and "Injected keys are not among them" in said and "{" not in said
    script = 'eval "$1"; for each in STRONGROOM_SESSION STRONGROOM_PROXY_CREDENTIAL GEMINI_API_KEY MY_PASS STRONGROOM_SOCKET; do eval echo "\\$$each"; done'
    read = subprocess.run(["sh", "-euc", script, "sh", said], capture_output=True, text=True, check=True).stdout.split("\n")
    assert [each[:4] for each in read[:4]] == ["ses_", "srx_", "AIza", "srp_"]
    assert read[0] in listed(room) and read[4].startswith(str(room.data))


def test_a_session_shows_its_terms_its_holders_and_its_traffic(room, standins):
    key, _ = room.add_key("gemini")
    _, _ = room.add_key("github", member="alice")
    standins.stream(events=2, hold=True)
    flags = ["--label", "run=17", "--ttl", "2h", "--idle", "30m"]
    workroom = room.begin(["gemini", "github"], [sys.executable, "-c", HOLD], flags=flags)
    workroom.line("FIRST")
    [session] = room.json("session", "list")
    shown = room.json("session", "show", session["id"])
    assert shown["labels"] == {"run": "17"} and shown["idle_limit_seconds"] == 1800
    assert shown["expires"] > shown["started"] and shown["last_active"] >= shown["started"]
    assert {each["service"] for each in shown["grants"]} == {"gemini", "github"}
    assert shown["traffic"]["uses"] == shown["traffic"]["under_way"] == 1
    by_role = {each["role"]: each for each in shown["holders"]}
    assert set(by_role) == {"gateway", "runner"} and by_role["gateway"]["keys"] == [key]
    assert len(by_role["runner"]["keys"]) == 1
    assert all(each["since"] >= shown["started"] for each in shown["holders"])
    standins.release()
    assert workroom.wait(30) == 0
    show = lambda: room.json("session", "show", session["id"])
    ended = until(lambda: (s := show())["state"] == "ended" and s["holders"] == [] and s, 30, "nobody holds it")
    assert "traffic" not in ended and ended["last_active"] is None


def test_a_session_that_is_idle_ends_and_one_that_streams_does_not(room, standins):
    room.add_key("gemini")
    standins.stream(events=2, hold=True)
    # As long as a slow machine takes to begin; the one that streams had its last moment before the other began.
    busy = room.begin(["gemini"], [sys.executable, "-c", HOLD], flags=["--idle", "8s", "--label", "kind=busy"])
    busy.line("FIRST")
    [streaming] = listed(room, "--label", "kind=busy")
    idle = start(room, "--idle", "8s")["id"]
    never = start(room)["id"]
    until(lambda: room.json("session", "show", idle)["ended_why"] == "idle limit", 60, "the idle one ends")
    state = {each["id"]: each["state"] for each in room.json("session", "list")}
    assert state[streaming] == "open", "a stream that is under way is no idleness, however quiet it is"
    assert state[never] == "open"
    standins.release()
    busy.wait(30)


def test_what_a_command_writes_keeps_its_session_from_being_idle(room):
    room.add_key("github", member="alice")
    sign = room.folder / "sign"
    workroom = room.begin(["github"], [sys.executable, "-c", WRITE, str(sign)], flags=["--idle", "1h"])
    workroom.line("READY")
    [session] = listed(room)
    seen = lambda: room.json("session", "show", session)["last_active"]
    for turn in range(3):
        before = seen()
        sign.with_name(f"sign{turn}").touch()
        workroom.line(f"LINE {turn}")
        until(lambda: seen() > before, 30, "what it wrote is something that happened")


def test_what_was_counted_outlives_the_server(room):
    room.add_key("gemini")
    started = room.json(*START, "--label", "run=17")
    [granted] = started["passes"]
    import urllib.request

    def ask():
        request = urllib.request.Request(
            f"{room.gateway}/gemini/v1beta/models", headers={"x-goog-api-key": granted["pass"]}
        )
        return urllib.request.urlopen(request, timeout=60).read()

    size = len(ask())
    session = started["session"]["id"]
    settled = lambda: (t := room.json("session", "show", session)["traffic"])["under_way"] == 0 and t
    before = until(settled, 30, "the use has settled")
    assert before["uses"] == 1 and before["bytes_down"] >= size
    room.stop()
    room.start()
    shown = room.json("session", "show", session)
    assert shown["traffic"] == before and shown["labels"] == {"run": "17"}
