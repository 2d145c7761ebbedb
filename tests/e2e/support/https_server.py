"""A small HTTPS server that a test makes answer what it likes. SPDX-License-Identifier: Apache-2.0"""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.authority import Authority


class HttpsServer:
    """`answer(request)` gets (method, path, headers, body) as `request` and says (status, headers, body)."""

    def __init__(self, folder, *hosts, answer):
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority()
        chain, key, _ = authority.issue(*hosts)
        self.ca = folder / "https-ca.pem"
        self.ca.write_text(authority.pem)
        (folder / "https.pem").write_text(chain)
        (folder / "https.key").write_text(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "https.pem", folder / "https.key")
        self.seen = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                body = self._body()
                request = (self.command, self.path, self.headers, body)
                outer.seen.append(request)
                status, headers, said = answer(request)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = respond

            def _body(self):
                if self.headers.get("expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                if self.headers.get("transfer-encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
