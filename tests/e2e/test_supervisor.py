"""The supervisor of a runner: what a killed runner leaves is ended, proven dead, and told to the vault; so is what a
supervisor that was killed too has left, by whoever comes next.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.attached import Platform, issue
from support.docker_engine import DOCKER, DOCKERD, DockerEngine
from support.images import BUSYBOX, RUNC, busybox_image
from support.processes import descendants, is_gone, name_of, parent_of, pids, read, status_of
from support.room import PROGRAMS
from support.supervisors import left_over, record_of, supervisors, tellers
from support.waiting import until

needs_runc = pytest.mark.skipif(
    RUNC is None or BUSYBOX is None or os.geteuid() != 0, reason="runc needs root, runc and busybox-static"
)
needs_docker = pytest.mark.skipif(
    DOCKERD is None or DOCKER is None or BUSYBOX is None or os.geteuid() != 0, reason="docker.io is not installed"
)
#: Leaves a daemon behind that hears no signal.
SCRIPT = "(trap '' TERM HUP INT; setsid sleep 600 &); echo trusts $SSL_CERT_FILE; echo ready; sleep 600; true"


@pytest.fixture
def flags(request, tmp_path):
    """By the name of a runtime."""
    runtime = getattr(request, "param", "process")
    if runtime == "process":
        yield ()
    else:
        image = busybox_image(tmp_path / "image")
        if runtime == "runc":
            yield ("--runtime", "runc", "--image", str(image))
        else:
            engine = DockerEngine()
            name = engine.load(image, "busybox-here:1")
            yield ("--runtime", "docker", "--docker-socket", str(engine.socket), "--image", name)
            left = engine.containers()
            engine.stop()
            assert left == []


def in_engine(value):
    """Processes that were given the value, and the first one above them."""
    holders = {pid for pid in pids() if value.encode() in read(pid, "environ")}
    return holders | {parent for parent in map(parent_of, holders) if name_of(parent) == "strongroom-init"}


def begin(room, flags=()):
    """A workroom with a daemon, all its processes, its session and its supervisor."""
    key, value = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", SCRIPT], flags=flags)
    work.line("ready")
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    inside = descendants(work.process.pid) or in_engine(value)
    assert len(inside) >= 3
    return work, key, value, session, inside, supervisors(room)[session]


def kill(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def receipts(room, session):
    """Bodies of those of its end, the newest first; each verifies."""
    found = [each["id"] for each in room.json("receipt", "list") if each["subject"] == session]
    return [room.verified(room.cli("receipt", "show", each, "--json").stdout)["receipt"] for each in found]


def nothing_is_left(room, session):
    until(lambda: session not in str(left_over(room)), 60, "nothing of it is left")
    until(lambda: session not in supervisors(room), 60, "nor its supervisor")


@pytest.mark.parametrize(
    "flags", ["process", pytest.param("runc", marks=needs_runc), pytest.param("docker", marks=needs_docker)], indirect=True
)
def test_j9_a_runner_and_its_workroom_that_are_killed_together(room, flags):
    """Nobody of them can tell; the receipt says R2 all the same, and who says so."""
    work, key, _, session, inside, supervisor = begin(room, flags)
    kill(work.process.pid, *inside)
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert receipt["r2"]["holds"] is True
    assert receipt["r2"]["reported_by"][0]["supervisor"] == f"supervisor {supervisor}"
    assert [each["state"] for each in receipt["r2"]["processes"]] and "still_exposed" not in str(receipt)
    assert "ended_by_supervisor" in str(receipt["r1"])
    assert all(is_gone(pid) for pid in inside)
    nothing_is_left(room, session)
    assert room.revoke(key)["receipt"]["r2"]["holds"] is True, "nor is it held against the key later"
    assert "session.end" in str(room.json("audit", "list", "--session", session))


@pytest.mark.parametrize("flags", ["process", pytest.param("runc", marks=needs_runc)], indirect=True)
def test_j9_a_killed_runner_alone(room, flags):
    work, _, _, session, inside, _ = begin(room, flags)
    trusted = Path(work.line("trusts "))
    assert flags or trusted.exists()
    kill(work.process.pid)
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert receipt["r2"]["holds"] is True and receipt["r2"]["reported_by"]
    assert all(is_gone(pid) for pid in inside)
    nothing_is_left(room, session)
    until(lambda: flags or not trusted.parent.exists(), 30, "nor is what it was to trust")


def test_j9_a_runner_that_dies_while_the_vault_is_away(room):
    """The vault hears of it when it is back: long before it would give up on the runner itself."""
    work, _, _, session, inside, supervisor = begin(room)
    room.kill9()
    kill(work.process.pid, *inside)
    room.start()
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert receipt["subject"]["why"] == "runner lost"
    assert receipt["r2"]["holds"] is True
    assert receipt["r2"]["reported_by"][0]["supervisor"] == f"supervisor {supervisor}"
    nothing_is_left(room, session)


@pytest.mark.parametrize("end", ["runner and workroom", "supervisor as well"])
def test_j9_a_runner_that_reaches_the_vault_by_tls(room, end):
    """`attach` with a command of its own: its supervisor tells through a program that speaks TLS."""
    platform = Platform(room)
    room.add_key("github", member="alice")
    secure = {"STRONGROOM_CA": str(room.data / "gateway-ca.pem")}
    url = f"https://{room.endpoints['control']}"
    work = platform.attach(issue(room, "github"), "--", "sh", "-c", SCRIPT, url=url, environment=secure)
    work.line("ready")
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    inside, supervisor = descendants(work.process.pid), supervisors(room)[session]
    helpers = tellers(room)
    assert len(inside) >= 3 and len(helpers) == 1
    kill(*([] if end == "runner and workroom" else [supervisor]), work.process.pid, *inside)
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    if end == "supervisor as well":
        until(lambda: is_gone(helpers[0]), 30, "it does not outlive its supervisor")
        assert receipt["r2"]["holds"] is False
        room.run(["github"], ["true"])
        receipt, _ = until(lambda: [all for all in [receipts(room, session)] if len(all) == 2], 30, "it is completed")[0]
    assert receipt["r2"]["holds"] is True and receipt["r2"]["reported_by"]
    assert all(is_gone(pid) for pid in inside)
    nothing_is_left(room, session)
    platform.stop()


def test_j9_a_command_that_ends_while_the_vault_is_away(room):
    """Its runner cannot tell; its supervisor does."""
    room.add_key("github", member="alice")
    go = room.folder / "go"
    work = room.begin(["github"], ["sh", "-c", f"echo ready; until [ -e {go} ]; do sleep 0.05; done"])
    work.line("ready")
    room.kill9()
    go.touch()
    assert work.wait() == 0
    room.start()
    [session] = [each["id"] for each in room.json("session", "list")]
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert receipt["r2"]["holds"] is True
    nothing_is_left(room, session)


@pytest.mark.parametrize("by", ["run", "serve"])
def test_j9_a_supervisor_that_is_killed_as_well(room, by):
    """Until somebody comes by who can look, R2 is not claimed; then another receipt completes the first."""
    work, key, _, session, inside, supervisor = begin(room)
    kill(supervisor, work.process.pid, *inside)
    [first] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert first["r2"]["holds"] is False
    assert "whose runner was lost at" in first["r2"]["processes"][0]["name"]
    assert f"{session}-supervised" in left_over(room)
    if by == "run":
        room.run(["github"], ["true"])
    else:
        room.stop()
        room.start()
    second, _ = until(lambda: [all for all in [receipts(room, session)] if len(all) == 2], 30, "it is completed")[0]
    assert second["completes"] == first["id"] and second["r2"]["holds"] is True
    assert second["revoked_at"] == first["revoked_at"]
    nothing_is_left(room, session)
    assert room.revoke(key)["receipt"]["r2"]["holds"] is True
    assert "session.withdraw" in str(room.json("audit", "list", "--session", session))


@needs_runc
def test_j9_what_a_killed_supervisor_left_alive_is_ended(room, tmp_path):
    """A container that is frozen outlives all three, until the next run."""
    flags = ("--runtime", "runc", "--image", str(busybox_image(tmp_path / "image")))
    work, _, _, session, inside, supervisor = begin(room, flags)
    freezer = Path(f"/sys/fs/cgroup/freezer/strongroom/strongroom-{session}/freezer.state")
    if not freezer.exists():
        pytest.skip("no freezer of cgroups version 1 here")
    freezer.write_text("FROZEN")
    kill(supervisor, work.process.pid)
    until(lambda: receipts(room, session), 30, "its end has a receipt")
    freezer.write_text("THAWED")
    room.run(["github"], ["true"], flags=flags)
    until(lambda: all(is_gone(pid) for pid in inside), 60, "it is dead")
    until(lambda: receipts(room, session)[0]["r2"]["holds"], 30, "and that is told")
    nothing_is_left(room, session)
    assert not freezer.exists()


@needs_runc
def test_what_a_dead_runner_leaves_in_an_uninterruptible_sleep_is_named(room, tmp_path):
    """By its name, as still exposed; not forgotten: once it is dead, another receipt says so."""
    flags = ("--runtime", "runc", "--image", str(busybox_image(tmp_path / "image")))
    work, key, _, session, inside, supervisor = begin(room, flags)
    freezer = Path(f"/sys/fs/cgroup/freezer/strongroom/strongroom-{session}/freezer.state")
    if not freezer.exists():
        pytest.skip("no freezer of cgroups version 1 here")
    freezer.write_text("FROZEN")
    try:
        until(lambda: freezer.read_text().strip() == "FROZEN", 30, "it is frozen")
        kill(work.process.pid)
        [first] = until(lambda: receipts(room, session), 30, "its end has a receipt")
        assert first["r2"]["holds"] is False
        exposed = [each["name"] for each in first["r2"]["processes"] if each["state"] == "still_exposed"]
        assert "sleep" in exposed and first["r2"]["reported_by"]
        assert not room.revoke(key)["receipt"]["r2"]["holds"]
        assert session in supervisors(room), "it waits"
    finally:
        freezer.write_text("THAWED")
    until(lambda: all(is_gone(pid) for pid in inside), 60, "they die as soon as they can")
    until(lambda: receipts(room, session)[0]["r2"]["holds"], 30, "and that is told")
    assert receipts(room, session)[0]["completes"] == first["id"]
    nothing_is_left(room, session)


def test_a_supervisor_knows_no_key_and_may_do_little(room):
    work, _, value, session, _, supervisor = begin(room)
    state = status_of(supervisor)
    assert (state["Seccomp"], state["NoNewPrivs"]) == ("2", "1")
    assert Path(f"/proc/{supervisor}/environ").read_bytes() == b""
    record = record_of(room, session)
    assert record.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in record.iterdir()} == {"record", "holding"}
    for path in record.iterdir():
        assert value not in path.read_text() and path.stat().st_mode & 0o777 == 0o600
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(supervisor, number)
    work.stop()
    nothing_is_left(room, session)


def test_its_credential_is_good_for_one_sentence_about_one_session(room):
    work, _, _, session, _, _ = begin(room)
    lines = (record_of(room, session) / "record").read_text().splitlines()
    [credential] = [line for line in lines if line.startswith("srs_")]
    room.add_key("gemini")
    other = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini")["session"]["id"]
    said = {"supervisor": "me", "dead": [], "exposed": []}
    for method, path, body in (
        ("POST", f"/api/v1/sessions/{other}/report", said),
        ("POST", f"/api/v1/sessions/{session}/end", {}),
        ("GET", f"/api/v1/sessions/{session}", None),
        ("GET", "/api/v1/keys", None),
    ):
        assert room.api(method, path, body, token=credential)[0] == 401
    for wrong in ("srs_" + "A" * 43, (room.data / "operator.token").read_text().strip()):
        assert room.api("POST", f"/api/v1/sessions/{session}/report", said, token=wrong)[0] == 401
    long = {**said, "dead": ["1 x"] * 2000}
    assert room.api("POST", f"/api/v1/sessions/{session}/report", long, token=credential)[0] in (400, 413)
    status, _ = room.api("POST", f"/api/v1/sessions/{session}/report", {**said, "dead": ["x"]}, token=credential)
    assert status == 400
    # Whoever has it can end that very session, and no more.
    room.api("POST", f"/api/v1/sessions/{session}/report", said, token=credential)
    assert work.wait(30) != 0
    assert [each["state"] for each in room.json("session", "list") if each["id"] == other] == ["open"]
    nothing_is_left(room, session)


def test_it_is_of_no_use_by_hand():
    done = subprocess.run([PROGRAMS / "strongroom-supervisor"], capture_output=True, text=True)
    assert done.returncode == 2 and "strongroom run" in done.stderr


def test_without_injected_keys_there_is_nothing_to_withdraw(room):
    room.add_key("gemini")
    work = room.begin(["gemini"], ["sh", "-c", "echo ready; exec sleep 600"])
    work.line("ready")
    [session] = [each["id"] for each in room.json("session", "list")]
    kill(work.process.pid)
    [receipt] = until(lambda: receipts(room, session), 30, "its end has a receipt")
    assert receipt["r2"]["holds"] is True
    nothing_is_left(room, session)
