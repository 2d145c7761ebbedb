"""A Docker Engine of the test's own. SPDX-License-Identifier: Apache-2.0"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.waiting import until

DOCKERD = shutil.which("dockerd") or next(
    (path for path in ("/usr/sbin/dockerd",) if os.path.exists(path)), None
)
DOCKER = shutil.which("docker")


class DockerEngine:
    """On its own socket, with its own data, without bridge and firewall rules; ended by pid."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="strongroom-docker-"))
        self.socket = self.folder / "docker.sock"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process = None
        self.start()

    def start(self):
        (self.folder / "engine.json").write_text("{}")  # in place of this machine's
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [
                    DOCKERD,
                    *("--host", f"unix://{self.socket}"),
                    *("--data-root", self.data),
                    *("--exec-root", self.folder / "exec"),
                    *("--pidfile", self.folder / "pid"),
                    *("--config-file", self.folder / "engine.json"),
                    "--iptables=false",
                    "--ip6tables=false",
                    "--bridge=none",
                    *("--log-level", "info"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(self.folder)},
            )
        return self.wait()

    def wait(self):
        def answers():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return self.run("version", check=False).returncode == 0

        until(answers, 60, "the Docker Engine answers")
        return self

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        # Killed, it leaves its containerd behind.
        try:
            os.kill(
                int((self.folder / "exec/containerd/containerd.pid").read_text()), signal.SIGTERM
            )
        except (OSError, ValueError):
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        (self.folder / "pid").unlink(missing_ok=True)

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
