"""A real sshd on a free port, with host key and users' keys of its own, and keys made without a file.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from support.ports import free_port
from support.waiting import until

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
KINDS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
}

CONFIGURATION = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowAgentForwarding yes
LogLevel VERBOSE
SetEnv GIT_CONFIG_NOSYSTEM=1
"""


class SshKeyPair:
    def __init__(self, canaries, kind="ed25519"):
        key = KINDS[kind]()
        form = serialization.PrivateFormat.OpenSSH
        self.private = key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        ).decode()
        self.public = (
            key.public_key()
            .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
            .decode()
        )
        # A line from the private half, in which the public key may stand once more.
        whole_lines = self.private.splitlines()[1:-2]
        self.secret_line = next(line for line in reversed(whole_lines) if line not in self.public)
        canaries.watch("ssh", self.secret_line)


class SshServer:
    def __init__(self, folder):
        folder.mkdir()
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.folder, self.port = folder, free_port()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True
        )
        self.host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
        (folder / "authorized").touch()
        (folder / "sshd.conf").write_text(CONFIGURATION.format(port=self.port, folder=folder))
        self.log = folder / "sshd.log"
        self._process = subprocess.Popen(
            [SSHD, "-D", "-f", folder / "sshd.conf", "-E", self.log], stdin=subprocess.DEVNULL
        )
        until(lambda: "listening on" in self.log_text(), 30, "sshd listens")

    def log_text(self):
        return self.log.read_text() if self.log.exists() else ""

    def allow(self, pair):
        (self.folder / "authorized").write_text(pair.public + "\n")

    def settings(self, host="localhost", **more):
        return {"host": host, "port": str(self.port), "user": "root", **more}

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
