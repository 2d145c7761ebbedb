"""Programs on one core, ended by the one who started them. SPDX-License-Identifier: Apache-2.0"""

import os
import selectors
import subprocess
import time

PROXY_CORE, PROVIDER_CORE, CLIENT_CORES = "0", "1", "2,3"
OTHER_CORES = {1, 2, 3}


class Program:
    """A child pinned to cores; its standard output is read line by line."""

    def __init__(self, arguments, cores, *, stdin=None, environment=None, log=None):
        self._log = open(log, "ab") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            ["taskset", "-c", cores, *map(str, arguments)],
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    def line(self, start, seconds=30):
        """The rest of the first line that begins with `start`."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            text = b""
            while time.monotonic() < end:
                if not selector.select(end - time.monotonic()):
                    break
                octets = os.read(self.process.stdout.fileno(), 4096)
                if not octets:
                    break
                text += octets
                for line in text.decode(errors="replace").splitlines(keepends=True):
                    if line.startswith(start) and line.endswith("\n"):
                        return line[len(start) :].strip()
        raise RuntimeError(f"{self.process.args[3]} did not say {start!r}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def proportional_kib(pid):
    """Memory of one process, its shared pages counted in proportion."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    raise RuntimeError("no Pss")
