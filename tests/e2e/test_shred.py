"""A new root key, and tenants whose revoked keys no older copy opens. SPDX-License-Identifier: Apache-2.0"""

import random
import shutil
import threading
import time
from http.client import HTTPException

from support.attacker import Copy, file_key
from support.room import NOT_FOUND, REFUSED, UNAVAILABLE
from support.waiting import until

ROTATE = "/api/v1/root/rotate"


def works(room, *keys):
    for key in keys:
        assert room.json("key", "check", key)["verdict"] == "accepted"


def copy_of_database(room, name):
    """As a backup of it would be taken: the server is stopped meanwhile."""
    room.stop()
    copy = room.folder / name
    shutil.copyfile(room.data / "strongroom.db", copy)
    room.start()
    return copy


def stopped(room):
    room.stop()
    return Copy(room.data / "strongroom.db"), file_key(room.data / "seal.key")


def files_with(room, octets):
    return [
        file.name
        for file in room.data.rglob("*")
        if file.is_file() and octets in file.read_bytes()
    ]


def test_an_old_copy_and_the_keys_of_today_open_nothing_that_was_revoked(room, canaries):
    """R4, attacked: the database from before, with today's data directory and every key that opens in it."""
    gone, gone_value = room.add_key("gemini")
    turned, turned_value = room.add_key("gemini", label="turned")
    alive, alive_value = room.add_key("gemini", label="alive")
    room.people("other", members=("carol",))
    elsewhere, _ = room.add_key("gemini", tenant="other")
    before = copy_of_database(room, "before.db")
    old_seal = file_key(room.data / "seal.key")
    opens = Copy(before).open([old_seal])["values"]
    assert opens[gone, 1] == gone_value and opens[turned, 1] == turned_value
    room.revoke(gone)
    new_value = canaries.new("gemini")
    room.standins.accept("gemini", new_value)
    room.cli("key", "rotate", turned, input=new_value)
    # A revoke alone does not do it: the receipt claims no R4, and rightly so.
    assert (gone, 1) in Copy(before).open([file_key(room.data / "seal.key")])["values"]

    done = room.cli("shred", "--tenant", "acme", "--json")
    receipt = room.verified(done.stdout)["receipt"]
    assert receipt["reason"] == "shredded" and receipt["r4"]["holds"] is True
    assert receipt["subject"]["revoked_keys"] == 1
    assert not receipt["r1"]["holds"] and not receipt["r3"]["holds"]
    works(room, turned, alive, elsewhere)
    today, seal = stopped(room)
    assert seal != old_seal
    known = today.open([seal])
    assert known["values"][alive, 1] == alive_value and known["values"][turned, 2] == new_value
    assert (gone, 1) not in known["values"] and (turned, 1) not in known["values"]

    old = Copy(before)
    found = old.open([seal], known["roots"], known["tenant_keys"], known["seeds"])
    assert found["roots"] == known["roots"], "no root key of the old copy opens"
    # Another tenant's records are under seeds that are alive: nothing was promised of those.
    assert {key for key, _ in found["values"]} == {elsewhere}
    # Nothing of what the old keys were wrapped in is in any file of today.
    for table, column in (("seals", "wrapped_root"), ("tenants", "wrapped_key"), ("epochs", "wrapped_seed")):
        for row in old.rows[table]:
            if row[column] and row["tenant" if table == "epochs" else "id"] != other_id(old):
                assert files_with(room, row[column]) == []
    for row in old.rows["key_versions"]:
        if row["key"] != elsewhere:
            assert files_with(room, row["record"]) == []
    assert files_with(room, old_seal.hex().encode()) == []
    # And as an operator might do it: the old database in today's data directory.
    restored = room.folder / "restored"
    shutil.copytree(room.data, restored, ignore=shutil.ignore_patterns("*.sock", "*-wal", "*-shm"))
    shutil.copyfile(before, restored / "strongroom.db")
    assert "is not the one this database was made with" in room.refused_start(restored)
    room.start()
    works(room, turned, alive, elsewhere)


def other_id(copy):
    """Not shredded: its seed is what it was, wrapped in the same record."""
    return next(row["id"] for row in copy.rows["tenants"] if row["name"] == "other")


def test_a_removed_tenant_is_shredded_by_its_id(room):
    key, value = room.add_key("gemini")
    room.people("other", members=("carol",))
    kept, _ = room.add_key("gemini", tenant="other")
    tenant = next(t["id"] for t in room.json("tenant", "list") if t["name"] == "acme")
    before = copy_of_database(room, "before.db")
    assert Copy(before).open([file_key(room.data / "seal.key")])["values"][key, 1] == value
    room.cli("tenant", "remove", "acme")
    room.cli("shred", "--tenant", "acme", expect=NOT_FOUND)
    receipt = room.verified(room.cli("shred", "--tenant", tenant, "--json").stdout)["receipt"]
    assert receipt["r4"]["holds"] is True and receipt["subject"]["id"] == tenant
    works(room, kept)
    today, seal = stopped(room)
    known = today.open([seal])
    found = Copy(before).open([seal], known["roots"], known["tenant_keys"], known["seeds"])
    assert {k for k, _ in found["values"]} == {kept}
    room.start()
    works(room, kept)


def test_seals_that_want_something_of_somebody_are_asked_for(room, canaries):
    key, _ = room.add_key("gemini")
    first, second = canaries.new("password"), canaries.new("password")
    shares = room.json("seal", "add", "shares", "--shares", "3", "--threshold", "2")
    before = file_key(room.data / "seal.key")
    room.json("seal", "add", "passphrase", input=first)
    same = room.cli("rewrap", "--root", input=first, expect=REFUSED)
    assert "passphrase of today" in same.stderr and first not in same.stderr
    assert file_key(room.data / "seal.key") == before
    done = room.json("rewrap", "--root", input=second)
    assert done["overwritten"] and done["forgotten"]
    assert sorted(seal["kind"] for seal in done["seals"]) == ["file", "passphrase", "shares"]
    [new] = done["new_shares"]
    assert len(new["shares"]) == 3 and not set(new["shares"]) & set(shares["shares"])
    works(room, key)
    room.stop()
    (room.data / "seal.key").unlink()
    room.start()
    assert room.endpoints["sealed"] is True
    assert room.cli("unseal", "--passphrase", input=first, expect=None).returncode != 0
    assert room.cli("unseal", "--share", input=shares["shares"][0], expect=None).returncode != 0
    room.cli("unseal", "--share", input=new["shares"][0], expect=UNAVAILABLE)
    room.json("unseal", "--share", input=new["shares"][2])
    until(lambda: room.gateway_pids(), 60, "the gateways have joined")
    works(room, key)
    room.stop()
    room.start()
    room.json("unseal", "--passphrase", input=second)
    until(lambda: room.gateway_pids(), 60, "the gateways have joined")
    acts = [entry["action"] for entry in room.json("audit", "list")]
    assert acts.count("root.rotate") == 1


def test_l5_a_rotation_of_the_root_key_that_is_killed_at_any_moment(room):
    """Each time one of the two files of the seal opens, and the record and the receipts have the signer they had."""
    key, _ = room.add_key("gemini")
    signer = room.json("seal", "status")["receipt_public_key"]
    record_key = (room.data / "record-key.pub").read_text()
    chance = random.Random(7)

    def rotate_until_it_ends():
        try:
            while room.api("POST", ROTATE, {})[0] == 200:
                pass
        except (OSError, HTTPException, ValueError):
            pass  # killed, perhaps in the middle of an answer

    for _ in range(10):
        thread = threading.Thread(target=rotate_until_it_ends)
        thread.start()
        time.sleep(chance.uniform(0.01, 0.15))  # wherever it is by then
        room.kill9()
        thread.join(30)
        room.start()
        works(room, key)
        assert not (room.data / "seal.key.next").exists()
    assert room.json("seal", "status")["receipt_public_key"] == signer
    assert (room.data / "record-key.pub").read_text() == record_key
    room.cli("audit", "verify")
