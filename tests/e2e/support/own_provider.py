"""Providers that a test brings itself, beside the stand-ins of all. SPDX-License-Identifier: Apache-2.0"""

import subprocess

from support.authority import Authority


class OwnProvider:
    """What a Room asks of the stand-ins of providers, of one that takes any key."""

    def accept(self, *_):
        pass

    def passes(self, *_):
        pass

    def release(self):
        pass


class ProgramProvider(OwnProvider):
    """A program that serves TLS for `host` with the chain and key of two files, and says "PORT n" (any word) first."""

    def __init__(self, folder, host, command, **options):
        folder.mkdir(parents=True)
        authority = Authority()
        chain, key, _ = authority.issue(host)
        self.ca = folder / "ca.pem"
        for name, text in (("ca.pem", authority.pem), ("key.pem", key), ("chain.pem", chain)):
            (folder / name).write_text(text)
        self._process = subprocess.Popen(
            command(folder / "chain.pem", folder / "key.pem"),
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        self.port = int(self._process.stdout.readline().split()[1])
        (folder / "key.pem").unlink()
