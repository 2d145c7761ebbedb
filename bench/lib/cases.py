"""One function a case: it drives one proxy once and answers one figure. SPDX-License-Identifier: Apache-2.0"""

import json
import re
import resource
import selectors
import socket
import subprocess
import threading
import time

from lib import containers
from lib.processes import CLIENT_CORES, PROXY_CORE, ProcessorTime, proportional_kib
from lib.proxies import WHO

POST = """
wrk.method = "POST"
wrk.body = string.rep("z", 200)
wrk.headers["content-type"] = "application/json"
"""


def _head(proxy, path, method="GET", extra=""):
    headers = "".join(f"{name}: {value}\r\n" for name, value in proxy.headers.items())
    start = f"{method} {proxy.path}/v1/stream/{path} HTTP/1.1\r\nhost: 127.0.0.1:{proxy.port}\r\n"
    return f"{start}{headers}{extra}\r\n".encode()


def _open(proxy, path, **more):
    connection = socket.create_connection(("127.0.0.1", proxy.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(_head(proxy, path, **more))
    return connection


def _expect_ok(octets):
    if not octets.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"not a success: {octets[:200]!r}")


def _wrk(proxy, folder, scheme, port, seconds, connections=64):
    script = folder / "post.lua"
    script.write_text(POST, encoding="ascii")
    headers = [part for name, value in proxy.headers.items() for part in ("-H", f"{name}: {value}")]
    wrk = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, *headers]
    url = f"{scheme}://127.0.0.1:{port}{proxy.path}/v1beta/models/gemini-bench:generateContent"
    with ProcessorTime(proxy.all_pids()) as time_of_proxy:
        done = subprocess.run(
            ["taskset", "-c", CLIENT_CORES, *wrk, url], capture_output=True, text=True, check=True
        ).stdout
    if re.search(r"Non-2xx|Socket errors", done):
        raise RuntimeError(f"{proxy.name} did not answer every request: {done}")
    percentile = {name: value for name, value in re.findall(r"^\s+(50|99)%\s+(\S+)", done, re.M)}
    requests = int(re.search(r"(\d+) requests in", done).group(1))
    more = {"p50": percentile["50"], "p99": percentile["99"], **time_of_proxy.each(requests)}
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1)), more


def small_post(proxy, folder, seconds):
    return _wrk(proxy, folder, "http", proxy.port, seconds)


def small_post_apart(proxy, folder, seconds):
    """The gateway alone has the core; the vault, which is no proxy, has the others."""
    proxy.move_what_is_no_proxy()
    return small_post(proxy, folder, seconds)


def small_post_tls(proxy, folder, seconds):
    return _wrk(proxy, folder, "https", proxy.tls_port, seconds)


def sse_event_p99(proxy, _folder, _seconds, streams=20):
    """Microseconds from the provider's write of an event to its arrival, the 99th percentile of all."""
    late = []
    with selectors.DefaultSelector() as selector:
        for _ in range(streams):
            selector.register(_open(proxy, "events"), selectors.EVENT_READ)
        while selector.get_map():
            for ready, _ in selector.select(30):
                octets = ready.fileobj.recv(65536)
                now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
                late += [now - int(at) for at in re.findall(rb"data: (\d+)\n\n", octets)]
                if not octets or octets.endswith(b"0\r\n\r\n"):
                    selector.unregister(ready.fileobj)
                    ready.fileobj.close()
    if len(late) < streams * 95:
        raise RuntimeError(f"only {len(late)} events came")
    late.sort()
    return late[int(len(late) * 0.99)] / 1000, {"p50": round(late[len(late) // 2] / 1000, 1)}


def download(proxy, _folder, _seconds, times=4):
    """MiB a second."""
    block = bytearray(1 << 20)
    started = time.monotonic()
    with ProcessorTime(proxy.all_pids()) as time_of_proxy:
        for _ in range(times):
            with _open(proxy, "download") as connection:
                first = connection.recv(1 << 16)
                _expect_ok(first)
                left = (64 << 20) - (len(first) - first.index(b"\r\n\r\n") - 4)
                while left > 0:
                    got = connection.recv_into(block)
                    if got == 0:
                        raise RuntimeError("cut short")
                    left -= got
    return 64 * times / (time.monotonic() - started), time_of_proxy.each(64 * times)


def upload(proxy, _folder, _seconds, times=4):
    body = memoryview(bytes(64 << 20))
    started = time.monotonic()
    with ProcessorTime(proxy.all_pids()) as time_of_proxy:
        for _ in range(times):
            length = f"content-length: {len(body)}\r\n"
            with _open(proxy, "upload", method="POST", extra=length) as connection:
                connection.sendall(body)
                _expect_ok(connection.recv(1 << 16))
    return 64 * times / (time.monotonic() - started), time_of_proxy.each(64 * times)


def _hold(proxy, count):
    held = []
    for first in range(0, count, 100):
        batch = [_open(proxy, "hold") for _ in range(min(100, count - first))]
        for connection in batch:
            text = b""
            while b"held" not in text:
                octets = connection.recv(4096)
                if not octets:
                    raise RuntimeError(f"a stream ended before it began: {text!r}")
                text += octets
            _expect_ok(text)
        held += batch
    return held


SETTLING = 8  # seconds until what a burst took is given back


def _idle(proxy, count):
    """KiB a stream, of `count` that have been silent for a while."""
    before = sum(proportional_kib(pid) for pid in proxy.pids)
    held = _hold(proxy, count)
    time.sleep(SETTLING)
    after = sum(proportional_kib(pid) for pid in proxy.pids)
    for connection in held:
        connection.close()
    return (after - before) / count, {"streams": count}


def idle_stream_memory(proxy, _folder, _seconds):
    return _idle(proxy, 5000)


def idle_stream_memory_10000(proxy, _folder, _seconds):
    """Ten thousand, or as many as a process has descriptors for: each stream needs two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _idle(proxy, min(10000, (most - 256) // 2))


def revoke_1000_streams(proxy, _folder, _seconds, count=1000):
    """Milliseconds from the order until the client sees the end of the last stream."""
    with selectors.DefaultSelector() as selector:
        for connection in _hold(proxy, count):
            selector.register(connection, selectors.EVENT_READ)
        started = time.monotonic()
        order = Order(proxy)
        while selector.get_map():
            for ready, _ in selector.select(30):
                try:
                    is_over = not ready.fileobj.recv(4096)
                except ConnectionError:
                    is_over = True
                if is_over:
                    selector.unregister(ready.fileobj)
                    ready.fileobj.close()
        last = time.monotonic()
        order.wait()
    return (last - started) * 1000, {"command_ms": round((time.monotonic() - started) * 1000, 1)}


class Order:
    """switch_off() on a thread of its own, while the streams are watched."""

    def __init__(self, proxy):
        self._thread = threading.Thread(target=proxy.switch_off)
        self._thread.start()

    def wait(self):
        self._thread.join(60)


PROXIED = ["gemini", "elevenlabs", "heygen", "firecrawl", "openai", "anthropic"]


def _add_ten_keys(proxy):
    """Six passes, four injected values; the provider's own key is there already."""
    tenant = ["--tenant", "acme"]
    for service in PROXIED[1:]:
        proxy.command("key", "add", service, *tenant, stdin="k" * 40)
    for service in ("github", "gitlab"):
        proxy.command("key", "add", service, *tenant, "--member", "bench", stdin="k" * 40)
    for name in ("one", "two"):
        variable = f"variable=BENCH_{name.upper()}"
        more = ["--label", name, "--set", variable]
        proxy.command("key", "add", "generic-env", *tenant, *more, stdin="k" * 40)
    names = [*PROXIED, "github", "gitlab", "generic-env:one", "generic-env:two"]
    return [part for name in names for part in ("--service", name)]


def container_start_10_keys(proxy, folder, _seconds):
    """Milliseconds from `strongroom run` in a container with ten keys to the command's first octet; the peer is bare runc, or bare Docker."""
    if proxy.name == "strongroom" and proxy.ten_keys is None:
        proxy.ten_keys = _add_ten_keys(proxy)
    return containers.first_instruction(proxy, folder)


def container_end(proxy, folder, _seconds):
    """Milliseconds from TERM until the last process of a container has gone."""
    if proxy.ten_keys is None:
        proxy.ten_keys = _add_ten_keys(proxy)
    return containers.last_process_gone(proxy, folder)


def container_200_memory(proxy, folder, _seconds):
    """KiB of each of 200 containers at once, each with ten keys; the peer is `runc run` with as many."""
    if proxy.name == "strongroom" and proxy.ten_keys is None:
        proxy.ten_keys = _add_ten_keys(proxy)
    return containers.memory_of_many(proxy, folder)


def docker_end(proxy, folder, _seconds):
    """The same of Docker's; the peer is `docker kill` of a container until it is gone."""
    if proxy.name != "strongroom":
        return containers.engine_end(proxy), {}
    return container_end(proxy, folder, _seconds)


def session_start_10_keys(proxy, _folder, _seconds, times=5):
    """Milliseconds of a whole `strongroom run` of nothing, with ten keys."""
    if proxy.ten_keys is None:
        proxy.ten_keys = _add_ten_keys(proxy)
    started = time.monotonic()
    for _ in range(times):
        done = proxy.call("run", *WHO, *proxy.ten_keys, "--", "/bin/true")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
    return (time.monotonic() - started) * 1000 / times, {}


def intercept_warm(proxy, _folder, seconds, agents=32, requests_of_tunnel=10):
    """Requests a second through tunnels whose TLS the proxy ends, its certificate for the host made before."""
    with ProcessorTime(proxy.all_pids()) as time_of_proxy:
        done = proxy.run_agents(agents, requests_of_tunnel, seconds)
    if proxy.name == "strongroom" and done["refused"] > 0:
        raise RuntimeError("a request was not answered as it should be")
    more = {"agents": agents, "requests_of_tunnel": requests_of_tunnel, "refused": done["refused"], **time_of_proxy.each(done["requests"])}
    return done["requests"] / seconds, more


def _micro(tool, what):
    done = subprocess.run(
        ["taskset", "-c", PROXY_CORE, tool.parent / "bench-micro", what], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def leaf_mint(tool):
    """Microseconds of a certificate, against one P-256 key generation and one signature."""
    return _micro(tool, "mint")


def guard_clean(tool):
    """GB a second of clean data through the guard, against one core's reading of the same memory."""
    return _micro(tool, "guard")


class Case:
    """What is measured, and how figures compare. `fresh`: each round needs proxies of its own. `alone`: no proxy at all,
    `drive` answers both figures."""

    def __init__(self, name, unit, drive, **more):
        self.name, self.unit, self.drive = name, unit, drive
        self.provider = more.pop("provider", "streams")
        self.less_is_better = more.pop("less_is_better", False)
        self.peers = more.pop("peers", ["nginx"])
        self.fresh = more.pop("fresh", False)
        self.alone = more.pop("alone", None)


LESS = {"less_is_better": True}
CASES = [
    Case("proxy_small_post", "requests/s", small_post, provider="small", peers=["nginx", "haproxy"]),
    Case("proxy_small_post_apart", "requests/s", small_post_apart, provider="small"),
    Case("proxy_small_post_tls", "requests/s", small_post_tls, provider="small", peers=["nginx", "haproxy"]),
    Case("proxy_sse_event_p99", "us", sse_event_p99, **LESS),
    Case("proxy_download_64mib", "MiB/s", download),
    Case("proxy_upload_64mib", "MiB/s", upload),
    Case("proxy_idle_stream_memory", "KiB/stream", idle_stream_memory, fresh=True, **LESS),
    Case("proxy_idle_stream_memory_10000", "KiB/stream", idle_stream_memory_10000, fresh=True, **LESS),
    Case("proxy_intercept_warm", "requests/s", intercept_warm, provider="small", peers=["mitmproxy", "squid"]),
    Case("leaf_mint", "us", leaf_mint, alone="P-256 key generation and signature", **LESS),
    Case("guard_clean", "GB/s", guard_clean, alone="reading the same memory"),
    Case("revoke_1000_streams_ms", "ms", revoke_1000_streams, fresh=True, **LESS),
    Case("session_start_10_keys", "ms", session_start_10_keys, peers=[], **LESS),
    Case("container_start_10_keys", "ms", container_start_10_keys, peers=["runc"], **LESS),
    Case("container_200_memory", "KiB/container", container_200_memory, peers=["runc"], fresh=True, **LESS),
    Case("docker_start_10_keys", "ms", container_start_10_keys, peers=["docker"], **LESS),
    Case("docker_end", "ms", docker_end, peers=["docker"], **LESS),
    Case("container_end", "ms", container_end, peers=[], **LESS),
]
