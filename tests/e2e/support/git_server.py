"""A real git server: nginx with TLS and Basic authentication before git's own http-backend.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from support.ports import free_port
from support.waiting import until

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
FCGIWRAP = shutil.which("fcgiwrap", path=f"{os.environ['PATH']}:/usr/sbin")
BACKEND = Path("/usr/lib/git-core/git-http-backend")

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format logins '$request $status [$http_authorization]';
  access_log {folder}/access.log {log_format};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {folder}/leaf.pem;
    ssl_certificate_key {folder}/leaf.key;
    auth_basic {realm};
    auth_basic_user_file {folder}/users;
    # Led elsewhere before anybody was asked who he is, and after.
    location /away/ {{ rewrite ^/away/(.*)$ {away}/$1 redirect; }}
    location /kept/ {{ try_files /none @away; }}
    location @away {{ rewrite ^/kept/(.*)$ {away}/$1 redirect; }}
    location / {{
      fastcgi_pass unix:{folder}/fcgi.sock;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_PROJECT_ROOT {folder}/repositories;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
      # nginx has judged it: the back end's environment need not hold it.
      fastcgi_param HTTP_AUTHORIZATION "";
    }}
  }}
}}
"""


class GitServer:
    """One bare repository `story.git` with one commit; one user with one token, or (public) no user at all."""

    def __init__(
        self, folder, name="localhost", port=None, is_public=False, away="", logs_logins=False
    ):
        self.folder, self.name, self.port = folder, name, port or free_port()
        folder.mkdir(mode=0o700)
        self.ca = folder / "ca.pem"
        self._certificates()
        self._repository()
        self._processes = []
        for temporary in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / temporary).mkdir()
        (folder / "users").touch()
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                port=self.port,
                name=name,
                backend=BACKEND,
                realm="off" if is_public else '"git"',
                away=away,
                log_format="logins" if logs_logins else "combined",
            )
        )

    @property
    def base(self):
        return f"https://{self.name}:{self.port}"

    @property
    def url(self):
        return f"{self.base}/story.git"

    def _openssl(self, *arguments):
        subprocess.run(
            ["openssl", *map(str, arguments)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    def _certificates(self):
        at = self.folder
        self._openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "7",
            "-keyout",
            at / "ca.key",
            "-out",
            self.ca,
            "-subj",
            "/CN=git test",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
        )
        self._openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            at / "leaf.key",
            "-out",
            at / "leaf.csr",
            "-subj",
            f"/CN={self.name}",
        )
        (at / "leaf.ext").write_text(f"subjectAltName=DNS:{self.name},DNS:localhost,IP:127.0.0.1\n")
        self._openssl(
            "x509",
            "-req",
            "-in",
            at / "leaf.csr",
            "-CA",
            self.ca,
            "-CAkey",
            at / "ca.key",
            "-CAcreateserial",
            "-days",
            "7",
            "-extfile",
            at / "leaf.ext",
            "-out",
            at / "leaf.pem",
        )

    def git(self, *arguments, cwd=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": "test", f"GIT_{role}_EMAIL": "test@example.test"}
        done = subprocess.run(
            ["git", *map(str, arguments)],
            cwd=cwd or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def _repository(self):
        (self.folder / "repositories").mkdir()
        self.add("story.git")

    def add(self, path, submodule=None):
        """A repository with one file; and one of the server's others in it, by a relative URL."""
        bare, work = self.folder / "repositories" / path, self.folder / path.replace("/", "-")
        self.git("init", "-q", "--bare", "-b", "main", bare)
        self.git("-C", bare, "config", "http.receivepack", "true")
        self.git("clone", "-q", bare, work)
        (work / "story.txt").write_text("Once upon a time\n")
        self.git("add", "story.txt", cwd=work)
        if submodule is not None:
            self.git(
                *("-c", "protocol.file.allow=always", "submodule", "add", "-q", submodule, "part"),
                cwd=work,
            )
        self.git("commit", "-q", "-m", "Begin", cwd=work)
        self.git("push", "-q", "origin", "HEAD:main", cwd=work)

    def log(self):
        return self.git(
            "-C", self.folder / "repositories" / "story.git", "log", "--format=%s", "main"
        ).splitlines()

    def only(self, user, token):
        """From now on this user with this token and nobody else; only a hash is written down."""
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "-stdin"],
            input=token.encode(),
            capture_output=True,
            check=True,
        ).stdout
        (self.folder / "users").write_bytes(user.encode() + b":" + hashed)

    def start(self):
        sock = self.folder / "fcgi.sock"
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        for command in (
            [FCGIWRAP, "-c", "4", "-s", f"unix:{sock}"],
            [NGINX, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
        ):
            with open(self.folder / "out.log", "ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        list(map(str, command)),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        env=environment,
                        cwd=self.folder,
                        start_new_session=True,
                    )
                )
        until(self._listens, 15, "nginx listens")
        return self

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        for process in self._processes:
            # fcgiwrap's children are of its own session.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
