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


def workrooms_and_others(known=frozenset()):
    """(pid, start time) of all processes in workrooms, and of those that are in none: the runner itself is outside, and
    so is the first process. `known`: in workrooms, as was seen before, also where what was above them has died since."""
    parents, runners = _parents()

    def inside(pid):
        seen = set()
        while pid in parents and pid not in seen:
            seen.add(pid)
            parent, start = parents[pid]
            if parent in runners or (pid, start) in known:
                # A runner forks before it becomes the workroom's first process: that child is inside as well.
                return True
            pid = parent
        return False

    everything = {(pid, start) for pid, (_, start) in parents.items()}
    within = {each for each in everything if inside(each[0])}
    return within, everything - within


def _is_of_ours(pid):
    """Or about to become what it is not yet: not a command of a workroom."""
    return b"".join(words_of(pid)[:1]).rpartition(b"/")[2].startswith(b"strongroom")


class ProcessWatch(threading.Thread):
    """Looks at every process a few times in its life; what it finds is kept in `findings`."""

    def __init__(self, canaries):
        super().__init__(daemon=True)
        self.canaries, self.findings = canaries, []
        self._over = threading.Event()
        self._looks, self._known = {}, set()

    def look(self, everything=False):
        patterns = self.canaries.patterns()
        within, others = workrooms_and_others(self._known)
        self._known |= {(pid, start) for pid, start in within - self._known if not _is_of_ours(pid)}
        for pid, start in others:
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
