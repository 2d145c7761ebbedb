"""What happens to a runner whose vault goes away, or answers late, at the worst moment.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import os
import signal
import threading
import time

import pytest

from support.attached import Platform, issue
from support.lease_relay import ACQUIRE_SESSION, AGAIN, ALL_GRANTED, REFRESH, VAULT_HELLO, Channel, LeaseRelay
from support.processes import is_gone
from support.room import REFUSED, UNAVAILABLE
from support.waiting import until

INIT = '"$STRONGROOM_INIT" exec'


def begin(relay, services, script, *flags):
    return relay.begin(services, ["/bin/sh", "-c", script], flags=flags)


def session_of(room):
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    return session


def has_runner(room, session):
    return any(each["role"] == "runner" for each in room.json("session", "show", session)["holders"])


def has_leases(room, session):
    return any(each["role"] == "runner" and each["keys"] for each in room.json("session", "show", session)["holders"])


def test_a_channel_that_ends_before_the_vault_has_said_hello(room):
    room.add_key("github", member="alice")
    relay = LeaseRelay(room, Channel(is_dead=True))
    work = begin(relay, ["github"], "echo up")
    assert work.wait(4) == UNAVAILABLE
    assert "lease channel" in work.errors()


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_a_restart_while_no_workroom_has_come_yet(room):
    room.add_key("github", member="alice")
    platform = Platform(room)
    here = {"environment": {"STRONGROOM_DATA": str(room.data)}, "url": ""}
    runner = platform.attach_here(issue(room, "github"), **here)
    until(platform.socket.exists, 20, "the runner listens")
    session = session_of(room)
    room.kill9()
    room.start()
    until(lambda: has_runner(room, session) or runner.process.poll() is not None, 20, "its runner is back")
    container = platform.container("sh", "-c", "echo given ${#GH_TOKEN}; exit 5")
    assert int(container.line("given")) > 0
    assert container.wait() == 5 and runner.wait() == 5
    platform.stop()


def test_a_vault_that_goes_again_right_after_its_answer(room):
    """A channel is lost like any other where that is noticed in the turn in which the leases came: by a write."""
    room.add_key("github", member="alice")
    brief, is_over = Channel(last=(ALL_GRANTED,)), threading.Event()
    relay = LeaseRelay(room, Channel(), brief)
    work = begin(relay, ["github"], "echo up; while sleep 0.1; do echo more; done")
    work.line("up")
    session = session_of(room)

    def stop_both():
        work.process.send_signal(signal.SIGSTOP)
        room.kill9()

    def go_on():
        time.sleep(1.2)  # so often the vault is told that something was written
        work.process.send_signal(signal.SIGCONT)
        is_over.set()

    brief.before_last, brief.after_last = stop_both, go_on
    room.kill9()
    room.start()
    assert is_over.wait(60)
    room.start()
    until(lambda: has_leases(room, session), 20, "the runner is back")
    room.cli("session", "end", session)
    assert work.wait() == REFUSED and "session_ended" in work.errors()


@pytest.mark.parametrize("what", [VAULT_HELLO, ALL_GRANTED])
def test_a_vault_that_answers_too_late(room, what):
    """For as long as the channel stands, there is no other."""
    room.add_key("github", member="alice")
    slow = Channel(held=(what,))
    relay = LeaseRelay(room, Channel(), slow)
    work = begin(relay, ["github"], "echo up; sleep 600; true")
    work.line("up")
    session = session_of(room)
    room.kill9()
    room.start()
    assert slow.is_holding.wait(60)
    time.sleep(6)  # the runner is patient for 5 s
    slow.release()
    until(lambda: has_leases(room, session), 30, "the runner is back")
    time.sleep(3)  # as long as a lease lasts that is not renewed
    assert relay.attached == 2 and has_leases(room, session)
    room.cli("session", "end", session)
    assert work.wait() == REFUSED and "session_ended" in work.errors()


def test_i9_a_revoke_before_a_runner_that_has_come_back_has_its_leases(room):
    """The vault that was started anew knows what a session was given, and waits for its processes."""
    key, _ = room.add_key("github", member="alice")
    slow = Channel(late=(ACQUIRE_SESSION,))
    relay = LeaseRelay(room, Channel(), slow)
    work = begin(relay, ["github"], "trap '' TERM; echo up $$; sleep 600; sleep 600; true")
    work.line("up")
    session = session_of(room)
    room.kill9()
    room.start()
    assert slow.is_holding.wait(60)
    until(lambda: has_runner(room, session), 30, "the runner is back")
    r2 = room.revoke(key)["receipt"]["r2"]
    assert r2["holds"] is True and r2["processes"], r2
    assert all(is_gone(each["pid"]) for each in r2["processes"])
    slow.release()
    assert work.wait() == REFUSED


def test_a_command_asked_for_while_the_leases_are_on_their_way(room):
    """It is refused, as nothing can be recorded; but it is no attempt at what was not granted."""
    room.add_key("github", member="alice")
    slow = Channel(held=(ALL_GRANTED,))
    relay = LeaseRelay(room, Channel(), slow)
    go = room.folder / "go"
    os.mkfifo(go)
    script = f"echo up; read line < {go}; {INIT} --with github -- true; echo was $?; until {INIT} --with github -- true; do sleep 0.1; done; echo then"
    work = begin(relay, ["github"], script, "--inject", "exec")
    work.line("up")
    room.kill9()
    room.start()
    assert slow.is_holding.wait(60)
    go.write_text("go\n")
    until(lambda: "uses_not_recorded" in room.log() or work.lines()[1:], 30, "it has been asked for")
    slow.release()
    assert work.line("was") == str(UNAVAILABLE)
    work.line("then")
    assert work.wait() == 0
    found = [each.get("what") for each in room.json("audit", "list", "--tenant", "acme")]
    assert "exec_not_granted" not in found


def test_refreshes_of_several_keys_in_one_piece(room):
    """Whoever asks for a value meanwhile waits until all of them are there."""
    key, _ = room.add_key("github", member="alice")
    channel = Channel(doubled=(REFRESH,), late=(AGAIN,))
    go = room.folder / "go"
    os.mkfifo(go)
    script = f"echo up; read line < {go}; {INIT} --with github -- sh -c 'printf \"now %s\" \"$(printf %s \"$GH_TOKEN\" | sha256sum)\"'; read line < {go}"
    work = begin(LeaseRelay(room, channel), ["github"], script, "--inject", "exec")
    work.line("up")
    newer = room.canaries.new("github")
    room.cli("key", "rotate", key, input=newer + "\n")
    assert channel.is_holding.wait(60)
    go.write_text("go\n")
    with pytest.raises(AssertionError):
        work.line("now", 1)
    channel.release()
    assert work.line("now").split()[0] == hashlib.sha256(newer.encode()).hexdigest()
    go.write_text("go\n")
    assert work.wait() == 0
