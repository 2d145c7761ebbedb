"""Standard streams of every kind, given to a command in a container. SPDX-License-Identifier: Apache-2.0"""

import os
import subprocess

from support.room import PROGRAMS

WRITE_AND_TELL = """
cat > /tmp/x; cat /tmp/x
for i in 1 2 3; do echo $i; echo e$i >&2; done
for i in 0 1 2; do readlink /proc/$$/fd/$i | cut -c 1-5; done
"""


def command_line(room, flags, script, service="gemini"):
    """Of a `strongroom run` of this script with alice's key of this service."""
    command = [PROGRAMS / "strongroom", "run", "--data", room.data, "--tenant", "acme"]
    command += ["--member", "alice", "--service", service, *flags, "--", "sh", "-c", script]
    return list(map(str, command))


def run_with(room, flags, script, service="gemini", **streams):
    return subprocess.run(
        command_line(room, flags, script, service), env=room.environment, timeout=60, **streams
    )


def try_standard_streams(room, flags, folder):
    room.add_key("gemini")
    content = os.urandom(3 << 20)
    script = "cat; echo no >&2; exit 5"
    done = run_with(room, flags, script, input=content, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (5, content, b"no\n")
    # Files: whole, in order, and not to be opened from inside.
    (folder / "in").write_bytes(content)
    with open(folder / "in", "rb") as given, open(folder / "out", "ab") as out:
        done = run_with(room, flags, WRITE_AND_TELL, stdin=given, stdout=out, stderr=out)
    written = (folder / "out").read_bytes()
    assert done.returncode == 0
    assert written.startswith(content)
    rest = written[len(content) :].decode().split()
    assert rest == ["1", "e1", "2", "e2", "3", "e3", *["pipe:"] * 3]
    # A folder leads nowhere.
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    done = run_with(room, flags, "cd /proc/self/fd/0 && ls", stdin=root, capture_output=True)
    os.close(root)
    assert done.returncode != 0 and done.stdout == b""
