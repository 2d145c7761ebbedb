"""Narrow injection (`strongroom run --inject exec`): values go to single commands, each use recorded before.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import os
import signal
import subprocess
import sys

import pytest

from support.git_server import BACKEND, FCGIWRAP, NGINX, GitServer
from support.images import BUSYBOX, RUNC, busybox_image
from support.processes import descendants, descriptors_of, read
from support.room import NOBODY, NOT_FOUND, PROGRAMS, REFUSED, UNAVAILABLE, WRONG_USE
from support.waiting import until

EXEC = ("--inject", "exec")
INIT = '"$STRONGROOM_INIT" exec'


def shell(room, services, script, **options):
    return room.run(
        services, ["/bin/sh", "-c", script], flags=(*EXEC, *options.pop("flags", ())), **options
    )


def begin(room, services, script, *flags):
    return room.begin(services, ["/bin/sh", "-c", script], flags=(*EXEC, *flags))


def uses(room):
    entries = room.json("audit", "list", "--tenant", "acme")
    return [entry for entry in entries if entry.get("method") == "EXEC"]


def digest(value):
    return hashlib.sha256(value.encode()).hexdigest()


def test_a_command_gets_what_it_names_and_the_workroom_nothing(room):
    _, token = room.add_key("github", member="alice")
    _, other = room.add_key("gitlab", member="alice")
    show = "'printf %s \"$GH_TOKEN\" | sha256sum; printf %s \"$GITLAB_TOKEN\" | sha256sum'"
    done = shell(
        room,
        ["github", "gitlab"],
        f"env; echo ---; {INIT} --with github -- sh -c {show};"
        f"{INIT} --with github --with gitlab -- sh -c {show}",
    )
    session, seen = done.stdout.split("---\n")
    assert token not in session and other not in session and "GH_TOKEN=" not in session
    seen = [line.split()[0] for line in seen.splitlines()]
    assert seen == [digest(token), digest(""), digest(token), digest(other)]
    recorded = sorted((use["service"], use["path"]) for use in uses(room))
    assert recorded == [("github", "sh"), ("github", "sh"), ("gitlab", "sh")]


def test_the_command_is_as_its_callers_own(room):
    """Folder, variables, streams, status."""
    room.add_key("github", member="alice")
    done = shell(
        room,
        ["github"],
        f"cd /usr; export MINE=1; echo in | {INIT} --with github -- "
        "sh -c 'cat; pwd; echo $MINE; echo err >&2; exit 7'; echo $?;"
        f"{INIT} --with github -- no-such-command; echo $?;"
        f"{INIT} --with github -- sh -c 'kill -9 $$'; echo $?",
    )
    assert done.stdout.split() == ["in", "/usr", "1", "7", "127", "137"]
    assert "err\n" in done.stderr and "cannot start no-such-command" in done.stderr


def test_what_was_not_granted_is_refused_and_found(room):
    room.add_key("github", member="alice")
    done = shell(room, ["github"], f"{INIT} --with gitlab -- true", expect=NOT_FOUND)
    assert "no injected key of a service 'gitlab'" in done.stderr
    until(lambda: any(entry.get("outcome") == "exec_not_granted" for entry in settled(room)), 30, "it is found")
    assert not uses(room)


def test_wrong_use_is_said(room):
    room.add_key("github", member="alice")
    assert "use: " in shell(room, ["github"], INIT, expect=WRONG_USE).stderr
    done = room.run(
        ["github"],
        [PROGRAMS / "strongroom-init", "exec", "--with", "github", "--", "true"],
        expect=UNAVAILABLE,
    )
    assert "--inject exec" in done.stderr
    huge = f"BIG=$(head -c 120000 /dev/zero | tr '\\0' x) MORE=$(head -c 20000 /dev/zero | tr '\\0' x) {INIT} --with github -- true"
    assert "128 KiB" in shell(room, ["github"], huge, expect=WRONG_USE).stderr
    large = f"BIG=$(head -c 110000 /dev/zero | tr '\\0' x) {INIT} --with github -- true"
    shell(room, ["github"], large)


def test_signals_reach_the_command(room):
    room.add_key("github", member="alice")
    done = shell(
        room,
        ["github"],
        f"mkfifo {room.folder}/up; {INIT} --with github -- sh -c 'trap \"echo caught; exit 3\" INT; "
        f"echo up > {room.folder}/up; while :; do sleep 0.05; done' & "
        f"read line < {room.folder}/up; kill -INT $!; wait $!; echo $?",
    )
    assert done.stdout.split() == ["caught", "3"]


def test_a_client_that_goes_takes_its_command_and_all_it_left_along(room):
    room.add_key("github", member="alice")
    script = (
        f"{INIT} --with github -- sh -c '(setsid sleep 1000 & echo left $!); exec sleep 1001' & "
        "echo client $!; wait $!; echo gone; exec sleep 1002"
    )
    running = begin(room, ["github"], script)
    running.line("left")

    def sleeping():
        found = subprocess.run(
            ["ps", "-eo", "pid,args"], capture_output=True, text=True
        ).stdout.splitlines()
        return {int(line.split()[0]): line for line in found if "sleep 100" in line and "sh -c" not in line}

    mine = lambda: sleeping().keys() & descendants(running.process.pid)
    until(lambda: len(mine()) == 2, 60, "both sleep")
    client = next(
        pid
        for pid in descendants(running.process.pid)
        if b"exec\0--with" in read(pid, "cmdline")
    )
    os.kill(client, signal.SIGKILL)
    running.line("gone")
    until(
        lambda: [line.split()[-1] for p, line in sleeping().items() if p in mine()] == ["1002"],
        20,
        "what the command left has gone",
    )
    until(lambda: any(u.get("outcome") == "client_left" for u in settled(room)), 60, "recorded")


def settled(room):
    return room.json("audit", "list")


def test_what_a_command_leaves_behind_ends_with_it(room):
    room.add_key("github", member="alice")
    done = shell(
        room,
        ["github"],
        f"{INIT} --with github -- sh -c '(trap \"\" TERM; setsid sleep 1000) >/dev/null 2>&1 & "
        "sleep 0.2; exit 0'; ps -eo args | grep -c '^[s]leep 1000$'",
        expect=None,
    )
    assert done.stdout.split() == ["0"]


def test_i9_j6_a_revoke_ends_the_command_and_the_workroom(room):
    key, _ = room.add_key("github", member="alice")
    running = begin(room, ["github"], f"{INIT} --with github -- sh -c 'echo up; sleep 1000'")
    running.line("up")
    receipt = room.revoke(key)
    assert running.wait() == REFUSED
    assert "sleep" in str(receipt)


def test_h1_another_process_of_the_machine_is_refused(room):
    """The socket's folder is ours alone; and who comes must descend from the workroom's process 1."""
    room.add_key("github", member="alice")
    running = begin(room, ["github"], "echo at $STRONGROOM_EXEC; exec sleep 1000")
    path = running.line("at")
    done = subprocess.run(
        [PROGRAMS / "strongroom-init", "exec", "--with", "github", "--", "env"],
        env={"STRONGROOM_EXEC": path, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == REFUSED and "only processes of this workroom" in done.stderr
    assert not done.stdout and not uses(room)


def test_what_is_no_request_is_turned_away(room):
    room.add_key("github", member="alice")
    attack = """
import array, os, socket, struct
def talk(octets, descriptors):
    s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(os.environ["STRONGROOM_EXEC"])
    with_them = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    s.sendmsg([octets], with_them)
    s.shutdown(socket.SHUT_WR)
    answer = b""
    try:
        while part := s.recv(4096): answer += part
    except ConnectionResetError: pass  # it has not read all of this
    print(answer[8:].decode())
head = lambda *words: struct.pack("7I", *words)
for octets in (b"x", head(9, 9, 1, 1, 0, 0, 0), head(1, 1 << 31, 1, 1, 0, 0, 0), head(1, 4, 1 << 31, 1, 1 << 31, 0, 0) + b"a\\0b\\0",
               head(1, 4, 1, 1, 0, 0, 0) + b"abcd", head(1, 4, 1, 1, 0, 0, 0) + b"\\0\\0\\0\\0"):
    for descriptors in ([], [0], [0, 1, 2], [0] * 20):
        talk(octets, descriptors)
"""
    done = shell(
        room, ["github"], f"{sys.executable} - <<'EOF'\n{attack}\nEOF\n{INIT} --with github -- echo fine"
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 25 and lines[-1] == "fine" and all(lines), lines


def test_more_descriptors_than_streams_are_refused_and_none_stays(room):
    """The runner's own are not for a workroom to use up."""
    room.add_key("github", member="alice")
    attack = """
import array, os, socket, struct, sys
head = struct.pack("7I", 1, 7, 1, 1, 0, 0, 0)
for _ in range(60):
    s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(os.environ["STRONGROOM_EXEC"])
    s.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2, 0]))])
    answer = s.recv(4096)
    assert b"not a request" in answer, answer
    s.close()
print("refused", flush=True)
"""
    running = begin(
        room, ["github"], f"{sys.executable} - <<'EOF'\n{attack}\nEOF\nexec sleep 600"
    )
    running.line("refused")
    until(lambda: descriptors_of(running.process.pid) < 50, 30, "it has closed them")
    running.stop()


def test_no_more_than_so_many_at_once(room):
    room.add_key("github", member="alice")
    mark, ended = f"1{os.getpid():07}", room.folder / "ended"
    ended.touch()
    count = f"ps -eo args | grep -c '^[s]leep {mark}$'"
    done = shell(
        room,
        ["github"],
        f"for i in $(seq 40); do ({INIT} --with github -- sleep {mark} 2>/dev/null; echo ended $? >> {ended}) & done; "
        f"until test \"$({count})\" -ge 32 && test $(wc -l < {ended}) -ge 8; do sleep 0.05; done; "
        f"cat {ended}; {count}",
    )
    assert done.stdout.splitlines() == ["ended 2"] * 8 + ["32"]


def test_without_the_vault_nothing_new_begins(room):
    room.add_key("github", member="alice")
    os.mkfifo(room.folder / "go")
    running = begin(
        room, ["github"], f"echo up; read line < {room.folder}/go; {INIT} --with github -- true; echo was $?"
    )
    running.line("up")
    room.kill9()
    (room.folder / "go").write_text("go\n")
    assert running.line("was") == str(UNAVAILABLE)


@pytest.mark.skipif(os.geteuid() != 0, reason="other users need root")
def test_as_another_user_where_that_was_said(room):
    room.add_key("github", member="alice")
    done = shell(
        room,
        ["github"],
        f"{INIT} --with github -- id -u; {INIT} --with github --as {NOBODY} -- id -u; "
        f"{INIT} --with github --as 1 -- id -u; echo $?",
        flags=("--exec-user", str(NOBODY)),
    )
    assert done.stdout.split() == [str(NOBODY), str(NOBODY), str(REFUSED)]
    assert "may not run as user 1" in done.stderr
    done = shell(room, ["github"], f"{INIT} --with github --as {NOBODY} -- id -u", expect=REFUSED)
    done = room.run(["github"], ["true"], flags=("--exec-user", "1"), expect=WRONG_USE)
    assert "--inject exec only" in done.stderr


@pytest.mark.skipif(
    not (NGINX and FCGIWRAP and BACKEND.exists()), reason="nginx, fcgiwrap or git is not installed"
)
def test_plain_git_pushes_without_a_token_in_the_shell(room):
    server = GitServer(room.folder / "git").start()
    try:
        _, token = room.add_key(
            "github", member="alice", settings={"host": server.name, "port": str(server.port)}
        )
        server.only("x-access-token", token)
        done = shell(
            room,
            ["github"],
            f"set -e; cd {room.folder}; test -z \"$GH_TOKEN\"; git clone -q {server.url} story; cd story; "
            "git config user.name a; git config user.email a@example.test; echo x >> story.txt; "
            "git commit -q -a -m Narrow; "
            "GIT_TRACE=1 GIT_CURL_VERBOSE=1 GIT_TRACE_REDACT=1 git push -q origin HEAD:main; cat .git/config; "
            f"{INIT} --with github -- git ls-remote origin main",
            variables={"GIT_SSL_CAINFO": server.ca},
        )
        assert server.log()[0] == "Narrow"
        assert token not in done.stdout + done.stderr
        assert "refs/heads/main" in done.stdout and {use["service"] for use in uses(room)} == {"github"}
    finally:
        server.stop()


@pytest.mark.skipif(
    RUNC is None or BUSYBOX is None or os.geteuid() != 0, reason="needs runc, busybox and root"
)
@pytest.mark.parametrize("user", ["0", "1000"])
def test_in_a_container(room, tmp_path, user):
    image = busybox_image(tmp_path / "busybox")
    _, token = room.add_key("github", member="alice")
    done = shell(
        room,
        ["github"],
        f"env; echo ---; {INIT} --with github -- sh -c 'id -u; printf %s \"$GH_TOKEN\" | sha256sum'",
        flags=("--runtime", "runc", "--image", str(image), "--user", user),
    )
    session, seen = done.stdout.split("---\n")
    assert token not in session
    assert seen.split()[:2] == [user, digest(token)]


def test_of_several_keys_of_a_service_one_by_its_label(room):
    """Under the names that tools read; what it gives stays within the command, and in the record."""
    tokens = {label: room.add_key("github", member="alice", label=label)[1] for label in ("home", "work-2")}
    show = "'for each in \"$GH_TOKEN\" \"$GH_TOKEN_WORK_2\" \"$GH_TOKEN_HOME\"; do printf %s \"$each\" | sha256sum; done; echo \"[$STRONGROOM_OTHER_KEYS]\"'"
    wishes = ("github", "github:home", "github:work-2", "github:work-2 --with github:home", "github:home --with github:work-2")
    script = "; ".join(f"{INIT} --with {wish} -- sh -c {show}" for wish in wishes)
    script += f"; {INIT} --with github:work-2 -- sh -c '{INIT} --with github:home -- sh -c '\\''printf %s \"$GH_TOKEN\" | sha256sum'\\'"
    script += f"; {INIT} --with github:none -- true; echo $?"
    done = shell(room, ["github:home", "github:work-2"], script)
    lines = [line.split()[0] for line in done.stdout.splitlines()]
    home, work, none = digest(tokens["home"]), digest(tokens["work-2"]), digest("")
    seen = [lines[at : at + 4] for at in range(0, 20, 4)]
    assert seen[0] == [home, work, none, "[]"]
    assert seen[1][:3] == [home, none, none]
    assert seen[2][:3] == [work, work, none] and "GH_TOKEN" in seen[2][3]
    assert seen[3][:3] == [work, work, home]
    assert seen[4][:3] == [home, work, none]
    assert lines[20] == home, "a command within has its own"
    assert lines[21] == str(NOT_FOUND)
    keys = {each["id"]: each["label"] for each in room.json("key", "list", "--tenant", "acme")}
    recorded = sorted(keys[use["key"]] for use in uses(room))
    assert recorded == ["home"] * 5 + ["work-2"] * 5


def test_settings_of_a_key_named_by_its_label_go_along(room):
    for label, host in (("one", "db1.example.com"), ("two", "db2.example.com")):
        room.add_key("postgres", label=label, shape="password", settings={"host": host, "user": label, "database": "d"})
    show = "'echo $PGHOST $PGUSER; printf %s \"$PGPASSWORD\" | sha256sum'"
    done = shell(
        room, ["postgres:one", "postgres:two"],
        f"echo $PGHOST; {INIT} --with postgres:two -- sh -c {show}; {INIT} --with postgres:one -- sh -c {show}",
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "db1.example.com" and lines[1] == "db2.example.com two" and lines[3] == "db1.example.com one"
    assert lines[2] != lines[4]


def test_gits_helper_is_not_misled_by_a_key_named_by_its_label(room):
    """Within a command that has another key's token under the usual name, it asks for that of its own place."""
    home = room.add_key("github", member="alice", label="home", settings={"path": "/home"})[1]
    work = room.add_key("github", member="alice", label="work", settings={"path": "/work"})[1]
    ask = "printf \"protocol=https\\nhost=github.com\\npath=%s/x.git\\n\\n\" {0} | git credential fill | sed -n s/^password=//p | tr -d \"\\n\" | sha256sum"
    both = "; ".join(ask.format(place) for place in ("home", "work"))
    done = shell(
        room, ["github:home", "github:work"],
        f"{both}; {INIT} --with github:work -- sh -c '{both}'; {INIT} --with github:home -- sh -c '{both}'",
    )
    seen = [line.split()[0] for line in done.stdout.splitlines()]
    assert seen == [digest(home), digest(work)] * 3


@pytest.mark.parametrize("way", ["session", "exec", "runc"])
def test_a_command_ignores_no_signal_that_its_runners_caller_ignored(room, tmp_path, way):
    """As a shell's `&`, nohup and many a library leave them to what they start."""
    if way == "runc" and (RUNC is None or BUSYBOX is None or os.geteuid() != 0):
        pytest.skip("runc needs root, runc and busybox-static")
    room.add_key("github", member="alice")
    flags = ("--runtime", "runc", "--image", str(busybox_image(tmp_path / "image"))) if way == "runc" else ()
    look = ["grep", "^SigIgn", "/proc/self/status"]
    command = ["sh", "-c", f"{INIT} --with github -- {' '.join(look)}"] if way == "exec" else look
    ignored = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        flags = (*EXEC, *flags) if way == "exec" else flags
        # Or Python would give PIPE back by itself.
        work = room.begin(["github"], command, flags=flags, restore_signals=False)
    finally:
        for number, action in before.items():
            signal.signal(number, action)
    assert int(work.line("SigIgn:"), 16) & sum(1 << (number - 1) for number in ignored) == 0
    assert work.wait() == 0


def test_a_finding_is_in_the_record_of_its_tenant(room):
    room.people("other")
    room.add_key("github", member="alice")
    shell(room, ["github"], f"{INIT} --with postgres -- true", expect=NOT_FOUND)

    def findings(*of):
        return [each["outcome"] for each in room.json("audit", "list", *of) if each["action"] == "finding"]

    until(findings, 30, "it is recorded")
    assert findings() == findings("--tenant", "acme") == ["exec_not_granted"]
    assert findings("--tenant", "other") == []
