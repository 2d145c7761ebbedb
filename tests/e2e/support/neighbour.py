"""Another machine: a network namespace of the test's own, joined to this one by a pair of interfaces.

SPDX-License-Identifier: Apache-2.0
"""

import os
import subprocess


class Neighbour:
    """`here` is this machine's address between the two, `there` the other's."""

    def __init__(self):
        number = os.getpid() % 16000
        self.name = f"strongroom{number}"
        # Four addresses of its own: the next process' tests may run beside these.
        self.here = f"10.231.{number // 64}.{number % 64 * 4 + 1}"
        self.there = self.here.rsplit(".", 1)[0] + f".{int(self.here.rsplit('.', 1)[1]) + 1}"
        link = f"sr{number}"
        for command in (
            f"ip netns add {self.name}",
            f"ip link add {link} type veth peer name eth0 netns {self.name}",
            f"ip addr add {self.here}/30 dev {link}",
            f"ip link set {link} up",
            f"ip -n {self.name} addr add {self.there}/30 dev eth0",
            f"ip -n {self.name} link set eth0 up",
            f"ip -n {self.name} link set lo up",
        ):
            done = subprocess.run(command.split(), capture_output=True, text=True, timeout=20)
            if done.returncode != 0:
                self.close()
                raise OSError(f"{command}: {done.stderr}")

    def run(self, *command, environment=None):
        return subprocess.run(
            ["ip", "netns", "exec", self.name, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )

    def close(self):
        """The pair of interfaces goes with its end in the namespace."""
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, timeout=20)


def neighbour_or_none():
    try:
        return Neighbour()
    except OSError:
        return None
