"""Backups: made beside everything else, sealed, checked, restored; and what they cannot bring back.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading

from support import backup_reader
from support.attacker import file_key
from support.disk import full_disk
from support.restoring import accept, refused, states
from support.room import FAILED, NOT_FOUND, PROGRAMS, UNAVAILABLE, WRONG_USE
from support.waiting import until


def back_up(room, name="backup"):
    file = room.folder / name
    room.cli("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    return file


def program(room, *arguments, data, expect=0, input=None):
    """A command that needs no server."""
    done = subprocess.run(
        [str(PROGRAMS / "strongroom"), *map(str, arguments), "--data", str(data)],
        input=input or b"",
        capture_output=True,
        cwd=room.folder,
        env=room.environment,
        timeout=120,
    )
    assert done.returncode == expect or (expect is None and done.returncode != 0), (done.returncode, done.stdout, done.stderr)
    return (done.stdout + done.stderr).decode()


def restored(make_room, room, file, *beside):
    """A stopped room on the restored database, with the seal and what else is named of the old one."""
    fresh = make_room(start=False)
    shutil.copy2(room.data / "seal.key", fresh.data)
    program(room, "restore", file, data=fresh.data)
    for name in beside:
        shutil.copytree(room.data / name, fresh.data / name)
    return fresh


def test_i10_a_restore_does_not_bring_back_what_was_revoked(room, make_room):
    gone, _ = room.add_key("gemini")
    alive, _ = room.add_key("gemini", label="alive")
    until((room.data / "audit" / "tlog" / "checkpoint").exists, 30, "the record has a checkpoint")
    file = back_up(room)
    shown = json.loads(program(room, "backup", "verify", file, "--json", data=room.data))
    assert shown["installation"] == room.json("seal", "status")["id"] and shown["seals"] == "file"
    assert shown["checkpoint"].startswith("strongroom.record/")
    room.revoke(gone)
    room.stop()
    # With the record of the newest time, and on a bare machine.
    fresh = restored(make_room, room, file, "audit")
    assert "is not there" in refused(fresh)
    accept(fresh)
    assert states(fresh) == {gone: "revoked", alive: "active"}
    assert fresh.json("key", "check", alive)["verdict"] == "accepted"
    fresh.stop()
    bare = restored(make_room, room, file)
    said = refused(bare)
    assert "nothing tells" in said and "--accept-rollback" in said
    accept(bare)
    assert states(bare) == {gone: "active", alive: "active"}, "nothing was there that could tell"
    assert room.cli("backup", "verify", str(file.parent / "none"), expect=NOT_FOUND)
    assert "holds a database already" in program(room, "restore", file, data=bare.data, expect=FAILED)


def test_a_second_reader_reads_it_and_no_value_is_in_it(room, canaries):
    room.add_key("gemini")
    room.add_key("github", member="alice")
    file = back_up(room)
    octets = file.read_bytes()
    assert [name for name, pattern in canaries.patterns() if pattern in octets] == []
    assert b"acme" not in octets and b"gemini" not in octets, "not even names"
    database = backup_reader.content(octets, [file_key(room.data / "seal.key")])
    opened = room.folder / "opened.db"
    opened.write_bytes(database)
    copy = sqlite3.connect(f"file:{opened}?mode=ro&immutable=1", uri=True)
    assert copy.execute("select count(*) from keys").fetchone() == (2,)
    assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    copy.close()
    # To a pipe, and from one.
    streamed = subprocess.run(
        [str(PROGRAMS / "strongroom"), "backup", "-", "--data", str(room.data)],
        capture_output=True,
        env=room.environment,
        timeout=60,
        check=True,
    ).stdout
    assert program(room, "backup", "verify", "-", data=room.data, input=streamed)
    # Another's seal, and none.
    other = room.folder / "other.key"
    other.write_text("strongroom-seal-1 " + "0" * 64 + "\n")
    other.chmod(0o600)
    program(room, "backup", "verify", file, "--seal-file", other, data=room.data, expect=UNAVAILABLE)
    program(room, "backup", "verify", file, "--seal-file", "/none", data=room.data, expect=UNAVAILABLE)
    assert room.cli("backup", expect=WRONG_USE)


def test_what_was_done_to_a_backup_is_noticed_and_nothing_of_it_is_restored(room):
    for n in range(40):
        room.cli("member", "add", "--tenant", "acme", f"m{n}")
    octets = back_up(room).read_bytes()
    head, key, segments = backup_reader.pieces(octets)
    assert len(segments) > 2
    said = json.loads(head)
    swapped = [segments[1], segments[0], *segments[2:]]
    left_out = [segments[0], *segments[2:]]
    early = [*segments[:-2], (True, segments[-2][1])]
    twice = [segments[0], segments[0], *segments[1:]]
    newer = json.dumps({**said, "revision": said["revision"] + 1}, separators=(",", ":")).encode()
    chance = random.Random(1)
    flips = [chance.randrange(len(octets)) for _ in range(40)]
    damaged = [
        octets[: len(octets) // 2],
        octets[:-1],
        octets[: -len(segments[-1][1]) - 4],
        octets + b"x",
        octets + octets,
        b"",
        backup_reader.joined(head, key, swapped),
        backup_reader.joined(head, key, left_out),
        backup_reader.joined(head, key, early),
        backup_reader.joined(head, key, twice),
        backup_reader.joined(newer, key, segments),
        *(octets[:at] + bytes([octets[at] ^ 1 << chance.randrange(8)]) + octets[at + 1 :] for at in flips),
    ]
    fresh = room.folder / "fresh"
    fresh.mkdir(mode=0o700)
    shutil.copy2(room.data / "seal.key", fresh)
    for number, each in enumerate(damaged):
        done = subprocess.run(
            [str(PROGRAMS / "strongroom"), "restore", "-", "--data", str(fresh)],
            input=each,
            capture_output=True,
            env=room.environment,
            timeout=60,
        )
        assert done.returncode in (FAILED, WRONG_USE, UNAVAILABLE), (number, done.stderr)
        assert os.listdir(fresh) == ["seal.key"], number
    program(room, "restore", "-", data=fresh, input=octets)


def test_a_backup_is_of_one_moment_while_keys_are_added(room, make_room):
    first = back_up(room, "first")
    added, done = [], threading.Event()

    def add():
        for n in range(1000):
            status, key = room.api(
                "POST",
                "/api/v1/keys",
                {"tenant": "acme", "service": "gemini", "label": f"n{n}", "value": f"AIzaSyTest-0123456789-abcdefg-{n:08}"},
            )
            assert status == 201, key
            added.append(key["id"])
        done.set()

    adding = threading.Thread(target=add)
    adding.start()
    backups = []
    while not done.is_set() and adding.is_alive():
        at_least = len(added)
        backups.append((at_least, back_up(room, f"backup-{len(backups)}"), len(added) + 1))
    adding.join()
    assert done.is_set() and len(backups) > 1
    for least, file, most in [backups[0], backups[-1]]:
        fresh = restored(make_room, room, file)
        copy = sqlite3.connect(f"file:{fresh.data / 'strongroom.db'}?mode=ro&immutable=1", uri=True)
        (count,) = copy.execute("select count(*) from keys").fetchone()
        copy.close()
        assert least <= count <= most
    assert first.exists()


def test_a_full_disk_ends_the_backup_and_nothing_else(room):
    """Both disks: where the server copies to, and where the backup goes."""
    key, _ = room.add_key("gemini")
    target = room.folder / "backup"
    with full_disk(room.process.pid):
        assert room.cli("backup", str(target), expect=None).returncode in (FAILED, UNAVAILABLE)
        assert not list(room.folder.glob("backup*")) and not (room.data / "backup.copy").exists()
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [str(PROGRAMS / "strongroom"), "backup", "-", "--data", str(room.data)],
            stdout=full,
            stderr=subprocess.PIPE,
            env=room.environment,
            timeout=60,
        )
    assert done.returncode == FAILED and b"No space left" in done.stderr, done
    until(lambda: room.cli("backup", str(target), expect=None).returncode == 0, 30, "one at a time, and that one has ended")
    program(room, "backup", "verify", target, data=room.data)
    assert room.json("key", "check", key)["verdict"] == "accepted"


def test_a_backup_opens_by_shares_alone(room, make_room):
    key, _ = room.add_key("gemini")
    shares = room.json("seal", "add", "shares", "--shares", "3", "--threshold", "2")["shares"]
    foreign = make_room().json("seal", "add", "shares", "--shares", "2", "--threshold", "2")["shares"]
    file = back_up(room)
    room.stop()
    lost = room.folder / "lost.key"
    (room.data / "seal.key").rename(lost)

    def lines(*given):
        return "".join(share + "\n" for share in given).encode()

    said = program(room, "backup", "verify", file, data=room.data, expect=UNAVAILABLE)
    assert "2 of 3" in said and "--by-shares" in said
    enough = lines(shares[2], shares[2], shares[0])  # one that comes twice counts once
    assert "It is whole" in program(room, "backup", "verify", file, "--by-shares", data=room.data, input=enough)
    fresh = make_room(start=False)
    wrong = shares[1][:40] + ("0" if shares[1][40] != "0" else "1") + shares[1][41:]
    for given in (lines(shares[0]), lines(shares[0], wrong), lines(shares[0], foreign[1]), b""):
        said = program(room, "restore", file, "--by-shares", data=fresh.data, input=given, expect=None)
        assert not any(share in said for share in shares + foreign)
        assert not (fresh.data / "strongroom.db").exists(), "nothing is left of what did not open"
    assert "name the backup's file" in program(room, "restore", "-", "--by-shares", data=fresh.data, expect=WRONG_USE)
    program(room, "restore", file, "--by-shares", data=fresh.data, input=enough)
    # The server that starts on it is opened by them as well.
    fresh.flags.append("--accept-rollback")
    fresh.start()
    assert fresh.endpoints.get("sealed") is True
    fresh.cli("unseal", "--share", input=shares[0] + "\n", expect=UNAVAILABLE)
    fresh.json("unseal", "--share", input=shares[1] + "\n")
    until(lambda: "gateway_pids" in (fresh.data / "endpoints.json").read_text(), 30, "it is open")
    assert states(fresh) == {key: "active"}
