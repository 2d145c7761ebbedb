"""Programs on one core, ended by the one who started them. SPDX-License-Identifier: Apache-2.0"""

import os
import selectors
import socket
import subprocess
import time


def _places():
    """Proxy, provider, clients, and all but the proxy's. On fewer than four cores what is not measured shares."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("bench: needs two cores at least, one of them for the proxy alone")
    proxy, others = cores[0], cores[1:4]
    provider = others[0]
    clients = others[1:] if len(others) == 3 else others
    return str(proxy), str(provider), ",".join(map(str, clients)), set(others)


PROXY_CORE, PROVIDER_CORE, CLIENT_CORES, OTHER_CORES = _places()
PLACES = {"proxy": PROXY_CORE, "provider": PROVIDER_CORE, "clients": CLIENT_CORES}


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


def _on_processor(pid):
    """Nanoseconds that all threads of a process, living and ended, have had a processor."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as text:
            total += int(text.read().split()[0])
    return total


def _user_and_system(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as text:
        fields = text.read().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


class ProcessorTime:
    """What a proxy's processes cost while something was measured: `with` it, then each(count)."""

    def __init__(self, pids):
        self._pids = pids
        self._before = self._after = None

    def _now(self):
        on = sum(_on_processor(pid) for pid in self._pids)
        ticks = [_user_and_system(pid) for pid in self._pids]
        return on, sum(user for user, _ in ticks), sum(system for _, system in ticks)

    def __enter__(self):
        self._before = self._now()
        return self

    def __exit__(self, *_):
        self._after = self._now()

    def each(self, count):
        """Microseconds of processor for one of `count`; the split into user and system is the kernel's, by ticks."""
        on, user, system = (after - before for before, after in zip(self._before, self._after))
        share = user / (user + system) if user + system else 0.0
        whole = on / 1000 / count
        return {"cpu_us": round(whole, 2), "user_us": round(whole * share, 2), "system_us": round(whole * (1 - share), 2)}


def wait_for(is_so, seconds=20, what="a start"):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.01)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
