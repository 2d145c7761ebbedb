"""Requests as octets, most of which can be read in more than one way: what request smuggling is made of.

A case that we refuse names the sentence that lets us: RFC 9112 unless another is named. `nginx` says whether nginx lets it
through to its upstream. SPDX-License-Identifier: Apache-2.0
"""

from dataclasses import dataclass

FOLLOWER = b"GET @PATH-follower HTTP/1.1\r\nHost: g\r\n@KEYConnection: close\r\n\r\n"
# A pass in a body would be a finding of its own.
HIDDEN = b"GET @PATH-smuggled HTTP/1.1\r\nHost: g\r\n\r\n"
SMUGGLED = b"GET @PATH-smuggled HTTP/1.1\r\nHost: g\r\n@KEY\r\n"


@dataclass
class Case:
    name: str
    octets: bytes
    refused: str | None = None  # why we do not let it through; None: we do
    body: bytes = b""  # as the upstream has it when it is let through
    nginx: bool = False  # nginx lets it through
    is_cut: bool = False  # the client ends in the middle of it
    is_last: bool = False  # the connection ends with it, so nothing follows


def post(fields, body=b"", line=b"POST @PATH HTTP/1.1", host=b"Host: g\r\n"):
    return line + b"\r\n" + host + b"@KEY" + fields + b"\r\n" + body


def get(fields=b"", line=b"GET @PATH HTTP/1.1", host=b"Host: g\r\n"):
    return post(fields, b"", line, host)


def chunked(body, coding=b"Transfer-Encoding: chunked\r\n"):
    return post(coding, body)


LINE = "2.2: a recipient MAY recognise a single LF as a line terminator: not a must"
BARE_CR = "2.2: a bare CR is invalid, or replaced by SP: it is not to be parsed"
SPACE = "5.1: no whitespace is allowed between the field name and colon; reject with 400"
FOLD = "5.2: a server that receives an obs-fold MUST either reject with 400 or replace it"
NAME = "5: a field line is field-name ':' OWS field-value OWS; a name is a token (RFC 9110 5.6.2)"
VALUE = "RFC 9110 5.5: fields with CR, LF or NUL are invalid and dangerous; reject or replace"
BOTH = "6.3 (3): length and coding together ought to be handled as an error; 6.1: MAY reject"
CODING = "6.1: a server that receives a coding it does not understand SHOULD respond 501"
FINAL = "6.3 (4): coding present and chunked is not the final one: MUST respond 400"
TWICE = "6.1: a sender MUST NOT apply chunked more than once"
OLD = "6.1: a coding in HTTP/1.0 is to be treated as faulty framing"
LENGTH = "6.3 (5), RFC 9110 8.6: an invalid length is an unrecoverable error: MUST respond 400"
LIST = "6.3 (5): a list of one and the same length MAY be rejected as invalid"
CHUNK = "7.1: chunk-size is 1*HEXDIG, then chunk-ext or CRLF"
HUGE = "7.1: recipients MUST anticipate large numbers and prevent overflow"
AFTER = "7.1: chunk-data is followed by CRLF"
TRAILER = (
    "7.1.2, RFC 9110 6.5.1: a field of framing, routing or credentials MUST NOT be in a trailer"
)
EXTENSION = "7.1.1: a server ought to limit the total length of chunk extensions"
BLANKS = "7.1.1: BWS within a chunk line is a sender's fault; it need not be read"
HOST = "3.2: a request without Host, with more than one or an invalid one: MUST respond 400"
TARGET = "3: request-target holds no whitespace; 3.2: an invalid one SHOULD be answered 400"
FORM = "3.2: four forms of a target, each for its methods"
TWO_NAMES = "3.2.2: a target in absolute form replaces Host; two that differ are refused here"
VERSION = "2.3: HTTP-version is 'HTTP/' DIGIT '.' DIGIT, case-sensitive; RFC 9110 15.6.6"
METHOD = "3.1, RFC 9110 9.1: a method is a token"
CAPITALS = "RFC 9110 9.1: methods are case-sensitive, and some servers do not know"
START = "2.2: whitespace before the first header field: reject or ignore those lines"
EMPTY = "2.2: a server SHOULD ignore at least one empty line before a request: a SHOULD that is not followed"
LARGE = "RFC 9110 5.4, RFC 6585 5: a server MAY refuse large fields (431, 414)"
SHORT = "6.3 (6), 8: fewer octets than announced are an incomplete message"

ABCD = b"4\r\nabcd\r\n0\r\n\r\n"
CL4 = b"Content-Length: 4\r\n"
TE = b"Transfer-Encoding: chunked\r\n"

LENGTHS = [
    Case("in-order", post(CL4, b"abcd"), None, b"abcd", True),
    Case(
        "hidden-in-a-body", post(b"Content-Length: @HIDDEN\r\n", HIDDEN), None, HIDDEN, True
    ),
    Case("body-of-a-get", get(CL4) + b"abcd", None, b"abcd", True),
    Case("length-zero", post(b"Content-Length: 0\r\n"), None, b"", True),
    Case("length-with-zeros", post(b"Content-Length: 0004\r\n", b"abcd"), None, b"abcd", True),
    Case(
        "length-with-blanks-around",
        post(b"Content-Length: \t 4 \t\r\n", b"abcd"),
        None,
        b"abcd",
        False,
    ),
    Case("cl-cl-differ", post(CL4 + b"Content-Length: 5\r\n", b"abcde"), LENGTH),
    Case("cl-cl-same", post(CL4 + CL4, b"abcd"), LIST),
    Case("length-list-same", post(b"Content-Length: 4, 4\r\n", b"abcd"), LIST),
    Case("length-list-differs", post(b"Content-Length: 4, 5\r\n", b"abcde"), LENGTH),
    Case("length-with-plus", post(b"Content-Length: +4\r\n", b"abcd"), LENGTH),
    Case("length-negative", post(b"Content-Length: -4\r\n", b"abcd"), LENGTH),
    Case("length-minus-zero", post(b"Content-Length: -0\r\n", SMUGGLED), LENGTH),
    Case("length-in-hex", post(b"Content-Length: 0x4\r\n", b"abcd"), LENGTH),
    Case("length-with-a-point", post(b"Content-Length: 4.0\r\n", b"abcd"), LENGTH),
    Case("length-with-an-exponent", post(b"Content-Length: 4e0\r\n", b"abcd"), LENGTH),
    Case("length-with-a-blank", post(b"Content-Length: 4 4\r\n", b"abcd"), LENGTH),
    Case("length-with-garbage", post(b"Content-Length: 4x\r\n", b"abcd"), LENGTH),
    Case("length-with-separators", post(b"Content-Length: 0_4\r\n", b"abcd"), LENGTH),
    Case("length-in-quotes", post(b'Content-Length: "4"\r\n', b"abcd"), LENGTH),
    Case("length-empty", post(b"Content-Length:\r\n", b"abcd"), LENGTH),
    Case("length-over-64-bits", post(b"Content-Length: 18446744073709551620\r\n", b"abcd"), LENGTH),
    Case("length-over-63-bits", post(b"Content-Length: 9223372036854775808\r\n", b"abcd"), LENGTH),
    Case("length-vertical-tab", post(b"Content-Length: \x0b4\r\n", b"abcd"), VALUE),
    Case("length-then-nul", post(b"Content-Length: 4\0\r\n", b"abcd"), VALUE),
    Case("length-unmet", post(b"Content-Length: 400\r\n", b"abcd"), SHORT, is_cut=True),
]

CODINGS = [
    Case("chunked", chunked(ABCD), None, b"abcd", True),
    Case(
        "chunked-other-case", chunked(ABCD, b"transfer-ENCODING: Chunked\r\n"), None, b"abcd", True
    ),
    Case("cl-te", post(CL4 + TE, b"0\r\n\r\n" + SMUGGLED), BOTH),
    Case("te-cl", post(TE + CL4, b"0\r\n\r\n" + SMUGGLED), BOTH),
    Case("te-cl-zero", post(TE + b"Content-Length: 0\r\n", ABCD), BOTH),
    Case("te-te-other", chunked(ABCD, TE + b"Transfer-Encoding: cow\r\n"), FINAL),
    Case("te-te-same", chunked(ABCD, TE + TE), TWICE),
    Case("te-te-identity", chunked(ABCD, TE + b"Transfer-Encoding: identity\r\n"), FINAL),
    Case("te-twice-in-a-list", chunked(ABCD, b"Transfer-Encoding: chunked, chunked\r\n"), TWICE),
    Case("te-identity", chunked(ABCD, b"Transfer-Encoding: identity\r\n"), FINAL),
    Case("te-gzip-chunked", chunked(ABCD, b"Transfer-Encoding: gzip, chunked\r\n"), CODING),
    Case("te-chunked-gzip", chunked(ABCD, b"Transfer-Encoding: chunked, gzip\r\n"), FINAL),
    Case("te-xchunked", chunked(ABCD, b"Transfer-Encoding: xchunked\r\n"), FINAL),
    Case("te-chunkedx", chunked(ABCD, b"Transfer-Encoding: chunkedx\r\n"), FINAL),
    Case("te-quoted", chunked(ABCD, b'Transfer-Encoding: "chunked"\r\n'), FINAL),
    Case("te-with-parameter", chunked(ABCD, b"Transfer-Encoding: chunked;a=b\r\n"), FINAL),
    Case("te-comma-before", chunked(ABCD, b"Transfer-Encoding: ,chunked\r\n"), CODING),
    Case("te-empty", post(b"Transfer-Encoding:\r\n" + CL4, b"abcd"), FINAL),
    Case("te-vertical-tab", chunked(ABCD, b"Transfer-Encoding: \x0bchunked\r\n"), VALUE),
    Case("te-after-nul", chunked(ABCD, b"Transfer-Encoding: \0chunked\r\n"), VALUE),
    Case("te-high-octet", chunked(ABCD, b"Transfer-Encoding: \xffchunked\r\n"), CODING),
    Case(
        "te-space-before-colon", post(b"Transfer-Encoding : chunked\r\n" + CL4, b"0\r\n\r\n"), SPACE
    ),
    Case(
        "te-tab-before-colon", post(b"Transfer-Encoding\t: chunked\r\n" + CL4, b"0\r\n\r\n"), SPACE
    ),
    Case("te-folded", post(b"Transfer-Encoding:\r\n chunked\r\n" + CL4, b"0\r\n\r\n"), FOLD),
    Case(
        "te-behind-bare-cr", post(b"X-A: b\rTransfer-Encoding: chunked\r\n" + CL4, b"abcd"), BARE_CR
    ),
    Case("te-behind-bare-lf", post(CL4 + b"X-A: b\nTransfer-Encoding: chunked\r\n", ABCD), LINE),
    Case("te-in-1.0", post(TE, ABCD, line=b"POST @PATH HTTP/1.0"), OLD),
    # One hyphen or another makes it another field, which frames nothing: it goes no further than a field may.
    Case(
        "te-underscore", post(b"Transfer_Encoding: chunked\r\n" + CL4, b"abcd"), None, b"abcd", True
    ),
    Case("cl-underscore", post(b"Content_Length: 400\r\n" + CL4, b"abcd"), None, b"abcd", True),
]

CHUNKS = [
    Case("chunk-extension", chunked(b"4;a=b\r\nabcd\r\n0\r\n\r\n"), None, b"abcd", True),
    Case("chunk-extension-quoted", chunked(b'4;a="b;c"\r\nabcd\r\n0\r\n\r\n'), None, b"abcd", True),
    Case("chunk-zeros-before", chunked(b"00000004\r\nabcd\r\n000\r\n\r\n"), None, b"abcd", True),
    Case("chunk-upper-case", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), None, b"0123456789", True),
    Case("trailer", chunked(b"4\r\nabcd\r\n0\r\nX-Sum: 1\r\n\r\n"), None, b"abcd", True),
    Case("chunk-in-0x", chunked(b"0x4\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-with-plus", chunked(b"+4\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-negative", chunked(b"-4\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-overflow", chunked(b"10000000000000004\r\nabcd\r\n0\r\n\r\n"), HUGE),
    Case("chunk-over-63-bits", chunked(b"8000000000000004\r\nabcd\r\n0\r\n\r\n"), HUGE),
    Case("chunk-of-all-bits", chunked(b"ffffffffffffffff\r\nabcd\r\n0\r\n\r\n"), HUGE),
    Case("chunk-without-size", chunked(b"\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-without-size-but-extension", chunked(b";a\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-blank-before", chunked(b" 4\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-blank-behind", chunked(b"4 \r\nabcd\r\n0\r\n\r\n"), BLANKS, nginx=True),
    Case("chunk-tab-before-extension", chunked(b"4\t;a\r\nabcd\r\n0\r\n\r\n"), BLANKS, nginx=True),
    Case("chunk-garbage-behind", chunked(b"4g\r\nabcd\r\n0\r\n\r\n"), CHUNK),
    Case("chunk-bare-lf", chunked(b"4\nabcd\n0\n\n"), LINE, nginx=True),
    Case("chunk-bare-lf-behind-the-size", chunked(b"4\nabcd\r\n0\r\n\r\n"), LINE, nginx=True),
    Case("chunk-bare-lf-in-extension", chunked(b"4;a\nabcd\r\n0\r\n\r\n"), LINE, nginx=True),
    Case("chunk-bare-cr-behind-the-size", chunked(b"4\rXabcd\r\n0\r\n\r\n"), BARE_CR),
    Case("chunk-cr-in-extension", chunked(b"4;a\rb\r\nabcd\r\n0\r\n\r\n"), BARE_CR),
    Case("chunk-nul-in-extension", chunked(b"4;a\0b\r\nabcd\r\n0\r\n\r\n"), VALUE, nginx=True),
    Case(
        "chunk-long-extension",
        chunked(b"4;" + b"a" * 20000 + b"\r\nabcd\r\n0\r\n\r\n"),
        EXTENSION,
        nginx=True,
    ),
    Case("chunk-longer-than-said", chunked(b"4\r\nabcde\r\n0\r\n\r\n"), AFTER),
    Case("chunk-shorter-than-said", chunked(b"5\r\nabcd\r\n0\r\n\r\n"), AFTER, nginx=True),
    Case("chunk-ends-in-two-octets", chunked(b"4\r\nabcdXX0\r\n\r\n"), AFTER),
    Case("trailer-length", chunked(b"0\r\nContent-Length: 4\r\n\r\n"), TRAILER, nginx=True),
    Case("trailer-authorization", chunked(b"0\r\nAuthorization: x\r\n\r\n"), TRAILER, nginx=True),
    Case("trailer-without-colon", chunked(b"0\r\nnonsense\r\n\r\n"), NAME, nginx=True),
    Case("trailer-bare-lf", chunked(b"0\r\nX-A: b\n\r\n"), LINE, nginx=True),
    Case("chunks-cut", chunked(b"4\r\nab"), SHORT, is_cut=True),
    Case("last-chunk-cut", chunked(b"4\r\nabcd\r\n0\r\n"), SHORT, is_cut=True),
]

LINES = [
    Case("bare-lf", get().replace(b"\r\n", b"\n"), LINE, nginx=True),
    Case("bare-lf-in-the-head", get(b"X-A: b\nX-B: c\r\n"), LINE, nginx=True),
    Case("bare-lf-at-its-end", get(b"X-A: b\n"), LINE, nginx=True),
    Case("bare-cr", get(b"X-A: b\rX-B: c\r\n"), BARE_CR),
    Case("cr-cr-lf", get(b"X-A: b\r\r\n"), BARE_CR, nginx=True),
    Case("nul-in-a-value", get(b"X-A: b\0c\r\n"), VALUE),
    Case("control-in-a-value", get(b"X-A: b\x01c\r\n"), VALUE, nginx=True),
    Case("delete-in-a-value", get(b"X-A: b\x7fc\r\n"), VALUE, nginx=True),
    Case("high-octets-in-a-value", get(b"X-A: caf\xe9\r\n"), None, b"", True),
    Case("nul-in-a-name", get(b"X\0A: b\r\n"), NAME),
    Case("space-in-a-name", get(b"X A: b\r\n"), NAME),
    Case("space-before-the-colon", get(b"X-A : b\r\n"), SPACE),
    Case("no-colon", get(b"X-A\r\n"), NAME, nginx=True),
    Case("empty-name", get(b": b\r\n"), NAME),
    Case("bracket-in-a-name", get(b"X(A): b\r\n"), NAME, nginx=True),
    Case("folded", get(b"X-A: b\r\n c\r\n"), FOLD),
    Case("folded-first", b"GET @PATH HTTP/1.1\r\n X-A: b\r\nHost: g\r\n@KEY\r\n", START),
    Case("empty-line-first", b"\r\n" + get(), EMPTY, nginx=True),
    Case("long-value", get(b"X-A: " + b"a" * 40000 + b"\r\n"), LARGE),
    Case("long-target", get(line=b"GET @PATH-" + b"a" * 40000 + b" HTTP/1.1"), LARGE),
    Case("two-blanks-in-the-line", get(line=b"GET  @PATH HTTP/1.1"), TARGET, nginx=True),
    Case("tab-in-the-line", get(line=b"GET\t@PATH HTTP/1.1"), METHOD),
    Case("blank-at-the-lines-end", get(line=b"GET @PATH HTTP/1.1 "), VERSION, nginx=True),
    Case("blank-in-the-target", get(line=b"GET @PATH x HTTP/1.1"), TARGET),
    Case("fragment", get(line=b"GET @PATH#x HTTP/1.1"), TARGET, nginx=True),
    Case("control-in-the-target", get(line=b"GET @PATH\x01 HTTP/1.1"), TARGET),
    Case("method-lower-case", get(line=b"get @PATH HTTP/1.1"), CAPITALS),
    Case("method-no-token", get(line=b"GE(T @PATH HTTP/1.1"), METHOD),
    Case("version-0.9", b"GET @PATH\r\n", VERSION, nginx=True, is_last=True),
    Case("version-0.9-said", get(line=b"GET @PATH HTTP/0.9"), VERSION),
    Case("version-1.2", get(line=b"GET @PATH HTTP/1.2"), VERSION, nginx=True),
    Case("version-2.0", get(line=b"GET @PATH HTTP/2.0"), VERSION),
    Case("version-01.1", get(line=b"GET @PATH HTTP/01.1"), VERSION),
    Case("version-lower-case", get(line=b"GET @PATH http/1.1"), VERSION),
    Case("version-1.0", get(line=b"GET @PATH HTTP/1.0"), None, b"", True, is_last=True),
    Case("no-host", get(host=b""), HOST),
    Case("two-hosts", get(host=b"Host: g\r\nHost: h\r\n"), HOST),
    Case("the-same-host-twice", get(host=b"Host: g\r\nHost: g\r\n"), HOST),
    Case("empty-host", get(host=b"Host:\r\n"), HOST),
    Case("host-with-user", get(host=b"Host: good@evil\r\n"), HOST, nginx=True),
    Case("host-with-path", get(host=b"Host: g/x\r\n"), HOST),
    Case("host-list", get(host=b"Host: g, h\r\n"), HOST),
    Case("host-with-odd-port", get(host=b"Host: g:x\r\n"), HOST, nginx=True),
    Case("absolute-differs", get(line=b"GET http://h@PATH HTTP/1.1"), TWO_NAMES, nginx=True),
    Case("absolute-with-user", get(line=b"GET http://u@g@PATH HTTP/1.1"), TARGET),
    Case("asterisk-get", get(line=b"GET * HTTP/1.1"), FORM),
    Case("no-slash", get(line=b"GET gemini HTTP/1.1"), FORM),
]

CASES = [*LENGTHS, *CODINGS, *CHUNKS, *LINES]
