"""Authorization servers of a test's own (tests/standins/oauth), and a browser that goes where they send it.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import re
import socket
import ssl
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from support.waiting import until

SERVER = Path(__file__).resolve().parents[2] / "standins" / "oauth" / "server.mjs"
CONSOLE = "https://vault.standin.test/"
CALLBACK = CONSOLE + "oauth/callback"
SIGN_IN_CALLBACK = CONSOLE + "sign-in/callback"
ISSUER = "https://login.standin.test"
API = "api.login.standin.test"


class Logins:
    def __init__(self, folder, environment, secret):
        self.secret, self.ca = secret, folder / "ca.pem"
        self.log = open(folder.parent / f"{folder.name}.log", "wb")
        self.process = subprocess.Popen(
            ["node", str(SERVER), "--dir", str(folder), "--redirect", CALLBACK, "--redirect", SIGN_IN_CALLBACK],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
            env=environment,
            cwd=SERVER.parent,
        )
        self.process.stdin.write(secret.encode())
        self.process.stdin.close()
        ready = folder / "oauth.json"
        until(lambda: ready.exists() or self.process.poll() is not None, 60, "the authorization servers are ready")
        facts = json.loads(ready.read_text())
        self.port, self.control, self.hosts = facts["port"], facts["control"], facts["hosts"]

    def call(self, path="/state", body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.control}{path}", data=None if body is None else json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def set(self, **what):
        self.call("/set", what)

    def state(self):
        return self.call()

    def refreshes(self):
        return [each for each in self.state()["exchanges"] if each["grant"] == "refresh_token"]

    def is_active(self, token):
        return self.call("/active", {"token": token})["active"]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Browser:
    """Keeps cookies, follows redirects among the stand-ins, and stops where it is sent elsewhere: there."""

    def __init__(self, logins):
        self.logins, self.cookies = logins, {}
        self.tls = ssl.create_default_context(cafile=str(logins.ca))

    def request(self, method, url, form=None):
        place = urllib.parse.urlsplit(url)
        connection = http.client.HTTPSConnection("127.0.0.1", self.logins.port, context=self.tls, timeout=30)
        connection.sock = self.tls.wrap_socket(
            socket.create_connection(("127.0.0.1", self.logins.port)), server_hostname=place.hostname
        )
        headers = {"Host": place.netloc, "Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())}
        body = None if form is None else urllib.parse.urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = place.path + (f"?{place.query}" if place.query else "")
        connection.request(method, target or "/", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        for line in answer.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, answer.headers.get("location"), text

    def go(self, url, form=None):
        """(where it ended, the text there); a place that is no stand-in's is not asked."""
        method = "GET" if form is None else "POST"
        for _ in range(20):
            if urllib.parse.urlsplit(url).hostname not in self.logins.hosts:
                return url, ""
            status, location, text = self.request(method, url, form)
            if location is None:
                assert status == 200, (status, url, text[:500])
                return url, text
            url, method, form = urllib.parse.urljoin(url, location), "GET", None
        raise AssertionError("sent around in circles")

    def agree(self, url, callback=CALLBACK):
        """What it is brought back with, as the console reads it."""
        back, _ = self.go(url)
        assert back.startswith(callback + "?"), back
        said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
        return answer_of(said)

    def type_code(self, url, code):
        """The page where a device's code is typed, and what follows it."""
        where, page = self.go(url)
        for _ in range(3):
            fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
            if 'name="user_code"' not in page:
                return page
            fields["user_code"] = code
            if "confirm" in page:
                fields["confirm"] = "yes"
            where, page = self.go(urllib.parse.urljoin(where, "/device"), fields)
        return page


def answer_of(said):
    answer = {"state": said["state"]}
    if "code" in said:
        answer["value"] = said["code"]
    for name in ("iss", "error"):
        if name in said:
            answer[name] = said[name]
    return answer


def configure(room, logins, hosts=(urllib.parse.urlsplit(ISSUER).hostname, API), console=CONSOLE):
    """Of a room that has not started: its console's address, and its way to these servers, beside those that it has."""
    file = room.data / "strongroom.toml"
    text = file.read_text()
    if f'extra_ca = "{logins.ca}"' not in text:
        both = room.data / "authorities.pem"
        both.write_text(Path(re.search('extra_ca = "([^"]+)"', text).group(1)).read_text() + logins.ca.read_text())
        text = re.sub('extra_ca = "[^"]+"', f'extra_ca = "{both}"', text)
        for host in hosts:
            text += f'[[gateway.dial]]\nhost = "{host}:443"\nto = "127.0.0.1:{logins.port}"\n'
    file.write_text((f'console_url = "{console}"\n' if console else "") + text)


def set_up(room, logins, name, *flags, identity="strongroom"):
    room.json("oauth", "client", "set", name, "--id", identity, *flags, input=logins.secret + "\n")
    return name


def begin(room, client, token=None, **more):
    body = {"client": client, "way": "browser", "tenant": "acme", "member": "alice", **more}
    if client == "standin":
        body.setdefault("settings", {"host": API})
    return room.api("POST", "/api/v1/oauth/logins", body, token)


def finish(room, answer, token=None):
    return room.api("POST", "/api/v1/oauth/logins/finish", answer, token)


def connect(room, logins, client, **more):
    """The id of a key, from a login as the console does it."""
    status, login = begin(room, client, **more)
    assert status == 201, login
    status, done = finish(room, Browser(logins).agree(login["url"]))
    assert status == 200 and done["state"] == "done", done
    return done["key"]
