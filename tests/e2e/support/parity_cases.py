"""The parity table, first half (slots, paths, passes): what one request must come to, whichever way it takes into the gateway.

A case says what is asked and what must happen. `unless` holds the exceptions, each with its reason: nothing else may differ.
The other half is parity_heads.py.
SPDX-License-Identifier: Apache-2.0
"""

import base64
from dataclasses import dataclass, field

from support.ingresses import Asked

SLOT = "x-goog-api-key"


@dataclass
class Case:
    name: str
    ask: object  # (use, tag) -> Asked; `use` holds passes and keys, `tag` is this test's own word
    status: int = 200
    code: str | None = None
    reaches: bool = True  # the provider sees it, once, with the key in its place
    path: str | None = None  # as the provider sees it; "{tag}" is this test's own word
    outcome: str | None = "completed"  # of the use in the record; None: no use
    finding: str | None = None
    reset: bool = False
    script: object = None  # what the provider answers
    check: object = None  # (use, asked, answered, seen) -> None
    unless: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.status >= 400 and self.code and self.outcome == "completed":
            self.reaches, self.outcome = False, None


def simple(use, tag, **more):
    more.setdefault("headers", [(SLOT, use.token)])
    return Asked(f"/v1/{tag}", **more)


def in_header(name, value):
    return lambda use, tag: simple(use, tag, headers=[(name, value(use))])


def beside(*headers):
    return lambda use, tag: simple(use, tag, headers=[(SLOT, use.token), *headers])


def at(path, token=lambda use: use.token):
    return lambda use, tag: Asked(path.replace("{tag}", tag), headers=[(SLOT, token(use))])


def absent(*names):
    def check(use, asked, answered, seen):
        came = {name for name, _ in seen.headers}
        assert not came & set(names), came

    return check


def present(name, value):
    def check(use, asked, answered, seen):
        assert (name, value) in seen.headers, seen.headers

    return check


def no_query(use, asked, answered, seen):
    assert seen.target == seen.path, "nothing is left of the query that carried the pass"


def body_is(octets):
    def check(use, asked, answered, seen):
        assert seen.body == octets

    return check


def basic(use):
    return "Basic " + base64.b64encode(f"any:{use.token}".encode()).decode()


OWN = "AIza-an-agents-own-credential-that-no-provider-ever-sees"

RIGHT = [
    Case("right-answer", simple),
    Case("query-travels", at("/v1/{tag}?a=1&b=%2F")),
    Case("head", lambda use, tag: simple(use, tag, method="HEAD")),
    Case("delete", lambda use, tag: simple(use, tag, method="DELETE")),
    Case(
        "body-with-length",
        lambda use, tag: simple(use, tag, method="POST", body=b"octets \0\r\n" * 4000),
        check=body_is(b"octets \0\r\n" * 4000),
    ),
    Case(
        "body-in-chunks",
        lambda use, tag: simple(use, tag, method="POST", chunks=[b"a" * 5, b"b" * 50000]),
        check=body_is(b"a" * 5 + b"b" * 50000),
    ),
    Case(
        "empty-body",
        lambda use, tag: simple(use, tag, method="POST", body=b""),
        check=body_is(b""),
    ),
    Case(
        "expect-100-continue",
        lambda use, tag: Asked(
            f"/v1/{tag}",
            "POST",
            [(SLOT, use.token), ("Expect", "100-continue")],
            body=b"when asked",
            waits_for_continue=True,
        ),
        check=lambda use, asked, answered, seen: (
            body_is(b"when asked")(use, asked, answered, seen),
            answered.interim == [100] or _fail(answered.interim),
        ),
    ),
]


def _fail(what):
    raise AssertionError(what)


SLOTS = [
    Case("slot-own-other-case", in_header("X-Goog-Api-Key", lambda use: use.token)),
    Case("slot-underscores", in_header("x_goog_api_key", lambda use: use.token)),
    Case(
        "slot-bearer",
        in_header("Authorization", lambda use: f"Bearer {use.token}"),
        check=absent("authorization"),
    ),
    Case(
        "slot-token",
        in_header("Authorization", lambda use: f"Token {use.token}"),
        check=absent("authorization"),
    ),
    Case("slot-basic", in_header("Authorization", basic), check=absent("authorization")),
    Case(
        "slot-query",
        lambda use, tag: Asked(f"/v1/{tag}?key={use.token}"),
        check=no_query,
    ),
    Case(
        "slot-query-access-token",
        lambda use, tag: Asked(f"/v1/{tag}?access_token={use.token}"),
        check=no_query,
    ),
    Case(
        "own-bearer-beside",
        beside(("Authorization", f"Basic {OWN}")),
        check=absent("authorization"),
    ),
    Case(
        "own-key-in-underscores", beside(("x_goog_api_key", "own")), check=absent("x_goog_api_key")
    ),
    Case(
        "own-key-in-the-query",
        lambda use, tag: Asked(f"/v1/{tag}?key=own&%6bey=own2", headers=[(SLOT, use.token)]),
        check=no_query,
    ),
    Case(
        "own-proxy-authorization",
        beside(("Proxy-Authorization", "Basic eDp5")),
        check=absent("proxy-authorization"),
        unless={
            "absolute": dict(
                status=400,
                code="bad_request",
                reaches=False,
                outcome=None,
                why="it stands beside the one that lets the session in, and nobody can tell which of two is meant",
            )
        },
    ),
    Case(
        "forged-forwarding",
        beside(
            ("X-Forwarded-For", "10.0.0.1"),
            ("Forwarded", "for=10.0.0.1"),
            ("X-Forwarded-Host", "evil.example"),
            ("Via", "1.1 evil"),
            ("X-HTTP-Method-Override", "DELETE"),
        ),
        check=absent(
            "x-forwarded-for", "forwarded", "x-forwarded-host", "via", "x-http-method-override"
        ),
    ),
    Case(
        "hop-by-hop",
        beside(
            ("Connection", f"X-Hop, {SLOT}"),
            ("X-Hop", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
        ),
        check=absent("x-hop", "keep-alive"),
        unless={
            "http2": dict(
                status=0,
                reset=True,
                reaches=False,
                outcome=None,
                why="RFC 9113 8.2.2: Connection makes a request malformed",
            )
        },
    ),
    Case(
        "te-trailers",
        beside(("TE", "trailers")),
        check=present("te", "trailers"),
        unless={
            "websocket": dict(
                check=absent("te"),
                why="of its connection a request for a websocket says one thing, what it is to become: that has no trailers",
            )
        },
    ),
]


def denied(name, path, **more):
    return Case(name, at(path), 403, "denied_path", finding="denied_path", **more)


PATHS = [
    denied("denied", "/v1beta/triggers/{tag}"),
    denied("denied-escaped-letter", "/v1beta/%74riggers/{tag}"),
    denied("denied-dot", "/v1beta/./triggers/{tag}"),
    denied("denied-dots", "/v1beta/models/../triggers/{tag}"),
    denied("denied-escaped-dots", "/v1beta/models/%2e%2E/triggers/{tag}"),
    denied("denied-two-slashes", "/v1beta//triggers/{tag}"),
    denied("denied-upper-case", "/v1beta/TRIGGERS/{tag}"),
    denied("denied-parameter", "/v1beta/triggers;a=b/{tag}"),
    denied("denied-escaped-parameter", "/v1beta/triggers%3Ba/{tag}"),
    denied("denied-slash-at-the-end", "/v1beta/triggers/{tag}/"),
    denied("denied-escaped-slash", "/v1beta%2ftriggers/{tag}"),
    denied("denied-beside-an-escaped-slash", "/a%2fb/triggers/{tag}"),
    Case("escaped-slash", at("/v1/@a%2fb/{tag}"), path="/v1/@a%2Fb/{tag}"),
    Case("escaped-slash-and-dots", at("/v1beta/x%2F..%2Ftriggers/{tag}"), 400, "bad_request"),
    Case("escaped-backslash", at("/v1beta/x%5c..%5ctriggers/{tag}"), 400, "bad_request"),
    Case("escaped-twice", at("/v1beta/%2574riggers/{tag}"), path="/v1beta/%2574riggers/{tag}"),
    Case("escaped-nul", at("/v1beta/%00triggers/{tag}"), 400, "bad_request"),
    Case("above-the-root", at("/../../v1beta/triggers/{tag}"), 400, "bad_request"),
    denied("closed-by-policy", "/v1beta/closed/{tag}"),
    denied("closed-by-policy-escaped", "/v1beta/x/..//clo%73ed/{tag}"),
]

PASSES = [
    Case("no-pass", lambda use, tag: Asked(f"/v1/{tag}"), 401, "pass_missing"),
    Case("unknown-pass", at("/v1/{tag}", lambda use: "AIza" + "x" * 43), 401, "pass_unknown"),
    Case(
        "pass-of-another-service",
        at("/v1/{tag}", lambda use: use.passes["openai"]),
        403,
        "pass_wrong_service",
        finding="pass_wrong_service",
    ),
    Case("revoked-key", at("/v1/{tag}", lambda use: use.revoked), 403, "key_revoked"),
    Case(
        "pass-of-another-session",
        at("/v1/{tag}", lambda use: use.other),
        401,
        "pass_unknown",
        finding="pass_of_another_session",
        unless={
            "base": dict(
                status=200,
                code=None,
                reaches=True,
                outcome="completed of the other",
                finding=None,
                why="a base URL is no session's: the pass alone says whose it is",
            )
        },
    ),
    Case(
        "pass-of-another-host",
        lambda use, tag: Asked(
            f"/v1/{tag}", headers=[("x-key", use.passes["one"])], to="generic-http"
        ),
        401,
        "pass_unknown",
        finding="pass_of_another_session",
        unless={
            "base": dict(
                status=200,
                code=None,
                reaches=True,
                outcome="completed",
                finding=None,
                why="a base URL names no host: the request goes to the host of the key, which is the pass's own",
            )
        },
    ),
    Case(
        "pass-in-another-header",
        lambda use, tag: simple(use, tag, headers=[(SLOT, use.token), ("X-Note", use.token)]),
        400,
        "pass_misplaced",
        outcome="upstream_failed",
        reaches=False,
        finding="pass_misplaced",
    ),
    Case(
        "pass-in-the-body",
        lambda use, tag: simple(use, tag, method="POST", body=b'{"a":"' + use.token.encode() + b'"}'),
        400,
        "pass_misplaced",
        outcome="upstream_failed",
        reaches=False,
        finding="pass_misplaced",
    ),
    Case(
        "other-pass-encoded-in-the-body",
        lambda use, tag: simple(
            use, tag, method="POST", body=base64.b64encode(b"key " + use.passes["one"].encode())
        ),
        400,
        "pass_misplaced",
        outcome="upstream_failed",
        reaches=False,
        finding="pass_misplaced",
    ),
    Case(
        "pass-in-the-path",
        lambda use, tag: Asked(f"/v1/{tag}/{use.token}", headers=[(SLOT, use.token)]),
        400,
        "pass_misplaced",
        outcome="upstream_failed",
        reaches=False,
        finding="pass_misplaced",
    ),
    Case(
        "two-passes",
        lambda use, tag: Asked(f"/v1/{tag}?key={use.other}", headers=[(SLOT, use.token)]),
        400,
        "pass_misplaced",
        finding="pass_misplaced",
    ),
]
