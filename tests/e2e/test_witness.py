"""Witnesses of the record: they sign that it has only grown, and notice where it was put back or told otherwise to others.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import contextlib
import hashlib
import html
import itertools
import os
import shutil
import socket
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

import pytest

from support.ports import free_port
from support.room import NOT_FOUND
from support.waiting import until
from support.witness import Witness
from test_record import export, needs_go, ready
from test_sinks import asked, sinks, started

LITEWITNESS = Path(__file__).resolve().parent / "support" / "litewitness"


NUMBERS = itertools.count()


@pytest.fixture
def witness(tmp_path):
    witness = Witness(tmp_path / "witness")
    yield witness
    witness.stop()


def configure(room, name, to, key, **settings):
    settings = {"every_seconds": 1, **settings}
    lines = "".join(f"{each} = {str(value).lower() if isinstance(value, (bool, int)) else repr(str(value))}\n" for each, value in settings.items())
    file = room.data / "strongroom.toml"
    file.write_text(f'{file.read_text()}\n[[audit.witness]]\nname = "{name}"\nto = "{to}"\nkey = "{key}"\n{lines}')
    return room


def log_key(room):
    """As others are given it."""
    room.start().people("first")
    until(lambda: (room.data / "audit" / "tlog" / "checkpoint").exists(), 60, "a checkpoint")
    folder = room.folder / "named"
    room.json("audit", "export", "--tiles", str(folder))
    key = (folder / "verifier-key").read_text()
    room.stop()
    return key


def witnessed_room(make_room, witness, **settings):
    room = make_room(start=False)
    witness.trust(log_key(room))
    configure(room, "w1", witness.url, witness.verifier_key, ca=witness.ca, **settings)
    return room.start().people()


def all_signed(room, name="w1"):
    view = sinks(room)[name]
    return view["state"] == "current" and view["sent"] == room.json("audit", "verify")["entries"]


def more(room, count):
    """Acts in the record, none like another."""
    for _ in range(count):
        status, _ = room.api("POST", "/api/v1/members", {"tenant": "acme", "name": f"m{next(NUMBERS)}"})
        assert status == 201


def verification(room, folder, *witnesses):
    flags = [flag for each in witnesses for flag in ("--witness", each)]
    key = (room.data / "record-key.pub").read_text().strip()
    return "audit", "verify", str(folder), "--public-key", key, *flags


def verify(room, folder, *witnesses):
    return room.json(*verification(room, folder, *witnesses))["witnessed"]


def unverified(room, folder, *witnesses):
    return room.cli(*verification(room, folder, *witnesses), expect=NOT_FOUND).stderr


def test_a_witness_signs_what_has_grown_and_a_verifier_asks_for_it(make_room, witness, tmp_path):
    room = witnessed_room(make_room, witness)
    for _ in range(3):
        more(room, 90)
        until(lambda: all_signed(room), 30, "the witness has signed all")
    assert len(witness.signed) >= 3, "with proofs over a tile's end"
    out = tmp_path / "out"
    exported = export(room, out)
    [told] = verify(room, out, witness.verifier_key)
    assert told["name"] == witness.name and told["entries"] == exported["entries"] > 270
    [kept] = verify(room, room.data / "audit", witness.verifier_key)
    assert kept["entries"] >= told["entries"]
    other = Witness(tmp_path / "other", "witness.example/other")
    other.stop()
    assert "is cosigned by the witness 'witness.example/other'" in unverified(room, out, witness.verifier_key, other.verifier_key)
    # Another's signature under the witness's name, and the witness's of another text.
    note = out / "witnessed" / "w1"
    text = note.read_text().partition("\n\n")[0] + "\n"
    ours = note.read_text()[: -len(witness.cosignature(text))]
    other.name = witness.name
    for bad in (other.cosignature(text), witness.cosignature(text.replace("\n", "\n1", 1)), ""):
        note.write_text(ours + bad)
        unverified(room, out, witness.verifier_key)
    note.write_text(ours + witness.cosignature(text))
    assert verify(room, out, witness.verifier_key)


def test_a_record_that_was_put_back_with_its_checkpoint_is_contradicted(make_room, witness, tmp_path):
    room = witnessed_room(make_room, witness, required=True)
    until(lambda: all_signed(room), 30, "the witness has signed all")
    room.stop()
    shutil.copytree(room.data / "audit", tmp_path / "before")
    room.start()
    more(room, 5)
    room.add_key("gemini")
    session = started(room)
    until(lambda: asked(session)[0] == 200, 30, "the witness has kept up")
    until(lambda: all_signed(room), 30, "the witness has signed all")
    room.stop()
    shutil.rmtree(room.data / "audit")
    shutil.copytree(tmp_path / "before", room.data / "audit")
    room.start()
    until(lambda: "contradicts the record" in ready(room)[1], 30, "uses are held")
    assert ready(room)[0] == 503 and "put back" in ready(room)[1]
    assert asked(started(room))[0] == 503
    assert room.log().count("witness_contradicts") >= 1


def test_one_that_tells_another_history_of_the_same_length_is_found_out(make_room, witness):
    room = witnessed_room(make_room, witness)
    until(lambda: all_signed(room), 30, "the witness has signed all")
    [(origin, (size, _))] = witness.seen.items()
    witness.seen[origin] = (size, b"\0" * 32)
    more(room, 2)
    until(lambda: sinks(room)["w1"]["state"] == "contradicting", 30, "the proof does not lead there")
    assert "another record" in sinks(room)["w1"]["error"]
    assert ready(room)[0] == 200, "it is not required"


@pytest.mark.parametrize(
    "answer, said",
    [
        ((500, {}, b""), "it answered 500"),
        ((409, {}, b"many\n"), "does not say how much"),
        ((200, {}, "— witness.example/w1 AAAAAAAA\n".encode()), "no cosignature by its key"),
        ((200, {}, b""), "no cosignature by its key"),
    ],
)
def test_a_witness_that_answers_badly_is_told_and_tried_again(make_room, witness, answer, said):
    room = witnessed_room(make_room, witness, required=True, patience_seconds=1)
    room.add_key("gemini")
    session = started(room)
    until(lambda: all_signed(room), 30, "the witness has signed all")
    witness.broken = answer
    more(room, 1)
    until(lambda: sinks(room)["w1"]["state"] == "holding", 30, "uses wait for it")
    assert said in sinks(room)["w1"]["error"] and ready(room)[0] == 503
    assert asked(session)[0] == 503
    witness.broken = None
    until(lambda: asked(session)[0] == 200, 90, "uses go on by themselves")


def test_what_is_no_witness_is_refused_at_the_start(make_room, witness):
    for changes, said in (
        ({"key": "nobody"}, "NAME+HASH+BASE64"),
        ({"key": witness.verifier_key.replace("+", "x+", 1)}, "NAME+HASH+BASE64"),
        ({"to": "ftp://localhost/"}, "http://HOST:PORT/PATH or https://HOST/PATH"),
    ):
        room = make_room(start=False)
        configure(room, "w1", **{"to": witness.url, "key": witness.verifier_key, **changes})
        assert said in room.refused_start()


@contextlib.contextmanager
def agent_with_key(folder):
    """The socket of an agent of its own that holds one key, and the key's fingerprint."""
    socket_path, key = folder / "agent.sock", folder / "witness-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=20)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket_path)], stdout=subprocess.DEVNULL)
    try:
        until(socket_path.exists, 60, "the agent is there")
        environment = {**os.environ, "SSH_AUTH_SOCK": str(socket_path)}
        subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True, timeout=20)
        told = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True, timeout=20)
        yield socket_path, told.stdout.split()[1]
    finally:
        agent.terminate()
        agent.wait(20)


def page_of(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            return html.unescape(answer.read().decode())
    except OSError:
        return None


@needs_go
@pytest.mark.timeout(600)
def test_litewitness_signs_our_checkpoints(make_room, tmp_path):
    """A witness that no one here wrote, with a key in an agent, as it is run."""
    litewitness = tmp_path / "litewitness"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    command = ["go", "build", "-o", str(litewitness), "filippo.io/torchwood/cmd/litewitness"]
    subprocess.run(command, env=environment, cwd=LITEWITNESS, check=True, timeout=400)
    room = make_room(start=False)
    verifier = log_key(room)
    database = tmp_path / "witness.db"

    def add_log():
        """As its own tool does, which wants a library that it does not need itself."""
        origin, empty = verifier.split("+")[0], base64.b64encode(hashlib.sha256().digest()).decode()
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as rows, rows:
            rows.execute("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (origin, empty))
            rows.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (origin, verifier.strip()))

    with agent_with_key(tmp_path) as (agent, fingerprint):
        port = free_port()
        command = [litewitness, "-db", str(database), "-key", fingerprint, "-listen", f"127.0.0.1:{port}"]
        command += ["-name", "example.com/w", "-ssh-agent", str(agent)]
        process = subprocess.Popen(command, stderr=(tmp_path / "witness.log").open("wb"))
        try:
            page = until(lambda: page_of(port), 30, "the witness is there")
            key = next(word for word in page.split() if word.startswith("example.com/w+"))
            add_log()
            configure(room, "lite", f"http://127.0.0.1:{port}", key)
            room.start().people()
            for count in (300, 40):
                more(room, count)
                until(lambda: all_signed(room, "lite"), 60, "litewitness has signed all")
            out = tmp_path / "out"
            assert export(room, out)["entries"] == verify(room, out, key)[0]["entries"]
        finally:
            process.terminate()
            process.wait(20)
