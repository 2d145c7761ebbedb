"""Policies: what keys may be used for and how much, and errors an agent can act on.

Passes come from `strongroom session start`, so these tests speak from outside any workroom.
SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import os
import re
import shlex
import signal
import sys
import tomllib
import urllib.request

import pytest

from support.room import NOT_FOUND, REFUSED, REPOSITORY, WRONG_USE, flatten
from support.waiting import until

SLOTS = {
    "gemini": "x-goog-api-key",
    "elevenlabs": "xi-api-key",
    "anthropic": "x-api-key",
    "openai": "authorization",
}
GENERATE = "/gemini/v1beta/models/m:generateContent"
STREAM = "/gemini/v1beta/models/m:streamGenerateContent?alt=sse"
COST = 12  # tokens of each answer of the gemini stand-in


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def error(self):
        return json.loads(self.body)["error"]

    @property
    def code(self):
        return self.error["code"] if self.status >= 400 else None


class Session:
    """A session on some services, and requests with its passes."""

    def __init__(self, room, *services, tenant="acme", member="alice"):
        self.room = room
        named = [argument for service in services for argument in ("--service", service)]
        started = room.json("session", "start", "--tenant", tenant, "--member", member, *named)
        self.id = started["session"]["id"]
        self.passes = {issued["service"]: issued["pass"] for issued in started["passes"]}
        room.standins.passes(*self.passes.values())

    def open(self, method, path, body=None, headers=None, carrying=None):
        """A connection whose answer's head has come, and that answer."""
        service = path.split("/")[1].split("@")[0]
        token = self.passes[carrying or service]
        slot = SLOTS[service]
        value = f"Bearer {token}" if slot == "authorization" else token
        host, port = self.room.endpoints["gateway"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        content = None if body is None else json.dumps(body).encode()
        sent = {slot: value, **({"content-type": "application/json"} if body is not None else {})}
        connection.request(method, path, body=content, headers={**sent, **(headers or {})})
        return connection, connection.getresponse()

    def ask(self, method, path, body=None, **more):
        connection, answer = self.open(method, path, body, **more)
        try:
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def generate(self, path=GENERATE):
        return self.ask("POST", path, {"contents": [{"parts": [{"text": "hello"}]}]})


def policy(room, *arguments, tenant="acme"):
    return room.json("policy", "set", "--tenant", tenant, *map(str, arguments))


def metric(room, name):
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=20) as page:
        text = page.read().decode()
    found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def refusals(room, code):
    return metric(room, f'strongroom_gateway_refusals_total{{code="{code}"}}')


def test_F8_rules_hold_at_once_and_deny_wins(room, standins):
    key_id, _ = room.add_key("gemini")
    session = Session(room, "gemini")
    assert session.ask("GET", "/gemini/v1beta/models").status == 200
    policy(room, "--service", "gemini", "--allow", "GET,POST /v1beta/**")
    policy(room, "--key", key_id, "--deny", "GET /v1beta/models/*", "--deny", "DELETE /**")
    assert session.ask("DELETE", "/gemini/v1beta/files/a").code == "denied_path"
    seen = len(standins.requests())
    for method, path, whose in [
        ("GET", "/gemini/v1beta/models/m", "key"),
        ("GET", "/gemini/v1beta/MODELS/m", "key"),
        ("GET", "/gemini/v1beta/x/%2e%2e/models//m/", "key"),
        ("HEAD", "/gemini/v1beta/models/m", "key"),
        ("PUT", "/gemini/v1beta/files/a", "service"),
        ("GET", "/gemini/v1/models", "service"),
    ]:
        answer = session.ask(method, path)
        assert answer.status == 403, (method, path)
        if method != "HEAD":
            assert (answer.code, answer.error["limit_of"]) == ("denied_path", whose), path
    assert len(standins.requests()) == seen, "nothing of these has left the gateway"
    assert session.ask("GET", "/gemini/v1beta/models").status == 200
    until(lambda: refusals(room, "denied_path") >= 6, 30, "refusals are counted")
    found = lambda: [entry for entry in room.json("audit", "list") if entry["action"] == "finding"]
    until(lambda: any({"denied_path", session.id} <= set(flatten(entry)) for entry in found()), what="a finding")
    room.cli("policy", "remove", "--tenant", "acme", "--key", key_id)
    assert session.ask("GET", "/gemini/v1beta/models/m").status != 403
    acts = [entry["action"] for entry in room.json("audit", "list", "--tenant", "acme")]
    assert acts.count("policy.set") == 2 and acts.count("policy.remove") == 1


def test_a16_rules_hold_on_every_host_that_takes_the_same_key(room):
    """No host of a service is a way around what is closed on another."""
    room.add_key("elevenlabs")
    policy(room, "--service", "elevenlabs", "--deny", "* /v1/closed/**")
    session = Session(room, "elevenlabs")
    facts = tomllib.loads((REPOSITORY / "catalog" / "elevenlabs.toml").read_text())
    assert len(facts["hosts"]) > 1
    for host in facts["hosts"]:
        for path in ("v1/closed/x", "v1/service-accounts/x"):
            answer = session.ask("GET", f"/elevenlabs@{host}/{path}", carrying="elevenlabs")
            assert (answer.status, answer.code) == (403, "denied_path"), (host, path)


def test_routes_that_a_tenant_may_open_are_recorded_as_such(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    closed = session.ask("GET", "/gemini/v1beta/agents/1")
    assert (closed.status, closed.code) == (403, "denied_path")
    place = ["policy", "set", "--tenant", "acme", "--service", "gemini"]
    shown = room.json(*place, "--open", "GET /v1beta/agents/*", "--open", "* /v1beta/auth_tokens")
    assert shown["open"] == ["GET /v1beta/agents/*", "* /v1beta/auth_tokens"]

    def is_closed():
        return session.ask("GET", "/gemini/v1beta/agents/1").status == 403

    assert not is_closed()
    assert session.ask("POST", "/gemini/v1beta/auth_tokens", body={}).code == "denied_path"
    until(lambda: "opened_route" in json.dumps(room.json("audit", "list")), 30, "its use is told")
    shown = room.json(*place, "--no-open", "--rpm", "1000")
    assert shown["open"] == []
    assert is_closed()


def test_d8_what_becomes_of_a_pass_in_a_body_is_the_tenants_choice(room):
    room.add_key("gemini")
    session = Session(room, "gemini")
    body = {"contents": [{"parts": [{"text": f"env: GEMINI_API_KEY={session.passes['gemini']}"}]}]}
    assert session.ask("POST", GENERATE, body=body).code == "pass_misplaced"
    place = ["policy", "set", "--tenant", "acme", "--service", "gemini"]
    shown = room.json(*place, "--on-misplaced", "mask", "--on-echo", "cut")
    assert (shown["on_misplaced"], shown["on_echo"]) == ("mask", "cut")
    assert session.ask("POST", GENERATE, body=body).status == 200, "it is masked"
    found = lambda: [entry for entry in room.json("audit", "list") if entry["action"] == "finding"]
    until(lambda: "pass_misplaced" in json.dumps(found()), what="it is found")
    room.cli(*place, "--on-echo", "loudly", expect=WRONG_USE)
    room.cli(*place, "--on-misplaced", "refuse", "--on-echo", "mask", "--rpm", "1000")
    assert session.ask("POST", GENERATE, body=body).status == 400, "it is refused again"


def test_a_minute_and_at_once(room, standins):
    room.add_key("gemini")
    policy(room, "--service", "gemini", "--rpm", 3)
    session = Session(room, "gemini")
    answers = [session.ask("GET", "/gemini/v1beta/models") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.error["limit"] == "requests_per_minute"
    assert (refused.code, refused.error["limit_of"]) == ("rate_limited", "service")
    other = Session(room, "gemini")
    assert other.ask("GET", "/gemini/v1beta/models").code == "rate_limited", "one key, one count"

    policy(room, "--service", "gemini", "--rpm", 0, "--concurrent", 1)
    standins.stream(events=2, hold=True)

    connection, answer = session.open("POST", STREAM, {"contents": []})
    assert answer.status == 200, "the new policy holds"
    assert answer.readline().startswith(b"data:")
    second = other.generate()
    assert (second.code, second.error["limit"]) == ("rate_limited", "concurrent")
    standins.release()
    answer.read()
    connection.close()
    until(lambda: other.generate().status == 200, 30, "the place is free again")


def spend(session, room, budget):
    """Uses up a budget of tokens; how many answers that took."""
    count = 0
    while (answer := session.generate()).status == 200:
        count += 1
        assert count < 2 * budget // COST
        until(
            lambda: room.json("policy", "show", "--tenant", "acme", "--service", "gemini")[
                "units_today"
            ]
            >= count * COST,
            30,
            "it is settled",
        )
    assert (answer.status, answer.code, answer.error["limit"]) == (429, "budget_spent", "budget")
    assert int(answer.headers["retry-after"]) >= 1
    return count


def test_N7_a_days_budget_outlives_the_gateway_and_the_server(room):
    room.add_key("gemini")
    policy(room, "--service", "gemini", "--budget", "tokens=30")
    session = Session(room, "gemini")
    assert spend(session, room, 30) == 3
    shown = room.json("policy", "show", "--tenant", "acme", "--service", "gemini")
    assert shown["units_today"] == 3 * COST and shown["bytes_today"] > 0

    [gateway] = room.gateway_pids()
    os.kill(gateway, signal.SIGKILL)
    until(lambda: room.gateway_pids() not in ([gateway], []), 30, "another gateway has begun")
    assert session.generate().code == "budget_spent"

    room.stop()
    room.start()
    assert session.generate().code == "budget_spent"
    policy(room, "--service", "gemini", "--budget", "tokens=1000")
    assert session.generate().status == 200, "there is more to spend"


def test_N7_two_gateways_share_a_days_budget(make_room):
    room = make_room(("--gateway-processes", "2")).people()
    room.add_key("gemini")
    policy(room, "--service", "gemini", "--budget", "tokens=100")
    session = Session(room, "gemini")

    def all_refuse():
        return all(session.generate().code == "budget_spent" for _ in range(12))

    until(all_refuse, 60, "each gateway knows what the other has spent")
    shown = room.json("policy", "show", "--tenant", "acme", "--service", "gemini")
    assert 100 <= shown["units_today"] <= 2 * 100 + 2 * COST


def test_N7_costs_as_each_service_states_them(room, standins):
    for service in ("anthropic", "openai", "elevenlabs"):
        room.add_key(service)
    policy(room, "--budget", "tokens=100000")
    policy(room, "--service", "elevenlabs", "--budget", "characters=100000")
    session = Session(room, "anthropic", "openai", "elevenlabs")

    def spent(*place):
        return room.json("policy", "show", "--tenant", "acme", *place)["units_today"]

    zipped = {"accept-encoding": "gzip, deflate, br"}
    message = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hello"}]}
    assert session.ask("POST", "/anthropic/v1/messages", message, headers=zipped).status == 200
    until(lambda: spent() == 8, 30, "anthropic: three in, five out")
    streamed = session.ask("POST", "/anthropic/v1/messages", {**message, "stream": True})
    assert streamed.status == 200 and b"message_delta" in streamed.body
    before = until(lambda: spent() > 8 and spent(), 30, "a stream is counted")
    chat = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert session.ask("POST", "/openai/v1/chat/completions", chat).status == 200
    until(lambda: spent() == before + 3, 30, "openai states three")
    silent = session.ask("POST", "/openai/v1/chat/completions", {**chat, "stream": True})
    assert silent.status == 200 and b"usage" not in silent.body
    until(lambda: spent() > before + 3, 30, "a stream that states nothing is guessed at")
    speech = session.ask("POST", "/elevenlabs/v1/text-to-speech/v", {"text": "twelve chars"})
    assert speech.status == 200
    until(lambda: spent("--service", "elevenlabs") == 12, 30, "elevenlabs: by a header")


def test_N7_no_answer_without_its_cost_while_a_budget_holds(room, standins):
    room.add_key("gemini")
    session = Session(room, "gemini")
    path = GENERATE
    body = {"contents": [{"parts": [{"text": "hello"}]}]}
    assert session.ask("POST", f"{path}?fields=candidates", body).status == 200
    policy(room, "--service", "gemini", "--budget", "tokens=100000")
    for query, headers in (("?fields=candidates", {}), ("", {"x-goog-fieldmask": "candidates"})):
        refused = session.ask("POST", path + query, body, headers=headers)
        assert (refused.status, refused.code) == (403, "denied_path")
    assert session.ask("POST", path, body).status == 200


def test_N8_one_tenant_cannot_starve_another(make_room, standins):
    room = make_room(start=False)
    room.configure_gateway("tenant_exchanges = 2")
    room.start().people()
    room.people("globex", ("carol",))
    room.add_key("gemini")
    room.add_key("gemini", tenant="globex")
    greedy = Session(room, "gemini")
    modest = Session(room, "gemini", tenant="globex", member="carol")
    standins.stream(events=2, hold=True)
    streams = [greedy.open("POST", STREAM, {"contents": []}) for _ in range(2)]
    assert [answer.status for _, answer in streams] == [200, 200]
    refused = greedy.ask("GET", "/gemini/v1beta/models")
    assert (refused.status, refused.code) == (429, "tenant_busy")
    assert refused.error["limit_of"] == "tenant" and refused.headers["retry-after"] == "1"
    for _ in range(5):
        assert modest.ask("GET", "/gemini/v1beta/models").status == 200
    standins.release()
    for connection, answer in streams:
        answer.read()
        connection.close()
    assert greedy.ask("GET", "/gemini/v1beta/models").status == 200
    until(lambda: refusals(room, "tenant_busy") == 1, 30, "it is counted")


def test_errors_say_what_would_mend_them(room, standins):
    key_id, value = room.add_key("gemini")
    room.add_key("openai")
    session = Session(room, "gemini")
    ungranted = session.ask("GET", "/openai/v1/models", carrying="gemini")
    assert (ungranted.status, ungranted.code) == (403, "not_granted")
    missing = session.ask("GET", "/anthropic/v1/models", carrying="gemini")
    assert (missing.status, missing.code) == (403, "not_connected")
    link = f"{room.console_url()}#connect=anthropic"
    assert missing.error["link"] == link
    with urllib.request.urlopen(link, timeout=20) as page:
        assert page.status == 200, "the link leads to the console"
    never = room.cli(
        *("session", "start", "--tenant", "acme", "--member", "alice", "--service", "anthropic"),
        expect=NOT_FOUND,
    )
    assert "#keys" in never.stderr

    standins.revoke("gemini", value)
    assert session.ask("GET", "/gemini/v1beta/models").status == 400
    until(lambda: room.key(key_id)["state"] == "rejected_by_provider", 30, "it is noticed")
    answer = session.ask("GET", "/gemini/v1beta/models")
    assert answer.status == 400, "the provider's own answer"
    assert answer.headers["strongroom-code"] == "key_rejected"
    room.revoke(key_id)
    assert session.ask("GET", "/gemini/v1beta/models").code == "key_revoked"


AGENT = """
import json, openai
client = openai.OpenAI(max_retries=0)
def ask():
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
ask()
try:
    ask()
except openai.RateLimitError as error:
    print(json.dumps({"code": error.code, "after": error.response.headers["retry-after"]}))
"""


def test_an_unmodified_sdk_understands(room):
    room.add_key("openai")
    policy(room, "--service", "openai", "--rpm", 1)
    done = room.run(["openai"], [sys.executable, "-c", AGENT])
    said = json.loads(done.stdout)
    assert said["code"] == "rate_limited" and 1 <= int(said["after"]) <= 60


@pytest.mark.parametrize(
    "arguments",
    [
        ["--service", "gemini"],
        ["--service", "gemini", "--deny", "delete /v1"],
        ["--service", "gemini", "--deny", "DELETE v1"],
        ["--service", "gemini", "--rpm", "-1"],
        ["--service", "gemini", "--rpm", "many"],
        ["--service", "gemini", "--budget", "1000"],
        ["--service", "gemini", "--budget", "bananas=5"],
        ["--service", "gemini", "--allow", "GET /", "--no-allow"],
        ["--key", "nonsense", "--rpm", "5"],
    ],
    ids=lambda arguments: " ".join(arguments[-2:]),
)
def test_what_cannot_be_is_refused(room, arguments):
    done = room.cli("policy", "set", "--tenant", "acme", *arguments, expect=WRONG_USE)
    assert done.stderr.strip() and room.json("policy", "list") == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--service", "gemini", "--deny", "DELETE v1/x"], "the path begins with a slash"),
        (["--service", "gemini", "--deny", "DELETE v1"], "begins with a slash"),
        (["--service", "gemini", "--deny", "DELETE/v1"], "a space stands between"),
        (["--tunnel", "127.0.0.1:22"], "no address, no wildcard"),
        (["--tunnel", "*.x.test:443"], "no address, no wildcard"),
    ],
    ids=lambda each: each[-1] if isinstance(each, list) else "",
)
def test_a_refusal_says_what_is_wrong_with_it(room, arguments, said):
    assert said in room.cli("policy", "set", "--tenant", "acme", *arguments, expect=WRONG_USE).stderr


def test_the_examples_of_help_work(room):
    """Against a server, not just as command lines."""
    page = room.cli("policy", "set", "--help").stdout
    examples = [line.split("$ ")[-1].strip() for line in page.splitlines() if "$ strongroom" in line or line.strip().startswith("strongroom policy set --tenant acme")]
    assert len(examples) >= 2
    for example in examples:
        room.cli(*shlex.split(example)[1:])


def test_what_tools_hold_cannot_be_limited(room):
    done = room.cli(
        "policy", "set", "--tenant", "acme", "--service", "github", "--rpm", "5", expect=None
    )
    assert done.returncode not in (0, REFUSED) and "workroom" in done.stderr
    room.cli("policy", "show", "--tenant", "acme", "--service", "gemini", expect=NOT_FOUND)
    room.cli("policy", "remove", "--tenant", "acme", expect=NOT_FOUND)
