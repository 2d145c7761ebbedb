"""One table of requests, every way into the gateway, there also as websockets: what comes of a request does not depend on how it got in.

The table, with its exceptions and their reasons, is support/parity_cases.py and parity_heads.py. SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json
from collections import defaultdict

import pytest

from support.ingresses import INGRESSES, Absolute, Session
from support.parity_cases import SLOT
from support.parity_heads import CASES
from support.recorder import Recorder
from support.room import Room
from support.waiting import until

HOSTS = {
    "gemini": "generativelanguage.googleapis.com",
    "openai": "api.openai.com",
    "generic-http": "other.standin.test",
}
THEIRS = "api.standin.test"


class World:
    """A running Strongroom, its provider, and the keys that every case may use."""

    def __init__(self, folder, canaries, environment):
        self.recorder = Recorder(folder / "provider", [*HOSTS.values(), THEIRS])
        (folder / "room").mkdir(mode=0o700)
        self.room = Room(folder / "room", self.recorder, canaries, environment).start().people()
        _, self.key = self.room.add_key("gemini", label="main")
        self.room.add_key("openai")
        revoked, _ = self.room.add_key("gemini", label="gone")
        for label, host in (("one", THEIRS), ("two", HOSTS["generic-http"])):
            self.room.add_key(
                "generic-http", label=label, settings={"host": host, "header": "x-key"}
            )
        self.room.cli(
            "policy",
            "set",
            "--tenant",
            "acme",
            "--service",
            "gemini",
            "--deny",
            "* /v1beta/closed/**",
        )
        self.other = self.session()
        self.gone = Session(
            self.room, HOSTS, "gemini:main", "gemini:gone", flags=["--socket"]
        )
        self.room.cli("key", "revoke", revoked)
        self.tags = (f"t{number}t" for number in itertools.count(1))

    def session(self, flags=()):
        services = ("gemini:main", "openai", "generic-http:one", "generic-http:two")
        return Session(self.room, HOSTS, *services, flags=flags)

    def stop(self):
        self.other.end()
        self.gone.end()
        assert self.room.stop() == 0
        self.recorder.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, suite_folder, canaries, environment):
    folder = suite_folder / "parity"
    folder.mkdir()
    world = World(folder, canaries, environment)
    yield world
    world.stop()


class Use:
    """What a case asks with: a session of its own, so that its record holds nothing else."""

    def __init__(self, world, session):
        self.key, self.passes, self.token = world.key, session.passes, session.passes["main"]
        self.other, self.revoked = world.other.passes["main"], world.gone.passes["gone"]


def expected_of(case, ingress):
    """The case as it holds for this ingress."""
    kinds = {
        "http2": ingress.is_h2,
        # A session's own socket says whose a request is, as a tunnel does.
        "base": not ingress.is_inspected
        and not (ingress.is_session and case.name == "pass-of-another-session"),
        "absolute": issubclass(ingress, Absolute),
        "websocket": ingress.is_websocket,
    }
    wanted = {
        name: getattr(case, name)
        for name in ("status", "code", "reaches", "path", "outcome", "finding", "reset", "check")
    }
    for kind, instead in case.unless.items():
        assert instead["why"], "an exception has a reason"
        if kinds[kind]:
            wanted |= {name: value for name, value in instead.items() if name != "why"}
    if ingress.is_websocket and wanted["status"] == 200 and case.script is None:
        # The provider agrees, and says the key.
        wanted["status"] = 101
        if wanted["outcome"] == "completed":
            wanted["finding"] = "key_echoed"
    return wanted


class Anybody:
    """Whoever asks: for what does not depend on it."""

    key = token = other = revoked = "anything"
    passes = defaultdict(lambda: "anything")


def may_be_asked(case, ingress):
    """Only a GET becomes a websocket (RFC 6455 4.1), one that does not ask for another upgrade itself."""
    asked = case.ask(Anybody, "tag")
    is_plain_get = asked.method == "GET" and "Upgrade" not in dict(asked.headers)
    return is_plain_get or not ingress.is_websocket


ASKED = [
    pytest.param(case, ingress, id=f"{case.name}-{ingress.name}")
    for case, ingress in itertools.product(CASES, INGRESSES)
    if may_be_asked(case, ingress)
]


@pytest.fixture
def session(world, case, ingress):
    flags = ["--socket"] if ingress.is_session else []
    session = world.gone if case.name == "revoked-key" else world.session(flags)
    yield session
    if session is not world.gone:
        session.end()


@pytest.mark.parametrize("case, ingress", ASKED)
def test_one_outcome(world, session, case, ingress):
    tag, use = next(world.tags), Use(world, session)
    wanted = expected_of(case, ingress)
    if case.script is not None:
        world.recorder.script[tag] = case.script
    asked = case.ask(use, tag)
    of_the_other = wanted["outcome"] == "completed of the other"
    before = len(uses_of(world.other.record())) if of_the_other else 0
    answered = ingress(session).ask(asked)

    assert (answered.status, answered.reset) == (wanted["status"], wanted["reset"]), answered
    if wanted["code"] is not None:
        assert json.loads(answered.body)["error"]["code"] == wanted["code"]
    everything = repr(answered.headers).encode() + answered.body + b"".join(answered.messages)
    assert use.key.encode() not in everything
    seen = world.recorder.seen(tag)
    if not wanted["reaches"]:
        # A head whose body was on its way may have come; it must not look whole, nor hold a pass.
        assert all(each.is_cut for each in seen), seen
        assert not any(kept in repr(each) for each in seen for kept in use.passes.values()), seen
    else:
        assert len(seen) == 1
        check_what_the_provider_saw(world, use, asked, wanted, seen[0], tag)
        if wanted["check"] is not None:
            wanted["check"](use, asked, answered, seen[0].request)
    check_record(world, session, wanted, asked, tag, before)
    if answered.status == 101:
        assert answered.messages == [b"hello", b"*" * len(slot_and_key(world, use, asked)[1])]


def slot_and_key(world, use, asked):
    if asked.to == "generic-http":
        return "x-key", world.recorder.keys["generic"][0]
    return SLOT, use.key


def check_what_the_provider_saw(world, use, asked, wanted, seen, tag):
    assert seen.fault is None, seen.fault
    slot, key = slot_and_key(world, use, asked)
    request = seen.request
    assert request.all(slot) == [key], "the key, once, in its place"
    assert request.method == asked.method
    path = (wanted["path"] or asked.path).replace("{tag}", tag).partition("?")[0]
    assert request.path == path
    host = THEIRS if asked.to == "generic-http" else HOSTS[asked.to]
    assert request.all("host") == [host]
    whole = request.target + repr(request.headers) + request.body.decode("latin1")
    for kept in (*use.passes.values(), use.other, use.revoked):
        assert kept not in whole, "no pass leaves"
    if not asked.method == "HEAD":
        assert whole.count(key) == 1


def check_record(world, session, wanted, asked, tag, before):
    outcome, finding = wanted["outcome"], wanted["finding"]
    if outcome == "completed of the other":
        until(
            lambda: len(uses := uses_of(world.other.record())) == before + 1 and are_settled(uses),
            what="the use is in the record",
        )
        entry = uses_of(world.other.record())[-1]
        assert (entry["outcome"], entry["status"]) == ("completed", wanted["status"])
        outcome = None
    count = (outcome is not None) + (finding is not None)
    (entries,) = until(
        lambda: len(found := tagged(session, tag)) >= count and are_settled(uses_of(found)) and (found,),
        what="the record is complete",
    )
    uses = uses_of(entries)
    findings = [entry for entry in entries if entry["action"] == "finding"]
    assert [entry["outcome"] for entry in findings] == ([finding] if finding else [])
    assert [entry.get("outcome") for entry in uses] == ([outcome] if outcome else [])
    if outcome == "completed":
        assert (uses[0]["status"], uses[0]["method"]) == (wanted["status"], asked.method)
        assert tag in uses[0]["path"]


def uses_of(entries):
    return [entry for entry in entries if entry["action"] == "use"]


def are_settled(uses):
    """A use is in the record before it has gone, and its outcome once the gateway has told of that."""
    return all("outcome" in entry for entry in uses)


def tagged(session, tag):
    """This test's entries; those that name no path are of this session's only request."""
    return [entry for entry in session.record() if tag in entry.get("path", tag)]
