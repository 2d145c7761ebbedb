"""Several ends of one session at a time: all are carried through, and there is one receipt of it, which is true.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from support.lease_relay import FENCE, Channel, LeaseRelay
from support.room import DONE, REFUSED
from support.waiting import until

#: After it, the gateway has a lease.
CALL = 'curl -sf -o /dev/null -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"'


def session_of(room):
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    return session


def receipts_of(room, session):
    named = [each["id"] for each in room.json("receipt", "list") if each["subject"] == session]
    return [room.api("GET", f"/api/v1/receipts/{each}")[1]["receipt"] for each in named]


def test_a_runner_that_leaves_while_its_sessions_end_waits_for_others(room):
    """It said that all is over; that is no second end, of which it could say nothing any more."""
    room.add_key("github", member="alice")
    room.add_key("gemini")
    work = room.begin(["github", "gemini"], ["sh", "-c", f"{CALL}; echo up; sleep 600; true"])
    work.line("up")
    session = session_of(room)
    [gateway] = room.gateway_pids()
    os.kill(gateway, signal.SIGSTOP)
    with ThreadPoolExecutor() as one:
        end = one.submit(room.api, "POST", f"/api/v1/sessions/{session}/end", {})
        assert work.wait() == REFUSED
        os.kill(gateway, signal.SIGCONT)
        answered = end.result()[1]["receipt"]
    until(lambda: room.json("session", "show", session)["state"] == "ended", 10, "the session is over")
    assert answered["r2"]["holds"] is True
    assert [each["id"] for each in receipts_of(room, session)] == [answered["id"]]


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
        assert channel.is_holding.wait(10)
        go.touch()
        assert work.wait() == DONE
        answered = end.result()[1]["receipt"]
    channel.release()
    assert answered["r2"]["holds"] is True, answered["r2"]
    assert [each["id"] for each in receipts_of(room, session)] == [answered["id"]]
