"""The listener of a session for programs that can give a proxy no credential.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import subprocess
import sys

import pytest

GEMINI = "generativelanguage.googleapis.com"

# Prints the status of one CONNECT, with what else the head shall have.
CONNECT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as door:
    door.sendall(f"CONNECT {sys.argv[2]} HTTP/1.1\\r\\nHost: {sys.argv[2]}\\r\\n{sys.argv[3]}\\r\\n".encode())
    print(door.recv(4096).split()[1].decode())
"""


def ask(port, place=f"{GEMINI}:443", header="", **options):
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, str(port), place, header],
        capture_output=True,
        text=True,
        timeout=30,
        **options,
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def door(room):
    """The port of a session's listener; the session goes on as long as the test."""
    room.add_key("gemini")
    workroom = room.begin(
        ["gemini"],
        ["/bin/sh", "-c", 'echo "options $JAVA_TOOL_OPTIONS"; exec sleep 600'],
        flags=["--proxy"],
    )
    port = re.search(r"-Dhttps.proxyPort=(\d+)", workroom.line("options"))[1]
    yield int(port)
    workroom.stop()


def test_it_needs_no_credential_and_leads_to_granted_places_alone(door):
    assert ask(door) == "200"
    assert ask(door, "example.com:443") == "403"


def test_a_credential_of_the_clients_own_is_one_too_many(door):
    assert ask(door, header="Proxy-Authorization: Basic bm86bm8=\r\n") == "400"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_on_the_same_machine_is_shut_out(door):
    # Debian's interpreter: others need not be able to read the test's own.
    done = subprocess.run(
        ["/usr/bin/python3", "-c", CONNECT, str(door), f"{GEMINI}:443", ""],
        capture_output=True,
        text=True,
        timeout=30,
        user=65534,
        group=65534,
        cwd="/",
    )
    assert done.stdout.strip() == "403", done.stderr
