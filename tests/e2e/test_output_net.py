"""What a workroom writes passes through a net, in which the values that it was given are masked.

SPDX-License-Identifier: Apache-2.0
"""

import array
import base64
import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys

import pytest

from support.output import findings, told, try_output_net
from support.processes import descendants
from support.room import REFUSED
from support.streams import command_line, run_with
from support.waiting import until

SPLIT = """
import os, sys
value = os.environ["GH_TOKEN"]
for octet in ("a " + value + " b\\n").encode():
    os.write(1, bytes([octet]))
"""

FORMS = """
import base64, os, sys, urllib.parse
value = os.environ["GH_TOKEN"]
print(base64.b64encode(b"x-access-token:" + value.encode()).decode())
print(value.encode().hex())
print("".join("%%%02X" % each for each in value.encode()))
print(value, file=sys.stderr)
"""

BINARY = """
import hashlib, os, sys
data = bytes(range(256)) * 16384
sys.stdout.buffer.write(data)
sys.exit(7)
"""

#: Writes until nothing more is taken, tells how much that was, and waits to be let go.
FILL = """
import os, select, sys
os.set_blocking(1, False)
poll, written = select.poll(), 0
poll.register(1, select.POLLOUT)
while poll.poll(2000):
    try:
        written += os.write(1, b"x" * 4096)
    except BlockingIOError:
        pass
    if written > 64 << 20:
        break
open(sys.argv[1], "w").write(str(written))
"""

#: Gives its standard output away, and ends.
GIVE_AWAY = """
import array, socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))])
client.recv(1)
print("last", flush=True)
"""


def test_j1_a_value_is_masked_over_any_split_and_recorded(room):
    _, value = room.add_key("github", member="alice")
    done = room.run(["github"], [sys.executable, "-c", SPLIT])
    assert done.stdout == "a " + "*" * len(value) + " b\n"
    assert told("standard output", 1) in done.stderr
    assert findings(room) == [("value_in_output", "standard output, 1 time")]


def test_j1_its_encodings_are_masked_on_both_streams(room):
    _, value = room.add_key("github", member="alice")
    done = room.run(["github"], [sys.executable, "-c", FORMS])
    basic, hexadecimal, percent = done.stdout.splitlines()
    assert "*" * 20 in basic
    assert hexadecimal == "*" * (2 * len(value)) and percent == "*" * (3 * len(value))
    assert value not in done.stderr and "*" * len(value) in done.stderr
    whole = base64.b64encode(b"x-access-token:" + value.encode()).decode()
    assert len(basic) == len(whole) and whole not in done.stdout
    told_of = {path for _, path in findings(room)}
    assert "standard output, 3 times" in told_of and "standard error, 1 time" in told_of


def test_j1_what_it_writes_passes_through_the_net(room):
    try_output_net(room, ())


def test_several_values_are_all_masked(room):
    values = [room.add_key("github", member="alice")[1], room.add_key("gitlab", member="alice")[1]]
    values.append(room.canaries.new("password"))
    room.add_key("generic-env", value=values[2], settings={"variable": "MY_PASSWORD"})
    script = 'for i in 1 2 3; do echo "$GITLAB_TOKEN$GH_TOKEN $MY_PASSWORD"; done'
    done = room.run(["github", "gitlab", "generic-env"], ["sh", "-c", script])
    first, second, third = ("*" * len(value) for value in values)
    assert done.stdout == f"{second}{first} {third}\n" * 3


def test_the_filter_can_be_left_out(room):
    _, value = room.add_key("github", member="alice")
    show = ["/bin/sh", "-c", "printf %s $GH_TOKEN"]
    plain = room.run(["github"], show, flags=("--no-output-filter",)).stdout
    assert plain == value
    assert findings(room) == []
    assert room.run(["github"], show).stdout == "*" * len(value)


def test_without_injected_keys_the_streams_are_the_callers_own(room):
    room.add_key("gemini")
    room.add_key("github", member="alice")
    where = "readlink /proc/$$/fd/1"
    for service, kind in [("gemini", str(room.folder)), ("github", "pipe:")]:
        with open(room.folder / "out", "w+") as out:
            run_with(room, (), where, service, stdout=out)
            out.seek(0)
            assert out.read().startswith(kind)


def test_binary_output_and_status_are_as_without(room):
    room.add_key("github", member="alice")
    workroom = room.begin(["github"], [sys.executable, "-c", BINARY])
    assert workroom.wait() == 7
    assert workroom._output.read_bytes() == bytes(range(256)) * 16384


def test_a_reader_that_takes_nothing_keeps_the_command_waiting(room):
    room.add_key("github", member="alice")
    tell = room.folder / "written"
    command = command_line(room, (), f"exec {sys.executable} -c '{FILL}' {tell}", "github")
    with subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE) as work:
        assert work.stdout.read(1) == b"x"
        until(lambda: tell.exists() or work.poll() is not None, 60, "it has filled what there is to fill")
        assert room.json("session", "list")[0]["state"] == "open"
        rest = work.stdout.read()
    written = int(tell.read_text())
    assert written < 1 << 20, "what does not go on is not kept"
    assert len(rest) == written - 1 and work.returncode == 0


def test_a_session_that_is_ended_while_its_reader_takes_nothing(room):
    """The command has ended by itself, and what it wrote was waited for without end: no longer."""
    room.add_key("github", member="alice")
    command = command_line(room, (), f"head -c 100000 /dev/zero; touch {room.folder}/over", "github")
    with subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE) as work:
        until((room.folder / "over").exists, 30, "the command has written")
        [session] = [each["id"] for each in room.json("session", "list")]
        until(lambda: not [pid for pid in descendants(work.pid)], 30, "the command has ended")
        assert work.poll() is None and room.json("session", "show", session)["state"] == "open"
        room.cli("session", "end", session)
        assert work.wait(60) == REFUSED


def test_a_reader_that_leaves_ends_the_command(room):
    room.add_key("github", member="alice")
    command = command_line(room, (), "while echo more; do :; done", "github")
    with subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE) as work:
        assert work.stdout.readline() == b"more\n"
        work.stdout.close()
        assert work.wait(30) == 128 + signal.SIGPIPE


def test_what_stays_behind_does_not_keep_the_end_waiting(room):
    room.add_key("github", member="alice")
    done = run_with(
        room, (), "(trap '' HUP TERM; sleep 600) & echo said; exit 3", "github", capture_output=True
    )
    assert (done.returncode, done.stdout) == (3, b"said\n")


def test_who_was_given_the_pipe_does_not_keep_the_end_waiting(room):
    room.add_key("github", member="alice")
    path = str(room.folder / "given")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    command = command_line(room, (), f"exec {sys.executable} -c '{GIVE_AWAY}' {path}", "github")
    with subprocess.Popen(command, env=room.environment, stdout=subprocess.PIPE) as work:
        peer, _ = listener.accept()
        _, control, _, _ = peer.recvmsg(1, socket.CMSG_SPACE(4))
        given = array.array("i", control[0][2])[0]
        os.write(given, b"first\n")
        peer.close()
        assert work.wait(30) == 0
        assert work.stdout.read() == b"first\nlast\n"
    with pytest.raises(BrokenPipeError):
        os.write(given, b"more\n")
    os.close(given)
    listener.close()


def test_output_that_cannot_be_written_is_said(room):
    room.add_key("github", member="alice")
    most = 32 << 20

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with open(room.folder / "out", "wb") as out:
        script = f"head -c {most + 100_000} /dev/zero"
        done = run_with(
            room, (), script, "github", stdout=out, stderr=subprocess.PIPE, preexec_fn=limited
        )
    assert (room.folder / "out").stat().st_size == most
    assert done.returncode != 0
    assert b"standard output of the command cannot be written: File too large" in done.stderr


def test_a_file_for_both_streams_keeps_their_order(room):
    room.add_key("github", member="alice")
    script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done"
    with open(room.folder / "both", "w+b") as both:
        run_with(room, (), script, "github", stdout=both, stderr=both)
        both.seek(0)
        assert both.read().decode() == "".join(f"out {i}\nerr {i}\n" for i in range(1, 6))


def test_a_digest_of_the_value_is_not_the_value(room):
    _, value = room.add_key("github", member="alice")
    done = room.run(["github"], ["sh", "-c", "printf %s $GH_TOKEN | sha256sum"])
    assert done.stdout.split()[0] == hashlib.sha256(value.encode()).hexdigest()
    assert findings(room) == []
