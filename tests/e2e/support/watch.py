"""Watches command lines and environments of all processes outside workrooms while the suite runs.

A workroom is whatever descends from a `strongroom run` or `attach`, or, where an engine or a platform starts it, from its first
process: injected keys are meant to be there, and nowhere else.
SPDX-License-Identifier: Apache-2.0
"""

import threading

from support.canary import search
from support.processes import pids, read, words_of


def _parents():
    """{pid: (parent, start time)} of this moment, and those whose children are workrooms. Both are looked at in one go: a runner
    that is killed a moment later has been one, while its workroom still dies."""
    found, runners = {}, set()
    for pid in pids():
        if _is_runner(pid) or _is_first_process(pid):
            runners.add(pid)
        stat = read(pid, "stat")
        if stat:
            fields = stat[stat.rindex(b")") + 2 :].split()
            found[pid] = (int(fields[1]), int(fields[19]))
    return found, runners


def _is_runner(pid):
    words = words_of(pid)
    return len(words) > 1 and words[0].endswith(b"/strongroom") and bool({b"run", b"attach"} & set(words[1:4]))


def _is_first_process(pid):
    return b"".join(words_of(pid)[:1]).endswith(b"/strongroom-init")


def outside_workrooms(known=None):
    """[(pid, start time)] of all processes that are in no workroom. The runner itself is outside, and so is the first process.

    `known`: those that were inside before, and stay there whoever adopts them when their runner is killed.
    """
    parents, runners = _parents()
    known = set() if known is None else known

    def inside(pid):
        seen = set()
        while pid in parents and pid not in seen:
            if (pid, parents[pid][1]) in known:
                return True
            seen.add(pid)
            parent = parents[pid][0]
            if parent in runners:
                # A runner forks before it becomes the workroom's first process: that child is inside as well.
                return True
            pid = parent
        return False

    found_inside = {(pid, start) for pid, (_, start) in parents.items() if inside(pid)}
    known |= found_inside
    return [(pid, start) for pid, (_, start) in parents.items() if (pid, start) not in found_inside]


class ProcessWatch(threading.Thread):
    """Looks at every process a few times in its life; what it finds is kept in `findings`."""

    def __init__(self, canaries):
        super().__init__(daemon=True)
        self.canaries, self.findings = canaries, []
        self._over = threading.Event()
        self._looks, self._inside = {}, set()

    def look(self, everything=False):
        patterns = self.canaries.patterns()
        for pid, start in outside_workrooms(self._inside):
            command, environment = read(pid, "cmdline"), read(pid, "environ")
            # What a process was started with does not change: one look at each, and at what it executes.
            mark = (pid, start, hash(command), hash(environment))
            if not everything and mark in self._looks:
                continue
            self._looks[mark] = True
            for where, octets in (("command line", command), ("environment", environment)):
                for name in search(octets, patterns):
                    self.findings.append(f"{where} of process {pid} ({command[:60]!r}): {name}")

    def run(self):
        while not self._over.wait(0.3):
            self.look()

    def stop(self):
        self._over.set()
        self.join(20)
