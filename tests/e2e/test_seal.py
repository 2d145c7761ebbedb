"""What protects the root key, the database at rest, and what a start refuses. SPDX-License-Identifier: Apache-2.0"""

import sqlite3
import stat

import pytest

from support.processes import open_files


def test_files_are_for_their_owner_alone(room):
    room.add_key("gemini")
    assert stat.S_IMODE(room.data.stat().st_mode) == 0o700
    for name in ("seal.key", "strongroom.db", "operator.token", "endpoints.json"):
        assert stat.S_IMODE((room.data / name).stat().st_mode) & 0o077 == 0, name


def test_a_seal_that_others_may_read_is_refused(room):
    room.stop()
    (room.data / "seal.key").chmod(0o640)
    assert "seal.key" in room.refused_start()
    (room.data / "seal.key").chmod(0o600)
    room.start()


def test_an_operator_token_that_keeps_nobody_out_is_refused(room):
    room.stop()
    token = room.data / "operator.token"
    own = token.read_text()
    token.chmod(0o644)
    assert "chmod 600" in room.refused_start()
    token.chmod(0o600)
    for short in ("", "\n", "short\n"):
        token.write_text(short)
        assert "operator.token" in room.refused_start()
    token.write_text(own)
    room.start()
    assert room.api("GET", "/api/v1/tenants")[0] == 200


def test_a_wrong_root_key_is_refused(room, make_room):
    room.add_key("gemini")
    room.stop()
    own = (room.data / "seal.key").read_bytes()
    other = make_room()
    other.stop()
    (room.data / "seal.key").write_bytes((other.data / "seal.key").read_bytes())
    sentence = room.refused_start()
    assert "seal" in sentence or "root key" in sentence
    (room.data / "seal.key").write_bytes(own)
    room.start()
    assert len(room.json("key", "list", "--tenant", "acme")) == 1


def test_passphrase_seal(make_room, standins, canaries):
    room = make_room(flags=["--seal", "passphrase"], start=False)
    passphrase = canaries.new("password")
    file = room.folder / "work"
    file.mkdir()
    (file / "passphrase").write_text(passphrase + "\n")
    (file / "passphrase").chmod(0o600)
    room.environment["STRONGROOM_PASSPHRASE_FILE"] = str(file / "passphrase")
    room.start().people()
    key_id, _ = room.add_key("gemini")
    assert not (room.data / "seal.key").exists()
    room.stop()
    (file / "passphrase").write_text("not the passphrase\n")
    assert "passphrase" in room.refused_start()
    (file / "passphrase").write_text(passphrase + "\n")
    # The kind was chosen at the first start: what is configured later changes nothing, and is not what is told.
    room.flags[:] = ["--seal", "file"]
    room.start()
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
    assert room.json("seal", "status")["seal"] == "passphrase"


def test_the_database_holds_what_it_should(room):
    """WAL with full synchronous commits, and no text of a key; a value's row changed by hand does not open."""
    room.add_key("gemini")
    room.stop()
    database = sqlite3.connect(room.data / "strongroom.db")
    assert database.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert database.execute("pragma integrity_check").fetchone()[0] == "ok"
    database.close()
    room.start()


@pytest.mark.parametrize(
    "text, word",
    [
        ('[gateway]\nextra_ca = "missing.pem"\n', "missing.pem"),
        ("listen = 8700\n", "listen"),
        ("[gateway\n", "strongroom.toml"),
        ("[gateway]\nno_such_setting = 1\n", "no_such_setting"),
        ("drain_seconds = -1\n", "drain_seconds"),
        ('log_level = "loud"\n', "loud"),
    ],
)
def test_mistakes_in_the_configuration_are_told(make_room, text, word):
    room = make_room(start=False)
    (room.data / "strongroom.toml").write_text(text)
    assert word in room.refused_start()


def test_mistakes_in_an_own_service_are_told_with_file_and_line(make_room):
    room = make_room(start=False)
    (room.data / "catalog").mkdir(mode=0o700)
    (room.data / "catalog" / "mine.toml").write_text(
        'id = "mine"\ntitle = "Mine"\ndelivery = "sideways"\n'
    )
    sentence = room.refused_start()
    assert "mine.toml" in sentence and "3" in sentence


def test_an_own_service_works(make_room, standins):
    room = make_room(start=False)
    (room.data / "catalog").mkdir(mode=0o700)
    (room.data / "catalog" / "mine.toml").write_text("""
id = "mine"
title = "Mine"
delivery = "proxied"
homes = ["skill"]
hosts = ["other.standin.test"]
inject = { slot = "header", name = "x-standin-key" }
pass_prefix = "mine_"
[[variable]]
name = "MINE_KEY"
value = "{pass}"
[[variable]]
name = "MINE_URL"
value = "{base}"
""")
    room.start().people()
    value = room.canaries.new("generic")
    standins.accept("generic", value)
    room.add_key("mine", value=value)
    done = room.run(
        ["mine"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "x-standin-key: $MINE_KEY" "$MINE_URL/hello"; echo; echo "$MINE_KEY"',
        ],
    )
    answer, held = done.stdout.strip().splitlines()
    assert "other.standin.test" in answer and held.startswith("mine_")
    standins.passes(held)


def test_processes_cannot_be_dumped(room):
    for pid in [room.process.pid, *room.gateway_pids()]:
        limits = open(f"/proc/{pid}/limits").read()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core
        assert "NoNewPrivs:\t1" in open(f"/proc/{pid}/status").read()


def test_the_gateway_opens_no_database(room):
    [gateway] = room.gateway_pids()
    opened = open_files(gateway)
    assert not [path for path in opened if path.startswith(str(room.data))], opened
    assert "libsqlite3" not in open(f"/proc/{gateway}/maps").read()
