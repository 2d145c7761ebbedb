"""One run in several processes: each takes the files of tests that no other has taken. SPDX-License-Identifier: Apache-2.0"""

from pathlib import Path

# Looks at what the tests of its own process have left behind.
EACH = "test_canary.py"


class Share:
    """What is taken stands in a folder that the processes have in common."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.decided = {EACH: True}

    def takes(self, file):
        if file not in self.decided:
            try:
                (self.folder / file).touch(exist_ok=False)
                self.decided[file] = True
            except FileExistsError:
                self.decided[file] = False
        return self.decided[file]
