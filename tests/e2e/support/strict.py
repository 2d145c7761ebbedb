"""Reads HTTP/1.1 requests as RFC 9112 and RFC 9110 have them, and accepts nothing that could be read in two ways.

Written apart from the gateway's own parser, so that a mistake in the one is seen by the other.
SPDX-License-Identifier: Apache-2.0
"""

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(
    rb"(" + TOKEN + rb") ([\x21\x24-\x3b\x3d\x3f-\x5b\x5d-\x7e]+) HTTP/1\.([01])"
)
FIELD_LINE = re.compile(
    rb"("
    + TOKEN
    + rb"):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*"
)
HOST = re.compile(rb"[A-Za-z0-9._-]+(?::[0-9]{1,5})?")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?")
SINGLE = (b"host", b"content-length", b"transfer-encoding", b"connection")


class Ambiguous(Exception):
    """These octets are no request, or more than one reading of them is possible."""


class CutShort(Ambiguous):
    """The connection ended in the middle."""


@dataclass
class Request:
    method: str
    target: str
    version: int
    headers: list = field(default_factory=list)  # (name in lower case, value), as they came
    body: bytes = b""

    def all(self, name):
        return [value for each, value in self.headers if each == name]

    @property
    def path(self):
        return self.target.partition("?")[0]


def read_line(read, most=65536):
    """The line without its CRLF; None at the end of input before its first octet."""
    line = b""
    while not line.endswith(b"\n"):
        octet = read(1)
        if not octet:
            if line:
                raise CutShort(f"cut off within a line: {line[:80]!r}")
            return None
        line += octet
        if len(line) > most:
            raise Ambiguous("a line without an end")
    if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
        raise Ambiguous(f"a bare LF or CR: {line[:80]!r}")
    return line[:-2]


def read_exactly(read, size):
    octets = b""
    while len(octets) < size:
        piece = read(size - len(octets))
        if not piece:
            raise CutShort(f"the body ends after {len(octets)} of {size} octets")
        octets += piece
    return octets


def read_head(read):
    """The request without its body; None at the end of input."""
    line = read_line(read)
    if line is None:
        return None
    matched = REQUEST_LINE.fullmatch(line)
    if not matched:
        raise Ambiguous(f"no request line: {line[:80]!r}")
    method, target, minor = matched.groups()
    request = Request(method.decode(), target.decode(), int(minor))
    while line := read_line(read):
        matched = FIELD_LINE.fullmatch(line)
        if not matched:
            raise Ambiguous(f"no field line: {line[:80]!r}")
        name, value = matched.groups()
        request.headers.append((name.lower().decode(), value.decode("latin1")))
    if line is None:
        raise CutShort("the head ends before its empty line")
    for name in SINGLE:
        if len(request.all(name.decode())) > 1:
            raise Ambiguous(f"{name.decode()} more than once")
    if len(request.all("host")) != 1 or not HOST.fullmatch(request.all("host")[0].encode("latin1")):
        raise Ambiguous(f"not one host: {request.all('host')}")
    return request


def read_body(read, request):
    lengths, codings = request.all("content-length"), request.all("transfer-encoding")
    if lengths and codings:
        raise Ambiguous("Content-Length and Transfer-Encoding")
    if codings:
        if request.version == 0 or codings[0].lower() != "chunked":
            raise Ambiguous(f"a coding that is not chunked: {codings[0]!r}")
        return read_chunks(read)
    if lengths:
        if not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
            raise Ambiguous(f"no length: {lengths[0]!r}")
        return read_exactly(read, int(lengths[0]))
    return b""


def read_chunks(read):
    body = b""
    while True:
        line = read_line(read)
        if line is None:
            raise CutShort("the body ends before its last chunk")
        matched = CHUNK_LINE.fullmatch(line)
        if not matched:
            raise Ambiguous(f"no chunk size: {line!r}")
        size = int(matched[1], 16)
        if size == 0:
            break
        body += read_exactly(read, size)
        if read_line(read) != b"":
            raise Ambiguous("a chunk that does not end where it says")
    while line := read_line(read):
        if not FIELD_LINE.fullmatch(line):
            raise Ambiguous(f"no trailer: {line[:80]!r}")
    if line is None:
        raise CutShort("the trailers end before their empty line")
    return body
