"""A stand-in of Tailscale's API, for tests. **This is not Tailscale.**

It is written from the public documentation (https://tailscale.com/api: OAuth tokens by client credentials, auth keys, devices) as far as
Strongroom needs it, and says so in every answer (`x-strongroom-standin: 1`). What a device's own client does (joining by an auth key) is a
call of the test's: `join`. SPDX-License-Identifier: Apache-2.0
"""

import datetime
import json
import re
import secrets
import ssl
import tempfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "api.tailscale.com"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text_of(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Tailnet:
    """One tailnet with one OAuth client."""

    hosts = [HOST]

    def __init__(self, chain, key, secret, tags=("tag:agents",)):
        self.secret = secret
        self.tags = set(tags)
        self.keys, self.devices, self.calls, self.strangers = {}, {}, [], []
        self.is_away = False
        self._tokens = set()
        self._lock = threading.Lock()
        self._holds = {}  # (method, what its path matches) -> (when it has come, when it may go on)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(key + chain)
            file.flush()
            context.load_cert_chain(file.name)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # callers that are killed, and those that do not trust us
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    # What a test does

    def join(self, auth_key, hostname, created=None):
        """What `tailscale up --auth-key` does: the new device's id, None where the key is not good."""
        with self._lock:
            for key in self.keys.values():
                if key["key"] != auth_key or key["gone"] or key["used"]:
                    continue
                made = key["capabilities"]["devices"]["create"]
                key["used"] = not made["reusable"]
                return self._add_device(hostname, made["tags"], made["ephemeral"], created)
        return None

    def add_device(self, hostname, tags, ephemeral=False, created=None):
        """A device of somebody else's."""
        with self._lock:
            return self._add_device(hostname, list(tags), ephemeral, created)

    def _add_device(self, hostname, tags, ephemeral, created):
        node = "n" + secrets.token_hex(6) + "CNTRL"
        self.devices[node] = {
            "id": str(secrets.randbelow(10**16)), "nodeId": node, "hostname": hostname, "name": f"{hostname}.example.ts.net",
            "tags": tags, "isEphemeral": ephemeral, "authorized": True, "created": text_of(created or now()), "os": "linux",
        }
        return node

    def live_keys(self):
        return [key for key in self.keys.values() if not key["gone"]]

    def hold(self, method, path):
        """The answer of the next such call waits, after what it asks for was done: (come, go) events."""
        events = threading.Event(), threading.Event()
        self._holds[method, path] = events
        return events

    def accept(self, *_):
        pass

    def passes(self, *_):
        pass

    def release(self):
        for _, go in list(self._holds.values()):
            go.set()

    def stop(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    # What it answers

    def _handler(tailnet):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, *_):
                pass

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                path = urllib.parse.urlsplit(self.path)
                with tailnet._lock:
                    tailnet.calls.append((self.command, path.path))
                    if tailnet.is_away:
                        status, document = 503, {"message": "away"}
                    elif self.headers.get("host") != HOST:
                        status, document = 421, {"message": "another host"}
                        tailnet.strangers.append(self.headers.get("host"))
                    else:
                        status, document = tailnet._answer(self.command, path, self.headers, body)
                for (method, pattern), (come, go) in list(tailnet._holds.items()):
                    if method == self.command and re.search(pattern, path.path):
                        del tailnet._holds[method, pattern]
                        come.set()
                        go.wait(60)
                octets = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("x-strongroom-standin", "1")
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            do_GET = do_POST = do_DELETE = _serve

        return Handler

    def _answer(self, method, path, headers, body):
        if (method, path.path) == ("POST", "/api/v2/oauth/token"):
            return self._token(body)
        token = (headers.get("authorization") or "").removeprefix("Bearer ")
        if token not in self._tokens:
            return 401, {"message": "API token invalid"}
        parts = path.path.removeprefix("/api/v2/").split("/")
        match [method, *parts]:
            case ["POST", "tailnet", "-", "keys"]:
                return self._create_key(json.loads(body))
            case ["GET", "tailnet", "-", "keys"]:
                is_all = urllib.parse.parse_qs(path.query).get("all") == ["true"]
                return 200, {"keys": [{"id": key["id"]} for key in self.live_keys() if is_all]}
            case ["GET", "tailnet", "-", "keys", name]:
                return self._show_key(name)
            case ["DELETE", "tailnet", "-", "keys", name]:
                if name not in self.keys:
                    return 404, {"message": "not found"}
                self.keys[name]["gone"] = True
                return 200, None
            case ["GET", "tailnet", "-", "devices"]:
                return 200, {"devices": list(self.devices.values())}
            case ["DELETE", "device", name]:
                return (200, None) if self.devices.pop(name, None) else (404, {"message": "not found"})
        return 404, {"message": "no such call in this stand-in"}

    def _token(self, body):
        form = dict(urllib.parse.parse_qsl(body))
        if form.get("client_secret") != self.secret or form.get("grant_type") != "client_credentials":
            return 401, {"message": "API token invalid"}
        token = "tskey-api-" + secrets.token_hex(20)
        self._tokens.add(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "auth_keys devices:core"}

    def _create_key(self, wanted):
        made = wanted["capabilities"]["devices"]["create"]
        if not made.get("tags") or not set(made["tags"]) <= self.tags:
            return 400, {"message": "requested tags are invalid or not permitted"}
        if not re.fullmatch(r"[A-Za-z0-9 -]{0,50}", wanted.get("description", "")):
            return 400, {"message": "the description has other characters"}
        name = "k" + secrets.token_hex(5).upper() + "CNTRL"
        self.keys[name] = key = {
            "id": name, "key": f"tskey-auth-{name}-{secrets.token_hex(16)}", "description": wanted.get("description", ""),
            "created": text_of(now()), "expires": text_of(now() + datetime.timedelta(seconds=wanted["expirySeconds"])),
            "expirySeconds": wanted["expirySeconds"], "capabilities": wanted["capabilities"], "used": False, "gone": False,
        }
        return 200, {name: value for name, value in key.items() if name not in ("used", "gone")}

    def _show_key(self, name):
        """A key that was deleted is still shown, and said to be invalid."""
        if name not in self.keys:
            return 404, {"message": "not found"}
        key = self.keys[name]
        shown = {name: key[name] for name in ("id", "description", "created", "expires", "capabilities")}
        return 200, {**shown, "invalid": True, "revoked": text_of(now())} if key["gone"] else shown
