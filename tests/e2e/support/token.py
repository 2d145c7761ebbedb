"""A PKCS#11 token in software (SoftHSM2) of a test's own. SPDX-License-Identifier: Apache-2.0"""

import os
import subprocess

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class Token:
    PIN, OFFICER = "739518", "264071"

    def __init__(self, folder):
        self.folder = folder
        (folder / "tokens").mkdir(parents=True)
        self.settings = folder / "softhsm2.conf"
        self.settings.write_text(
            f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        self._environment = {**os.environ, "SOFTHSM2_CONF": str(self.settings)}
        self._run("softhsm2-util", "--init-token", "--free", "--label", "rack", "--so-pin", self.OFFICER, "--pin", self.PIN)
        self.pin_file = folder / "pin"
        self.write_pin(self.PIN)

    def _run(self, *command):
        subprocess.run(command, check=True, capture_output=True, timeout=30, env=self._environment)

    def _tool(self, *arguments):
        self._run("pkcs11-tool", "--module", MODULE, "--token-label", "rack", "--login", "--pin", self.PIN, *arguments)

    def write_pin(self, pin):
        self.pin_file.write_text(pin + "\n")
        self.pin_file.chmod(0o600)

    def make_aes(self, label, *more):
        self._tool("--keygen", "--key-type", "AES:32", "--label", label, *more)

    def make_rsa(self, label):
        self._tool("--keypairgen", "--key-type", "rsa:2048", "--label", label)

    def remove(self, kind, label):
        self._tool("--delete-object", "--type", kind, "--label", label)

    def section(self, name, key, token="rack"):
        """For strongroom.toml."""
        return (
            f'[[external_seal]]\nname = "{name}"\nkind = "pkcs11"\nmodule = "{MODULE}"\ntoken = "{token}"\n'
            f'key = "{key}"\npin_file = "{self.pin_file}"\nfolders = ["{self.folder}"]\n'
            f'environment = ["SOFTHSM2_CONF={self.settings}"]\n'
        )
