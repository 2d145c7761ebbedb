"""Workrooms in containers of a real Docker Engine: it learns nothing of the session.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.canary import encodings, files_with, search
from support.containers import CURL, ESCAPE, LOOK, folders
from support.docker_engine import DOCKER, DOCKERD, DockerEngine
from support.images import BUSYBOX, MACHINE, busybox_image, machine_image, shown
from support.memory import find
from support.output import try_output_net
from support.processes import descendants, is_gone, name_of, parent_of, read
from support.room import AGENTS, NOBODY, last_json
from support.streams import command_line, try_standard_streams
from support.supervisors import left_over
from support.terminal import try_terminal
from support.waiting import until

pytestmark = [
    pytest.mark.skipif(
        DOCKERD is None or DOCKER is None or BUSYBOX is None,
        reason="docker.io and busybox-static are not installed",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Docker Engine needs root"),
]


@pytest.fixture(scope="module")
def engine():
    engine = DockerEngine()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def busybox(engine, tmp_path_factory):
    root = busybox_image(tmp_path_factory.mktemp("images") / "busybox")
    return engine.load(root, "busybox-here:latest", "ENV FROM_IMAGE=yes", "WORKDIR /home/agent")


@pytest.fixture(scope="module")
def machine(engine, tmp_path_factory):
    return engine.load(
        machine_image(tmp_path_factory.mktemp("images") / "machine"), "machine-here:1"
    )


def by(engine, image, *more):
    return ("--runtime", "docker", "--docker-socket", engine.socket, "--image", image, *more)


@pytest.fixture
def in_container(engine):
    yield lambda image, *more: by(engine, image, *more)
    until(lambda: engine.containers() == [], 60, "each session has removed its container")


@pytest.fixture
def on_machine(in_container, machine):
    node = Path(shutil.which("node")).resolve().parent
    seen = shown(AGENTS.parent, AGENTS.parent / "node_modules", sys.prefix, node)
    return in_container(machine, *MACHINE, *seen)


def only_session(room):
    (session,) = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    return session


def container_pids(engine, session):
    """Its process 1, and all of its processes, as this machine counts."""
    first = engine.json("inspect", f"strongroom-{session}")[0]["State"]["Pid"]
    return first, descendants(first) | {first}


def test_a_command_runs_alone_with_its_variables(room, busybox, in_container):
    _, token = room.add_key("github", member="alice")
    script = "id -u; echo $$; ls /proc | grep -c '^[0-9]'; cat /proc/net/route | wc -l; pwd; env"
    flags = in_container(busybox, "--no-output-filter")
    done = room.run(["github"], ["sh", "-c", script], flags=flags)
    user, pid, processes, routes, folder, *variables = done.stdout.split("\n")
    assert (user, routes, folder) == ("0", "1", "/home/agent")
    assert int(processes) < 6 and int(pid) < 10
    names = dict(line.split("=", 1) for line in variables if "=" in line)
    assert names["GH_TOKEN"] == token
    assert names["FROM_IMAGE"] == "yes"
    assert names["STRONGROOM_SOCKET"] == "/run/strongroom/gateway/s"
    assert names["HOME"] == "/root" and "SSH_AUTH_SOCK" not in names


def test_the_status_passes_through(room, busybox, in_container):
    room.add_key("gemini")
    room.run(["gemini"], ["sh", "-c", "exit 7"], flags=in_container(busybox), expect=7)
    room.run(["gemini"], ["sh", "-c", "kill -9 $$"], flags=in_container(busybox), expect=137)
    room.run(["gemini"], ["no-such-program"], flags=in_container(busybox), expect=127)
    room.run(["gemini"], ["/etc/passwd"], flags=in_container(busybox), expect=126)


@pytest.mark.parametrize(
    "service, script", [("gemini", "gemini_agent.py"), ("openai", "openai.mjs")]
)
def test_sdks_without_any_network(room, standins, on_machine, service, script):
    room.add_key(service)
    program = Path(shutil.which("node")).resolve() if script.endswith(".mjs") else sys.executable
    done = room.run(
        [service], [program, AGENTS / script], flags=on_machine, expect=None, timeout=90
    )
    line = last_json(done.stdout)
    assert line["ok"], line.get("error")
    standins.passes(*line["held"].values())
    seen = standins.requests(service=service)
    assert seen and {request["standing"] for request in seen} == {"accepted"}


def test_every_way_in_and_no_other_way_out_H8(room, standins, on_machine):
    room.add_key("gemini")
    control = {"CONTROL": room.endpoints["control"] + "/api/v1/sessions"}
    done = room.run(["gemini"], ["sh", "-c", CURL], flags=on_machine, variables=control)
    answers = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert answers == {
        "base": "200",
        "transparent": "200",
        "proxy": "200",
        "other": "403",
        "unknown": "none",
        "control": "000",
    }
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


def test_j1_j2_the_engine_learns_nothing(room, engine, busybox, in_container):
    """In no description, file, log or memory of the engine's, though the command says its key aloud."""
    _, token = room.add_key("github", member="alice")
    script = "echo $GH_TOKEN; echo ready; exec sleep 600"
    flags = in_container(busybox, "--user", "agent")
    work = room.begin(["github"], ["sh", "-c", script], flags=flags)
    work.line("ready")
    assert work.lines()[0] == "*" * len(token)
    session = only_session(room)
    # Of this key alone: to look for all of the suite's in so much memory takes minutes.
    patterns = list(encodings(token))
    name = f"strongroom-{session}"
    described = engine.run("inspect", name).stdout + engine.run("image", "inspect", busybox).stdout
    assert b'"strongroom.session"' in described
    assert not search(described, patterns)
    for word in (b"GH_TOKEN", b"STRONGROOM_", b"ready"):
        assert word not in described, "not even the names of the variables, nor the command"
    assert engine.run("logs", name, check=False).stdout == b""

    until(lambda: "sleep" in map(name_of, container_pids(engine, session)[1]), 30, "the shell has become it")
    init, inside = container_pids(engine, session)
    holders = set()
    for pid in inside:
        if search(read(pid, "environ"), patterns):
            holders.add(name_of(pid))
    assert holders == {"sleep"}
    engines = {engine.process.pid, engine.containerd.pid} | descendants(engine.process.pid)
    shims = {parent_of(init)}
    for pid in inside | engines | shims | {work.process.pid}:
        assert not search(read(pid, "cmdline"), patterns)
    for pid in {init} | engines | shims:
        assert find(pid, patterns) == [], name_of(pid)
    assert files_with(patterns, engine.folder, folders(room) / session) == []
    snapshot = engine.run("export", name).stdout
    assert not search(snapshot, patterns), "what the workroom has written is its own matter"
    work.stop()


@pytest.mark.parametrize("user", ["root", "agent"])
def test_j2_j7_h11_process_1_keeps_to_itself(room, busybox, in_container, user):
    room.add_key("github", member="alice")
    done = room.run(["github"], ["sh", "-c", LOOK], flags=in_container(busybox, "--user", user))
    *rest, status = done.stdout.splitlines()
    assert rest == ["gateway", "strongroom-init", "trust"], "and nothing was possible"
    words = status.split()
    assert words[words.index("NoNewPrivs:") + 1] == "1"
    assert words[words.index("Seccomp:") + 1] == "2"
    capabilities = int(words[words.index("CapEff:") + 1], 16)
    assert capabilities == 0 if user == "agent" else bin(capabilities).count("1") <= 9


def test_i9_j6_a_revoke_ends_all_of_it(room, engine, busybox, in_container):
    key, _ = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    _, inside = container_pids(engine, only_session(room))
    assert len(inside) >= 4
    receipt = room.revoke(key)["receipt"]
    assert all(is_gone(pid) for pid in inside)
    assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
    assert work.wait() == 3


def test_j9_a_killed_runner_takes_the_container_along(room, engine, busybox, in_container):
    room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    session = only_session(room)
    _, inside = container_pids(engine, session)
    work.process.kill()
    until(lambda: all(is_gone(pid) for pid in inside), 60, "everything of it is dead")
    # By its supervisor.
    until(lambda: engine.containers() == [], 60, "the engine knows of it no more")
    until(lambda: session not in str(left_over(room)), 60, "nor is there a folder")


def test_j9_a_container_that_somebody_removes(room, engine, busybox, in_container):
    room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    session = only_session(room)
    _, inside = container_pids(engine, session)
    engine.run("rm", "--force", f"strongroom-{session}")
    assert work.wait() == 137
    assert all(is_gone(pid) for pid in inside)
    assert work.errors() == ""
    until(lambda: room.json("session", "list")[0]["state"] != "open", 30, "its session has ended")


def test_j9_an_engine_that_is_killed_keeps_no_revoke_from_its_end(
    room, busybox, engine, in_container
):
    key, _ = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    _, inside = container_pids(engine, only_session(room))
    engine.kill()
    try:
        receipt = room.revoke(key)["receipt"]
        assert all(is_gone(pid) for pid in inside)
        assert receipt["r2"]["holds"] is True
    finally:
        engine.start()
    assert work.wait(60) == 3
    # Its record is removed by the runner if the engine is back in time, or with the next run.
    room.add_key("gemini")
    room.run(["gemini"], ["true"], flags=in_container(busybox))


def test_i9_a_revoke_while_the_engine_does_not_answer(room, busybox, engine, in_container):
    key, _ = room.add_key("github", member="alice")
    engine.process.send_signal(signal.SIGSTOP)
    try:
        work = room.begin(["github"], ["echo", "began"], flags=in_container(busybox))
        until(lambda: room.json("session", "list", "--state", "open"), 60, "it begins")
        session = only_session(room)
        holders = lambda: [each["role"] for each in room.json("session", "show", session)["holders"]]
        until(lambda: "runner" in holders(), 60, "its runner is there")
        receipt = room.revoke(key)["receipt"]
        assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
    finally:
        engine.process.send_signal(signal.SIGCONT)
    assert work.wait() == 3
    assert work.lines() == []


def test_a_frozen_engine_holds_up_no_revoke(room, busybox, engine, in_container):
    key, _ = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    _, inside = container_pids(engine, only_session(room))
    engine.process.send_signal(signal.SIGSTOP)
    try:
        receipt = room.revoke(key)["receipt"]
        assert all(is_gone(pid) for pid in inside)
        assert receipt["r2"]["holds"] is True
        assert work.process.poll() is None, "the container is still to be removed"
    finally:
        engine.process.send_signal(signal.SIGCONT)
    assert work.wait() == 3


def test_the_machines_own_network_where_it_is_asked_for(room, standins, on_machine):
    room.add_key("gemini")
    script = 'echo $STRONGROOM_GATEWAY; printf "x-goog-api-key: %s\\n" "$GEMINI_API_KEY" > /tmp/h; curl -s -H @/tmp/h -o /dev/null -w "%{http_code}\\n" https://generativelanguage.googleapis.com/v1beta/models'
    done = room.run(["gemini"], ["sh", "-c", script], flags=(*on_machine, "--network", "host"))
    assert done.stdout.split() == [room.gateway, "200"]
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


def test_standard_streams_of_every_kind(room, busybox, in_container, tmp_path):
    try_standard_streams(room, in_container(busybox), tmp_path)


def test_j1_what_it_writes_passes_through_the_net(room, busybox, in_container):
    try_output_net(room, in_container(busybox))


@pytest.mark.parametrize("user", ["root", "agent"])
def test_a_terminal_of_its_own(room, busybox, in_container, user):
    try_terminal(room, in_container(busybox, "-i", "--user", user))


def test_a_reader_that_takes_its_time_holds_up_nothing_but_the_command(room, busybox, in_container):
    room.add_key("gemini")
    command = command_line(room, in_container(busybox), "yes 0123456789 | head -c 8000000")
    with subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE) as work:
        assert work.stdout.read(4) == b"0123"
        assert room.json("session", "list")[0]["state"] == "open"
        assert len(work.stdout.read()) == 8_000_000 - 4
    assert work.returncode == 0


def test_the_image_says_what_the_caller_does_not(room, engine, busybox, in_container, tmp_path):
    root = busybox_image(tmp_path / "root")
    (root / "etc/passwd").rename(root / "etc/passwd.real")
    (root / "etc/passwd").symlink_to("/etc/passwd.real")
    image = engine.load(
        root,
        "says:1",
        "USER agent",
        "ENV FROM_IMAGE=yes",
        "ENV GEMINI_API_KEY=of-the-image",
        "WORKDIR /srv/made",
        'ENTRYPOINT ["env"]',
        'CMD ["-u", "OTHER"]',
        "VOLUME /var/kept",
        'HEALTHCHECK CMD ["false"]',
    )
    room.add_key("gemini")
    done = room.run(["gemini"], [], flags=in_container(image))
    names = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert names["FROM_IMAGE"] == "yes" and names["HOME"] == "/home/agent"
    assert names["GEMINI_API_KEY"] != "of-the-image", "the session's variables win"
    done = room.run(["gemini"], ["sh", "-c", "id -u; id -g; pwd"], flags=in_container(image))
    assert done.stdout.split() == ["1000", "1000", "/srv/made"]
    done = room.run(["gemini"], ["id", "-u"], flags=in_container(image, "--user", "other:agent"))
    assert done.stdout.split() == ["1001"]
    until(lambda: engine.run("volume", "ls", "--quiet").stdout == b"", 30, "volumes go with their container")


@pytest.mark.parametrize(
    "flags, word, code",
    [
        (["--image", "no-such-image", "--pull", "never"], "has no image no-such-image", 4),
        (["--image", "../images"], "no name of an image", 2),
        ([], "needs an --image", 2),
        (["--image", "IMAGE", "--user", "nobody-here"], "no user 'nobody-here'", 4),
        (["--image", "IMAGE", "--network", "no-such-network"], "no-such-network", 4),
        (["--image", "IMAGE", "--network", "container:other"], "--network", 2),
        (["--image", "IMAGE", "--workdir", "relative"], "not absolute", 2),
        (["--image", "IMAGE", "--docker-socket", "/no/such.sock"], "/no/such.sock", 5),
        (["--image", "IMAGE", "--docker-socket", "tcp://127.0.0.1:2375"], "Unix socket", 3),
    ],
)
def test_what_cannot_be_is_said(room, engine, busybox, in_container, flags, word, code):
    room.add_key("gemini")
    flags = [busybox if each == "IMAGE" else each for each in flags]
    if "--docker-socket" not in flags:
        flags += ["--docker-socket", engine.socket]
    flags = ("--runtime", "docker", *flags)
    done = room.run(["gemini"], ["true"], flags=flags, expect=None)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert word in done.stderr
    own = {each["id"] for each in room.json("session", "list")}
    assert [name for name in left_over(room) if name.split("-")[0] in own] == []


def test_the_engine_is_where_DOCKER_HOST_says(room, engine, busybox, in_container):
    room.add_key("gemini")
    flags = ("--runtime", "docker", "--image", busybox)
    environment = {**room.environment, "DOCKER_HOST": f"unix://{engine.socket}"}
    done = room.run(["gemini"], ["env"], flags=flags, environment=environment)
    assert "DOCKER_HOST" not in done.stdout
    environment["DOCKER_HOST"] = "ssh://other.example"
    done = room.run(["gemini"], ["env"], flags=flags, environment=environment, expect=3)
    assert "--docker-socket" in done.stderr


def test_a_runner_that_is_not_root(room_of_nobody, engine, busybox, in_container):
    """It may not signal the container's processes: init ends them when it is told, or left alone."""
    room = room_of_nobody.people()
    engine.folder.chmod(0o711)
    os.chown(engine.socket, NOBODY, NOBODY)
    key, _ = room.add_key("github", member="alice")
    command = ["sh", "-c", "id -u; " + ESCAPE]
    work = room.begin(["github"], command, flags=in_container(busybox), user=NOBODY, group=NOBODY)
    work.line("ready")
    assert work.lines()[0] == "0"
    _, inside = container_pids(engine, only_session(room))
    receipt = room.revoke(key)["receipt"]
    assert receipt["r2"]["holds"] is True
    assert all(is_gone(pid) for pid in inside)
    assert work.wait() == 3
