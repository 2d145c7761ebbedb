"""A folder for one run whose files are made where no other run has just removed its own. SPDX-License-Identifier: Apache-2.0

ext4 passes over inodes that were freed within the last five minutes, one after the other, whenever it makes a file: 340 us each instead
of 30. A run frees tens of thousands, and files are made beside their folder. Only the folders of a top-level directory are spread over
the disk, by their names.
"""

import array
import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile

_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602  # ioctl_iflags(2)
_IS_TOP_LEVEL = 0x00020000  # FS_TOPDIR_FL, `chattr +T`


class Ground:
    """`folder` until it is cleared."""

    def __init__(self):
        self._top = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-bench-"))
        _spread_folders_of(self._top)
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self._top))

    def clear(self):
        shutil.rmtree(self._top, ignore_errors=True)


def _spread_folders_of(top):
    opened = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Other file systems know no such flag, and need none.
        with contextlib.suppress(OSError):
            flags = array.array("l", [0])
            fcntl.ioctl(opened, _GET_FLAGS, flags)
            flags[0] |= _IS_TOP_LEVEL
            fcntl.ioctl(opened, _SET_FLAGS, flags)
    finally:
        os.close(opened)
