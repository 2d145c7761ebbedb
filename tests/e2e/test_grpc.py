"""gRPC through the gateway: HTTP/2 with trailers on both sides, all kinds of calls. SPDX-License-Identifier: Apache-2.0"""

import json
import queue
import subprocess
import sys
import time

import grpc
import pytest

from support.grpc_provider import CATALOGUE, HOST, GrpcProvider
from support.ingresses import Session
from support.own_provider import ProgramProvider
from support.room import AGENTS, PROGRAMS, Room

pytestmark = pytest.mark.timeout(180)
ROUTES = ["connect", "transparent"]
CPP = PROGRAMS / "tests" / "grpc"


@pytest.fixture
def provider(suite_folder, request):
    provider = GrpcProvider(suite_folder / f"grpc-{request.node.name[5:40]}-provider")
    yield provider
    provider.stop()


@pytest.fixture
def room(suite_folder, provider, canaries, environment):
    yield from a_room(suite_folder, provider, canaries, environment)


def a_room(suite_folder, provider, canaries, environment):
    folder = suite_folder / f"grpc-{len(list(suite_folder.iterdir()))}"
    folder.mkdir(mode=0o700)
    room = Room(folder, provider, canaries, environment)
    (room.data / "catalog").mkdir(mode=0o700)
    (room.data / "catalog" / "grpc-standin.toml").write_text(CATALOGUE)
    room.start().people()
    yield room
    provider.release()
    assert room.stop() == 0, room.log()[-2000:]


def add_key(room, provider, label="main"):
    key_id, value = room.add_key("grpc-standin", label=label, shape="generic")
    provider.accept(None, value)
    return key_id, value


def open_channel(room, session, route):
    """As a client in a workroom has it: through the proxy, or straight to a name that leads to the relay."""
    credentials = grpc.ssl_channel_credentials(session.authority.encode())
    if route == "connect":
        gateway = room.endpoints["gateway"]
        options = [("grpc.http_proxy", f"http://session:{session.credential}@{gateway}")]
        return grpc.secure_channel(f"{HOST}:443", credentials, options=options)
    options = [("grpc.ssl_target_name_override", HOST), ("grpc.enable_http_proxy", 0)]
    return grpc.secure_channel(f"127.0.0.1:{session.relay()}", credentials, options=options)


def hold(channel, token):
    """A stream that goes on; its first message has come."""
    call = channel.unary_stream("/standin.Echo/Hold")(
        b"", metadata=(("x-api-key", token),), timeout=60
    )
    assert next(call) == b"first"
    return call


def test_o5_a_grpc_client_works_with_the_variables_alone(room, provider):
    _, key = add_key(room, provider)
    done = room.run(
        ["grpc-standin"], [sys.executable, AGENTS / "grpc_agent.py", HOST]
    )
    came = json.loads(done.stdout)
    assert key not in done.stdout
    assert came["unary"]["answer"] == "hello " + "*" * len(key)
    assert came["unary"]["initial"] == {"x-initial": "1"}
    assert came["unary"]["trailing"]["x-trailing"] == "2"
    assert came["large"] and came["compressed"]
    assert came["server streaming"] == [str(number) for number in range(100)]
    assert came["client streaming"] == "100000"
    assert came["bidirectional"] == {
        "heard": ["you said one", "you said two", "you said three"],
        "trailing": {"x-trailing": "4"},
    }
    refused = came["refused by the provider"]
    assert refused["code"] == "FAILED_PRECONDITION" and refused["details"].startswith("not with ")
    assert refused["trailing"] == {"x-trailing": "3"}
    assert came["without a pass"]["code"] == "UNAUTHENTICATED"
    assert came["without a pass"]["details"].startswith("pass_missing: ")
    assert came["no such method"]["code"] == "UNIMPLEMENTED"
    for metadata in provider.calls:
        assert ("authorization", f"Bearer {key}") in metadata
        assert "x-api-key" not in dict(metadata)
        assert dict(metadata).get("grpc-accept-encoding", "identity") == "identity"


@pytest.mark.parametrize("route", ROUTES)
def test_o5_a_call_that_is_cancelled_is_cancelled_at_the_provider(room, provider, route):
    add_key(room, provider)
    session = Session(room, {}, "grpc-standin")
    with open_channel(room, session, route) as channel:
        call = hold(channel, session.passes["main"])
        call.cancel()
        assert provider.cancelled.acquire(timeout=60)
        assert hold(channel, session.passes["main"]).cancel()
    session.end()


def test_o5_a_call_whose_client_has_said_all_is_cancelled_too(room, provider):
    """Nobody reads the client's side any more, and the provider is silent."""
    add_key(room, provider)
    session = Session(room, {}, "grpc-standin")
    with open_channel(room, session, "connect") as channel:
        said = queue.Queue()
        call = channel.stream_stream("/standin.Echo/Listen")(
            iter(said.get, None), metadata=(("x-api-key", session.passes["main"]),), timeout=60
        )
        # Longer than the gateway lets pass before it looks whether the client is still there.
        begun = time.monotonic()
        while time.monotonic() < begun + 0.5:
            said.put(b"listen")
            assert next(call) == b"yes"
        said.put(None)
        assert next(call) == b"all"
        call.cancel()
        assert provider.cancelled.acquire(timeout=60)
    session.end()


@pytest.mark.parametrize("route", ROUTES)
def test_i1_i4_a_revoke_ends_its_streams_and_leaves_the_others(room, provider, route):
    first, _ = add_key(room, provider, "one")
    add_key(room, provider, "two")
    session = Session(room, {}, "grpc-standin:one", "grpc-standin:two")
    with open_channel(room, session, route) as channel:
        one, two = (hold(channel, session.passes[label]) for label in ("one", "two"))
        room.cli("key", "revoke", first)
        with pytest.raises(grpc.RpcError) as ended:
            next(one)
        assert ended.value.code() != grpc.StatusCode.DEADLINE_EXCEEDED
        assert provider.cancelled.acquire(timeout=60)
        with pytest.raises(grpc.RpcError) as refused:
            hold(channel, session.passes["one"])
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert refused.value.details().startswith("key_revoked: ")
        seen = len(provider.calls)
        provider.release()
        assert list(two) == [b"last"]
        assert len(provider.calls) == seen
    session.end()


def test_many_streams_at_once_share_what_they_can(room, provider):
    add_key(room, provider)
    session = Session(room, {}, "grpc-standin")
    with open_channel(room, session, "connect") as channel:
        say = channel.unary_unary("/standin.Echo/Say")
        metadata = (("x-api-key", session.passes["main"]),)
        calls = [say.future(b"%d" % n, metadata=metadata, timeout=60) for n in range(300)]
        assert [each.result() for each in calls] == [b"%d" % n for n in range(300)]
    session.end()


class CppProvider(ProgramProvider):
    """The server of tests/grpc, by gRPC's own C++ library."""

    hosts = [HOST]

    def __init__(self, folder):
        server = lambda chain, key: [CPP / "grpc_echo_server", chain, key]
        super().__init__(folder, HOST, server, stdin=subprocess.PIPE)

    def calls(self):
        """The metadata of each call; the server ends."""
        return self._process.communicate("\n", timeout=60)[0].splitlines()

    def stop(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture
def cpp_provider(suite_folder):
    provider = CppProvider(suite_folder / "grpc-cpp-provider")
    yield provider
    provider.stop()


@pytest.fixture
def cpp_room(suite_folder, cpp_provider, canaries, environment):
    yield from a_room(suite_folder, cpp_provider, canaries, environment)


@pytest.mark.skipif(
    not (CPP / "grpc_echo_client").exists(), reason="tests/grpc is not built: grpc++ is missing"
)
def test_o5_grpcs_own_library_works_with_the_variables_alone(cpp_room, cpp_provider):
    _, key = cpp_room.add_key("grpc-standin", label="main", shape="generic")
    done = cpp_room.run(
        ["grpc-standin"], [CPP / "grpc_echo_client", f"{HOST}:443"]
    )
    assert key not in done.stdout
    say, count, total, chat, fail = done.stdout.splitlines()
    assert say.startswith("SAY 0 | hello Bearer ****") and " | 1 2 Bearer " in say
    assert (count, total) == ("COUNT 0 | 1000", "SUM 0 | 10000000")
    assert chat == "CHAT 0 | 200"
    assert fail.startswith("FAIL 9 not with Bearer ")
    calls = cpp_provider.calls()
    assert len(calls) == 5
    for call in calls:
        assert f"authorization: Bearer {key}; " in call and "x-api-key" not in call
