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

from lib.proxies import WHO

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from support.docker_engine import DOCKER, DockerEngine  # noqa: E402
from support.images import busybox_image  # noqa: E402


class Runc:
    """`runc run` of a bundle as `runc spec` makes it."""

    name = "runc"

    def __init__(self, folder, _provider_port, _free_port, _tool):
        self.folder, self.count = folder / "runc", 0

    def start(self):
        busybox_image(self.folder / "rootfs")
        subprocess.run(["runc", "spec", "-b", self.folder], check=True)
        config = json.loads((self.folder / "config.json").read_text())
        config["process"].update(terminal=False, args=["echo", "x"])
        config["process"].pop("rlimits", None)
        (self.folder / "config.json").write_text(json.dumps(config))

    def command(self):
        self.count += 1
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
