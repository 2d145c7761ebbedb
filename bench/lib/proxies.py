"""The proxies that are compared, on the same core: Strongroom whole, and its peers as an operator would set them up.

All offer: `port` (plain), `tls_port`, `path` before the provider's own, `headers` a client sends, `pids` of the data path,
all_pids() of everything on the core. Those that end TLS in tunnels (intercepting.py) offer run_agents() instead.
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import subprocess

from lib.intercepting import Mitmproxy, Squid
from lib.processes import CLIENT_CORES, OTHER_CORES, PROXY_CORE, Program, is_listening, wait_for
from lib.provider import HOST, KEY


WHO = ["--tenant", "acme", "--member", "bench"]
_CONFIGURATION = """
[gateway]
extra_ca = "{folder}/ca.pem"
tenant_exchanges = 20000
[[gateway.dial]]
host = "{host}:443"
to = "127.0.0.1:{port}"
"""


class Strongroom:
    """`strongroom serve` with vault and gateway on one core, one session with a pass for the provider."""

    name = "strongroom"

    def __init__(self, programs, folder, provider_port, tool):
        self._agents = tool.parent / "bench-agents"
        self.program = programs / "strongroom"
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "STRONGROOM_DATA": str(self.data),
            "HOME": str(folder),
        }
        (self.data / "strongroom.toml").write_text(
            _CONFIGURATION.format(folder=folder, host=HOST, port=provider_port), encoding="ascii"
        )
        self._log = folder / "strongroom.log"
        self._server = self._session = self.ten_keys = None

    def start(self):
        serve = [self.program, "serve", "--log-level", "error"]
        for flag in ("--listen", "--gateway", "--metrics"):
            serve += [flag, "127.0.0.1:0"]
        self._server = Program(serve, PROXY_CORE, environment=self.environment, log=self._log)
        self._server.line("ready")
        self.command("tenant", "add", "acme")
        self.command("member", "add", "--tenant", "acme", "bench")
        self.key_id = self.command("key", "add", "gemini", "--tenant", "acme", stdin=KEY)["id"]
        work = ["/bin/sh", "-c", "echo pass $GEMINI_API_KEY; exec sleep 100000"]
        run = [self.program, "run", *WHO, "--service", "gemini", "--", *work]
        self._session = Program(run, PROXY_CORE, environment=self.environment, log=self._log)
        self.headers = {"x-goog-api-key": self._session.line("pass ")}
        endpoints = json.loads((self.data / "endpoints.json").read_text(encoding="ascii"))
        self.port = self.tls_port = int(endpoints["gateway"].rpartition(":")[2])
        self.path = "/gemini"
        self.pids = endpoints["gateway_pids"]

    def command(self, *arguments, stdin=None):
        done = self.call(*arguments, "--json", stdin=stdin)
        if done.returncode != 0:
            raise RuntimeError(f"strongroom {arguments}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def command_line(self, *arguments):
        """A command as a shell would start it, for whoever holds its streams."""
        return ["env", *(f"{name}={value}" for name, value in self.environment.items()), self.program, *arguments]

    def call(self, *arguments, stdin=None):
        return subprocess.run(
            [self.program, *arguments],
            input=stdin, env=self.environment, capture_output=True, text=True, check=False,
        )

    def move_what_is_no_proxy(self):
        for task in os.listdir(f"/proc/{self._server.process.pid}/task"):
            os.sched_setaffinity(int(task), OTHER_CORES)

    def all_pids(self):
        return [self._server.process.pid, *self.pids]

    def run_agents(self, agents, requests_of_tunnel, seconds):
        """In a session of their own, as only a workroom's own processes may use its proxy."""
        arguments = [self._agents, '"${HTTPS_PROXY##*:}"', "-", HOST, '"$SSL_CERT_FILE"', '"$GEMINI_API_KEY"']
        arguments += [agents, requests_of_tunnel, seconds]
        work = ["/bin/sh", "-c", f"exec taskset -c {CLIENT_CORES} {' '.join(map(str, arguments))}"]
        run = [self.program, "run", *WHO, "--service", "gemini", "--proxy", "--", *work]
        done = subprocess.run(
            ["taskset", "-c", PROXY_CORE, *run], env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def switch_off(self):
        """The key, everywhere."""
        self.command("key", "revoke", self.key_id)

    def stop(self):
        for program in (self._session, self._server):
            if program is not None:
                program.stop()


_NGINX = """
worker_processes 1; daemon off; pid {folder}/peer.pid; error_log {folder}/peer.log error;
events {{ worker_connections 40000; multi_accept on; }}
http {{
  access_log {folder}/access.log; keepalive_requests 100000000; keepalive_timeout 600s; client_max_body_size 0;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/b1; fastcgi_temp_path {folder}/b2;
  uwsgi_temp_path {folder}/b3; scgi_temp_path {folder}/b4;
  upstream provider {{ server 127.0.0.1:{provider_port}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host {host};
    proxy_set_header x-goog-api-key "{key}";
    proxy_ssl_server_name on; proxy_ssl_name {host};
    proxy_ssl_verify on; proxy_ssl_trusted_certificate {folder}/ca.pem;
    proxy_read_timeout 600s; proxy_send_timeout 600s;
    location / {{ proxy_pass https://provider; }}
    location /v1/stream/ {{
      proxy_buffering off; proxy_request_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k;
      proxy_pass https://provider;
    }}
  }}
}}
"""


class Nginx:
    name = "nginx"

    def __init__(self, folder, provider_port, free_port, _tool):
        self._folder, self._provider_port = folder, provider_port
        self.port, self.tls_port = free_port(), free_port()
        self.headers = {"x-goog-api-key": "x" * 47}
        self.path = ""
        self._server = None

    def start(self):
        self._start(KEY)

    def _start(self, key):
        configuration = self._folder / "peer.conf"
        configuration.write_text(
            _NGINX.format(
                folder=self._folder, provider_port=self._provider_port,
                port=self.port, tls_port=self.tls_port, host=HOST, key=key,
            ),
            encoding="ascii",
        )
        (self._folder / "peer.pid").unlink(missing_ok=True)
        start = ["nginx", "-c", configuration, "-e", self._folder / "peer.log"]
        self._server = Program(start, PROXY_CORE, log=self._folder / "peer.err")
        wait_for((self._folder / "peer.pid").exists, what="nginx")
        children = f"/proc/{self._server.process.pid}/task/{self._server.process.pid}/children"
        wait_for(lambda: pathlib.Path(children).read_text("ascii").split(), what="nginx's worker")
        self.pids = [int(pid) for pid in pathlib.Path(children).read_text("ascii").split()]

    def all_pids(self):
        return self.pids

    def move_what_is_no_proxy(self):
        """All of nginx is the proxy."""

    def switch_off(self):
        """What an operator can do at once: the key out of the configuration, and a restart.

        A reload would let open streams go on.
        """
        self._server.stop()
        self._start("none")

    def stop(self):
        if self._server is not None:
            self._server.stop()


_HAPROXY = """
global
  nbthread 1
  maxconn 8000
  log stdout format raw local0 info
  tune.ssl.default-dh-param 2048
defaults
  mode http
  log global
  option httplog
  timeout connect 10s
  timeout client 600s
  timeout server 600s
frontend agents
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{tls_port} ssl crt {folder}/both.pem
  default_backend provider
backend provider
  http-reuse always
  http-request set-header host {host}
  http-request set-header x-goog-api-key {key}
  server provider 127.0.0.1:{provider_port} ssl verify required ca-file {folder}/ca.pem sni str({host}) verifyhost {host} pool-max-conn 256
"""


class Haproxy:
    name = "haproxy"

    def __init__(self, folder, provider_port, free_port, _tool):
        self._folder, self._provider_port = folder, provider_port
        self.port, self.tls_port = free_port(), free_port()
        self.headers = {"x-goog-api-key": "x" * 47}
        self.path = ""
        self._server = None

    def start(self):
        folder = self._folder
        both = (folder / "leaf.pem").read_text("ascii") + (folder / "leaf.key").read_text("ascii")
        (folder / "both.pem").write_text(both, encoding="ascii")
        configuration = folder / "haproxy.conf"
        configuration.write_text(
            _HAPROXY.format(
                folder=folder, provider_port=self._provider_port, port=self.port, tls_port=self.tls_port,
                host=HOST, key=KEY,
            ),
            encoding="ascii",
        )
        # Its access log, as nginx's, goes to a file.
        start = f"exec haproxy -db -f {configuration} > {folder}/haproxy.log"
        self._server = Program(["/bin/sh", "-c", start], PROXY_CORE, log=folder / "haproxy.err")
        wait_for(lambda: is_listening(self.port), what="haproxy")
        self.pids = [self._server.process.pid]

    def all_pids(self):
        return self.pids

    def stop(self):
        if self._server is not None:
            self._server.stop()


PEERS = {"nginx": Nginx, "haproxy": Haproxy, "mitmproxy": Mitmproxy, "squid": Squid}
