"""Ports for servers that must be told theirs. SPDX-License-Identifier: Apache-2.0"""

import contextlib
import os
import secrets
import socket

#: Those that were handed out, whether somebody listens there yet or not.
_taken = set()


def free_port(count=1):
    """The first of so many in a row.

    Below those that the kernel hands out, and of this process' own thousand, as other tests may run beside these:
    no connection or other server takes one until it is listened on.
    """
    while True:
        port = 20_000 + os.getpid() % 10 * 1000 + secrets.randbelow(1000 - count)
        wanted = set(range(port, port + count))
        if wanted & _taken:
            continue
        with contextlib.ExitStack() as probes:
            try:
                for number in wanted:
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
        _taken.update(wanted)
        return port
