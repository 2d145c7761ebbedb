"""Every operation of the OpenAPI document, called with what the document allows and with what it does not: answered as documented,
never with an error of the server's own (SEED and CALLS may be given). SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import os
import random
import re
import urllib.parse
from pathlib import Path

import jsonschema
import pytest

from support.generated import Generated

REPOSITORY = Path(__file__).resolve().parents[2]
#: Streams and upgrades, which have tests of their own; what would end the server's use for the others.
APART = {"session.events", "session.events.one", "tenant.scan", "session.attach", "backup.make", "root.rotate", "sign_in.end"}
SEED = int(os.environ.get("SEED", "20261128"))
CALLS = int(os.environ.get("CALLS", "25"))


@pytest.fixture
def document():
    return json.loads((REPOSITORY / "console" / "openapi.json").read_text())


def validator(document, schema):
    """Answers have what is said, and nothing that is not said."""
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]})


def pick(room, path):
    status, answer = room.api("GET", path)
    return [each["id"] for each in answer] if status == 200 else []


def known(room):
    words = {"tenant": ["acme", "other"], "name": ["alice", "bob", "acme", "one"], "member": ["alice", "bob"], "service": ["gemini", "github", "openai", "postgres"]}
    words["services"] = words["service"]
    words["skill"] = words["skills"] = ["one"]
    words["settings"] = ["host", "port", "user"]
    words["key"] = pick(room, "/api/v1/keys")
    words["session"] = pick(room, "/api/v1/sessions")
    words["id"] = [each for kind in ("keys", "sessions", "receipts", "tokens", "seals", "tickets", "sign-ins") for each in pick(room, f"/api/v1/{kind}")]
    words["value"] = [room.canaries.new("gemini") for _ in range(3)]
    words["role"] = ["owner", "admin", "member", "auditor"]
    return words


def send(room, method, path, query, headers, body):
    host, port = room.endpoints["control"].rsplit(":", 1)
    target = path + ("?" + urllib.parse.urlencode(query) if query else "")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def check_answer(document, operation, status, headers, octets):
    documented = operation["responses"].get(str(status))
    if documented is None:
        assert 400 <= status < 500 or status in (501, 503), "an error of the server's own"
        documented = operation["responses"]["default"]
    if "content" not in documented:
        assert octets == b""
        return
    assert headers["content-type"].startswith("application/json")
    answer = json.loads(octets)
    validator(document, documented["content"]["application/json"]["schema"]).validate(answer)
    if status >= 400:
        assert re.fullmatch(r"[a-z_]+", answer["error"]["code"]) and answer["error"]["message"]


@pytest.mark.violations  # keys that no provider knows are checked
def test_every_operation_answers_as_documented(make_room, document):
    chance = random.Random(SEED)
    room = make_room().people(members=("alice", "bob"))
    room.people("other", members=("carol",))
    for service in ("gemini", "openai"):
        room.add_key(service)
    room.cli("skill", "add", "one", "--tenant", "acme", "--service", "gemini")
    room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini")
    operator = (room.data / "operator.token").read_text().strip()
    operations = [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items() if each["operationId"] not in APART]
    assert len(operations) > 50
    seen = {}
    for number in range(CALLS):
        generated = Generated(document, chance, known(room))
        chance.shuffle(operations)
        for path, method, operation in operations:
            in_path, query, head = generated.parameters(operation)
            body, content_type = generated.body(operation)
            for name, value in in_path.items():
                path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
            headers = {"Authorization": f"Bearer {operator}"}
            if chance.random() < 0.03:
                headers["Authorization"] = chance.choice(["Bearer x", "Basic eDp5", "", "Bearer " + "k" * 5000])
            if content_type is not None:
                headers["Content-Type"] = content_type
            headers |= {name: value for name, value in head.items() if re.fullmatch(r"[!-~]+", value)}
            status, answer_headers, octets = send(room, method.upper(), path, query, headers, body)
            told = f"SEED={SEED}, round {number}: {method} {path} {query} {content_type} {str(body)[:600]} -> {status} {octets[:600]}"
            try:
                check_answer(document, operation, status, answer_headers, octets)
            except (AssertionError, jsonschema.ValidationError, ValueError, KeyError, TypeError) as wrong:
                pytest.fail(f"{told}\n{wrong}")
            seen.setdefault(operation["operationId"], set()).add(status)
    assert room.process.poll() is None
    done = {name for name, statuses in seen.items() if min(statuses) < 300}
    assert len(done) > 25, f"too little of it is right: {sorted(done)}"
    assert not {name for name, statuses in seen.items() if not any(400 <= each < 500 for each in statuses) and name not in ALWAYS}, seen


#: Take nothing, so nothing in them can be wrong but who calls.
ALWAYS = {"installation.show", "openapi.show", "access.show", "tenant.list", "service.list", "seal.list", "receipt.list", "sink.list", "audit.verify", "installation.inspect", "sign_in.list", "member.list", "key.list", "skill.list", "policy.list", "token.list", "ticket.list", "oauth.client.list", "identity.list", "identity_provider.list"}
