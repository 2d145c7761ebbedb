"""A registry of images (Debian's docker-registry) over TLS, which asks for a name and a token. SPDX-License-Identifier: Apache-2.0"""

import os
import shutil
import socket
import subprocess
import warnings

from support.authority import Authority
from support.ports import free_port
from support.waiting import until

REGISTRY = shutil.which("docker-registry")
CONFIGURATION = """version: 0.1
log: {{accesslog: {{disabled: true}}, level: info}}
storage:
  filesystem: {{rootdirectory: {folder}/images}}
http:
  addr: 127.0.0.1:{port}
  secret: of this test
  tls: {{certificate: {folder}/chain.pem, key: {folder}/key.pem}}
{auth}"""
AUTH = "auth: {{htpasswd: {{realm: images, path: {folder}/users}}}}\n"


def bcrypt(token):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import crypt
    return crypt.crypt(token, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))


class Registry:
    """`user` and `token`: whom it lets in; none: everybody."""

    def __init__(self, folder, host, user=None, token=None):
        folder.mkdir(parents=True)
        self.host, self.port, self.folder = host, free_port(), folder
        authority = Authority()
        chain, key, _ = authority.issue(host)
        self.ca = folder / "ca.pem"
        auth = AUTH.format(folder=folder) if user else ""
        files = {
            "ca.pem": authority.pem,
            "chain.pem": chain,
            "key.pem": key,
            "config.yml": CONFIGURATION.format(folder=folder, port=self.port, auth=auth),
        }
        if user:
            files["users"] = f"{user}:{bcrypt(token)}\n"
        for name, text in files.items():
            (folder / name).write_text(text)
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [REGISTRY, "serve", folder / "config.yml"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
            )
        until(self._listens, 20, "the registry listens")

    def _listens(self):
        assert self._process.poll() is None, self.log()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return (self.folder / "log").read_text()

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
