"""What is in the memory of a running process, and in which kind of it. SPDX-License-Identifier: Apache-2.0"""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Mapping:
    start: int
    end: int
    name: str
    flags: frozenset = frozenset()

    @property
    def is_locked(self):
        """Never written to swap (mlock)."""
        return "lo" in self.flags

    @property
    def is_dumped(self):
        """Would be in a core file."""
        return "dd" not in self.flags


def mappings(pid):
    found = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ \S+\s*(.*)", line):
            found.append(Mapping(int(head[1], 16), int(head[2], 16), head[3] or "anonymous"))
        elif re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            found.append(Mapping(0, 0, "not readable"))
        elif line.startswith("VmFlags:"):
            found[-1].flags = frozenset(line.split()[1:])
    return [each for each in found if each.end > each.start and each.name != "[vvar]"]


def find(pid, patterns):
    """[(name of the pattern, mapping, address)] of each hit in all that the process can read."""
    hits = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for mapping in mappings(pid):
            try:
                memory.seek(mapping.start)
                octets = memory.read(mapping.end - mapping.start)
            except (OSError, ValueError, OverflowError):
                continue  # [vsyscall] and devices
            for name, pattern in patterns:
                at = octets.find(pattern)
                while at >= 0:
                    hits.append((name, mapping, mapping.start + at))
                    at = octets.find(pattern, at + 1)
    return hits
