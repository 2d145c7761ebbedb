"""A Docker Engine of the test's own. SPDX-License-Identifier: Apache-2.0"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.processes import pids, words_of
from support.waiting import until

DOCKERD = shutil.which("dockerd") or next(
    (path for path in ("/usr/sbin/dockerd",) if os.path.exists(path)), None
)
DOCKER = shutil.which("docker")
CONTAINERD = """version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/containerd.sock"
[debug]
address = "{folder}/containerd/debug.sock"
"""


class DockerEngine:
    """On its own socket, with its own data, without bridge and firewall rules; ended by pid. Its containerd is a process beside
    it, as where a machine's service manager starts both: it survives the engine's death."""

    def __init__(self, environment=None):
        self.folder = Path(tempfile.mkdtemp(prefix="strongroom-docker-"))
        self.socket = self.folder / "docker.sock"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process = None
        self.environment = {
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "HOME": str(self.folder),
            **(environment or {}),
        }
        (self.folder / "engine.json").write_text("{}")  # in place of this machine's
        (self.folder / "containerd.toml").write_text(CONTAINERD.format(folder=self.folder))
        self.containerd = self.begin("containerd", "--config", self.folder / "containerd.toml")
        until((self.folder / "containerd.sock").exists, 60, "containerd listens")
        self.start()

    def begin(self, *command):
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
            )

    def start(self):
        self.process = self.begin(
            DOCKERD,
            *("--host", f"unix://{self.socket}"),
            *("--containerd", self.folder / "containerd.sock"),
            *("--data-root", self.data),
            *("--exec-root", self.folder / "exec"),
            *("--pidfile", self.folder / "pid"),
            *("--config-file", self.folder / "engine.json"),
            *("--iptables=false", "--ip6tables=false", "--bridge=none"),
        )
        return self.wait()

    def wait(self):
        def answers():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return self.run("version", check=False).returncode == 0

        until(answers, 60, "the Docker Engine answers")
        return self

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        for each in (self.process, self.containerd):
            each.terminate()
            try:
                each.wait(30)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait(30)
        for forgotten in self.shims():
            with contextlib.suppress(ProcessLookupError):
                os.kill(forgotten, signal.SIGKILL)
        until(lambda: not self.shims(), 30, "what it forgot is dead, and writes nothing any more")
        # An engine leaves its data mounted over itself, and a killed one more than that.
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for each in reversed([path for path in mounts if path.startswith(f"{self.folder}/")]):
            subprocess.run(["umount", "--lazy", each], check=True)
        shutil.rmtree(self.folder)

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        (self.folder / "pid").unlink(missing_ok=True)

    def shims(self):
        """What holds each container, whether the engine lives or not."""
        address = str(self.folder / "containerd.sock").encode()
        commands = {pid: words_of(pid) for pid in pids()}
        return {
            pid for pid, words in commands.items() if words and b"containerd-shim" in words[0] and address in words
        }

    def run(self, *arguments, check=True, **options):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(
            [DOCKER, "--host", f"unix://{self.socket}", *map(str, arguments)],
            capture_output=True,
            env=environment,
            timeout=60,
            check=check,
            **options,
        )

    def json(self, *arguments):
        return json.loads(self.run(*arguments).stdout)

    def containers(self, *flags):
        done = self.run("ps", "--all", "--no-trunc", "--format", "{{.Names}}", *flags)
        return sorted(done.stdout.decode().split())

    def load(self, root, name, *changes):
        """This root filesystem as an image."""
        flags = [part for change in changes for part in ("--change", change)]
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            self.run("import", *flags, "-", name, stdin=tar.stdout)
        return name
