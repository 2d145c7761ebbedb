"""Whom a client names in its TLS (SNI), through a tunnel and through a relay, octet by octet: what is another name than the tunnel's, or
names nothing that was granted, leads nowhere.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import socket
import ssl
import struct
import subprocess

import pytest

from support.waiting import until
from test_proxy import GEMINI, Session, refusals

ELSEWHERE = "api.openai.com"  # a service that the session was not given
SERVER_NAME, ENCRYPTED_CLIENT_HELLO = 0, 0xFE0D
ALERT, HANDSHAKE = 21, 22
ILLEGAL_PARAMETER, DECODE_ERROR, UNRECOGNIZED_NAME = 47, 50, 112
REFUSED = {"tunnel": "host_mismatch", "relay": "not_granted"}


@pytest.fixture
def session(room):
    room.add_key("gemini")
    return Session(room, "gemini")


@pytest.fixture(params=["tunnel", "relay"])
def way(request):
    return request.param


def enter(session, way):
    """A connection on which the gateway expects TLS."""
    if way == "tunnel":
        status, connection = session.connect(f"{GEMINI}:443")
        assert status == 200
        return connection
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(session.room.data / "gateway.sock"))
    connection.sendall(b"\x01" + session.credential.encode() + b"\n")
    return connection


class Client:
    """TLS whose octets go through our hands. It trusts the session's authority, whatever the name."""

    def __init__(self, session, way, name):
        self.connection = enter(session, way)
        context = ssl.create_default_context(cadata=session.authority)
        context.check_hostname = False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def hello(self):
        """The first record, which has not been sent yet."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def until_done(self, step):
        while True:
            try:
                done = step()
                self.connection.sendall(self.outgoing.read())
                return done
            except ssl.SSLWantReadError:
                self.connection.sendall(self.outgoing.read())
                octets = self.connection.recv(65536)
                self.incoming.write(octets) if octets else self.incoming.write_eof()

    def names(self):
        """Of the certificate, after a handshake."""
        self.until_done(self.tls.do_handshake)
        return [name for _, name in self.tls.getpeercert()["subjectAltName"]]

    def status(self, key):
        head = f"GET /v1beta/models HTTP/1.1\r\nHost: {GEMINI}\r\nx-goog-api-key: {key}\r\n\r\n"
        self.tls.write(head.encode())
        answer = self.until_done(lambda: self.tls.read(65536))
        if not answer:
            raise EOFError
        return int(answer.split()[1])


def asked(session, way, name):
    """(names of the certificate, status)"""
    client = Client(session, way, name)
    with client.connection:
        return client.names(), client.status(session.passes["gemini"])


def answer_to(session, way, hello):
    """(type, first octets) of the record that answers it."""
    with enter(session, way) as connection:
        connection.sendall(hello)
        octets = connection.recv(65536)
        return octets[0], octets[5:7]


def with_extensions(hello, added, without=()):
    """The record of a ClientHello with these (type, data), in front of all that are not of `added` or `without`."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from("!H", hello, at)[0]
    at += 1 + hello[at]
    head, rest, kept = hello[9:at], hello[at + 2 :], b""
    while rest:
        kind, size = struct.unpack_from("!HH", rest)
        if kind not in (*without, *(each for each, _ in added)):
            kept += rest[: 4 + size]
        rest = rest[4 + size :]
    new = b"".join(struct.pack("!HH", kind, len(data)) + data for kind, data in added)
    # pre_shared_key would have to be the last one; a client that was nowhere yet has none.
    body = head + struct.pack("!H", len(new) + len(kept)) + new + kept
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return hello[:3] + struct.pack("!H", len(message)) + message


def server_names(*names, kind=0):
    entries = b"".join(struct.pack("!BH", kind, len(name)) + name for name in names)
    return struct.pack("!H", len(entries)) + entries


def some_hello(session, name=GEMINI):
    client = Client(session, "tunnel", name)
    with client.connection:
        return client.hello()


def test_a7_names_in_capitals_mean_the_same(session, way):
    assert asked(session, way, GEMINI.upper()) == ([GEMINI], 200)


def test_a14_without_a_name_the_tunnels_host_answers(session):
    """Through a relay there would be no place (test_proxy.py)."""
    assert asked(session, "tunnel", None) == ([GEMINI], 200)


OTHERS = (
    "evil.example",
    GEMINI.partition(".")[2],
    f"x.{GEMINI}",
    f"{GEMINI}.evil.example",
    f"*.{GEMINI.partition('.')[2]}",
    f"{GEMINI}.",
    f"{GEMINI}:443",
    f"[{GEMINI}]",
    ELSEWHERE,
)


def test_a2_a7_a8_other_names_lead_nowhere(room, session, way):
    for name in OTHERS:
        with pytest.raises((ssl.SSLError, OSError, EOFError)) as refused:
            asked(session, way, name)
        if way == "relay":
            assert "unrecognized name" in str(refused.value), name
    until(lambda: refusals(room, REFUSED[way]) == len(OTHERS), 30, "each is counted")
    assert room.standins.requests() == []
    assert not session.leads_to(f"[{GEMINI}]:443")
    address = with_extensions(some_hello(session), [(SERVER_NAME, server_names(b"198.51.100.1"))])
    assert answer_to(session, "relay", address) == (ALERT, bytes([2, UNRECOGNIZED_NAME]))
    assert asked(session, way, GEMINI) == ([GEMINI], 200)


def test_a14_a_name_in_pieces_is_the_same_name(room, session, way):
    for name in (GEMINI, ELSEWHERE):
        client = Client(session, way, name)
        with client.connection:
            hello = client.hello()
            for at in range(5, len(hello), 7):  # a record for every seven octets
                piece = hello[at : at + 7]
                client.connection.sendall(hello[:3] + struct.pack("!H", len(piece)) + piece)
            if name == GEMINI:
                assert client.names() == [GEMINI]
                assert client.status(session.passes["gemini"]) == 200
                continue
            with pytest.raises((ssl.SSLError, OSError, EOFError)):
                client.names()
                client.status(session.passes["gemini"])
    until(lambda: refusals(room, REFUSED[way]) == 1, 30, "the other is counted")


def test_a7_a_malformed_name_is_refused(room, session, way):
    right, hello = GEMINI.encode(), some_hello(session)
    # An empty one is none: a tunnel has its host all the same.
    empty = [[server_names(b"")]] if way == "relay" else []
    for damaged in [
        *empty,
        [server_names(b"\0" + right[1:])],
        [server_names(right + b"\0.evil.example")],
        [server_names()],
        [b""],
        [server_names(right, kind=1)],
        [server_names(right) + b"x"],
        [server_names(right)[:-1]],
        [server_names(right, b"evil.example")],
        [server_names(b"evil.example", right)],
        [server_names(right), server_names(b"evil.example")],
    ]:
        changed = with_extensions(hello, [(SERVER_NAME, each) for each in damaged])
        kind, (level, what) = answer_to(session, way, changed)
        assert (kind, level) == (ALERT, 2), damaged
        assert what in (ILLEGAL_PARAMETER, DECODE_ERROR, UNRECOGNIZED_NAME), damaged
    assert room.standins.requests() == []


# Encrypted Client Hello (RFC 9849): the gateway has no key for it, so that what is inside says nothing to it.


def sealed(inner):
    """The extension of a ClientHelloOuter; a true one would not say the name in the clear."""
    payload = b"\1\0" + inner.encode() + os.urandom(64)
    key = os.urandom(32)
    head = struct.pack("!BHHBH", 0, 1, 1, 7, len(key))
    return head + key + struct.pack("!H", len(payload)) + payload


def test_a14_an_encrypted_hello_is_judged_by_its_outer_name(room, session, way):
    for outer, inner, granted in ((GEMINI, ELSEWHERE, True), (ELSEWHERE, GEMINI, False)):
        hello = with_extensions(
            some_hello(session, outer), [(ENCRYPTED_CLIENT_HELLO, sealed(inner))]
        )
        if granted:
            kind, (message, _) = answer_to(session, way, hello)
            assert (kind, message) == (HANDSHAKE, 2), "a ServerHello"
        elif way == "relay":
            assert answer_to(session, way, hello) == (ALERT, bytes([2, UNRECOGNIZED_NAME]))
    # An encrypted hello beside no name at all.
    nameless = with_extensions(
        some_hello(session), [(ENCRYPTED_CLIENT_HELLO, sealed(GEMINI))], without=[SERVER_NAME]
    )
    if way == "relay":
        assert answer_to(session, way, nameless) == (ALERT, bytes([2, UNRECOGNIZED_NAME]))
        until(lambda: refusals(room, "not_granted") == 2, 30, "both are counted")


# A client that means it: the name it wants is encrypted, the outer one is that of its configuration. A server that does not know the key
# proves that it is the outer one's, and the client goes away.
ENCRYPTING = """
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

func sized(octets []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(octets))), octets...)
}

func configurations(outer string) []byte {
	key, _ := ecdh.X25519().GenerateKey(rand.Reader)
	contents := append([]byte{7, 0, 0x20}, sized(key.PublicKey().Bytes())...)
	contents = append(contents, sized([]byte{0, 1, 0, 1})...)
	contents = append(contents, 0, byte(len(outer)))
	contents = append(append(contents, outer...), 0, 0)
	return sized(append([]byte{0xfe, 0x0d}, sized(contents)...))
}

func main() {
	descriptor, _ := strconv.Atoi(os.Args[1])
	connection, err := net.FileConn(os.NewFile(uintptr(descriptor), "connection"))
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(os.Getenv("AUTHORITY")))
	client := tls.Client(connection, &tls.Config{ServerName: os.Args[3], RootCAs: roots, MinVersion: tls.VersionTLS13,
		EncryptedClientHelloConfigList: configurations(os.Args[2])})
	err = client.Handshake()
	var rejected *tls.ECHRejectionError
	if errors.As(err, &rejected) {
		fmt.Print("the outer name's server")
	} else {
		fmt.Print(err)
	}
}
"""


@pytest.fixture(scope="module")
def encrypting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encrypting")
    (folder / "main.go").write_text(ENCRYPTING)
    subprocess.run(
        ["go", "build", "-o", folder / "client", folder / "main.go"],
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"},
        cwd=folder,
        check=True,
        timeout=170,
    )
    return folder / "client"


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
def test_a14_a_client_that_encrypts_its_hello_finds_the_outer_name(session, way, encrypting):
    def told(outer, inner):
        with enter(session, way) as connection:
            done = subprocess.run(
                [encrypting, str(connection.fileno()), outer, inner],
                env={**os.environ, "AUTHORITY": session.authority},
                pass_fds=[connection.fileno()],
                capture_output=True,
                text=True,
                timeout=30,
            )
        return done.stdout

    assert told(GEMINI, ELSEWHERE) == "the outer name's server"
    refused = told(ELSEWHERE, GEMINI)
    assert "unrecognized name" in refused or "certificate is valid for" in refused, refused
