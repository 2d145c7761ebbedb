"""The proxy as the tools of a workroom see it: it asks for no credential, and is for this session's processes alone.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import socket
import subprocess
import sys

GEMINI = "generativelanguage.googleapis.com"

# Prints the status of one CONNECT, with what else the head shall have.
CONNECT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as door:
    door.sendall(f"CONNECT {sys.argv[2]} HTTP/1.1\\r\\nHost: {sys.argv[2]}\\r\\n{sys.argv[3]}\\r\\n".encode())
    print(door.recv(4096).split()[1].decode())
"""


# The same from within: the port stands in HTTPS_PROXY, as for every tool.
INSIDE = "import os\nPORT = os.environ['HTTPS_PROXY'].rsplit(':', 1)[1]\n" + CONNECT.replace(
    "sys.argv[1]", "PORT"
)


def from_within(room, place=f"{GEMINI}:443", header="", command=None):
    command = command or [sys.executable]
    done = room.run(
        ["gemini"], [*command, "-c", INSIDE, "-", place, header], expect=None
    )
    return done.stdout.strip() or done.stderr


def from_outside(port, **options):
    # Debian's interpreter: others need not be able to read the test's own.
    done = subprocess.run(
        ["/usr/bin/python3", "-c", CONNECT, str(port), f"{GEMINI}:443", ""],
        capture_output=True,
        text=True,
        timeout=30,
        cwd="/",
        **options,
    )
    return done.stdout.strip() or done.stderr


def door_of(room, services=("gemini",)):
    """The port of a session's own proxy; the session goes on as long as the test."""
    workroom = room.begin(
        services, ["/bin/sh", "-c", 'echo "proxy $HTTPS_PROXY"; exec sleep 600']
    )
    return workroom.line("proxy").rsplit(":", 1)[1]


def test_it_needs_no_credential_and_leads_to_granted_places_alone(room):
    room.add_key("gemini")
    assert from_within(room) == "200"
    assert from_within(room, "example.com:443") == "403"


def test_a_process_that_left_its_parent_is_still_of_the_session(room):
    room.add_key("gemini")
    command = ["/bin/sh", "-c", 'setsid -f "$@" > out; while [ ! -s out ]; do sleep 0.05; done; cat out', "sh"]
    assert from_within(room, command=[*command, sys.executable]) == "200"


def test_a_credential_of_the_clients_own_is_one_too_many(room):
    room.add_key("gemini")
    assert from_within(room, header="Proxy-Authorization: Basic bm86bm8=\r\n") == "400"


def test_h2_a_copied_proxy_is_of_no_use_to_anybody_else(room):
    room.add_key("gemini")
    port = door_of(room)
    assert from_outside(port) == "403", "the same user, outside of every workroom"
    with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as connection:
        connection.sendall(f"CONNECT {GEMINI}:443 HTTP/1.1\r\n\r\n".encode())
        head, body = connection.makefile("rb").read().split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 proxy_elsewhere: ")
    assert json.loads(body)["error"]["code"] == "proxy_elsewhere"
    if os.geteuid() == 0:
        assert from_outside(port, user=65534, group=65534) == "403"
    copied = INSIDE.replace("PORT = ", "PORT = os.environ['COPIED'] or ")
    done = room.run(
        ["gemini"],
        [sys.executable, "-c", copied, "-", f"{GEMINI}:443", ""],
        variables={"COPIED": port},
    )
    assert done.stdout.strip() == "403", "another workroom of the same user"


def test_j8_no_variable_holds_a_credential_of_the_proxy(room):
    room.add_key("gemini")
    done = room.run(["gemini"], ["/usr/bin/env"])
    assert "HTTPS_PROXY=http://127.0.0.1:" in done.stdout
    assert "srx_" not in done.stdout
