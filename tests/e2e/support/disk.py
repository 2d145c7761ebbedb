"""Disks that fail. SPDX-License-Identifier: Apache-2.0"""

import contextlib
import resource


@contextlib.contextmanager
def full_disk(pid):
    """No file of this process grows any more: what it is told is what a full disk tells."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
