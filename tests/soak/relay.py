"""The transparent way, for the soak test only. SPDX-License-Identifier: Apache-2.0"""

import os
import subprocess

import httpcore
import httpx

from support.ports import free_port
from support.room import PROGRAMS


class Relay(httpcore.AsyncNetworkBackend):
    """`strongroom relay` for a session, and the network of a workroom in which all names lead to it."""

    def __init__(self, room, session):
        self.port, self.network = free_port(), httpcore.AnyIOBackend()
        place = ["--listen", f"127.0.0.1:{self.port}", "--socket", room.data / "gateway.sock"]
        self.process = subprocess.Popen(
            [PROGRAMS / "strongroom", "relay", *place],
            env={"PATH": os.environ["PATH"], "STRONGROOM_PROXY_CREDENTIAL": session.credential},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline() == b"ready\n"

    async def connect_tcp(self, host, port, **options):
        return await self.network.connect_tcp("127.0.0.1", self.port, **options)

    async def sleep(self, seconds):
        await self.network.sleep(seconds)

    def client(self, trust, patience, http2=False):
        transport = httpx.AsyncHTTPTransport()
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust, http2=http2, max_connections=100, network_backend=self
        )
        return httpx.AsyncClient(timeout=patience, transport=transport)

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)
