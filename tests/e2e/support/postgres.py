"""A PostgreSQL cluster of the test's own. SPDX-License-Identifier: Apache-2.0"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.ports import free_port

BINARIES = max(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None
)


class Cluster:
    """PostgreSQL refuses to run as root: as root, the Debian user `postgres` runs it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="strongroom-pg-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self._prefix = []
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
            self._prefix = ["runuser", "-u", "postgres", "--"]
        self._run(
            "initdb",
            "--pgdata",
            self.data,
            "--username",
            "admin",
            "--auth-local",
            "trust",
            "--auth-host",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-sync",
        )
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} -c fsync=off"
        self._run(
            "pg_ctl",
            "--pgdata",
            self.data,
            "--options",
            options,
            "--log",
            self.folder / "log",
            "--wait",
            "start",
        )

    def _run(self, program, *arguments, **options):
        return subprocess.run(
            [*self._prefix, BINARIES / program, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            timeout=120,
            **options,
        )

    def sql(self, text, database="postgres"):
        """As the superuser over the Unix socket; what is secret in it travels on standard input."""
        done = subprocess.run(
            [
                *self._prefix,
                BINARIES / "psql",
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                self.folder,
                "-p",
                str(self.port),
                "-U",
                "admin",
                "-d",
                database,
            ],
            input=text.encode(),
            capture_output=True,
            check=True,
            timeout=60,
            cwd=self.folder,
        )
        return done.stdout.decode().strip()

    def stop(self):
        self._run("pg_ctl", "--pgdata", self.data, "--mode", "immediate", "--wait", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
