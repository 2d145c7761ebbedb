"""Proxies that end the TLS of tunnels, to compare with: mitmproxy and squid. Each puts the key in and goes to our provider.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import pwd
import shutil
import subprocess

from lib.processes import CLIENT_CORES, PROXY_CORE, Program, is_listening, wait_for
from lib.provider import HOST, KEY


class _Intercepting:
    def __init__(self, folder, provider_port, free_port, tool):
        self._folder, self._provider_port = folder / self.name, provider_port
        self._certificates = folder
        self._agents = tool.parent / "bench-agents"
        self.port = free_port()
        self._server = None

    def run_agents(self, agents, requests_of_tunnel, seconds):
        arguments = [self.port, "-", HOST, self.trusted, "x" * 47, agents, requests_of_tunnel, seconds]
        start = ["taskset", "-c", CLIENT_CORES, self._agents, *map(str, arguments)]
        done = subprocess.run(start, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr}")
        return json.loads(done.stdout)

    def all_pids(self):
        """The server and what it started."""
        pids = [self._server.process.pid]
        for pid in pids:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
            pids += [int(child) for child in children.split()]
        return pids

    def stop(self):
        if self._server is not None:
            self._server.stop()


_ADDON = """
def server_connect(data):
    data.server.address = ("127.0.0.1", {port})

def request(flow):
    flow.request.headers["x-goog-api-key"] = "{key}"
"""


class Mitmproxy(_Intercepting):
    name = "mitmproxy"

    def start(self):
        self._folder.mkdir()
        addon = self._folder / "addon.py"
        addon.write_text(_ADDON.format(port=self._provider_port, key=KEY), encoding="ascii")
        settings = [f"confdir={self._folder}", f"ssl_verify_upstream_trusted_ca={self._certificates}/ca.pem", "flow_detail=0"]
        start = ["mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", self.port, "-s", addon]
        start += [part for setting in settings for part in ("--set", setting)]
        environment = {**os.environ, "HOME": str(self._folder)}
        self._server = Program(start, PROXY_CORE, environment=environment, log=self._folder / "log")
        wait_for(lambda: is_listening(self.port), what="mitmproxy")
        self.trusted = self._folder / "mitmproxy-ca-cert.pem"


_SQUID = """
http_port 127.0.0.1:{port} ssl-bump tls-cert={folder}/authority.pem tls-key={folder}/authority.key generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program {helper} -s {folder}/made -M 4MB
sslcrtd_children 1
ssl_bump bump all
cache_peer 127.0.0.1 parent {provider_port} 0 no-query no-digest originserver name=provider tls tls-cafile={certificates}/ca.pem ssldomain={host}
never_direct allow all
request_header_access x-goog-api-key deny all
request_header_add x-goog-api-key "{key}"
http_access allow all
cache deny all
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
cache_effective_user {user}
max_filedescriptors 8192
shutdown_lifetime 0 seconds
visible_hostname bench
workers 1
"""
_HELPERS = ("/usr/lib/squid/security_file_certgen", "/usr/lib64/squid/security_file_certgen")


class Squid(_Intercepting):
    name = "squid"

    def start(self):
        self._folder.mkdir()
        helper = next(path for path in _HELPERS if os.path.exists(path))
        authority = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        authority += ["-subj", "/CN=Benchmark", "-keyout", self._folder / "authority.key", "-out", self._folder / "authority.pem"]
        subprocess.run(authority, check=True, capture_output=True)
        self.trusted = self._folder / "authority.pem"
        subprocess.run([helper, "-c", "-s", self._folder / "made", "-M", "4MB"], check=True, capture_output=True)
        user = "proxy" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            self._hand_over(user)
        configuration = self._folder / "squid.conf"
        configuration.write_text(
            _SQUID.format(
                port=self.port, folder=self._folder, helper=helper, provider_port=self._provider_port,
                certificates=self._certificates, host=HOST, key=KEY, user=user,
            ),
            encoding="ascii",
        )
        self._server = Program(["squid", "-N", "-f", configuration], PROXY_CORE, log=self._folder / "log")
        wait_for(lambda: is_listening(self.port), what="squid")

    def _hand_over(self, user):
        """Started by root, squid becomes another user, who must reach its files."""
        self._certificates.chmod(0o711)
        for folder, _, files in os.walk(self._folder):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                shutil.chown(path, user)
