"""Supervisors of runners: which live, and what they have written down. SPDX-License-Identifier: Apache-2.0"""

from pathlib import Path

from support.processes import pids, status_of, words_of


def root_folder(room):
    return Path(room.environment["XDG_RUNTIME_DIR"]) / "strongroom"


def record_of(room, session):
    return root_folder(room) / f"{session}-supervised"


def left_over(room):
    """Names of what lies in the folder of this room's workrooms."""
    root = root_folder(room)
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def named(room):
    """(process, session, whether it is confined) of each supervisor of this room and its teller, which is not."""
    root = str(root_folder(room)).encode()
    for pid in pids():
        words, status = words_of(pid), status_of(pid)
        if status and words and words[0].endswith(b"/strongroom-supervisor") and words[-1].startswith(root):
            yield pid, Path(words[-1].decode()).name.split("-")[0], status["Seccomp"] == "2"


def supervisors(room):
    """{session: pid} of those of this room that live."""
    return {session: pid for pid, session, confined in named(room) if confined}


def tellers(room):
    """Of supervisors whose vault is reached over TLS."""
    return [pid for pid, _, confined in named(room) if not confined]
