"""A real nginx as a plain reverse proxy, for comparison. SPDX-License-Identifier: Apache-2.0"""

import os
import socket
import subprocess

from support.git_server import NGINX
from support.ports import free_port
from support.waiting import until

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_header_timeout 2s; client_body_timeout 2s; lingering_close off;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host provider.test;
    }}
  }}
}}
"""


class NginxProxy:
    def __init__(self, folder, upstream):
        folder.mkdir(mode=0o700)
        self.port = free_port()
        for temporary in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / temporary).mkdir()
        file = folder / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=folder, port=self.port, upstream=upstream))
        with open(folder / "out.log", "wb") as log:
            self._process = subprocess.Popen(
                [NGINX, "-e", str(folder / "error.log"), "-c", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"]},
            )
        until(self._listens, 30, "nginx listens")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
