"""A terminal of the test's own, with any program in it. SPDX-License-Identifier: Apache-2.0"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class InTerminal:
    def __init__(self, arguments, environment, columns=100):
        self.seen = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(arguments[0], list(map(str, arguments)), environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def comes(self, pattern, seconds=30):
        """Until this has come after what was waited for last; the match."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern.encode(), self.seen)):
            assert time.monotonic() < deadline, f"{pattern!r} does not come: {self.seen!r}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.seen += os.read(self.terminal, 65536)
        self.seen = self.seen[match.end() :]
        return match

    def rest(self):
        """All that it still writes, until it has ended."""
        while True:
            try:
                more = os.read(self.terminal, 65536)
            except OSError:
                more = b""
            if not more:
                break
            self.seen += more
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        self.pid = None
        return self.seen.decode(), os.waitstatus_to_exitcode(status)

    def stop(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)
