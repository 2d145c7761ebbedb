"""SSH keys: the workroom logs in with one by an agent, and no process of it ever holds it.

Against a real sshd and the machine's own ssh, ssh-add and git. SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import subprocess

import pytest

from support.git_server import BACKEND, GitServer
from support.images import RUNC
from support.room import REFUSED
from support.ssh_server import SSHD, SshKeyPair, SshServer
from support.waiting import until
from test_runc import dialling, machine, on_machine  # noqa: F401

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or SSHD is None or shutil.which("ssh") is None,
    reason="needs root, and OpenSSH's server and client",
)
SSH = 'ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -p "$PORT"'


@pytest.fixture
def make_server(room):
    servers = []

    def make(name="ssh"):
        servers.append(SshServer(room.folder / name))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def server(make_server):
    return make_server()


def add(room, server, pair, **settings):
    server.allow(pair)
    return room.add_key(
        "ssh", member="alice", value=pair.private, settings=server.settings(**settings)
    )


def shell(room, server, script, **options):
    variables = {"PORT": str(server.port), **options.pop("variables", {})}
    return room.run(["ssh"], ["/bin/sh", "-c", script], variables=variables, **options)


def logins(room):
    entries = room.json("audit", "list", "--tenant", "acme")
    return [
        (each["service"], each["host"], each["path"])
        for each in entries
        if each.get("method") == "SSH"
    ]


def findings(room):
    return {each.get("outcome") for each in room.json("audit", "list", "--limit", "200")}


@pytest.mark.parametrize(
    "kind", ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-3072"]
)
def test_keys_of_every_kind_log_in_and_stay_out(room, server, canaries, kind):
    pair = SshKeyPair(canaries, kind)
    add(room, server, pair, host_keys=server.host_key)
    script = f"ssh-add -L; {SSH} root@localhost echo came in; env"
    done = shell(room, server, script, flags=["--no-output-filter"])
    listed, greeting, *variables = done.stdout.splitlines()
    assert listed == f"{pair.public} root@localhost" and greeting == "came in"
    for line in pair.private.splitlines():
        assert line not in "\n".join(variables)
    until(lambda: logins(room) == [("ssh", "localhost", "root")], 30, "the login is recorded")


@pytest.mark.skipif(RUNC is None or not BACKEND.exists(), reason="needs runc and git")
def test_git_over_ssh_in_a_container_without_network(make_room, machine, canaries):  # noqa: F811
    folder = make_room(start=False).folder
    server = SshServer(folder / "ssh")
    try:
        room = dialling(make_room, f"git.example:{server.port}")
        repositories = GitServer(room.folder / "git")
        pair = SshKeyPair(canaries)
        server.allow(pair)
        settings = server.settings("git.example", host_keys=server.host_key)
        room.add_key("ssh", member="alice", value=pair.private, settings=settings)
        script = """
        set -e
        cd /tmp; git clone -q "$URL" story; cd story
        git config user.name agent; git config user.email agent@example.test
        echo more >> story.txt; git commit -q -a -m "Written over SSH"; git push -q origin HEAD:main
        """
        url = f"ssh://root@git.example:{server.port}{repositories.folder}/repositories/story.git"
        room.run(["ssh"], ["sh", "-c", script], flags=on_machine(machine), variables={"URL": url})
        assert repositories.log() == ["Written over SSH", "Begin"]
        until(lambda: len(logins(room)) == 2, 30, "clone and push are recorded")
    finally:
        server.stop()


def test_only_as_the_keys_own_user(room, server, canaries):
    """Though the server would let it in."""
    add(room, server, SshKeyPair(canaries), host_keys=server.host_key, user="git")
    done = shell(room, server, f"{SSH} root@localhost true 2>&1; echo $?")
    assert done.stdout.splitlines()[-1] == "255"
    until(lambda: "ssh_other_user" in findings(room), 30, "a finding")
    assert logins(room) == []


def test_only_at_the_keys_own_servers(room, make_server, canaries):
    pair = SshKeyPair(canaries)
    server, other = make_server(), make_server("other")
    add(room, server, pair, host_keys=server.host_key)
    other.allow(pair)
    done = shell(room, other, f"{SSH} root@localhost true 2>&1; echo $?")
    assert done.stdout.splitlines()[-1] == "255"
    until(lambda: "ssh_other_host" in findings(room), 30, "a finding")
    assert "Accepted publickey" not in other.log_text() and logins(room) == []


def test_not_through_the_server_to_another_one(room, make_server, canaries):
    """The agent forwarded: the server that was logged in to asks for a login elsewhere."""
    pair = SshKeyPair(canaries)
    server, other = make_server(), make_server("other")
    add(room, server, pair, host_keys=f"{server.host_key},{other.host_key}")
    other.allow(pair)
    onward = SSH.replace('"$PORT"', str(other.port))
    done = shell(
        room, server, f"{SSH} -A root@localhost '{onward} root@localhost echo came through' 2>&1"
        "; true"
    )
    assert "came through" not in done.stdout and "Accepted publickey" not in other.log_text()


def test_nothing_but_logins_is_signed(room, server, canaries):
    pair = SshKeyPair(canaries)
    add(room, server, pair)
    script = """
    cd "$(mktemp -d)"; ssh-add -L > key.pub; echo text > text
    ssh-keygen -Y sign -q -f key.pub -n git text 2>&1; echo "signed $?"; ls
    ssh-add -D 2>&1; ssh-add -x </dev/null 2>&1; ssh-add -L
    """
    done = shell(room, server, script)
    assert "signed 0" not in done.stdout and "text.sig" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith(pair.public)
    until(lambda: "ssh_no_login" in findings(room), 30, "a finding")


def test_processes_outside_are_not_served(room, server, canaries):
    add(room, server, SshKeyPair(canaries))
    work = room.begin(["ssh"], ["/bin/sh", "-c", 'echo "at $SSH_AUTH_SOCK"; exec sleep 600'])
    socket = work.line("at ")
    done = subprocess.run(
        ["ssh-add", "-L"],
        env={"SSH_AUTH_SOCK": socket, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and "ssh-" not in done.stdout
    work.stop()
    until(lambda: not os.path.exists(socket), 30, "the socket is gone")


def test_a_revoke_ends_it(room, server, canaries):
    key, _ = add(room, server, SshKeyPair(canaries))
    login = SSH.replace('"$PORT"', str(server.port))
    work = room.begin(
        ["ssh"], ["/bin/sh", "-c", f"{login} root@localhost true && echo ready; exec sleep 600"]
    )
    work.line("ready", 60)
    room.cli("key", "revoke", key)
    assert work.wait() == REFUSED


def encrypted(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path], check=True)
    return path.read_text()


def test_a_key_that_cannot_be_used_is_refused_without_being_shown(room, canaries):
    settings = {"host": "localhost", "port": "22"}
    good = SshKeyPair(canaries).private.splitlines()
    wrong = {
        "passphrase": encrypted(room.folder / "encrypted"),
        "2048 bits": SshKeyPair(canaries, "rsa-1024").private,
        "OPENSSH PRIVATE KEY": "\n".join(["-----BEGIN PRIVATE KEY-----", *good[1:-1]]),
        "no private key": "\n".join([*good[:2], *good[3:]]),
    }
    sets = [part for pair in settings.items() for part in ("--set", "=".join(pair))]
    for why, text in wrong.items():
        done = room.cli(
            *("key", "add", "ssh", "--tenant", "acme", "--member", "alice", *sets),
            input=text,
            expect=None,
        )
        assert done.returncode != 0 and why in done.stderr, (why, done.stderr)
        assert not any(line in done.stderr for line in text.splitlines()[1:-1])
    done = room.cli(
        *("key", "add", "ssh", "--tenant", "acme", "--member", "alice", *sets),
        *("--set", "host_keys=ssh-ed25519 none"),
        input="\n".join(good),
        expect=None,
    )
    assert done.returncode != 0 and "host_keys" in done.stderr
