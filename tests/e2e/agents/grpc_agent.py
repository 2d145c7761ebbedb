"""An agent's gRPC client, as the documentation of grpcio has it: what it needs is in its variables. Says what came of each kind of call
as one JSON document. SPDX-License-Identifier: Apache-2.0"""

import json
import os
import queue
import sys

import grpc

HOST, TOKEN = sys.argv[1], os.environ["ECHO_API_KEY"]
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
METADATA = (("x-api-key", TOKEN),)
LARGE = os.urandom(1 << 20) * 8


def one_after_the_other(channel):
    """Each message is sent when the answer to the one before has come."""
    said, heard = queue.Queue(), []
    said.put(b"one")
    answers = channel.stream_stream("/standin.Echo/Chat")(
        iter(said.get, None), metadata=METADATA, timeout=60
    )
    for answer in answers:
        heard.append(answer.decode())
        said.put({1: b"two", 2: b"three"}.get(len(heard)))
    return {"heard": heard, "trailing": dict(answers.trailing_metadata())}


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return {
            "code": error.code().name,
            "details": error.details(),
            "trailing": dict(error.trailing_metadata() or ()),
        }


def main(channel):
    unary = channel.unary_unary("/standin.Echo/Say").with_call
    answer, call = unary(b"hello {key}", metadata=METADATA, timeout=60)
    fail = channel.unary_unary("/standin.Echo/Fail")
    count = channel.unary_stream("/standin.Echo/Count")
    total = channel.stream_unary("/standin.Echo/Sum")
    return {
        "unary": {
            "answer": answer.decode(),
            "initial": dict(call.initial_metadata()),
            "trailing": dict(call.trailing_metadata()),
        },
        "large": unary(LARGE, metadata=METADATA, timeout=60)[0] == LARGE,
        "server streaming": [
            each.decode() for each in count(b"100", metadata=METADATA, timeout=60)
        ],
        "client streaming": total(
            iter([b"x" * 1000] * 100), metadata=METADATA, timeout=60
        ).decode(),
        "bidirectional": one_after_the_other(channel),
        "refused by the provider": failure(lambda: fail(b"", metadata=METADATA, timeout=60)),
        "without a pass": failure(lambda: fail(b"", timeout=60)),
        "no such method": failure(
            lambda: channel.unary_unary("/standin.Echo/None")(b"", metadata=METADATA, timeout=60)
        ),
        "compressed": unary(
            b"z" * 5000, metadata=METADATA, timeout=60, compression=grpc.Compression.Gzip
        )[0].decode()
        == "z" * 5000,
    }


if __name__ == "__main__":
    with grpc.secure_channel(
        f"{HOST}:443", grpc.ssl_channel_credentials(), options=OPTIONS
    ) as channel:
        print(json.dumps(main(channel)))
