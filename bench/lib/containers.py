"""Containers: how long until the command's first instruction, against bare runc and bare Docker, and until the last process has gone.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from lib.processes import proportional_kib
from lib.proxies import WHO

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from support.docker_engine import DOCKER, DockerEngine  # noqa: E402
from support.images import busybox_image  # noqa: E402
from support.processes import descendants  # noqa: E402


class Runc:
    """`runc run` of a bundle as `runc spec` makes it."""

    name = "runc"

    def __init__(self, folder, _provider_port, _free_port, _tool):
        self.folder, self.count = folder / "runc", 0

    def start(self):
        busybox_image(self.folder / "rootfs")
        subprocess.run(["runc", "spec", "-b", self.folder], check=True)
        self.config = json.loads((self.folder / "config.json").read_text())
        self.config["process"].update(terminal=False)
        self.config["process"].pop("rlimits", None)

    def command(self, work=("echo", "x")):
        self.count += 1
        config = self.folder / "config.json"
        config.write_text(json.dumps({**self.config, "process": {**self.config["process"], "args": list(work)}}))
        return ["runc", "run", "-b", self.folder, f"bench-{os.getpid()}-{self.count}"]

    def all_pids(self):
        return []

    def move_what_is_no_proxy(self):
        pass

    def switch_off(self):
        pass

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Docker:
    """`docker run` at an engine of the benchmark's own, which ours uses as well."""

    name = "docker"
    image = "bench-busybox:1"

    def __init__(self, folder, _provider_port, _free_port, _tool):
        self.folder, self.engine = folder, None

    def start(self):
        self.engine = DockerEngine()
        self.engine.load(busybox_image(self.folder / "docker-image"), self.image)
        (self.folder / "docker.sock").symlink_to(self.engine.socket)

    def command(self):
        host = f"unix://{self.engine.socket}"
        return [DOCKER, "--host", host, "run", "--rm", "--network", "none", self.image, "echo", "x"]

    def all_pids(self):
        return []

    def move_what_is_no_proxy(self):
        pass

    def switch_off(self):
        pass

    def stop(self):
        if self.engine is not None:
            self.engine.stop()


def _ours(proxy, folder, command):
    engine = folder / "docker.sock"
    if engine.exists():
        flags = ["--runtime", "docker", "--docker-socket", engine.resolve(), "--image", Docker.image]
        return proxy.command_line("run", *WHO, *proxy.ten_keys, *flags, "--", *command)
    image = folder / "image"
    if not image.exists():
        busybox_image(image)
    flags = ["--runtime", "runc", "--image", image]
    return proxy.command_line("run", *WHO, *proxy.ten_keys, *flags, "--", *command)


def first_instruction(proxy, folder, times=5):
    """Milliseconds from the start of the command line to the command's own first octet."""
    whole = 0.0
    for _ in range(times):
        command = _ours(proxy, folder, ["echo", "x"]) if proxy.name == "strongroom" else proxy.command()
        started = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            process.stdout.read(1)
            whole += time.monotonic() - started
            process.stdout.read()
    return whole * 1000 / times, {}


def last_process_gone(proxy, folder, times=5):
    """Milliseconds from TERM to the runner until it, and with it everything, has gone."""
    whole = 0.0
    for _ in range(times):
        command = _ours(proxy, folder, ["sh", "-c", "echo x; exec sleep 600"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            process.stdout.read(1)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.stdout.read()  # its end: nobody holds the other side any more
            whole += time.monotonic() - started
            process.wait()
    return whole * 1000 / times, {}


def _supervisors(proxy):
    """Those of sessions, which are nobody's children."""
    if proxy.name != "strongroom":
        return set()
    program = f"{proxy.program}-supervisor".encode()
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{entry}/cmdline").read_bytes().startswith(program):
                found.add(int(entry))
        except OSError:
            pass
    return found


def memory_of_many(proxy, folder, count=200):
    """KiB of each of so many containers at once: the command's own, and all that stands around it, vault and gateway too."""
    around = proxy.all_pids()
    before = sum(map(proportional_kib, around))
    held = []
    started = time.monotonic()
    try:
        for _ in range(count):
            wait = ["sh", "-c", "echo x; exec sleep 600"]
            command = _ours(proxy, folder, wait) if proxy.name == "strongroom" else proxy.command(wait)
            held.append(subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL))
            if held[-1].stdout.read(1) != b"x":
                raise RuntimeError(f"container {len(held)} did not start")
        took = time.monotonic() - started
        pids = set(around).union(*(descendants(each.pid) | {each.pid} for each in held), _supervisors(proxy))
        kib = {}
        for pid in pids:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
            kib[name] = kib.get(name, 0) + proportional_kib(pid)
        more = {f"{name}_kib": round(whole / count, 1) for name, whole in sorted(kib.items())}
        return (sum(kib.values()) - before) / count, {"containers": count, "start_s": round(took, 1), **more}
    finally:
        for each in held:
            each.terminate()
            # As process 1 of its container a command hears no TERM that runc passes on.
            for pid in descendants(each.pid) if proxy.name != "strongroom" else ():
                os.kill(pid, signal.SIGKILL)
        for each in held:
            each.stdout.close()
            each.wait()


def engine_end(docker, times=5):
    """Milliseconds from `docker kill` until the client that waits for the container has left."""
    whole = 0.0
    for _ in range(times):
        name = f"bench-{os.getpid()}-{time.monotonic_ns()}"
        command = docker.command()
        at = command.index(docker.image)
        command = [*command[:at], "--name", name, docker.image, "sh", "-c", "echo x; exec sleep 600"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            process.stdout.read(1)
            started = time.monotonic()
            subprocess.run([*command[:3], "kill", name], check=True, stdout=subprocess.DEVNULL)
            process.wait()
            whole += time.monotonic() - started
    return whole * 1000 / times
