"""Ports for servers that must be told theirs. SPDX-License-Identifier: Apache-2.0"""

import contextlib
import secrets
import socket


def free_port(count=1):
    """The first of so many in a row.

    Below those that the kernel hands out: no connection or other server takes one until it is listened on.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.ExitStack() as probes:
            try:
                for number in range(port, port + count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
