"""A MariaDB server of the test's own. SPDX-License-Identifier: Apache-2.0"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.ports import free_port
from support.waiting import until

SERVER = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
CLIENT = shutil.which("mariadb")


class MariaDB:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="strongroom-my-"))
        self.port = free_port()
        self._socket = self.folder / "s"
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", *user,
             "--auth-root-authentication-method=socket", "--skip-test-db"],
            check=True, capture_output=True, timeout=120,
        )
        self._process = subprocess.Popen(
            [SERVER, "--no-defaults", f"--datadir={self.folder}/data", *user, f"--socket={self._socket}",
             f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
             f"--pid-file={self.folder}/pid", f"--general-log-file={self.folder}/general", "--general-log=1"],
            stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "wb"),
        )
        until(lambda: self._answers(), 60, "MariaDB answers")

    def _answers(self):
        assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        return self._call("select 1").returncode == 0

    def _call(self, text):
        return subprocess.run(
            [CLIENT, "--no-defaults", f"--socket={self._socket}", "-u", "root", "-N", "-B"],
            input=text.encode(), capture_output=True, timeout=60,
        )

    def sql(self, text):
        done = self._call(text)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def log(self):
        """Every statement that it was sent."""
        return (self.folder / "general").read_text(errors="replace")

    def stop(self):
        self._process.kill()
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
