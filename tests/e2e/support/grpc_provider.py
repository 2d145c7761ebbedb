"""A provider that speaks gRPC (grpcio): HTTP/2 by ALPN and nothing else, all four kinds of calls.

SPDX-License-Identifier: Apache-2.0
"""

import threading
from concurrent import futures

import grpc

from support.authority import Authority

HOST = "grpc.standin.test"
SERVICE = "standin.Echo"
CATALOGUE = f"""
id = "grpc-standin"
title = "A provider that speaks gRPC"
delivery = "proxied"
hosts = ["{HOST}"]
inject = {{ slot = "header", name = "authorization", scheme = "Bearer" }}
pass_prefix = "gs_"

[[accept]]
slot = "header"
name = "x-api-key"

[[variable]]
name = "ECHO_API_KEY"
value = "{{pass}}"
"""
LARGEST = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcProvider:
    """What a Room asks of stand-ins, and what a test asks of this one."""

    hosts = [HOST]

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority()
        chain, key, _ = authority.issue(HOST)
        self.ca = folder / "ca.pem"
        self.ca.write_text(authority.pem)
        self.keys, self.calls = set(), []
        self.cancelled = threading.Semaphore(0)
        self._free = threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(32), options=LARGEST)
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        methods = {
            "Say": unary(self._say),
            "Fail": unary(self._fail),
            "Count": grpc.unary_stream_rpc_method_handler(self._count),
            "Hold": grpc.unary_stream_rpc_method_handler(self._hold),
            "Sum": grpc.stream_unary_rpc_method_handler(self._sum),
            "Chat": stream(self._chat),
            "Listen": stream(self._listen),
        }
        handler = grpc.method_handlers_generic_handler(SERVICE, methods)
        self._server.add_generic_rpc_handlers((handler,))
        credentials = grpc.ssl_server_credentials([(key.encode(), chain.encode())])
        self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    def accept(self, _, key):
        self.keys.add(key)

    def passes(self, *_):
        pass

    def release(self):
        """Streams that are held end."""
        self._free.set()

    def stop(self):
        self.release()
        self._server.stop(0).wait()

    def _admit(self, context):
        """The key that was presented; the call ends without a good one."""
        metadata = context.invocation_metadata()
        self.calls.append([(each.key, each.value) for each in metadata])
        presented = [each.value for each in metadata if each.key == "authorization"]
        if len(presented) != 1 or presented[0].removeprefix("Bearer ") not in self.keys:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no good key")
        return presented[0].removeprefix("Bearer ")

    def _say(self, request, context):
        key = self._admit(context)
        context.send_initial_metadata((("x-initial", "1"),))
        context.set_trailing_metadata((("x-trailing", "2"), ("x-echo", f"<{key}>")))
        return request.replace(b"{key}", key.encode())

    def _fail(self, request, context):
        key = self._admit(context)
        context.set_trailing_metadata((("x-trailing", "3"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"not with {key}")

    def _count(self, request, context):
        self._admit(context)
        for number in range(int(request)):
            yield b"%d" % number

    def _hold(self, request, context):
        self._admit(context)
        context.add_callback(self.cancelled.release)
        yield b"first"
        self._wait_until_free(context)
        yield b"last"

    def _listen(self, requests, context):
        self._admit(context)
        context.add_callback(self.cancelled.release)
        for _ in requests:
            yield b"yes"
        yield b"all"
        self._wait_until_free(context)

    def _wait_until_free(self, context):
        while context.is_active() and not self._free.wait(0.05):
            pass

    def _sum(self, requests, context):
        self._admit(context)
        return b"%d" % sum(len(each) for each in requests)

    def _chat(self, requests, context):
        self._admit(context)
        for request in requests:
            yield b"you said " + request
        context.set_trailing_metadata((("x-trailing", "4"),))
