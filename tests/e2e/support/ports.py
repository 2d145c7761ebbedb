"""Ports for servers that must be told theirs. SPDX-License-Identifier: Apache-2.0"""

import contextlib
import itertools
import secrets
import socket

#: Below those that the kernel hands out: no connection takes one until it is listened on.
FIRST, BLOCK, BLOCKS = 20_000, 500, 20


def _own_block():
    """Ports that no other process of the tests is given, and how that is known: an abstract socket, held to the end."""
    first = secrets.randbelow(BLOCKS)
    for number in range(first, first + BLOCKS):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0strongroom-tests-ports-{number % BLOCKS}")
        except OSError:
            mark.close()
            continue
        begin = FIRST + number % BLOCKS * BLOCK
        return mark, itertools.cycle(range(begin, begin + BLOCK))
    raise RuntimeError("other processes of the tests have all ports")


_mark, _ports = None, None


def free_port(count=1):
    """The first of so many in a row: of two servers that are told theirs before either listens, each has its own."""
    global _mark, _ports
    if _mark is None:
        _mark, _ports = _own_block()
    while True:
        row = list(itertools.islice(_ports, count))
        if row[-1] - row[0] != count - 1:
            continue  # over the block's end
        with contextlib.ExitStack() as probes:
            try:
                for number in row:
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return row[0]


@contextlib.contextmanager
def port_of_nobody():
    """Whoever dials it is refused at once: it is taken, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
