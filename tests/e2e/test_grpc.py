"""gRPC through the gateway: HTTP/2 with trailers on both sides, all kinds of calls. SPDX-License-Identifier: Apache-2.0"""

import json
import sys

import grpc
import pytest

from support.grpc_provider import CATALOGUE, HOST, GrpcProvider
from support.ingresses import Session
from support.room import AGENTS, Room

pytestmark = pytest.mark.timeout(180)
ROUTES = ["connect", "transparent"]


@pytest.fixture
def provider(suite_folder, request):
    provider = GrpcProvider(suite_folder / f"grpc-{request.node.name[5:40]}-provider")
    yield provider
    provider.stop()


@pytest.fixture
def room(suite_folder, provider, canaries, environment, request):
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
        ["grpc-standin"], [sys.executable, AGENTS / "grpc_agent.py", HOST], flags=["--proxy"]
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
        assert provider.cancelled.acquire(timeout=20)
        assert hold(channel, session.passes["main"]).cancel()
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
        assert provider.cancelled.acquire(timeout=20)
        with pytest.raises(grpc.RpcError) as refused:
            hold(channel, session.passes["one"])
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
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
