"""A TPM 2.0 in software (swtpm) of a test's own. SPDX-License-Identifier: Apache-2.0"""

import subprocess

from support.ports import free_port
from support.waiting import until


class Tpm:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        self._process = None
        self.start()

    def start(self, again=False):
        """With the state that it had, as a machine that is switched on: its PCRs begin anew. `again`: at the same place."""
        self.port = self.port if again else free_port(2)  # the second: its control channel's
        self._process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--server", f"type=tcp,port={self.port}",
             "--ctrl", f"type=tcp,port={self.port + 1}", "--flags", "not-need-init,startup-clear"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        until(lambda: self._process.poll() is None and self._answers(), 60, "the TPM answers")

    def _answers(self):
        return self._tool("tpm2_getcap", "properties-fixed").returncode == 0

    def _tool(self, *command):
        return subprocess.run([*command, "-T", self.place], capture_output=True, timeout=30)

    @property
    def place(self):
        return f"swtpm:host=127.0.0.1,port={self.port}"

    def extend(self, pcr):
        """As the firmware does with what it starts."""
        done = self._tool("tpm2_pcrextend", f"{pcr}:sha256={'ab' * 32}")
        assert done.returncode == 0, done.stderr

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
