"""What tells an older database from the newest where its anchor and the record were put back with it: a TPM's counter, a witness.

SPDX-License-Identifier: Apache-2.0
"""

import json
import random
import re
import shutil
import subprocess
import threading

import pytest

from support.restoring import accept, keep, refused, states
from support.room import PROGRAMS, WRONG_USE
from support.tpm import Tpm
from support.waiting import until
from support.witness import Witness
from test_external_seals import configure, replace
from test_record import ready
from test_witness import all_signed, more, witnessed_room


def anchor(room):
    return json.loads((room.data / "anchor").read_text().splitlines()[0])


def put_back_all(room, copy):
    """The whole data directory: database, anchor and record, as nobody but a copy outside could tell. Settings stay."""
    settings = (room.data / "strongroom.toml").read_text()
    shutil.rmtree(room.data)
    shutil.copytree(copy, room.data)
    (room.data / "strongroom.toml").write_text(settings)


# A TPM's counter


@pytest.fixture
def tpm(tmp_path):
    tpm = Tpm(tmp_path / "tpm")
    yield tpm
    tpm.stop()


@pytest.fixture
def counted(make_room, tpm):
    room = make_room(start=False)
    configure(room, f'\n[anchor]\ntpm = "{tpm.place}"\n')
    return room.start().people()


def test_i10_l2_an_older_data_directory_put_back_as_a_whole_is_refused_by_the_tpm(counted):
    room = counted
    gone, _ = room.add_key("gemini")
    alive, _ = room.add_key("gemini", label="alive")
    room.stop()
    before = keep(room, "before")
    room.start()
    count = anchor(room)["count"]
    room.revoke(gone)
    assert anchor(room)["count"] == count + 1, "it is raised before the answer"
    room.add_key("gemini", label="another")
    room.stop()
    newest = keep(room, "newest")
    assert anchor(room)["count"] == count + 1, "what only gives wears nothing out"
    put_back_all(room, before)
    said = refused(room)
    assert "older than the counter" in said and "--accept-rollback" in said
    assert refused(room) == said, "a start that is refused changes nothing"
    accept(room)
    # The record was put back as well: it tells nothing of the revoke.
    assert states(room)[gone] == "active" and states(room)[alive] == "active"
    room.stop()
    put_back_all(room, newest)
    assert "older than the counter" in refused(room), "nobody goes back and forth"


def test_while_the_tpm_is_gone_nothing_is_changed_but_revoked(counted, tpm):
    room = counted
    gone, _ = room.add_key("gemini")
    alive, _ = room.add_key("gemini", label="alive")
    room.stop()  # a copy that is taken under a server's hands may lack what it has just moved
    before = keep(room, "before")
    room.start()
    tpm.stop()
    failed = room.cli("key", "revoke", gone, expect=None)
    assert failed.returncode != 0 and "It is done" in failed.stderr and "TPM" in failed.stderr
    assert states(room)[gone] == "revoked"
    assert "anchor cannot follow" in room.cli("member", "add", "--tenant", "acme", "bob", expect=None).stderr
    assert room.json("key", "check", alive)["verdict"] == "accepted", "keys are used all the same"
    assert ready(room)[0] == 503 and "TPM" in ready(room)[1]
    tpm.start(again=True)
    until(lambda: ready(room)[0] == 200, 90, "it is counted by itself")
    room.cli("member", "add", "--tenant", "acme", "bob")
    room.stop()
    put_back_all(room, before)
    assert "older than the counter" in refused(room)


def test_a_crash_before_the_tpm_has_counted_is_finished_by_the_next_start(counted, tpm):
    room = counted
    gone, _ = room.add_key("gemini")
    count = anchor(room)["count"]
    tpm.stop()
    assert room.cli("key", "revoke", gone, expect=None).returncode != 0
    room.kill9()
    assert anchor(room)["count"] == count + 1
    said = refused(room)
    assert "cannot be read" in said and "TPM" in said
    assert "cannot be read" in refused(room, "--accept-rollback"), "no flag goes past that"
    tpm.start(again=True)
    room.start()
    assert states(room)[gone] == "revoked" and anchor(room)["count"] == count + 1
    # It was counted: the next one is the one after it.
    other, _ = room.add_key("gemini", label="other")
    room.revoke(other)
    assert anchor(room)["count"] == count + 2


def test_another_tpm_is_refused_until_it_is_accepted(counted, tpm, tmp_path):
    room = counted
    key, _ = room.add_key("gemini")
    room.stop()
    other = Tpm(tmp_path / "other")
    replace(room, tpm.place, other.place)
    assert "another TPM, or it was cleared" in refused(room)
    accept(room)
    assert states(room)[key] == "active"
    other.stop()


def test_two_installations_do_not_share_a_counter(counted, make_room, tpm):
    second = make_room(start=False)
    configure(second, f'\n[anchor]\ntpm = "{tpm.place}"\n')
    said = refused(second)
    assert "belongs to another installation" in said and "tpm_index" in said
    replace(second, "[anchor]\n", '[anchor]\ntpm_index = "0x01A57301"\n')
    second.start()
    for wrong in ("0x01A57301x", "0x01C00000", "7"):
        second.stop()
        text = (second.data / "strongroom.toml").read_text()
        (second.data / "strongroom.toml").write_text(re.sub('tpm_index = "[^"]*"', f'tpm_index = "{wrong}"', text))
        assert "0x01800000 to 0x01BFFFFF" in refused(second, code=WRONG_USE)
        (second.data / "strongroom.toml").write_text(text)
        second.start()


def test_many_revokes_at_once_are_counted_together(counted):
    room = counted
    keys = [room.add_key("gemini", label=f"n{n}")[0] for n in range(12)]
    count = anchor(room)["count"]
    threads = [threading.Thread(target=room.revoke, args=(key,)) for key in keys]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert {states(room)[key] for key in keys} == {"revoked"}
    assert 1 <= anchor(room)["count"] - count <= len(keys)
    room.stop()
    room.start()


@pytest.mark.parametrize("seed", range(2))
def test_kill9_at_random_moments_never_locks_out_where_a_tpm_counts(counted, seed):
    chance = random.Random(seed)
    room = counted
    revoked = []
    for round_ in range(5):
        keys = [room.add_key("gemini", label=f"{round_}-{n}")[0] for n in range(4)]
        process = subprocess.Popen(
            f"for k in {' '.join(keys)}; do '{PROGRAMS}/strongroom' key revoke $k --data '{room.data}' >/dev/null && echo $k; done",
            shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=room.environment, start_new_session=True,
        )
        for _ in range(chance.randint(0, 3)):
            revoked.append(process.stdout.readline().strip())
        room.kill9()
        process.wait(30)
        revoked += process.stdout.read().split()
        room.start()
    found = states(room)
    revoked = [key for key in revoked if key]
    assert {found[key] for key in revoked} <= {"revoked"} and len(revoked) > 0


# A witness of the record


@pytest.fixture
def witness(tmp_path):
    witness = Witness(tmp_path / "witness")
    yield witness
    witness.stop()


@pytest.fixture
def vouched(make_room, witness):
    """A room whose witness has signed all, and is asked at each start from now on."""
    room = witnessed_room(make_room, witness)
    until(lambda: all_signed(room), 30, "the witness has signed all")
    room.stop()
    configure(room, '\n[anchor]\nwitness = "w1"\n')
    return room


def test_i10_l2_an_older_data_directory_put_back_as_a_whole_is_refused_by_the_witness(vouched):
    room = vouched.start()
    gone, _ = room.add_key("gemini")
    until(lambda: all_signed(room), 30, "the witness has signed all")
    room.stop()
    before = keep(room, "before")
    room.start()
    room.revoke(gone)
    until(lambda: all_signed(room), 30, "the witness has signed all")
    room.stop()
    put_back_all(room, before)
    said = refused(room)
    assert "it has seen" in said and "put back" in said and "--accept-rollback" in said
    assert refused(room) == said
    accept(room)
    assert states(room)[gone] == "active"
    # From now on it says nothing of use: it has to be told, and the log says so at each start.
    assert "witness_is_no_anchor" in room.log()


def test_i10_l2_the_record_that_a_witness_vouches_for_tells_an_older_database(vouched):
    """What the record tells in no other way: a member who was removed."""
    room = vouched.start()
    room.stop()
    before = keep(room, "before")
    room.start()
    room.cli("member", "remove", "--tenant", "acme", "alice")
    room.stop()
    for name in ("strongroom.db", "anchor"):
        shutil.copy2(before / name, room.data / name)
    for name in ("strongroom.db-wal", "strongroom.db-shm"):
        (room.data / name).unlink(missing_ok=True)
    assert "older than the record of use, which tells of change" in refused(room)
    accept(room)
    assert "alice" not in {m["name"] for m in room.json("member", "list", "--tenant", "acme")}


def test_a_witness_that_is_not_reached_is_told_and_waited_for_where_it_is_required(vouched, witness):
    room = vouched
    witness.broken = (503, {}, b"")
    room.start()
    assert "witness_not_asked" in room.log() and "it answered 503" in room.log()
    room.stop()
    replace(room, "[[audit.witness]]\n", "[[audit.witness]]\nrequired = true\n")
    said = refused(room)
    assert "cannot be told whether an older database was put back" in said and "it answered 503" in said
    assert "it answered 503" in refused(room, "--accept-rollback")
    # A signature of an earlier day, shown again by somebody on the way.
    witness.broken, witness.clock = None, -86_400
    assert "is not of now" in refused(room)
    witness.clock = 0
    room.start()
    more(room, 1)
    until(lambda: all_signed(room), 30, "the witness has signed all")


def test_the_anchor_names_a_witness_that_there_is(vouched):
    replace(vouched, 'witness = "w1"', 'witness = "w2"')
    assert "no [[audit.witness]] of that name" in refused(vouched, code=WRONG_USE)
