"""What there is on an island (island.py): "near", where the server is, a name server that answers as names.json says, and listeners that
nobody may ever reach; "far", on the other machine, a provider at public addresses. Runs inside the namespaces, with Debian's own Python.
SPDX-License-Identifier: Apache-2.0"""

import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path

FOLDER, SIDE = Path(sys.argv[1]), sys.argv[2]
FACTS = json.loads((FOLDER / "facts.json").read_text())
LOCK = threading.Lock()
ASKED = {}


def note(file, line):
    with LOCK, open(FOLDER / file, "a") as log:
        log.write(f"{line}\n")


def address_for(name, kind):
    names = json.loads((FOLDER / "names.json").read_text())
    answers = names.get(name, {}).get(kind, [])
    if answers and isinstance(answers[0], list):  # another answer at each turn
        with LOCK:
            turn = ASKED.get((name, kind), 0)
            ASKED[name, kind] = turn + 1
        return answers[min(turn, len(answers) - 1)]
    return answers


def serve_names():
    """RFC 1035, as much as a stub resolver needs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        (FOLDER / "near").touch()
        while True:
            query, sender = server.recvfrom(1500)
            at, labels = 12, []
            while query[at]:
                labels.append(query[at + 1 : at + 1 + query[at]].decode())
                at += query[at] + 1
            kind = {1: "A", 28: "AAAA"}.get(struct.unpack(">H", query[at + 1 : at + 3])[0])
            name = ".".join(labels).lower()
            note("queries", f"{name} {kind}")
            if json.loads((FOLDER / "names.json").read_text()).get(name, {}) is None:
                continue
            family = socket.AF_INET if kind == "A" else socket.AF_INET6
            answers = [socket.inet_pton(family, each) for each in address_for(name, kind)]
            head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answers), 0, 0)
            body = query[12 : at + 5]
            for octets in answers:
                number = 1 if kind == "A" else 28
                body += b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 0, len(octets)) + octets
            server.sendto(head + body, sender)


def listening(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, 443))
    server.listen(64)
    return server


def read_head(connection):
    """In however many pieces it comes; whoever leaves in its middle has said all."""
    head = b""
    while b"\r\n\r\n" not in head:
        octets = connection.recv(65536)
        if not octets:
            raise OSError("left")
        head += octets


def serve_provider(address, server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FACTS["chain"], FACTS["key"])
    while True:
        connection, _ = server.accept()
        note("reached", address)
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                read_head(secured)
                body = address.encode()
                secured.sendall(
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
        except OSError:
            pass


def serve_proxy():
    """CONNECT to wherever, which is the first provider."""
    with socket.create_server(("127.0.0.1", 3128)) as server:
        while True:
            connection, _ = server.accept()
            try:
                read_head(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            except OSError:
                continue
            onward = socket.create_connection((FACTS["public"][0], 443))
            for ends in ((connection, onward), (onward, connection)):
                threading.Thread(target=pump, args=ends, daemon=True).start()


def pump(source, sink):
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_canary(address):
    server = listening(address)
    while True:
        connection, _ = server.accept()
        note("canaries", address)
        connection.close()


def start(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


if SIDE == "far":
    for address, server in [(each, listening(each)) for each in FACTS["public"]]:
        start(serve_provider, address, server)
    (FOLDER / "far").touch()
else:
    for address in FACTS["unreachable"]:
        start(serve_canary, address)
    start(serve_proxy)
    start(serve_names)
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.1)
