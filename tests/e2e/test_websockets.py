"""Websockets through the built gateway, with clients that nobody made for it: Python's websockets, ws of Node, a browser.

SPDX-License-Identifier: Apache-2.0
"""

import http.server
import json
import os
import queue
import shutil
import ssl
import subprocess
import threading
import urllib.parse
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from support.waiting import until

AGENTS = Path(__file__).resolve().parent / "agents"
PATIENT = {"open_timeout": 60, "close_timeout": 60}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Session:
    """A session on Gemini and OpenAI, and its websockets' URLs."""

    def __init__(self, room):
        self.room = room
        for service in ("gemini", "openai"):
            room.add_key(service)
        started = room.json(
            *("session", "start", "--tenant", "acme", "--member", "alice"),
            *("--service", "gemini", "--service", "openai"),
        )
        self.passes = {issued["service"]: issued["pass"] for issued in started["passes"]}
        room.standins.passes(*self.passes.values())

    def url(self, service):
        return f"ws://{self.room.endpoints['gateway']}/{service}/standin/ws?interval_ms=50"

    def connect(self):
        return connect(
            self.url("gemini"),
            additional_headers={"x-goog-api-key": self.passes["gemini"]},
            compression="deflate",
            proxy=None,
            **PATIENT,
        )

    def wait_for_finding(self, what):
        """The gateway tells the vault of it beside what it says to the agent."""

        def found():
            entries = self.room.json("audit", "list", "--limit", "100")
            return what in json.dumps([each for each in entries if each["action"] == "finding"])

        until(found, what=f"{what} is found")


def next_echo(socket):
    while True:
        message = socket.recv(timeout=30)
        if not (isinstance(message, str) and message.startswith("tick")):
            return message


def test_fragments_pings_and_close_codes_of_python(room):
    session = Session(room)
    with session.connect() as socket:
        assert socket.protocol.extensions == [], "nothing is compressed that could not be read"
        socket.send(["one ", "two ", "three"])
        assert next_echo(socket) == "one two three"
        socket.send([b"\x00\xff", b"", b"x" * 100_000])
        assert next_echo(socket) == b"\x00\xff" + b"x" * 100_000
        assert socket.ping("are you there").wait(30)
        socket.close(4321, "that is all")
        assert (socket.close_code, socket.close_reason) == (4321, "that is all")


@pytest.mark.parametrize("way", ["base", "proxy"])
def test_a_login_by_the_first_message_alone(room, standins, way):
    """As clients of ElevenLabs may: nothing in the head, the key in a member of the first message."""
    room.add_key("elevenlabs")
    started = room.json(
        *("session", "start", "--tenant", "acme", "--member", "alice", "--service", "elevenlabs")
    )
    secret = started["passes"][0]["pass"]
    standins.passes(secret)
    gateway, path = room.endpoints["gateway"], "v1/text-to-speech/voice/stream-input"
    if way == "base":
        client = connect(f"ws://{gateway}/elevenlabs/{path}", proxy=None, **PATIENT)
    else:
        client = connect(
            f"wss://api.elevenlabs.io/{path}",
            ssl=ssl.create_default_context(cadata=started["proxy"]["authority"]),
            proxy=f"http://session:{started['proxy']['credential']}@{gateway}",
            **PATIENT,
        )
    with client as socket:
        socket.send(json.dumps({"text": " ", "xi_api_key": secret}))
        socket.send(json.dumps({"text": "hello "}))
        socket.send(json.dumps({"text": ""}))
        assert "audio" in json.loads(socket.recv(timeout=30))
    for wrong, word in (({}, "pass_missing"), ({"xi_api_key": secret[:-1]}, "pass_unknown")):
        with connect(f"ws://{gateway}/elevenlabs/{path}", proxy=None, **PATIENT) as socket:
            socket.send(json.dumps({"text": " ", **wrong}))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=30)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, word)


@pytest.mark.parametrize("fragments", [1, 7])
def test_d3_a_pass_in_a_later_message_ends_the_websocket(room, standins, fragments):
    session = Session(room)
    secret = session.passes["openai"]
    with session.connect() as socket:
        socket.send("nothing of note")
        assert next_echo(socket) == "nothing of note"
        size = -(-len(secret) // fragments)
        with pytest.raises(ConnectionClosed) as closed:
            # The end may come while the rest is still being sent.
            socket.send(["see: ", *(secret[at : at + size] for at in range(0, len(secret), size))])
            while True:
                socket.recv(timeout=30)
    assert closed.value.rcvd.code == 1008
    session.wait_for_finding("pass_misplaced")
    assert secret not in json.dumps(standins.requests())


def test_fragments_pings_and_close_codes_of_node(room):
    session = Session(room)
    done = subprocess.run(
        ["node", AGENTS / "websocket_client.mjs", session.url("gemini")],
        env={**os.environ, "WEBSOCKET_PASS": session.passes["gemini"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "extensions": "",
        "pong": "are you there",
        "echo": "one two three",
        "code": 4321,
        "reason": "that is all",
    }


class Page:
    """The page that a browser opens, and what it says that it met."""

    def __init__(self):
        met = self.met = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = (AGENTS / "websocket_page.html").read_bytes()
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                met.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, **parameters):
        return f"http://127.0.0.1:{self.server.server_port}/?" + urllib.parse.urlencode(parameters)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_by_query_and_by_subprotocol(room, tmp_path):
    session = Session(room)
    page = Page()
    browser = subprocess.Popen(
        [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
            f"--user-data-dir={tmp_path / 'profile'}",
            page.url(
                gemini=session.url("gemini"),
                openai=session.url("openai"),
                **{"pass": session.passes["gemini"], "other": session.passes["openai"]},
            ),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    try:
        met = page.met.get(timeout=60)
    finally:
        browser.kill()
        browser.wait()
        page.stop()
    for way, protocol in (("query", ""), ("subprotocol", "realtime")):
        assert met[way] == {
            "protocol": protocol,
            "extensions": "",
            "heard": ["hello", 3],
            "code": 4321,
            "reason": "done",
            "clean": True,
        }, way
    assert (met["misplaced"]["code"], met["misplaced"]["heard"]) == (1008, ["hello", 3])
    session.wait_for_finding("pass_misplaced")
