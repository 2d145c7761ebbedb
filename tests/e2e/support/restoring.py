"""Older databases put back, and what a start says of them. SPDX-License-Identifier: Apache-2.0"""

import shutil
import subprocess

from support.room import UNAVAILABLE

DATABASE = ("strongroom.db", "strongroom.db-wal", "strongroom.db-shm")


def keep(room, name):
    """The stopped room's whole data directory as it is now."""
    copy = room.folder / name
    shutil.copytree(room.data, copy, ignore=shutil.ignore_patterns("*.sock", "sockets"))
    return copy


def put_back(room, copy, *names):
    for name in DATABASE:
        (room.data / name).unlink(missing_ok=True)
    for name in ("strongroom.db", *names):
        target = room.data / name
        if (copy / name).is_dir():
            shutil.rmtree(target)
            shutil.copytree(copy / name, target)
        else:
            shutil.copy2(copy / name, target)


def refused(room, *flags, code=UNAVAILABLE):
    """The sentence and the exit code of a start that must end by itself."""
    done = subprocess.run(
        [*room._serve_command(), *flags],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=room.folder,
        env=room.environment,
    )
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr


def accept(room):
    """One start with the flag, and then one without it."""
    room.flags.append("--accept-rollback")
    room.start()
    room.flags.remove("--accept-rollback")
    room.stop()
    room.start()


def states(room, tenant="acme"):
    return {key["id"]: key["state"] for key in room.json("key", "list", "--tenant", tenant)}
