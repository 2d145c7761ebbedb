"""The parity table, second half: heads that are refused, answers, websockets. See parity_cases.py.

SPDX-License-Identifier: Apache-2.0
"""

from support.ingresses import Asked, upgrade_headers
from support.parity_cases import PASSES, PATHS, RIGHT, SLOT, SLOTS, Case, absent, at, beside, simple
from support.recorder import answer

ELSEWHERE = "https://elsewhere.example/next"

RESET = "HTTP/2 refuses a malformed head as RFC 9113 8.1.1 says: the stream is reset"
# What is well-formed HTTP/2 and refused by the layer below the pipeline has a status and no body there.
BARE = "the HTTP/2 layer answers a head beyond its limits with the status alone"
HEADS_TOO_LARGE = {"http2": dict(code=None, why=BARE)}
MALFORMED = {"http2": dict(status=0, code=None, reset=True, why=RESET)}
HEADS = [
    Case(
        "head-too-large", beside(("X-Large", "x" * 33000)), 431, "too_large", unless=HEADS_TOO_LARGE
    ),
    Case(
        "too-many-headers",
        beside(*[(f"X-{n}", "x") for n in range(100)]),
        431,
        "too_large",
        unless=HEADS_TOO_LARGE,
    ),
    Case(
        "target-too-long", at("/v1/{tag}/" + "x" * 17000), 414, "too_large", unless=HEADS_TOO_LARGE
    ),
    Case(
        "length-and-coding",
        lambda use, tag: simple(
            use,
            tag,
            method="POST",
            headers=[(SLOT, use.token), ("Transfer-Encoding", "chunked")],
            body=b"0\r\n\r\n",
        ),
        400,
        "bad_request",
        unless=MALFORMED,
    ),
    Case(
        "two-lengths",
        lambda use, tag: simple(
            use,
            tag,
            method="POST",
            headers=[(SLOT, use.token), ("Content-Length", "3")],
            body=b"abcd",
        ),
        400,
        "bad_request",
        unless=MALFORMED,
    ),
    Case(
        "unknown-coding",
        lambda use, tag: simple(
            use,
            tag,
            method="POST",
            headers=[(SLOT, use.token), ("Transfer-Encoding", "gzip, chunked")],
        ),
        501,
        "bad_request",
        unless=MALFORMED,
    ),
    Case(
        "two-hosts",
        lambda use, tag: simple(use, tag, second_host="evil.example"),
        400,
        "bad_request",
        unless=MALFORMED,
    ),
    Case("space-in-a-name", beside(("X Bad", "1")), 400, "bad_request", unless=MALFORMED),
    Case("nul-in-a-value", beside(("X-Bad", "a\0b")), 400, "bad_request", unless=MALFORMED),
    Case(
        "line-in-a-value",
        beside(("X-Bad", "a\nX-Goog-Api-Key: own")),
        400,
        "bad_request",
        unless=MALFORMED,
    ),
    Case(
        "another-host",
        lambda use, tag: simple(use, tag, host="evil.example"),
        400,
        "host_mismatch",
        finding="host_mismatch",
        unless={
            "base": dict(
                status=200,
                code=None,
                reaches=True,
                outcome="completed",
                finding=None,
                why="at a base URL Host is the gateway's own name and decides nothing",
            ),
            "absolute": dict(
                code="bad_request",
                finding=None,
                why="refused as one head that names two hosts, before anyone is known",
            ),
        },
    ),
    Case(
        "unknown-expectation",
        beside(("Expect", "a-miracle")),
        400,
        "bad_request",
        unless={"http2": dict(status=417, code=None, why=BARE)},
    ),
    Case("trace", lambda use, tag: simple(use, tag, method="TRACE"), 405, "method_not_allowed"),
    Case(
        "upgrade-to-h2c",
        beside(
            ("Upgrade", "h2c"),
            ("Connection", "Upgrade"),
            ("Connection", "HTTP2-Settings"),
            ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
        ),
        400,
        "bad_request",
        check=absent("upgrade", "connection", "http2-settings"),
        unless={
            "base": dict(
                status=200,
                code=None,
                reaches=True,
                outcome="completed",
                why="a wish that a server may ignore (RFC 9110 7.8), which Java makes; a tunnel stays what is looked into",
            ),
            "http2": dict(
                status=0, code=None, reset=True, reaches=False, outcome=None, why=RESET
            ),
        },
    ),
]


def echoed_body(seen):
    return answer(("the key is " + seen.request.all(SLOT)[0]).encode())


def echoed_header(seen):
    return answer(b"", headers=[("X-Echo", seen.request.all(SLOT)[0])])


def masks_the_key(use, asked, answered, seen):
    assert seen.all(SLOT) == [use.key], "the provider had it to echo"
    whole = answered.body + repr(answered.headers).encode()
    assert use.key.encode() not in whole
    assert b"the key is ****" in whole or any(answered.all("x-echo")), answered


def not_followed(use, asked, answered, seen):
    assert answered.all("location") == [ELSEWHERE]
    assert seen.all(SLOT) == [use.key]


def redirect(status):
    return lambda seen: answer(b"", status, [("Location", ELSEWHERE), ("Alt-Svc", 'h3=":443"')])


ANSWERS = [
    *[
        Case(
            f"redirect-{status}",
            simple,
            status,
            script=redirect(f"{status} Elsewhere"),
            check=not_followed,
        )
        for status in (301, 302, 303, 307, 308)
    ],
    Case("echo-in-the-body", simple, script=echoed_body, finding="key_echoed", check=masks_the_key),
    Case(
        "echo-in-a-header", simple, script=echoed_header, finding="key_echoed", check=masks_the_key
    ),
    Case("no-content", simple, 204, script=lambda seen: b"HTTP/1.1 204 No Content\r\n\r\n"),
    Case(
        "providers-own-refusal",
        simple,
        429,
        script=lambda seen: answer(b"slow", "429 Slow", [("Retry-After", "7")]),
    ),
    Case(
        "encoded-all-the-same",
        simple,
        502,
        "upstream_encoding",
        script=lambda seen: answer(b"x", headers=[("Content-Encoding", "gzip")]),
        reaches=True,
        outcome="upstream_failed",
    ),
    Case(
        "malformed-answer",
        lambda use, tag: simple(use, tag, method="POST", body=b""),
        502,
        "upstream_protocol",
        script=lambda seen: b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        reaches=True,
        outcome="upstream_failed",
    ),
    Case(
        "early-hints",
        simple,
        script=lambda seen: b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
        + answer(b"ok"),
    ),
]


def socket_headers(use, tag):
    return Asked(f"/v1/{tag}", headers=[(SLOT, use.token), *upgrade_headers()])


WEBSOCKETS = [
    Case(
        "websocket",
        socket_headers,
        101,
        finding="key_echoed",
        unless={
            "http2": dict(
                status=0,
                reset=True,
                reaches=False,
                outcome=None,
                finding=None,
                why="RFC 8441 is not offered: no SETTINGS_ENABLE_CONNECT_PROTOCOL",
            )
        },
    ),
    Case(
        "websocket-denied",
        lambda use, tag: Asked(f"/v1beta/triggers/{tag}", headers=socket_headers(use, tag).headers),
        403,
        "denied_path",
        finding="denied_path",
        unless={"http2": dict(status=0, code=None, reset=True, finding=None, why="as above")},
    ),
]


CASES = [*RIGHT, *SLOTS, *PATHS, *PASSES, *HEADS, *ANSWERS, *WEBSOCKETS]
