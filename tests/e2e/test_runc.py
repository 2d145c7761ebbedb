"""Workrooms in real containers by runc: no network but the gateway, no key but in the command's environment.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.canary import search
from support.containers import CURL, ESCAPE, LOOK, folders
from support.git_server import BACKEND, FCGIWRAP, NGINX, GitServer
from support.images import (
    BUSYBOX,
    MACHINE,
    RUNC,
    UMOCI,
    busybox_image,
    layout_image,
    machine_image,
    shown,
)
from support.memory import find
from support.postgres import BINARIES, Cluster
from support.processes import descendants, is_gone, name_of, read
from support.room import AGENTS, last_json
from support.output import try_output_net
from support.supervisors import left_over, record_of, supervisors
from support.streams import try_standard_streams
from support.waiting import until

pytestmark = [
    pytest.mark.skipif(
        RUNC is None or BUSYBOX is None, reason="runc and busybox-static are not installed"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="the runc runtime needs root"),
]


@pytest.fixture(scope="module")
def busybox(tmp_path_factory):
    return busybox_image(tmp_path_factory.mktemp("images") / "busybox")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return machine_image(tmp_path_factory.mktemp("images") / "machine")


def in_container(image, *more):
    return ("--runtime", "runc", "--image", str(image), *more)


def on_machine(image, *more):
    node = Path(shutil.which("node")).resolve().parent
    seen = shown(AGENTS.parent, AGENTS.parent / "node_modules", sys.prefix, node)
    return in_container(image, *MACHINE, *seen, *more)


def dialling(make_room, *places):
    """A room whose gateway may dial these `host:port` on this machine."""
    room = make_room(start=False)
    with open(room.data / "strongroom.toml", "a") as file:
        for place in places:
            port = place.rsplit(":", 1)[1]
            file.write(f'[[gateway.dial]]\nhost = "{place}"\nto = "127.0.0.1:{port}"\n')
    return room.start().people()


def remains(room, session):
    """Its folder, mounts and cgroups."""
    found = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", f"*{session}*"], capture_output=True, text=True
    ).stdout.split()
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if session in line]
    return found + [each for each in [folders(room) / session] if each.exists()]


def nothing_remains(room, session):
    """As soon as its runner has ended."""
    assert remains(room, session) == []


def everything_goes(room, session):
    """Where the runner was killed: its supervisor and whoever comes next may keep off each other for a moment."""
    until(lambda: remains(room, session) == [], 30, "nothing of it remains")


def test_a_command_runs_alone_with_its_variables(room, busybox):
    _, token = room.add_key("github", member="alice")
    script = "id -u; echo $$; ls /proc | grep -c '^[0-9]'; cat /proc/net/route | wc -l; env"
    flags = in_container(busybox, "--no-output-filter")
    done = room.run(["github"], ["sh", "-c", script], flags=flags)
    user, pid, processes, routes, *variables = done.stdout.split("\n")
    assert (user, routes) == ("0", "1"), "root of its own, and no way out of the loopback"
    assert int(processes) < 6 and int(pid) < 10
    names = dict(line.split("=", 1) for line in variables if "=" in line)
    assert names["GH_TOKEN"] == token
    assert names["STRONGROOM_SOCKET"] == "/run/strongroom/gateway/s"
    assert names["HOME"] == "/root" and "SSH_AUTH_SOCK" not in names
    nothing_remains(room, names["STRONGROOM_SESSION"])


def test_the_status_passes_through(room, busybox):
    room.add_key("gemini")
    assert room.run(["gemini"], ["sh", "-c", "exit 7"], flags=in_container(busybox), expect=7)
    room.run(["gemini"], ["no-such-program"], flags=in_container(busybox), expect=127)
    room.run(["gemini"], ["/etc/passwd"], flags=in_container(busybox), expect=126)


@pytest.mark.parametrize(
    "service, script",
    [("gemini", "gemini_agent.py"), ("elevenlabs", "elevenlabs.mjs"), ("openai", "openai.mjs")],
)
def test_sdks_without_any_network(room, standins, machine, service, script):
    _, key = room.add_key(service)
    program = "node" if script.endswith(".mjs") else sys.executable
    program = Path(shutil.which(program)).resolve() if program == "node" else program
    done = room.run(
        [service], [program, AGENTS / script], flags=on_machine(machine), expect=None, timeout=90
    )
    line = last_json(done.stdout)
    assert line["ok"], line.get("error")
    standins.passes(*line["held"].values())
    seen = standins.requests(service=service)
    assert seen and {request["standing"] for request in seen} == {"accepted"}


def test_every_way_in_and_no_other_way_out_H8(room, standins, machine):
    room.add_key("gemini")
    done = room.run(
        ["gemini"],
        ["sh", "-c", CURL],
        flags=on_machine(machine),
        variables={"CONTROL": room.endpoints["control"] + "/api/v1/sessions"},
    )
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


GIT = """
set -e
cd /tmp
git clone -q "$URL" story
cd story
git config user.name agent; git config user.email agent@example.test
echo "there was an agent" >> story.txt
git commit -q -a -m "Written in a container"
git push -q origin HEAD:main
cat .git/config
"""


@pytest.mark.skipif(not (NGINX and FCGIWRAP and BACKEND.exists()), reason="no git server here")
def test_git_pushes_without_any_network(make_room, machine):
    # The port first: the gateway is told where it may dial before it starts.
    server = None
    try:
        room = make_room(start=False)
        server = GitServer(room.folder / "git", name="git.example").start()
        with open(room.data / "strongroom.toml", "a") as file:
            file.write(
                f'[[gateway.dial]]\nhost = "git.example:{server.port}"\nto = "127.0.0.1:{server.port}"\n'
            )
        room.start().people()
        settings = {"host": "git.example", "port": str(server.port), "user": "agent"}
        _, token = room.add_key("git", member="alice", settings=settings)
        server.only("agent", token)
        (room.folder / "trust").mkdir()
        shutil.copy(server.ca, room.folder / "trust/ca.pem")
        done = room.run(
            ["git"],
            ["sh", "-c", GIT],
            flags=on_machine(machine, "--mount", f"{room.folder}/trust:/trust:ro"),
            variables={
                "GIT_SSL_CAINFO": "/trust/ca.pem",
                "URL": f"https://git.example:{server.port}/story.git",
            },
        )
        assert server.log() == ["Written in a container", "Begin"]
        assert token not in done.stdout + done.stderr
    finally:
        if server:
            server.stop()


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.mark.skipif(BINARIES is None, reason="PostgreSQL is not installed")
@pytest.mark.parametrize("host", ["db.example", "10.20.30.40", "127.0.0.1"])
def test_a_database_without_any_network(make_room, machine, cluster, host):
    room = dialling(make_room, f"{host}:{cluster.port}")
    password = room.canaries.new("password")
    quoted = "'" + password.replace("'", "''") + "'"
    cluster.sql("drop database if exists work; drop role if exists agent;")
    cluster.sql(f"create role agent login password {quoted};")
    cluster.sql("create database work owner agent;")
    settings = {"host": host, "port": str(cluster.port), "user": "agent", "database": "work"}
    room.add_key("postgres", value=password, settings=settings)
    psql = 'psql --no-psqlrc -q -t -A -c "select current_user"; psql --no-psqlrc -qtA "$DATABASE_URL" -c "select 1"'
    done = room.run(["postgres"], ["sh", "-c", psql], flags=on_machine(machine))
    assert done.stdout.split() == ["agent", "1"]
    until(
        lambda: "CONNECT" in str(room.json("audit", "list", "--limit", "50")),
        30,
        "the tunnel is recorded",
    )


@pytest.mark.skipif(
    BINARIES is None or not (NGINX and FCGIWRAP and BACKEND.exists()),
    reason="PostgreSQL, nginx, fcgiwrap or git is not installed",
)
def test_an_agents_whole_work_in_one_container_without_network(
    make_room, standins, machine, cluster
):
    """A model by its SDK, a push by git, a query: then it ends, and nothing remains."""
    room, server = make_room(start=False), None
    try:
        server = GitServer(room.folder / "git", name="git.example").start()
        with open(room.data / "strongroom.toml", "a") as file:
            for place in (f"git.example:{server.port}", f"db.example:{cluster.port}"):
                port = place.rsplit(":", 1)[1]
                file.write(f'[[gateway.dial]]\nhost = "{place}"\nto = "127.0.0.1:{port}"\n')
        room.start().people()
        room.add_key("gemini")
        settings = {"host": "git.example", "port": str(server.port), "user": "agent"}
        _, token = room.add_key("git", member="alice", settings=settings)
        server.only("agent", token)
        password = room.canaries.new("password")
        quoted = "'" + password.replace("'", "''") + "'"
        cluster.sql("drop database if exists work; drop role if exists agent;")
        cluster.sql(f"create role agent login password {quoted};")
        cluster.sql("create database work owner agent;")
        settings = {"host": "db.example", "port": str(cluster.port), "user": "agent"}
        room.add_key("postgres", value=password, settings={**settings, "database": "work"})
        (room.folder / "trust").mkdir()
        shutil.copy(server.ca, room.folder / "trust/ca.pem")
        script = f"""
        set -e
        {sys.executable} {AGENTS / "gemini_agent.py"} | tail -n 1
        {GIT}
        psql --no-psqlrc -q -t -A -c "select current_user"
        echo session $STRONGROOM_SESSION
        """
        done = room.run(
            ["gemini", "git", "postgres"],
            ["sh", "-c", script],
            flags=on_machine(machine, "--mount", f"{room.folder}/trust:/trust:ro"),
            variables={
                "GIT_SSL_CAINFO": "/trust/ca.pem",
                "URL": f"https://git.example:{server.port}/story.git",
            },
            timeout=120,
        )
        assert last_json(done.stdout.splitlines()[0])["ok"]
        assert server.log() == ["Written in a container", "Begin"]
        *_, user, session = done.stdout.split("\n")[:-1]
        assert user == "agent"
        standins.passes(*last_json(done.stdout.splitlines()[0])["held"].values())
        nothing_remains(room, session.split()[1])
        assert not room.canaries.patterns() or not search(
            (done.stdout + done.stderr).encode(), room.canaries.patterns()
        )
    finally:
        if server:
            server.stop()


def test_j1_no_core_file_of_a_crashed_child(room, busybox):
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    if pattern.startswith("|"):
        pytest.skip("a program of this machine takes core files")
    room.add_key("github", member="alice")
    script = "cd /tmp; ulimit -c; sleep 60 & kill -ABRT $!; wait $!; echo $?; find / -xdev -name 'core*' -type f | wc -l"
    done = room.run(["github"], ["sh", "-c", script], flags=in_container(busybox))
    limit, status, cores = done.stdout.split()
    assert (limit, status, cores) == ("0", "134", "0")


def test_j1_j2_the_value_is_nowhere_else(room, busybox):
    """While it runs: in no file of the runtime, no argument list, no environment but the command's own."""
    _, token = room.add_key("github", member="alice")
    work = room.begin(
        ["github"],
        ["sh", "-c", "echo ready; exec sleep 600"],
        flags=in_container(busybox, "--user", "agent"),
    )
    work.line("ready")
    session = [each for each in room.json("session", "list") if each["state"] == "open"][0]["id"]
    until(lambda: "sleep" in map(name_of, descendants(work.process.pid)), 30, "the shell has become it")
    inside = descendants(work.process.pid)
    holders = set()
    patterns = room.canaries.patterns()
    for pid in inside | {work.process.pid}:
        if search(read(pid, "environ"), patterns):
            holders.add(name_of(pid))
        assert not search(read(pid, "cmdline"), patterns)
    assert holders == {"sleep"}
    init = next(pid for pid in inside if name_of(pid) == "strongroom-init")
    assert find(init, patterns) == [], "process 1 has wiped its copy"
    files = [path for path in (folders(room) / session).rglob("*") if path.is_file()]
    assert any(path.name == "config.json" for path in files)
    assert any(path.name == "state.json" for path in files)
    for path in files:
        assert not search(path.read_bytes(), patterns), path
    passes = [line for path in files for line in [path.read_bytes()] if b"GH_TOKEN" in line]
    assert passes == [], "not even the names of the variables"
    work.stop()
    until(lambda: not (folders(room) / session).exists(), 60, "the folder is gone")
    nothing_remains(room, session)


@pytest.mark.parametrize("user", ["root", "agent"])
def test_j2_j7_h11_process_1_keeps_to_itself(room, busybox, user):
    room.add_key("github", member="alice")
    done = room.run(
        ["github"], ["sh", "-c", LOOK], flags=in_container(busybox, "--user", user)
    )
    *rest, status = done.stdout.splitlines()
    assert rest == ["gateway", "strongroom-init", "trust"], "and nothing was possible"
    words = status.split()
    assert words[words.index("NoNewPrivs:") + 1] == "1"
    assert words[words.index("Seccomp:") + 1] == "2"
    if user == "agent":
        assert int(words[words.index("CapEff:") + 1], 16) == 0


def test_another_user_of_the_workroom_reads_no_environment(room, busybox):
    """J2: with uids of their own, a process of the workroom does not read another's variables."""
    room.add_key("github", member="alice")
    script = """
    sleep 60 & its=$!
    su other -s /bin/sh -c "cat /proc/$its/environ" 2>&1 | grep -c 'Permission denied'
    kill $its
    """
    done = room.run(["github"], ["sh", "-c", script], flags=in_container(busybox))
    assert done.stdout.split() == ["1"]


def test_i9_j6_a_revoke_ends_all_of_it(room, busybox):
    key, _ = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    session = [each for each in room.json("session", "list") if each["state"] == "open"][0]["id"]
    inside = descendants(work.process.pid)
    assert len(inside) >= 4
    receipt = room.revoke(key)["receipt"]
    assert all(is_gone(pid) for pid in inside)
    assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
    assert work.wait() == 3
    nothing_remains(room, session)


def test_j9_a_killed_runner_takes_the_container_along(room, busybox):
    room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", ESCAPE], flags=in_container(busybox))
    work.line("ready")
    session = [each for each in room.json("session", "list") if each["state"] == "open"][0]["id"]
    inside = descendants(work.process.pid)
    work.process.send_signal(signal.SIGKILL)
    until(lambda: all(is_gone(pid) for pid in inside), 60, "everything of it is dead")
    assert session not in Path("/proc/self/mountinfo").read_text()
    # What lies on disk goes at the latest with the next run of this user.
    room.run(["github"], ["true"], flags=in_container(busybox))
    everything_goes(room, session)


def test_a_fork_bomb_is_bounded_and_ends(room, busybox):
    room.add_key("github", member="alice")
    bomb = "echo ready; (while :; do sleep 600 & done) 2>/dev/null & exec sleep 600"
    work = room.begin(
        ["github"], ["sh", "-c", bomb], flags=in_container(busybox, "--pids-limit", "64")
    )
    work.line("ready")
    until(lambda: len(descendants(work.process.pid)) >= 60, 60, "it has reached the limit")
    inside = descendants(work.process.pid)
    assert len(inside) <= 64
    session = [each for each in room.json("session", "list") if each["state"] == "open"][0]["id"]
    room.cli("session", "end", session)
    assert all(is_gone(pid) for pid in descendants(work.process.pid) | inside)
    work.wait()
    nothing_remains(room, session)


MANY = """
import asyncio, os, urllib.parse
gateway = urllib.parse.urlsplit(os.environ["STRONGROOM_GATEWAY"])
head = f"GET /gemini/v1beta/models HTTP/1.1\\r\\nHost: {gateway.netloc}\\r\\nx-goog-api-key: {os.environ['GEMINI_API_KEY']}\\r\\nConnection: close\\r\\n\\r\\n".encode()

async def one(gate):
    reader, writer = await asyncio.open_connection(gateway.hostname, gateway.port)
    await gate.wait()
    writer.write(head)
    answer = await reader.read()
    writer.close()
    return answer.split()[1]

async def work():
    gate = asyncio.Event()
    tasks = [asyncio.create_task(one(gate)) for _ in range(700)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*tasks)
    print(len(answers), sorted({each.decode() for each in answers}))

asyncio.run(work())
"""


def test_more_connections_than_the_relay_holds_at_once_wait_their_turn(room, standins, machine):
    """Process 1 has 1,024 descriptors here: what is beyond them waits in the kernel and is served later."""
    room.add_key("gemini")
    done = room.run(
        ["gemini"], [sys.executable, "-c", MANY], flags=on_machine(machine), expect=None, timeout=90
    )
    assert done.stdout, done.stderr
    count, answers = done.stdout.split(" ", 1)
    assert count == "700", done.stderr
    assert set(eval(answers)) <= {"200", "429", "503"} and "200" in answers
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


AGAIN = """
printf 'x-goog-api-key: %s\\n' "$GEMINI_API_KEY" > /tmp/h
call() { curl -s -H @/tmp/h -o /dev/null -w "%{http_code}\\n" $STRONGROOM_GATEWAY/gemini/v1beta/models; }
call
read line < /fifo/go
call
"""


def test_a_container_goes_on_after_the_vault_was_started_anew(room, standins, machine):
    """Its socket is a new one then, in the folder that the container sees."""
    room.add_key("gemini")
    room.add_key("github", member="alice")
    folder = room.folder / "fifo"
    folder.mkdir()
    os.mkfifo(folder / "go")
    flags = on_machine(machine, "--mount", f"{folder}:/fifo")
    work = room.begin(["gemini", "github"], ["sh", "-c", AGAIN], flags=flags)
    work.line("200")
    room.kill9()
    room.start()
    until(lambda: len(list(room.data.glob("sockets/*/s"))) == 1, 30, "the socket is there again")
    (folder / "go").write_text("on\n")
    work.wait()
    assert work.lines() == ["200", "200"]
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


@pytest.fixture
def network():
    name = f"strongroom-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)


def test_two_workrooms_of_one_network(room, standins, machine, network):
    """Each has listeners of its own there, at addresses drawn at random."""
    room.add_key("gemini")
    script = 'printf "x-goog-api-key: %s\\n" "$GEMINI_API_KEY" > /tmp/h; curl -s -H @/tmp/h -o /dev/null -w "%{http_code}\\n" https://generativelanguage.googleapis.com/v1beta/models; echo $STRONGROOM_GATEWAY; read line < /fifo/$NAME'
    folder = room.folder / "fifo"
    folder.mkdir()
    for name in ("one", "other"):
        os.mkfifo(folder / name)
    flags = on_machine(machine, "--network", network, "--mount", f"{folder}:/fifo")
    works = [
        room.begin(["gemini"], ["sh", "-c", script], flags=flags, variables={"NAME": name})
        for name in ("one", "other")
    ]
    gateways = set()
    for work in works:
        gateways.add(work.line("http://127."))
        work.line("200")
    assert len(gateways) == 2
    for name in ("one", "other"):
        (folder / name).write_text("on\n")
    for work in works:
        work.stop()
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


def test_the_machines_own_network_where_it_is_asked_for(room, standins, machine):
    room.add_key("gemini")
    script = 'echo $STRONGROOM_GATEWAY; printf "x-goog-api-key: %s\\n" "$GEMINI_API_KEY" > /tmp/h; curl -s -H @/tmp/h -o /dev/null -w "%{http_code}\\n" https://generativelanguage.googleapis.com/v1beta/models'
    done = room.run(
        ["gemini"], ["sh", "-c", script], flags=on_machine(machine, "--network", "host")
    )
    assert done.stdout.split() == [room.gateway, "200"]
    standins.passes(*[request["pass"] for request in standins.requests() if request.get("pass")])


def freezer_of(session):
    """The group of a container whose processes can be frozen: deaf to KILL, as one that sleeps in the kernel is."""
    for path in (f"/sys/fs/cgroup/freezer/strongroom/strongroom-{session}",):
        if Path(path, "freezer.state").exists():
            return Path(path, "freezer.state")
    return None


def test_what_cannot_be_killed_is_named_not_forgotten(room, busybox):
    """A process that KILL does not reach: R2 does not hold, it is named, and the receipt of a later look has it dead."""
    key, _ = room.add_key("github", member="alice")
    work = room.begin(["github"], ["sh", "-c", "echo ready; exec sleep 600"], flags=in_container(busybox))
    work.line("ready")
    session = [each for each in room.json("session", "list") if each["state"] == "open"][0]["id"]
    freezer = freezer_of(session)
    if freezer is None:
        work.stop()
        pytest.skip("no freezer of cgroups version 1 here")
    until(lambda: "sleep" in map(name_of, descendants(work.process.pid)), 30, "the shell has become it")
    inside = descendants(work.process.pid)
    freezer.write_text("FROZEN")
    try:
        until(lambda: freezer.read_text().strip() == "FROZEN", 30, "it is frozen")
        receipt = room.revoke(key)["receipt"]
        assert receipt["r1"]["holds"] is True
        assert receipt["r2"]["holds"] is False
        assert "sleep" in str(receipt), "the process is named"
    finally:
        freezer.write_text("THAWED")
    until(lambda: all(is_gone(pid) for pid in inside), 60, "they die as soon as they can")
    work.wait()
    nothing_remains(room, session)


def test_standard_streams_of_every_kind(room, busybox, tmp_path):
    try_standard_streams(room, in_container(busybox), tmp_path)


def test_j1_what_it_writes_passes_through_the_net(room, busybox):
    try_output_net(room, in_container(busybox))


def test_the_image_is_not_written_to(room, busybox):
    room.add_key("gemini")
    before = sorted(str(path) for path in Path(busybox).rglob("*"))
    script = "echo x > /etc/passwd && rm /bin/vi && mkdir /new && cat /etc/passwd"
    done = room.run(["gemini"], ["sh", "-c", script], flags=in_container(busybox))
    assert done.stdout == "x\n"
    assert sorted(str(path) for path in Path(busybox).rglob("*")) == before
    assert "agent" in (Path(busybox) / "etc/passwd").read_text()


@pytest.mark.skipif(UMOCI is None, reason="umoci is not installed")
def test_an_image_layout_says_what_the_caller_does_not(room, busybox, tmp_path):
    image = layout_image(
        tmp_path / "layout",
        busybox,
        user="agent",
        env="FROM_IMAGE=yes",
        workingdir="/home/agent",
        cmd="env",
    )
    room.add_key("gemini")
    environment = {**room.environment, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for _ in range(2):
        done = room.run(["gemini"], [], flags=in_container(image), environment=environment)
        names = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        assert names["FROM_IMAGE"] == "yes" and names["HOME"] == "/home/agent"
        assert names["GEMINI_API_KEY"]
    done = room.run(
        ["gemini"], ["sh", "-c", "id -u; pwd"], flags=in_container(image), environment=environment
    )
    assert done.stdout.split() == ["1000", "/home/agent"]
    room.run(
        ["gemini"],
        ["true"],
        flags=in_container(f"{tmp_path}/layout:other"),
        environment=environment,
        expect=4,
    )


@pytest.mark.parametrize(
    "flags, word",
    [
        (["--image", "/no/such/folder"], "there is no image"),
        ([], "needs an --image"),
        (["--image", "BUSYBOX", "--user", "nobody-here"], "no user 'nobody-here'"),
        (["--image", "BUSYBOX", "--mount", "relative:/x"], "--mount"),
        (["--image", "BUSYBOX", "--mount", "/tmp:/run/strongroom/x"], "not the caller's"),
        (["--image", "BUSYBOX", "--network", "no-such-network"], "no-such-network"),
        (["--image", "BUSYBOX", "--workdir", "/no/such"], "/no/such"),
    ],
)
def test_what_cannot_be_is_said(room, busybox, flags, word):
    room.add_key("gemini")
    flags = [str(busybox) if each == "BUSYBOX" else each for each in flags]
    done = room.run(["gemini"], ["true"], flags=("--runtime", "runc", *flags), expect=None)
    assert done.returncode not in (0, 127), done.stderr
    assert word in done.stderr and done.stderr.count("\n") == 1
    own = {each["id"] for each in room.json("session", "list")}
    assert [name for name in left_over(room) if name.split("-")[0] in own] == []


#: An OCI runtime that takes its time: it says that the container is there, and waits for a word.
SLOW = """#!/bin/sh
{runc} "$@" || exit
case " $* " in *" run "*) touch {at}/called; while [ ! -e {at}/go ]; do sleep 0.02; done;; esac
"""


#: One that says what it was asked.
NOTING = """#!/bin/sh
echo "$*" >> {at}/asked
exec {runc} "$@"
"""


def test_what_is_cleared_away_is_asked_of_the_runtime_that_made_it(room, busybox, tmp_path):
    """Also where nobody is left who knows: neither the runner, nor its supervisor and the record."""
    room.add_key("github", member="alice")
    noting = tmp_path / "noting-runc"
    noting.write_text(NOTING.format(at=tmp_path, runc=RUNC))
    noting.chmod(0o755)
    flags = ("--runtime", str(noting), "--image", str(busybox))
    work = room.begin(["github"], ["sh", "-c", "echo ready; exec sleep 600"], flags=flags)
    work.line("ready")
    [session] = [each["id"] for each in room.json("session", "list") if each["state"] == "open"]
    supervisor = supervisors(room)[session]
    for pid in (supervisor, work.process.pid):
        os.kill(pid, signal.SIGKILL)
    # What a process that is not quite dead holds is not cleared away.
    until(lambda: is_gone(supervisor) and is_gone(work.process.pid), 30, "both are dead")
    shutil.rmtree(record_of(room, session))
    (tmp_path / "asked").unlink()
    room.run(["github"], ["true"])
    assert f"delete --force strongroom-{session}" in (tmp_path / "asked").read_text()
    everything_goes(room, session)


@pytest.mark.parametrize("service, what", [("github", "key"), ("github", "session"), ("gemini", "session")])
def test_i9_a_revoke_while_the_runtime_takes_its_time_leaves_nothing_to_start(
    room, busybox, tmp_path, service, what
):
    key, _ = room.add_key(service)
    slow = tmp_path / "slow-runc"
    slow.write_text(SLOW.format(at=tmp_path, runc=RUNC))
    slow.chmod(0o755)
    flags = ("--runtime", str(slow), "--image", str(busybox))
    workroom = room.begin([service], ["echo", "began"], flags=flags)
    until((tmp_path / "called").exists, 30, "the container is there")
    if what == "key":
        room.revoke(key)
    else:
        listed = json.loads(room.cli("session", "list", "--tenant", "acme", "--json").stdout)
        (session,) = [each["id"] for each in listed if each["state"] == "open"]
        room.cli("session", "end", session)
    (tmp_path / "go").touch()
    assert workroom.wait() == 3, workroom.errors()
    assert workroom.lines() == [], workroom.errors()
