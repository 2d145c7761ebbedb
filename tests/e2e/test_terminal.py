"""`strongroom run -t`: a terminal of the workroom's own, through which what is written is searched too.

SPDX-License-Identifier: Apache-2.0
"""

import os
import pty
import re
import signal

import pytest

from support.images import BUSYBOX, RUNC, busybox_image
from support.output import findings, told
from support.room import PROGRAMS, WRONG_USE
from support.streams import run_with
from support.terminal import AtTerminal, try_terminal
from support.waiting import until


@pytest.fixture
def at_terminal(room):
    room.add_key("github", member="alice")
    begun = []

    def begin(*command, flags=()):
        begun.append(AtTerminal(room, flags, command))
        return begun[-1]

    yield begin
    for each in begun:
        each.stop()




def test_it_is_a_terminal_and_reads_what_is_typed(at_terminal):
    work = at_terminal(
        "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo all; read line; echo got:$line:; exec 0</dev/tty && echo own; exit 4"
    )
    work.comes("all\r\n")
    work.type("hello\r")
    work.comes("got:hello:\r\n")
    work.comes("own\r\n")
    assert work.status() == 4


def test_j1_what_it_writes_is_searched(room):
    _, value = room.add_key("github", member="alice")
    work = AtTerminal(room, (), ("sh", "-c", "echo say $GH_TOKEN; echo more"))
    assert work.status() == 0
    assert value.encode() not in work.seen and b"say " + b"*" * len(value) in work.seen
    assert b"more\r\n" in work.seen and told("the terminal", 1).encode() in work.seen
    until(lambda: findings(room) == [("value_in_output", "the terminal, 1 time")], 30, "it is a finding")
    work = AtTerminal(room, ("--no-output-filter",), ("sh", "-c", "echo say $GH_TOKEN | tr ' ' _"))
    assert work.status() == 0 and b"say_" + value.encode() in work.seen


def test_its_size_follows(at_terminal):
    work = at_terminal("sh", "-c", "trap 'stty size' WINCH; stty size; echo READY; while :; do sleep 0.05; done")
    work.comes("READY")
    work.resize(41, 97)
    work.comes("41 97")
    work.resize(12, 34)
    work.comes("12 34")
    work.type("\x1c")
    assert work.status() == 128 + signal.SIGQUIT


def test_control_c_reaches_the_command_once(at_terminal):
    work = at_terminal(
        "sh", "-c", "trap 'n=$((n+1)); echo caught:$n:' INT; echo READY; while :; do sleep 0.05; test \"$n\" = 2 && exit 7; done"
    )
    work.comes("READY")
    work.type("\x03")
    work.comes("caught:1:")
    work.type("\x03")
    work.comes("caught:2:")
    assert work.status() == 7


def test_a_shell_has_job_control(at_terminal):
    work = at_terminal("bash", "--norc", "-i")
    work.type("PS1='pro''mpt '\r")
    work.comes("prompt ")
    work.type("sleep 600\r")
    work.comes("sleep 600\r\n")

    def stops():
        """Before the shell has started it, the key is nobody's; and each key takes back what is on its way out."""
        work.type("\x1a")
        return work.reads("Stopped", 2)

    until(stops, 30, "the job stops")
    # Of a job that is stopped a shell warns once.
    work.type("kill -KILL %1; exit 3; exit 3\r")
    assert work.status() == 3


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("kill -KILL $$", 137), ("stty raw; exit 5", 5)])
def test_the_callers_terminal_is_as_it_was(room, script, status):
    """Seen by a shell that goes on at the same terminal."""
    room.add_key("github", member="alice")
    pid, terminal = pty.fork()
    command = f"'{PROGRAMS}/strongroom' run --data '{room.data}' --tenant acme --member alice --service github -t"
    if pid == 0:
        whole = f"stty -g; {command} -- sh -c '{script}'; echo status:$?; stty -g; {command} -- no-such-program; stty -g"
        os.execve("/bin/sh", ["sh", "-c", whole], room.environment)
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            break
    os.waitpid(pid, 0)
    os.close(terminal)
    text = seen.decode()
    assert f"status:{status}\r\n" in text
    settings = re.findall(r"^[0-9a-f]+(?::[0-9a-f]+){10,}", text, re.M)
    assert len(settings) == 3 and len(set(settings)) == 1, text
    assert "cannot start no-such-program" in text


def test_a_revoke_gives_it_back(room):
    key, _ = room.add_key("github", member="alice")
    work = AtTerminal(room, (), ("sh", "-c", "echo READY; exec sleep 600"))
    work.comes("READY")
    assert room.revoke(key)["receipt"]["r2"]["holds"] is True
    assert work.status() == 3
    assert b"the workroom was ended" in work.seen


def test_without_a_terminal_it_is_refused(room):
    room.add_key("github", member="alice")
    done = run_with(room, ("-t",), "true", "github", input=b"", capture_output=True)
    assert done.returncode == WRONG_USE and b"-t needs a terminal" in done.stderr


@pytest.mark.skipif(RUNC is None or BUSYBOX is None, reason="runc and busybox-static are not installed")
@pytest.mark.skipif(os.geteuid() != 0, reason="runc needs root")
@pytest.mark.parametrize("user", ["root", "agent"])
def test_in_a_container(room, tmp_path, user):
    image = busybox_image(tmp_path / "root")
    try_terminal(room, ("-i", "--runtime", "runc", "--image", image, "--user", user))
