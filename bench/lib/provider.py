"""The providers behind both proxies: an nginx for many small answers, our helper for streams.

SPDX-License-Identifier: Apache-2.0
"""

import secrets

from lib.processes import PROVIDER_CORE, Program

HOST = "generativelanguage.googleapis.com"
KEY = "AIzaSy" + secrets.token_hex(16)

_NGINX = """
worker_processes 1; daemon off; pid {folder}/provider-nginx.pid;
error_log {folder}/provider-nginx.log error;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/provider-body; proxy_temp_path {folder}/p1;
  fastcgi_temp_path {folder}/p2; uwsgi_temp_path {folder}/p3; scgi_temp_path {folder}/p4;
  server {{
    listen 127.0.0.1:{port} ssl; server_name {host};
    ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key; ssl_session_cache shared:a:1m;
    location / {{
      if ($http_x_goog_api_key != "{key}") {{ return 401 "wrong key"; }}
      default_type application/json;
      return 200 "{answer}";
    }}
  }}
}}
"""


class Provider:
    """`small`: port for the small answers; `streams`: for the rest; both with one certificate."""

    def __init__(self, tool, folder, free_port):
        self._tool, self._folder, self.small = tool, folder, free_port()
        self._streams = self._small = None

    def start(self):
        folder = self._folder
        start = [self._tool, folder, HOST, KEY]
        self._streams = Program(start, PROVIDER_CORE, log=folder / "provider.log")
        self.streams = int(self._streams.line("port "))
        configuration = folder / "provider-nginx.conf"
        configuration.write_text(
            _NGINX.format(folder=folder, port=self.small, host=HOST, key=KEY, answer="y" * 1024),
            encoding="ascii",
        )
        start = ["nginx", "-c", configuration, "-e", folder / "provider-nginx.log"]
        self._small = Program(start, PROVIDER_CORE)

    def stop(self):
        for program in (self._streams, self._small):
            if program is not None:
                program.stop()
