"""What /proc tells of processes, which may end while they are looked at: nothing is then said of them, and nothing fails.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
from pathlib import Path


def read(pid, what):
    """`/proc/<pid>/<what>`, or nothing."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def name_of(pid):
    """At most 15 characters of it, as the kernel keeps them."""
    return read(pid, "comm").decode().removesuffix("\n")


def words_of(pid):
    """The command line's, as octets."""
    return read(pid, "cmdline").split(b"\0")[:-1]


def status_of(pid):
    """{field: value} of `/proc/<pid>/status`."""
    fields = (line.partition(":") for line in read(pid, "status").decode().splitlines())
    return {name: value.strip() for name, _, value in fields}


def parent_of(pid):
    """0 for one that has ended, which is nobody's child."""
    stat = read(pid, "stat").decode()
    return int(stat.rpartition(")")[2].split()[1]) if stat else 0


def descendants(pid):
    parents = {each: parent_of(each) for each in pids()}
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return found - {pid}


def is_gone(pid):
    """A zombie has gone as well."""
    stat = read(pid, "stat").decode()
    return not stat or stat.rpartition(")")[2].split()[0] in "ZX"


def resident_of(pid):
    """KiB."""
    return int(re.match(r"\d+", status_of(pid)["VmRSS"])[0])


def descriptors_of(pid):
    """How many: an error for a process that has gone, which has not just closed them."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def open_files(pid):
    """What its descriptors lead to, less those that were closed meanwhile."""
    found = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except FileNotFoundError:
            pass
    return found
