"""`strongroom doctor`: each thing is broken for real, and named with what mends it.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from support.room import FAILED, NOBODY, PROGRAMS, REPOSITORY, Room
from support.waiting import until

PROGRAM = str(PROGRAMS / "strongroom")


def codes_of_the_docs():
    rows = re.findall(r"^\| (`.*?) \|", (REPOSITORY / "docs" / "doctor.md").read_text(), re.M)
    return {code for row in rows for code in re.findall("`([a-z_0-9]+)`", row)}


def examined(data, environment, **options):
    """What it says of a directory, by code, and its exit code."""
    done = subprocess.run(
        [PROGRAM, "doctor", "--json", "--data", str(data)], env=environment, capture_output=True, text=True, timeout=60, **options
    )
    assert done.stderr == "", done.stderr
    findings = json.loads(done.stdout)
    by_code = {finding["id"]: finding for finding in findings}
    assert len(by_code) == len(findings)
    is_wrong = any(finding["state"] == "wrong" for finding in findings)
    assert done.returncode == (1 if is_wrong else 0)
    return by_code


def wrong(findings):
    return {code for code, finding in findings.items() if finding["state"] == "wrong"}


@pytest.fixture(scope="module")
def stopped(suite_folder, standins_process, canaries, environment):
    """The data directory of a stopped server with people, keys and sessions; what it said while that ran."""
    folder = suite_folder / "doctor"
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    room = Room(folder, standins_process, canaries, {**environment, "XDG_RUNTIME_DIR": str(runtime)}).start().people()
    room.key_id, room.value = room.add_key("gemini")
    room.add_key("github", member="alice")
    room.cli(*"session start --tenant acme --member alice --service gemini".split())
    room.while_running = examined(room.data, room.environment)
    assert room.stop() == 0
    return room


@pytest.fixture
def copy(stopped, tmp_path):
    """A copy to be broken, and how it is looked at."""
    data = tmp_path / "data"
    shutil.copytree(stopped.data, data, ignore=shutil.ignore_patterns("*.sock"))
    shutil.copystat(stopped.data, data)

    def look(**options):
        return examined(data, {**stopped.environment, **options.pop("variables", {})}, **options)

    look.data = data
    return look


def test_nothing_is_wrong_with_a_running_one(stopped):
    found = stopped.while_running
    assert wrong(found) == set()
    assert found["server"]["state"] == found["record"]["state"] == found["gateway"]["state"] == found["ready"]["state"] == "ok"
    assert re.match(r"all \d\d+ rows authenticate", found["rows"]["what"]) and found["database"]["state"] == "ok"
    assert "the only seal" in found["seals"]["what"]


def test_nothing_is_wrong_with_a_stopped_one_and_each_code_is_in_the_docs(stopped, copy):
    found = copy()
    assert wrong(found) == set()
    assert found["seals"]["what"] == "opens by file" and found["rows"]["state"] == found["record"]["state"] == "ok"
    assert set(found) | set(stopped.while_running) == codes_of_the_docs()


def test_after_a_crash_nothing_is_wrong(make_room):
    room = make_room().people()
    room.add_key("gemini")
    room.kill9()
    # Other tests' workrooms may have left something in the folder that all share.
    assert wrong(examined(room.data, room.environment)) <= {"leftovers"}
    room.start()


def test_it_is_for_people_too(stopped, copy):
    (copy.data / "seal.key").chmod(0o640)
    done = subprocess.run([PROGRAM, "doctor", "--data", str(copy.data)], env=stopped.environment, capture_output=True, text=True)
    assert done.returncode == FAILED and "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("wrong   file_modes"))
    assert "seal.key" in lines[at] and lines[at + 1].strip().startswith("mend: chmod -R go-rwx ")
    assert stopped.value not in done.stdout


def test_modes_and_owners(copy):
    copy.data.chmod(0o755)
    (copy.data / "strongroom.toml").chmod(0o644)
    os.chown(copy.data / "audit", NOBODY, NOBODY)
    found = copy()
    assert wrong(found) >= {"data_directory", "file_modes", "owner"}
    assert "strongroom.toml" in found["file_modes"]["what"] and "audit" in found["owner"]["what"]
    assert found["data_directory"]["mend"] == f"chmod 700 {copy.data}"


def test_a_directory_that_is_not_there(copy, stopped):
    found = examined(copy.data / "none", stopped.environment)
    assert wrong(found) == {"data_directory"} and "strongroom serve" in found["data_directory"]["mend"]


def test_configuration_and_catalogue(copy):
    (copy.data / "strongroom.toml").write_text("[gateway]\nlisten_at = 1\n")
    (copy.data / "catalog").mkdir(mode=0o700)
    (copy.data / "catalog" / "mine.toml").write_text("[service]\nid = 3\n")
    (copy.data / "catalog" / "mine.toml").chmod(0o600)
    found = copy()
    assert wrong(found) == {"configuration", "catalogue"}
    assert "listen_at" in found["configuration"]["what"] and "mine.toml" in found["catalogue"]["what"]


@pytest.mark.parametrize("days, is_right", [(5, False), (60, True)])
def test_a_certificate_that_ends_soon(copy, days, is_right):
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gw", "-days", str(days)]
    subprocess.run([*make, "-keyout", copy.data / "gw.key", "-out", copy.data / "gw.pem"], check=True, capture_output=True)
    for name in ("gw.key", "gw.pem"):
        (copy.data / name).chmod(0o600)
    toml = copy.data / "strongroom.toml"
    named = f'[gateway]\ncertificate = "{copy.data}/gw.pem"\nprivate_key = "{copy.data}/gw.key"\n'
    toml.write_text(toml.read_text().replace("[gateway]\n", named, 1))
    found = copy()
    assert wrong(found) == (set() if is_right else {"certificate"})
    assert f"good for {days - 1} more days" in found["certificate"]["what"]


def test_seals(copy, stopped):
    key = copy.data / "seal.key"
    octets = key.read_bytes()
    key.unlink()
    found = copy()
    assert wrong(found) == set() and found["seals"]["state"] == "note" and found["rows"]["state"] == "unseen"
    with open(key, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(octets[:-8] + os.urandom(4) + octets[-4:])
    assert "seals" in wrong(copy())


@contextlib.contextmanager
def database_of(copy):
    database = sqlite3.connect(copy.data / "strongroom.db", isolation_level=None)
    database.execute("pragma ignore_check_constraints = on")
    yield database
    database.close()


def test_changed_rows_are_named(copy, stopped):
    with database_of(copy) as database:
        database.execute("update keys set label = 'other' where id = ?", (stopped.key_id,))
        database.execute("update members set role = 'owner'")
        (member,) = database.execute("select id from members").fetchone()
    found = copy()
    assert wrong(found) == {"rows"}
    assert f"{stopped.key_id} of keys" in found["rows"]["what"] and f"{member} of members" in found["rows"]["what"]
    assert "2 of " in found["rows"]["what"] and "backup" in found["rows"]["mend"]


def test_a_row_that_went_is_noticed(copy):
    with database_of(copy) as database:
        database.execute("delete from skills")
        database.execute("delete from grants")
    found = copy()
    assert wrong(found) == {"rows"} and "deleted" in found["rows"]["what"]


def test_a_damaged_file(copy):
    path = copy.data / "strongroom.db"
    with database_of(copy) as database:
        database.execute("pragma wal_checkpoint(truncate)")
        (page,) = database.execute("select rootpage from sqlite_schema where name = 'keys'").fetchone()
    octets = bytearray(path.read_bytes())
    octets[(page - 1) * 4096 : (page - 1) * 4096 + 64] = bytes(64)
    path.write_bytes(octets)
    assert "database" in wrong(copy())


def test_a_changed_record(copy):
    segment = max((copy.data / "audit").glob("record-*.log"))
    octets = bytearray(segment.read_bytes())
    octets[200] ^= 1
    segment.write_bytes(octets)
    assert wrong(copy()) == {"record"}


def test_a_clock_that_was_set_back(copy):
    later = time.time() + 7200
    os.utime(copy.data / "strongroom.db", (later, later))
    found = copy()
    assert wrong(found) == {"clock"} and "minutes after the present time" in found["clock"]["what"]


def test_limits(copy, tmp_path):
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    assert wrong(copy(preexec_fn=few)) == {"descriptors"}
    # One without the right to lock as much as it likes.
    little = ["prlimit", f"--memlock={64 << 10}", "setpriv", "--reuid", "65534", "--clear-groups"]
    said = subprocess.run([*little, PROGRAM, "doctor", "--json", "--data", "/nowhere"], capture_output=True, text=True, cwd="/", env={"PATH": os.environ["PATH"]})
    assert {"data_directory", "locked_memory"} <= wrong({each["id"]: each for each in json.loads(said.stdout)}), said.stderr


def with_mounts(copy, mounts, data):
    """The doctor's word where these are mounted: in a namespace of its own."""
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    if done.returncode != 0:
        pytest.skip("this machine gives no mount namespaces")
    script = f"{mounts} && exec {PROGRAM} doctor --json --data {data}"
    # What other runs leave where nobody says another place is not ours.
    own = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(copy.data.parent)}
    said = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, env=own)
    return {each["id"]: each for each in json.loads(said.stdout)}


def test_a_disk_that_is_nearly_full_and_a_kernel_without_groups(copy, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounts = f"mount -t tmpfs -o size=60m,mode=700 tmpfs {small} && cp -a {copy.data}/. {small}/ && chmod 700 {small} && mount -t tmpfs tmpfs /sys/fs/cgroup"
    found = with_mounts(copy, mounts, small)
    assert wrong(found) == {"disk_room"} and "MiB are free" in found["disk_room"]["what"]
    assert found["cgroup_v2"]["state"] == "note"


def test_leftovers(copy, tmp_path):
    runtime = tmp_path / "runtime"
    (runtime / "strongroom" / "abandoned-supervised").mkdir(parents=True, mode=0o700)
    for folder in (runtime, runtime / "strongroom"):
        folder.chmod(0o700)
    found = copy(variables={"XDG_RUNTIME_DIR": str(runtime)})
    assert wrong(found) == {"leftovers"} and "abandoned-supervised" in found["leftovers"]["what"]


def test_root_leaves_nothing_of_its_own_behind(copy):
    for path in (copy.data, *copy.data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for folder in copy.data.parents:
        if folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    assert "owner" not in wrong(copy(cwd="/"))
    assert {path.stat().st_uid for path in copy.data.rglob("*")} == {NOBODY}


def test_a_gateway_that_does_not_answer(room):
    (gateway,) = room.gateway_pids()
    os.kill(gateway, signal.SIGSTOP)
    try:
        found = examined(room.data, room.environment)
        assert "gateway" in wrong(found) and room.endpoints["gateway"] in found["gateway"]["what"]
    finally:
        os.kill(gateway, signal.SIGCONT)


def test_a_server_that_is_sealed(make_room):
    room = make_room()
    room.stop()
    (room.data / "seal.key").rename(room.folder / "seal.key")
    room.launch()
    until(lambda: (room.data / "endpoints.json").exists(), 30, "it waits sealed")
    found = examined(room.data, room.environment)
    assert "server" in wrong(found) and found["server"]["mend"] == "strongroom unseal"
