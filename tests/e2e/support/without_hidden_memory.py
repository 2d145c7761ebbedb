"""Starts a program that is refused memfd_secret(2), as on older kernels: its keys lie where a search of its memory sees them.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import os
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_MEMFD_SECRET = 447  # the same on every architecture
_ENOSYS = 38


def refuse():
    """seccomp(2): three instructions of classic BPF."""
    program = b"".join(
        struct.pack("HBBI", *line)
        for line in (
            (0x20, 0, 0, 0),  # the number of the call
            (0x15, 0, 1, _MEMFD_SECRET),
            (0x06, 0, 0, 0x00050000 | _ENOSYS),
            (0x06, 0, 0, 0x7FFF0000),
        )
    )
    code = ctypes.create_string_buffer(program)
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(head), 0, 0) == 0


if __name__ == "__main__":
    refuse()
    os.execv(sys.argv[1], sys.argv[1:])
