"""A `strongroom run -t` at a terminal of the test's own. SPDX-License-Identifier: Apache-2.0"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from support.room import PROGRAMS


class AtTerminal:
    """A `strongroom run -t` at a terminal of this test's."""

    def __init__(self, room, flags, command, service="github"):
        arguments = [PROGRAMS / "strongroom", "run", "--data", room.data, "--tenant", "acme", "--member", "alice"]
        arguments += ["--service", service, "-t", *flags, "--", *command]
        self.theirs = None
        self.seen = b""
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.execve(arguments[0], list(map(str, arguments)), {**room.environment, "TERM": "vt100"})
        self.pid = pid
        self.settings = termios.tcgetattr(self.terminal)

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def reads(self, pattern, seconds):
        """Until this has come: the match, or None when it does not within this time."""
        deadline = time.monotonic() + seconds
        is_there = True
        while not (match := re.search(pattern.encode(), self.seen)):
            if not is_there or time.monotonic() > deadline:
                return None
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.terminal, 65536)
                except OSError:
                    is_there = False
        return match

    def comes(self, pattern):
        match = self.reads(pattern, 30)
        assert match, f"{pattern!r} does not come: {self.seen!r}"
        return match

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_as_before(self):
        return termios.tcgetattr(self.terminal) == self.settings

    def status(self):
        """After what is left to be read; its settings are looked at before it has left."""
        while True:
            try:
                self.seen += os.read(self.terminal, 65536)
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def stop(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)


def try_terminal(room, flags):
    """In a container: a terminal, typed at, searched, and opened by its name."""
    _, value = room.add_key("github", member="alice")
    script = "test -t 0 && test -t 2 && echo all; read line; echo got:$line:; echo $GH_TOKEN > /dev/stderr; exit 6"
    work = AtTerminal(room, flags, ("sh", "-c", script))
    work.comes("all\r\n")
    work.type("hello\r")
    work.comes("got:hello:")
    assert work.status() == 6
    assert b"*" * len(value) in work.seen and value.encode() not in work.seen
