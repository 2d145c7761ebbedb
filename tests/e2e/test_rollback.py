"""An older database put back: noticed by its anchor, or by the record of use, and refused until it is accepted.

SPDX-License-Identifier: Apache-2.0
"""

import json
import random
import shutil
import subprocess

import pytest

from support.restoring import accept, keep, put_back, refused, states
from support.room import FAILED, PROGRAMS


def anchor(room):
    return json.loads((room.data / "anchor").read_text().splitlines()[0])


def test_i10_l2_an_older_database_stays_sealed_and_what_was_revoked_stays_revoked(room, canaries):
    gone, _ = room.add_key("gemini")
    turned, _ = room.add_key("gemini", label="turned")
    alive, _ = room.add_key("gemini", label="alive")
    room.people("left", members=("carol",))
    lost, _ = room.add_key("gemini", tenant="left")
    room.cli("member", "add", "--tenant", "acme", "bob")
    own, _ = room.add_key("github", member="bob")
    session = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini:alive")["session"]["id"]
    token = room.json("token", "add", "--tenant", "acme", "--machine", "admin", "robot")["id"]
    room.stop()
    before = keep(room, "before")
    room.start()
    room.revoke(gone)
    value = canaries.new("gemini")
    room.standins.accept("gemini", value)
    room.cli("key", "rotate", turned, input=value)
    room.cli("tenant", "remove", "left")
    room.cli("member", "remove", "--tenant", "acme", "bob")
    room.cli("token", "revoke", token)
    room.stop()
    newest = keep(room, "newest")
    put_back(room, before)
    said = refused(room)
    assert "older than the anchor" in said and "--accept-rollback" in said
    assert refused(room) == said, "a start that is refused changes nothing"
    accept(room)
    assert states(room) == {gone: "revoked", turned: "revoked", alive: "active", own: "revoked"}
    assert [t["name"] for t in room.json("tenant", "list") if t["state"] == "active"] == ["acme"]
    assert "bob" not in {m["name"] for m in room.json("member", "list", "--tenant", "acme")}
    assert room.json("session", "show", session)["state"] == "ended"
    assert {t["id"]: t["state"] for t in room.json("token", "list", "--tenant", "acme")}[token] == "revoked"
    assert room.json("key", "check", alive)["verdict"] == "accepted"
    acts = [entry for entry in room.json("audit", "list") if entry["action"] == "rollback.accept"]
    assert len(acts) == 1 and "1 tenants removed" in acts[0]["detail"], acts
    # What was newer before is older now: nobody goes back and forth.
    room.stop()
    put_back(room, newest)
    assert "generation 1" in refused(room)
    put_back(room, before, "anchor")
    assert "older than the record of use" in refused(room), "the anchor was put back as well: the record was not"
    accept(room)
    assert states(room)[gone] == "revoked" and states(room)[alive] == "active"


def test_an_anchor_elsewhere_outlives_the_whole_data_directory(make_room):
    """Database, anchor of the data directory and record: all of them put back."""
    room = make_room(start=False)
    elsewhere = room.folder / "elsewhere"
    elsewhere.mkdir()
    room.flags += ["--anchor", str(elsewhere / "anchor")]
    room.start().people()
    gone, _ = room.add_key("gemini")
    room.stop()
    before = keep(room, "before")
    room.start()
    room.revoke(gone)
    room.stop()
    put_back(room, before, "audit")
    assert str(elsewhere / "anchor") in refused(room)
    # Gone, of another installation, changed: none of these is an anchor that says yes.
    text = (elsewhere / "anchor").read_text()
    (elsewhere / "anchor").unlink()
    assert "is not there" in refused(room)
    for wrong in (text.replace('"revision":', '"revision":1'), text[:-2] + "\n", "", "x" * 9000):
        (elsewhere / "anchor").write_text(wrong)
        assert "is not of this database, or was changed" in refused(room)
        assert "is not of this database, or was changed" in refused(room, "--accept-rollback")
    shutil.move(elsewhere, room.folder / "unmounted")
    assert "cannot be read" in refused(room, "--accept-rollback", code=FAILED)
    shutil.move(room.folder / "unmounted", elsewhere)
    (elsewhere / "anchor").write_text(text)
    (elsewhere / "anchor").chmod(0o600)
    accept(room)
    # The record of that time tells nothing of the revoke: what the operator accepts is said in so many words.
    assert states(room)[gone] == "active"


def test_while_the_anchor_cannot_follow_nothing_is_changed_but_revoked(make_room):
    room = make_room(start=False)
    elsewhere = room.folder / "elsewhere"
    elsewhere.mkdir()
    room.flags += ["--anchor", str(elsewhere / "anchor")]
    room.start().people()
    gone, _ = room.add_key("gemini")
    alive, _ = room.add_key("gemini", label="alive")
    # As where its disk goes away: the folder is, and the server is root.
    shutil.move(elsewhere, room.folder / "unmounted")
    failed = room.cli("key", "revoke", gone, expect=FAILED)
    assert "It is done" in failed.stderr and "anchor" in failed.stderr
    assert states(room)[gone] == "revoked"
    assert "anchor" in room.cli("member", "add", "--tenant", "acme", "bob", expect=FAILED).stderr
    assert room.json("key", "check", alive)["verdict"] == "accepted", "keys are used all the same"
    shutil.move(room.folder / "unmounted", elsewhere)
    room.cli("member", "add", "--tenant", "acme", "bob")
    room.stop()
    assert json.loads((elsewhere / "anchor").read_text().splitlines()[0])["generation"] == 1
    room.start()


@pytest.mark.parametrize("seed", range(3))
def test_kill9_at_random_moments_never_locks_out(make_room, seed):
    """Around changes that are anchored: each start finds a database that is as new as its anchor, and what was answered."""
    chance = random.Random(seed)
    room = make_room(start=False)
    revoked = []
    for round_ in range(8):
        room.start()
        if round_ == 0:
            room.people()
        keys = [room.add_key("gemini", label=f"{round_}-{n}")[0] for n in range(4)]
        mark = anchor(room)["revision"]
        process = subprocess.Popen(
            f"for k in {' '.join(keys)}; do '{PROGRAMS}/strongroom' key revoke $k --data '{room.data}' >/dev/null && echo $k; done",
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=room.environment,
            start_new_session=True,
        )
        for _ in range(chance.randint(0, 3)):
            revoked.append(process.stdout.readline().strip())
        room.kill9()
        process.wait(30)
        revoked += process.stdout.read().split()
        revoked = [key for key in revoked if key]
        assert anchor(room)["revision"] >= mark
    room.start()
    found = states(room)
    assert {found[key] for key in revoked} <= {"revoked"} and len(revoked) > 0
