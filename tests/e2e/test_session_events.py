"""What happens in sessions, as a platform follows it.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import sys

from support.events import Follower
from support.room import NOT_FOUND, PROGRAMS, UNAVAILABLE, WRONG_USE
from support.waiting import until

STREAM = "/api/v1/sessions/events"
START = ["session", "start", "--member", "alice", "--service", "gemini"]
HOLD = [sys.executable, "-c", "import time; print('READY', flush=True); time.sleep(600)"]


def start(room, *flags, tenant="acme"):
    return room.json(*START, "--tenant", tenant, *flags)["session"]["id"]


def kinds(documents):
    return [each["event"] for each in documents]


def test_a_platform_follows_its_tenants_sessions(room):
    """From the start to the receipt, in order, and nothing of another tenant."""
    key, _ = room.add_key("gemini")
    room.add_key("github", member="alice")
    room.people("other", members=("alice",))
    room.add_key("gemini", tenant="other")
    with Follower(room, f"{STREAM}?tenant=acme") as follower:
        elsewhere = start(room, tenant="other")
        workroom = room.begin(["gemini", "github"], HOLD, flags=["--label", "run=17"])
        workroom.line("READY")
        started, attached = follower.next(), follower.next()
        assert kinds([started, attached]) == ["started", "attached"]
        session = started["session"]
        assert started["labels"] == {"run": "17"} and started["member"] == "alice"
        assert (started["tenant"], started["runtime"]) == ("acme", "process")
        room.revoke(key)
        revoked = follower.next()
        assert (revoked["event"], revoked["key"], revoked["service"]) == ("key_revoked", key, "gemini")
        assert room.json("receipt", "show", revoked["receipt"])["receipt"]["subject"]["id"] == key
        room.cli("session", "end", elsewhere)
        room.cli("session", "end", session)
        ending, ended = follower.next(), follower.next()
        assert (ending["event"], ending["why"]) == ("ending", "ended by operator")
        assert (ended["event"], ended["withdrawn"]) == ("ended", True)
        receipt = room.json("receipt", "show", ended["receipt"])["receipt"]
        assert receipt["subject"]["id"] == session and receipt["r2"]["holds"]
        assert {each["session"] for each in (attached, revoked, ending, ended)} == {session}
        room.cli("tenant", "remove", "acme")
        last = start(room, tenant="other")
        room.cli("session", "end", last)
    with Follower(room, after=follower.last_id) as everything:
        documents = [everything.next() for _ in range(3)]
        assert [(each["event"], each["session"]) for each in documents] == [
            ("started", last), ("ending", last), ("ended", last)
        ]
        assert {each["tenant"] for each in documents} == {"other"}


def test_how_keys_do_is_told_to_who_asks_for_it(room, canaries):
    """As soon as the provider, or somebody, has said it; of one's own and the tenant's, and to nobody who follows sessions alone."""
    key, value = room.add_key("openai")
    own, _ = room.add_key("github", member="alice")
    room.people("other", members=("carol",))
    elsewhere, _ = room.add_key("openai", tenant="other")
    token = lambda member: room.json("token", "add", "--tenant", "acme", "--member", member, "x")["token"]
    room.cli("member", "add", "--tenant", "acme", "bob")
    with Follower(room) as plain, Follower(room, f"{STREAM}?keys=yes&tenant=acme") as follower, Follower(
        room, f"{STREAM}?keys=yes", token=token("alice")
    ) as hers, Follower(room, f"{STREAM}?keys=yes", token=token("bob")) as his:
        room.revoke(elsewhere)
        room.standins.revoke("openai", value)
        room.cli("key", "check", key, expect=None)
        new = canaries.new("openai")
        room.standins.accept("openai", new)
        room.cli("key", "rotate", key, input=new)
        room.revoke(own)
        room.revoke(key)
        told = [follower.next() for _ in range(4)]
        assert [(each["event"], each["key"], each["state"]) for each in told] == [
            ("key_state", key, "rejected_by_provider"),
            ("key_state", key, "active"),
            ("key_state", own, "revoked"),
            ("key_state", key, "revoked"),
        ]
        assert told[0] == {**told[0], "tenant": "acme", "service": "openai", "label": "default", "owner": ""}
        assert "session" not in told[0] and told[2]["owner"] == "alice"
        assert [hers.next() for _ in range(4)] == told
        assert [his.next() for _ in range(3)] == [each for each in told if each["key"] == key]
        room.add_key("gemini")
        started = start(room)
        assert plain.next()["session"] == started, "of sessions alone, as ever"
    assert room.api("GET", f"{STREAM}?keys=all")[0] == 400


def test_a_limit_that_is_reached_and_a_runner_that_is_lost_are_told(room):
    room.add_key("gemini")
    with Follower(room) as follower:
        start(room, "--ttl", "1")
        assert follower.until("ending")[1]["why"] == "time limit"
        start(room, "--idle", "1")
        assert follower.until("ending")[1]["why"] == "idle limit"
        workroom = room.begin(["gemini"], HOLD)
        workroom.line("READY")
        follower.until("attached")
        workroom.process.kill()
        assert follower.until("ending")[1]["why"] == "runner lost"
        assert follower.next()["event"] == "ended"
        start(room)
        room.cli("tenant", "remove", "acme")
        ending, ended = follower.until("ending")[1], follower.next()
        assert (ending["tenant"], ending["why"]) == ("acme", "tenant removed")
        assert ended["receipt"] == room.json("receipt", "list")[0]["id"]


def test_a_follower_that_was_away_goes_on_where_it_was(room):
    room.add_key("gemini")
    with Follower(room) as follower:
        first = start(room)
        assert follower.next()["session"] == first
        after = follower.last_id
    second = start(room)
    with Follower(room, after=after) as follower:
        assert follower.next()["session"] == second, "nothing twice, nothing left out"
    room.stop()
    room.start()
    with Follower(room, after=after) as follower:
        assert follower.next() == {"event": "missed"}
        assert start(room) == follower.next()["session"], "and then what comes"


def test_the_stream_of_one_session_ends_with_it(room):
    room.add_key("gemini")
    session = start(room)
    path = f"/api/v1/sessions/{session}/events"
    with Follower(room, path) as follower:
        assert follower.next()["event"] == "started"
        other = start(room)
        room.cli("session", "end", other)
        room.cli("session", "end", session)
        documents = follower.rest()
        assert kinds(documents) == ["ending", "ended"]
    with Follower(room, path) as follower:
        assert follower.rest()[-1] == documents[-1]
    room.stop()
    room.start()
    with Follower(room, path) as follower:
        missed, ended = follower.rest()
    assert missed == {"event": "missed"} and "id" not in ended
    same = ("event", "session", "why", "receipt", "withdrawn")
    assert {name: ended[name] for name in same} == {name: documents[-1][name] for name in same}


def test_the_command_line_follows(room):
    room.add_key("gemini")
    session = start(room, "--label", "run=17")
    command = [PROGRAMS / "strongroom", "session", "events", "--data", room.data]
    output = room.folder / "events.out"

    def follow(*flags):
        with open(output, "wb") as out:
            return subprocess.Popen([*command, *flags], stdout=out, stderr=subprocess.PIPE, text=True)

    def lines():
        return output.read_text().splitlines()

    one = follow(session, "--json")
    until(lambda: len(lines()) == 1, 30, "it has started")
    started = json.loads(lines()[0])
    assert started["labels"] == {"run": "17"}
    room.cli("session", "end", session)
    assert one.wait(60) == 0, "its stream has ended as it should"
    documents = [json.loads(line) for line in lines()]
    assert kinds(documents) == ["started", "ending", "ended"]
    again = room.cli("session", "events", session).stdout.splitlines()
    assert len(again) == 3 and documents[-1]["receipt"] in again[-1] and "ended by operator" in again[1]

    everything = follow("--tenant", "acme", "--after", documents[0]["id"])
    until(lambda: len(lines()) == 2, 30, "what came after")
    room.stop()
    assert everything.wait(60) == UNAVAILABLE and "--after" in everything.stderr.read()
    room.start()
    room.cli("session", "events", session, "--tenant", "acme", expect=WRONG_USE)
    room.cli("session", "events", "ses_" + "a" * 26, expect=NOT_FOUND)
    room.cli("session", "events", "--tenant", "nobody", expect=NOT_FOUND)


def test_following_is_for_who_may_list_and_for_so_many(room):
    assert room.api("GET", STREAM, token="sro_wrong")[0] == 401
    assert room.api("GET", f"{STREAM}?tenant=nobody")[0] == 404
    assert room.api("GET", f"{STREAM}?label=x")[0] == 400
    assert room.api("POST", STREAM)[0] == 405
    followers = [Follower(room) for _ in range(64)]
    status, refused = room.api("GET", STREAM)
    assert (status, refused["error"]["code"]) == (503, "too_many_followers")
    assert room.api("GET", "/api/v1/sessions")[0] == 200, "other calls are served"
    assert room.stop() == 0
    for follower in followers:
        assert follower.next() is None, "ended in order, not cut"
    room.start()


def test_the_description_of_the_api_has_the_streams(room):
    _, document = room.api("GET", "/api/v1/openapi.json")
    for path in (STREAM, "/api/v1/sessions/{id}/events"):
        described = document["paths"][path]["get"]
        assert "text/event-stream" in described["responses"]["200"]["content"]
        assert "Last-Event-ID" in {each["name"] for each in described["parameters"]}
    assert "key_revoked" in document["components"]["schemas"]["SessionEvent"]["properties"]["event"]["enum"]
