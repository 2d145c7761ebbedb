"""Several ends of one session at a time: all are carried through, and there is one receipt of it, which is true.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from support.lease_relay import FENCE, Channel, LeaseRelay
from support.room import DONE, REFUSED
from support.waiting import until

def session_of(room):
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    return session


def receipts_of(room, session):
    named = [each["id"] for each in room.json("receipt", "list") if each["subject"] == session]
    return [room.api("GET", f"/api/v1/receipts/{each}")[1]["receipt"] for each in named]


def test_a_session_that_went_with_its_member_has_no_end_of_its_own(room):
    """Its runner, which could not be asked, says later that all is over: the removal's receipt has spoken of it."""
    room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", "echo up; sleep 600; true"])
    work.line("up")
    session = session_of(room)
    os.kill(work.process.pid, signal.SIGSTOP)
    try:
        room.cli("member", "remove", "alice", "--tenant", "acme")
    finally:
        os.kill(work.process.pid, signal.SIGCONT)
    assert work.wait() == REFUSED
    until(lambda: "holder_lost" in room.log(), 30, "its runner has left")
    assert receipts_of(room, session) == []
    assert [each["action"] for each in room.json("audit", "list") if each["action"] == "session.end"] == []


def test_a_command_that_ends_just_before_its_runner_hears_of_the_end(room):
    """Its runner's last word is that all of it is over."""
    room.add_key("github", member="alice")
    channel, go = Channel(held=(FENCE,)), room.folder / "go"
    relay = LeaseRelay(room, channel)
    work = relay.begin(["github"], ["sh", "-c", f"echo up; until test -e {go}; do sleep 0.05; done"])
    work.line("up")
    session = session_of(room)
    with ThreadPoolExecutor() as one:
        end = one.submit(room.api, "POST", f"/api/v1/sessions/{session}/end", {})
        assert channel.is_holding.wait(60)
        go.touch()
        assert work.wait() == DONE
        answered = end.result()[1]["receipt"]
    channel.release()
    assert answered["r2"]["holds"] is True, answered["r2"]
    assert [each["id"] for each in receipts_of(room, session)] == [answered["id"]]
