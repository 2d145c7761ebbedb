"""The last test: no key of the whole suite, in any encoding, in anything that Strongroom left behind.

Searched: data directories with database, WAL, record and receipts; logs; temporary files; core files; and, by the
watcher of the whole run, command lines and environments outside workrooms. SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import os
import secrets
import stat
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

from support.canary import SHAPES, encodings, search
from support.processes import pids, read

STARTED = time.time()
LARGEST = 256 * 1024 * 1024
# What the tests' own servers keep, and what a workroom wrote itself, is not Strongroom's.
NOT_OURS = {"repositories", "first", "work"}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_search_finds_every_encoding(shape):
    value = SHAPES[shape]()
    raw = value.encode()
    patterns = encodings(value)
    written = [
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        urllib.parse.quote(value, safe="").encode(),
        urllib.parse.quote_plus(value, safe="").encode(),
        json.dumps({"v": value}).encode(),
        "".join(f"\\u{ord(c):04x}" for c in value).encode(),
        "".join(f"%{b:02X}" for b in raw).encode(),
    ]
    for before in range(7):
        around = secrets.token_bytes(before) + raw + secrets.token_bytes(5)
        written += [base64.b64encode(around), base64.urlsafe_b64encode(around)]
    for octets in written:
        assert search(octets, patterns), octets
    assert not search(json.dumps({"v": SHAPES[shape]()}).encode(), patterns)


def files_under(folder):
    for path, folders, names in os.walk(folder, onerror=lambda _: None):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in names:
            file = Path(path) / name
            try:
                found = file.lstat()
            except OSError:
                continue  # it has gone meanwhile: these places are everybody's
            if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
                yield file


def recent_files_under(folder, besides):
    """Of this run: changed since it began, in places that everyone shares."""
    for file in files_under(folder):
        try:
            if besides not in file.parents and file.stat().st_mtime >= STARTED:
                yield file
        except OSError:
            pass


def folder_of_core_files():
    """Where the kernel writes them, when it is told a place of its own and no program."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    return [str(Path(pattern).parent)] if pattern.startswith("/") else []


def leaks_in(files, patterns):
    """grep looks for all patterns at once; what it finds is named, never shown."""
    names = {octets: name for name, octets in patterns}
    command = ["grep", "--fixed-strings", "--text", "--only-matching", "--no-messages", "--null"]
    found = set()
    for at in range(0, len(files), 500):
        done = subprocess.run(
            [*command, "--with-filename", "--file=-", "--", *map(str, files[at : at + 500])],
            input=b"\n".join(names),
            stdout=subprocess.PIPE,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )
        assert done.returncode in (0, 1, 2), done.returncode
        for line in filter(None, done.stdout.split(b"\n")):
            file, _, octets = line.partition(b"\0")
            found.add(f"{file.decode()}: {names[octets]}")
    return sorted(found)


def test_the_search_of_files_finds_them_too(tmp_path):
    values = {shape: make() for shape, make in SHAPES.items()}
    patterns = [pattern for value in values.values() for pattern in encodings(value)]
    files = [tmp_path / str(number) for number in range(len(patterns) + 1)]
    for file, (_, octets) in zip(files, patterns):
        file.write_bytes(secrets.token_bytes(3000) + octets + secrets.token_bytes(3000))
    files[-1].write_bytes(secrets.token_bytes(6000))
    told = {line.partition(": ")[0] for line in leaks_in(files, patterns)}
    assert told == {str(file) for file in files[:-1]}


def test_nothing_outside_workrooms_while_all_is_in_use(room, standins, canaries, process_watch):
    """A moment in which everything is held: proxied and injected keys, streams, a running check."""
    for service in ("gemini", "openai", "elevenlabs"):
        room.add_key(service)
    _, token = room.add_key("github", member="alice")
    room.add_key(
        "postgres",
        value=canaries.new("password"),
        settings={"host": "127.0.0.1", "port": "1", "user": "u", "database": "d"},
    )
    standins.stream(events=2, hold=True)
    probe = """
import os, time, urllib.request
request = urllib.request.Request(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1/models/m:streamGenerateContent?alt=sse", data=b"{}",
                                 headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"], "content-type": "application/json"})
answer = urllib.request.urlopen(request, timeout=60)
print("FIRST", answer.readline(), flush=True)
time.sleep(600)
"""
    workroom = room.begin(
        ["gemini", "openai", "elevenlabs", "github", "postgres"], [sys.executable, "-c", probe]
    )
    workroom.line("FIRST")
    inside = [pid for pid in pids() if token.encode() in read(pid, "environ")]
    assert inside, "the workroom does hold its injected token: the search below can see such things"
    process_watch.look(everything=True)
    assert process_watch.findings == []


def test_nothing_of_any_key_is_left_behind(suite_folder, canaries, process_watch):
    assert len(canaries.all) > 1, "run the whole suite: this test searches what the others left"
    assert process_watch.is_alive(), "it has watched to the end"
    process_watch.stop()
    patterns = canaries.patterns()
    files = list(files_under(suite_folder))
    names = {file.name for file in files}
    assert {
        "strongroom.db",
        "seal.key",
        "serve.log",
    } <= names, "the search sees what it must search"
    for shared in ("/tmp", "/var/tmp", "/dev/shm", *folder_of_core_files()):
        files += recent_files_under(shared, suite_folder)
    for folder in {Path.cwd(), suite_folder}:
        files += [file for file in folder.glob("core*") if file.is_file()]
    assert leaks_in(files, patterns) == []
    assert process_watch.findings == []
