"""The stand-ins' process, and its control plane. SPDX-License-Identifier: Apache-2.0"""

import json
import subprocess
import urllib.request
from pathlib import Path

from support.waiting import until

FOLDER = Path(__file__).resolve().parents[2] / "standins"


class Standins:
    """Started once for the whole suite; `reset` between tests."""

    def __init__(self, folder, environment):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if not (FOLDER / "node_modules" / "ws").exists():
            raise RuntimeError(f"run `npm ci` in {FOLDER.name}/ first")
        self.log = open(folder / "standins.log", "wb")
        self.process = subprocess.Popen(
            ["node", str(FOLDER / "standins.mjs"), "--dir", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        ready = folder / "standins.json"
        until(
            lambda: ready.exists() or self.process.poll() is not None, 20, "the stand-ins are ready"
        )
        if not ready.exists():
            raise RuntimeError((folder / "standins.log").read_text())
        facts = json.loads(ready.read_text())
        self.port, self.control, self.direct, self.hosts = (
            facts["port"],
            facts["control"],
            facts["direct"],
            facts["hosts"],
        )
        self.ca = folder / "ca.pem"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.control}{path}", data=data, method=method
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def reset(self):
        self.release()
        self.stream()
        self.keep_keys(False)
        for service in (
            "gemini",
            "elevenlabs",
            "heygen",
            "firecrawl",
            "openai",
            "anthropic",
            "github",
            "gitlab",
            "slack",
            "npm",
            "pypi",
            "docker",
            "gcp",
            "bitbucket",
            "linear",
            "generic",
            "packages",
        ):
            self.call("PUT", "/failure", {"service": service, "times": 0})
            self.keys(service, accepted=[], revoked=[])
        self.call("POST", "/clear", {})

    def keys(self, service, **sets):
        self.call("PUT", "/keys", {"service": service, **sets})

    def accept(self, service, key):
        self.call("POST", "/accept", {"service": service, "key": key})

    def revoke(self, service, key):
        """As if someone had deleted the key in the provider's own console."""
        self.call("POST", "/revoke", {"service": service, "key": key})

    def keep_keys(self, keeps=True):
        """Providers answer the call that ends a key, and go on taking it."""
        self.call("PUT", "/keeps-keys", {"keeps": keeps})

    def passes(self, *passes):
        """Makes passes known; all requests seen so far are searched for them again."""
        self.call("POST", "/passes", {"passes": [one for one in passes if one]})

    def stream(self, events=3, interval_ms=0, hold=False):
        self.call("PUT", "/stream", {"events": events, "interval_ms": interval_ms, "hold": hold})

    def release(self):
        self.call("POST", "/release", {})

    def requests(self, **wanted):
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        return self.call("GET", f"/requests?{query}")

    def violations(self):
        return self.call("GET", "/violations")

    def open(self):
        return self.call("GET", "/open")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
