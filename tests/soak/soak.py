#!/usr/bin/env python3
"""Mixed traffic against providers that fail at random, for SOAK_SECONDS (60), on the built programs: afterwards nothing is held that was
needed for a request (descriptors, leases, connections of providers), memory has stayed flat, nothing whole was wrong, and no key came back.

Run by `./test soak`; by hand: SOAK_SECONDS=600 build/venv/bin/python tests/soak/soak.py. SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import collections
import hashlib
import json
import os
import random
import re
import ssl
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(Path(__file__).resolve().parent)]

import grpc  # noqa: E402
import httpx  # noqa: E402
from websockets.asyncio.client import connect  # noqa: E402
from websockets.exceptions import WebSocketException  # noqa: E402

from provider import Provider, pattern  # noqa: E402
from relay import Relay  # noqa: E402
from streams_provider import StreamsProvider  # noqa: E402
from support.authority import Authority  # noqa: E402
from support.canary import Canaries, encodings  # noqa: E402
from support.own_provider import OwnProvider  # noqa: E402
from support.processes import descriptors_of, resident_of  # noqa: E402
from support.room import Room  # noqa: E402

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
SEED = int(os.environ.get("SOAK_SEED", str(time.time_ns() % 100_000)))
WORKERS = int(os.environ.get("SOAK_WORKERS", "4"))  # of each kind
GEMINI, ELEVENLABS = "generativelanguage.googleapis.com", "api.elevenlabs.io"
HEYGEN, OPENAI = "api.heygen.com", "api.openai.com"
ANTHROPIC = "api.anthropic.com"  # where HTTP/2 is spoken
PATIENCE = httpx.Timeout(4)
CUT = (httpx.HTTPError, OSError, EOFError, WebSocketException, asyncio.TimeoutError)
# What a call may end with when its provider failed, or its answer took too long.
CUT_CALLS = {"CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}


class Standins(OwnProvider):
    """What a Room wants to know of where providers are."""

    def __init__(self, folder, ports):
        authority = Authority()
        (folder / "ca.pem").write_text(authority.pem)
        self.ca, self.hosts, self.port = folder / "ca.pem", [], 0
        self.files = {}
        for name, hosts in (("right", [GEMINI, ELEVENLABS, ANTHROPIC]), ("wrong", ["elsewhere.example"])):
            chain, key, _ = authority.issue(*hosts)
            self.files[name] = (folder / f"{name}.pem", folder / f"{name}.key")
            for file, text in zip(self.files[name], (chain, key)):
                file.write_text(text)


class Soak:
    def __init__(self, room, sessions, keys, relay):
        self.room, self.sessions, self.relay = room, sessions, relay
        self.forms = [octets for key in keys for _, octets in encodings(key)]
        self.counts, self.wrong = collections.Counter(), []
        self.random = random.Random(SEED)
        self.over = False

    def note(self, kind, what):
        self.counts[f"{kind}: {what}"] += 1

    def check(self, kind, octets, whole=None):
        """No key in what came; and what ended in order is what the provider said."""
        if any(form in octets for form in self.forms):
            self.wrong.append(f"{kind}: a key came back")
        if whole is not None and octets != whole:
            self.wrong.append(f"{kind}: {len(octets)} octets that are not what was sent")

    def headers(self, kind):
        """A tunnel takes the passes of its own session only."""
        is_bound = "proxy" in kind or "relay" in kind
        session = self.sessions[0] if is_bound else self.random.choice(self.sessions)
        if "both ends" in kind:
            return {"x-api-key": session.passes["anthropic"]}
        return {"x-goog-api-key": session.passes["gemini"]}

    async def forever(self, kind, act):
        while not self.over:
            try:
                await act(kind)
            except CUT as error:
                self.note(kind, f"cut ({type(error).__name__})")
            await asyncio.sleep(self.random.random() / 50)

    # One act each

    async def answered(self, kind, client, method, url, **more):
        answer = await client.request(method, url, headers=self.headers(kind), **more)
        self.note(kind, answer.status_code)
        if answer.status_code not in (200, 502, 504):
            self.wrong.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        return answer

    async def small(self, kind, client, base):
        body = os.urandom(self.random.randrange(5000))
        answer = await self.answered(kind, client, "POST", f"{base}/x/small", content=body)
        told = f'{{"sha256":"{hashlib.sha256(body).hexdigest()}"}}'.encode()
        self.check(kind, answer.content, told if answer.status_code == 200 else None)

    async def several(self, kind, client, base):
        for _ in range(20):
            await self.small(kind, client, base)
            answer = await self.answered(kind, client, "GET", f"{base}/x/echo")
            self.check(kind, answer.content)

    async def bodies(self, kind, client, base):
        answer = await self.answered(kind, client, "GET", f"{base}/x/download")
        self.check(kind, answer.content, pattern(1 << 16) * 16 if answer.is_success else None)
        answer = await self.answered(kind, client, "GET", f"{base}/x/chunks")
        self.check(kind, answer.content, pattern(0x1000) * 20 if answer.is_success else None)

    async def uploads(self, kind, client, base):
        async def pieces():
            for _ in range(30):
                yield pattern(10_000)

        way = self.random.choice(("upload", "slow"))
        answer = await self.answered(kind, client, "POST", f"{base}/x/{way}", content=pieces())
        told = hashlib.sha256(pattern(10_000) * 30).hexdigest()
        if answer.is_success and told not in answer.text:
            self.wrong.append(f"{kind}: an upload came otherwise than it was sent")

    async def events(self, kind, client, base):
        leaves = self.random.random() < 0.3
        async with client.stream("GET", f"{base}/x/events", headers=self.headers(kind)) as answer:
            self.note(kind, answer.status_code)
            told = b""
            async for piece in answer.aiter_raw():
                told += piece
                if leaves and len(told) > 100:
                    self.note(kind, "left")
                    return
        whole = b"".join(f"data: {number}\n\n".encode() for number in range(30))
        self.check(kind, told, whole if answer.is_success else None)

    async def wrong_certificate(self, kind, client, base):
        answer = await client.get(
            f"{base.replace('/gemini', '/heygen')}/v2/x",
            headers={"x-api-key": self.random.choice(self.sessions).passes["heygen"]},
        )
        self.note(kind, answer.json()["error"]["code"])
        if answer.json()["error"]["code"] != "upstream_tls":
            self.wrong.append(f"{kind}: {answer.text}")
        await asyncio.sleep(0.2)

    async def nobody_there(self, kind, client, base):
        answer = await client.get(
            f"{base.replace('/gemini', '/openai')}/v1/x",
            headers={
                "authorization": f"Bearer {self.random.choice(self.sessions).passes['openai']}"
            },
        )
        self.note(kind, answer.json()["error"]["code"])
        if answer.json()["error"]["code"] != "upstream_unreachable":
            self.wrong.append(f"{kind}: {answer.text}")
        await asyncio.sleep(0.2)

    async def socket(self, kind):
        session = self.random.choice(self.sessions)
        url = f"ws://{self.room.endpoints['gateway']}/elevenlabs/x/ws"
        headers = {"xi-api-key": session.passes["elevenlabs"]}
        async with connect(
            url, additional_headers=headers, proxy=None, ping_interval=None, open_timeout=4
        ) as socket:
            for number in range(50):
                said = os.urandom(number * 40).hex()
                await socket.send(said)
                heard = await asyncio.wait_for(socket.recv(), 4)
                if heard != said:
                    self.wrong.append(f"{kind}: another message came back")
                await asyncio.sleep(0.01)
            self.note(kind, "done")

    async def slow_reader(self, kind):
        """Asks for much, takes a little of it, and goes."""
        host, port = self.room.endpoints["gateway"].rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port), limit=4096)
        token = self.headers(kind)["x-goog-api-key"]
        writer.write(
            f"GET /gemini/x/download HTTP/1.1\r\nhost: x\r\nx-goog-api-key: {token}\r\n\r\n".encode()
        )
        for _ in range(10):
            await reader.read(2000)
            await asyncio.sleep(0.05)
        writer.transport.abort()
        self.note(kind, "left")

    async def calls(self, kind, channel):
        """gRPC, both sides in turn, many on one connection."""
        metadata = (("x-api-key", self.sessions[0].passes["anthropic"]),)
        call = channel.stream_stream("/standin.Echo/Chat")(timeout=4, metadata=metadata)
        try:
            for number in range(40):
                said = os.urandom(number * 200)
                await call.write(said)
                heard = await call.read()
                if heard is grpc.aio.EOF:
                    self.wrong.append(f"{kind}: ended in order before its end")
                    return
                self.check(kind, heard, said)
            await call.done_writing()
            if await call.read() is not grpc.aio.EOF:
                self.wrong.append(f"{kind}: more came back than was said")
            self.check(kind, repr(await call.trailing_metadata()).encode())
            self.note(kind, (await call.code()).name)
        except (grpc.aio.AioRpcError, grpc.aio.InternalError, asyncio.InvalidStateError):
            # Of the latter kinds is a write to a call that has just ended.
            code = (await call.code()).name
            self.note(kind, code)
            if code not in CUT_CALLS:
                self.wrong.append(f"{kind}: {code} {(await call.details())[:200]}")

    # All of it

    def calling(self):
        """A gRPC client's own connections, through the proxy."""
        session, at = self.sessions[0], self.room.endpoints["gateway"]
        return grpc.aio.secure_channel(
            f"{ANTHROPIC}:443",
            grpc.ssl_channel_credentials(session.authority.encode()),
            options=[("grpc.http_proxy", f"http://session:{session.credential}@{at}")],
        )

    async def traffic(self):
        at = self.room.endpoints["gateway"]
        tls = ssl.create_default_context(cafile=str(self.room.data / "gateway-ca.pem"))
        session = self.sessions[0]
        inner = ssl.create_default_context(cadata=session.authority)
        proxy = f"http://session:{session.credential}@{at}"
        ways = {
            "base URL": (f"http://{at}/gemini", httpx.AsyncClient(timeout=PATIENCE)),
            "TLS, HTTP/2": (
                f"https://{at}/gemini",
                httpx.AsyncClient(timeout=PATIENCE, verify=tls, http2=True),
            ),
            "proxy": (
                f"https://{GEMINI}",
                httpx.AsyncClient(timeout=PATIENCE, verify=inner, proxy=proxy),
            ),
            "proxy, HTTP/2": (
                f"https://{GEMINI}",
                httpx.AsyncClient(timeout=PATIENCE, verify=inner, proxy=proxy, http2=True),
            ),
            "proxy, HTTP/2 at both ends": (
                f"https://{ANTHROPIC}",
                httpx.AsyncClient(timeout=PATIENCE, verify=inner, proxy=proxy, http2=True),
            ),
            "relay": (f"https://{GEMINI}", self.relay.client(inner, PATIENCE)),
            "relay, HTTP/2 at both ends": (
                f"https://{ANTHROPIC}",
                self.relay.client(inner, PATIENCE, http2=True),
            ),
        }
        acts = []
        for way, (base, client) in ways.items():
            for act in (self.several, self.bodies, self.uploads, self.events):
                call = self.bound(act, client, base)
                acts += [self.forever(f"{act.__name__} by {way}", call) for _ in range(WORKERS // 2)]
        base, client = ways["base URL"]
        for act in (self.wrong_certificate, self.nobody_there):
            acts.append(self.forever(act.__name__, self.bound(act, client, base)))
        for act in (self.socket, self.slow_reader):
            acts += [self.forever(act.__name__, act) for _ in range(WORKERS)]
        channel = self.calling()
        calls = lambda kind: self.calls(kind, channel)
        acts += [self.forever("calls by proxy", calls) for _ in range(WORKERS)]
        await asyncio.gather(*acts)
        await channel.close()
        for _, client in ways.values():
            await client.aclose()

    @staticmethod
    def bound(act, client, base):
        return lambda kind: act(kind, client, base)


def metric(room, name):
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=20) as told:
        return float(re.search(rf"^{name} (\S+)$", told.read().decode(), re.M)[1])


async def watch(room, soak, samples):
    began = time.monotonic()
    pids = {
        "vault": room.process.pid,
        "gateway": room.gateway_pids()[0],
        "relay": soak.relay.process.pid,
    }
    while time.monotonic() - began < SECONDS:
        await asyncio.sleep(max(0.5, SECONDS / 120))
        for name, pid in pids.items():
            samples[name].append((time.monotonic() - began, resident_of(pid) // 1024, descriptors_of(pid)))
    soak.over = True


def growth(samples):
    """MiB between the medians of the second and the last quarter."""
    middle = [mib for at, mib, _ in samples if SECONDS * 0.25 <= at < SECONDS * 0.5]
    end = [mib for at, mib, _ in samples if at >= SECONDS * 0.75]
    return statistics.median(end) - statistics.median(middle), statistics.median(end)


async def settled(what, wanted, seconds=120):
    """The last value, once it is wanted or time is over."""
    deadline = time.monotonic() + seconds
    while not wanted(value := what()) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    return value


async def run(folder):
    from test_proxy import Session

    standins = Standins(folder, None)
    provider = Provider(SEED, fault_rate=0.05)
    ports = await provider.start(*standins.files["right"])
    streams = StreamsProvider(SEED, fault_rate=0.05)
    streams_port = await streams.start(*standins.files["right"])
    wrong = Provider(SEED, fault_rate=0)
    wrong_ports = await wrong.start(*standins.files["wrong"])
    canaries = Canaries()
    (folder / "room").mkdir(mode=0o700)
    room = Room(
        folder / "room",
        standins,
        canaries,
        {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(folder)},
    )
    dials = {GEMINI: ports[0], ELEVENLABS: ports[1], HEYGEN: wrong_ports[0], OPENAI: 1}
    dials[ANTHROPIC] = streams_port
    with open(room.data / "strongroom.toml", "a") as file:
        for host, port in dials.items():
            file.write(f'[[gateway.dial]]\nhost = "{host}:443"\nto = "127.0.0.1:{port}"\n')
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, lambda: room.start().people())
    services = ("gemini", "elevenlabs", "heygen", "openai", "anthropic")
    keys = [room.add_key(service)[1] for service in services]
    sessions = [Session(room, *services) for _ in range(3)]
    gateway = room.gateway_pids()[0]
    before = descriptors_of(gateway)
    relay = Relay(room, sessions[0])
    of_relay = descriptors_of(relay.process.pid)
    soak = Soak(room, sessions, keys, relay)
    samples = {"vault": [], "gateway": [], "relay": []}
    try:
        await asyncio.gather(soak.traffic(), watch(room, soak, samples))
    except BaseException:
        print(room.log()[-3000:], file=sys.stderr)
        relay.stop()
        room.kill9()
        raise
    mistakes = list(soak.wrong[:20])
    for session in sessions:
        await loop.run_in_executor(None, room.cli, "session", "end", session.id)
    left = await settled(lambda: descriptors_of(gateway) - before, lambda more: more <= 2)
    leases = await settled(lambda: metric(room, "strongroom_leases"), lambda many: many == 0)
    held = await settled(lambda: provider.open + streams.open, lambda many: many == 0)
    relayed = await settled(
        lambda: descriptors_of(relay.process.pid) - of_relay, lambda more: more <= 0
    )
    report = {
        "seconds": SECONDS,
        "seed": SEED,
        "requests": sum(soak.counts.values()),
        "provider": dict(sorted(provider.done.items())),
        "provider of HTTP/2": dict(sorted(streams.done.items())),
        "clients": dict(sorted(soak.counts.items())),
        "descriptors left": left,
        "leases left": leases,
        "connections of the provider left": held,
        "descriptors of the relay left": relayed,
    }
    if left > 2:
        mistakes.append(f"{left} descriptors of the gateway are left")
    if leases:
        mistakes.append(f"{leases} leases are left")
    if held:
        mistakes.append(f"{held} connections to the provider are left")
    if relayed > 0:
        mistakes.append(f"{relayed} descriptors of the relay are left")
    for name, taken in samples.items():
        more, whole = growth(taken)
        report[f"resident MiB of the {name}"] = [mib for _, mib, _ in taken][:: len(taken) // 12 or 1]
        if more > 3 + whole * 0.08:
            mistakes.append(f"the {name} has grown by {more} MiB to {whole} MiB")
    if room.gateway_pids() != [gateway]:
        mistakes.append("the gateway is another than at the beginning")
    if relay.stop() != 0:
        mistakes.append(f"strongroom relay ended with {relay.process.returncode}")
    status = await loop.run_in_executor(None, room.stop)
    if status != 0:
        mistakes.append(f"strongroom serve ended with {status}")
    report["mistakes"] = mistakes
    return report


def main():
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = asyncio.run(run(Path(folder)))
    print(json.dumps(report, indent=2))
    sys.exit(1 if report["mistakes"] else 0)


main()
