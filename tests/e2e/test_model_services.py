"""Services of models, media and searches, each as its own clients use it: with its variables, by its base URL or through the proxy.

Their provider is a recorder that takes a key in the one right place only. SPDX-License-Identifier: Apache-2.0
"""

import json
import socket
import sys
import urllib.parse
from dataclasses import dataclass

import pytest

from support.recorder import Recorder, answer
from support.room import Room, last_json

JSON = [("Content-Type", "application/json")]


@dataclass
class Case:
    """One service. `url` is what a client asks for, `$NAME` a variable of its workroom; it arrives as `arrives`, host and path."""

    variable: str
    url: str
    arrives: str
    slot: str  # of the key at the provider; `{}` is the key
    denied: str | None  # "METHOD url", or nothing known that is to be
    bad: tuple  # how a bad key is answered
    shows: str | None = None  # how its client shows the pass; as `slot` if nothing is said
    tells_of_good_keys: bool = True  # the check


BEARER = "authorization: Bearer {}"
CASES = {
    "vertex": Case(
        "GOOGLE_API_KEY",
        "$GOOGLE_VERTEX_BASE_URL/v1beta1/publishers/google/models/m:generateContent",
        "aiplatform.googleapis.com/v1beta1/publishers/google/models/m:generateContent",
        "x-goog-api-key: {}",
        "POST $GOOGLE_VERTEX_BASE_URL/v1/projects/p/locations/l/endpoints/e:setIamPolicy",
        (400, {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}),
    ),
    "mistral": Case(
        "MISTRAL_API_KEY",
        "https://api.mistral.ai/v1/chat/completions",
        "api.mistral.ai/v1/chat/completions",
        BEARER,
        "POST https://api.mistral.ai/v1/admin/api-keys",
        (401, {"detail": "Unauthorized"}),
    ),
    "groq": Case(
        "GROQ_API_KEY",
        "$GROQ_BASE_URL/openai/v1/chat/completions",
        "api.groq.com/openai/v1/chat/completions",
        BEARER,
        None,
        (401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}),
    ),
    "replicate": Case(
        "REPLICATE_API_TOKEN",
        "$REPLICATE_BASE_URL/v1/predictions",
        "api.replicate.com/v1/predictions",
        BEARER,
        "GET $REPLICATE_BASE_URL/v1/webhooks/default/secret",
        (401, {"title": "Unauthenticated", "status": 401}),
        shows="authorization: Token {}",
    ),
    "stability": Case(
        "STABILITY_KEY",
        "https://api.stability.ai/v2beta/stable-image/generate/core",
        "api.stability.ai/v2beta/stable-image/generate/core",
        BEARER,
        None,
        (401, {"name": "unauthorized", "errors": ["Incorrect API key"]}),
    ),
    "deepgram": Case(
        "DEEPGRAM_API_KEY",
        "https://api.deepgram.com/v1/listen?model=nova-3",
        "api.deepgram.com/v1/listen?model=nova-3",
        "authorization: Token {}",
        "POST https://api.deepgram.com/v1/auth/grant",
        (401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}),
    ),
    "assemblyai": Case(
        "ASSEMBLYAI_API_KEY",
        "$ASSEMBLYAI_BASE_URL/v2/transcript",
        "api.assemblyai.com/v2/transcript",
        "authorization: {}",
        "GET https://streaming.assemblyai.com/v3/token?expires_in_seconds=60",
        (401, {"error": "Authentication error, API token missing/invalid"}),
    ),
    "runway": Case(
        "RUNWAYML_API_SECRET",
        "$RUNWAYML_BASE_URL/v1/image_to_video",
        "api.dev.runwayml.com/v1/image_to_video",
        BEARER,
        "POST $RUNWAYML_BASE_URL/v1/realtime_sessions",
        (401, {"error": "Invalid token"}),
    ),
    "luma": Case(
        "LUMAAI_API_KEY",
        "$LUMAAI_BASE_URL/generations",
        "api.lumalabs.ai/dream-machine/v1/generations",
        BEARER,
        None,
        (403, {"detail": "Not authenticated"}),
    ),
    "fal": Case(
        "FAL_KEY",
        "https://queue.fal.run/fal-ai/flux/dev",
        "queue.fal.run/fal-ai/flux/dev",
        "authorization: Key {}",
        "POST https://rest.fal.ai/tokens/",
        (401, {"detail": "Authentication failed"}),
    ),
    "perplexity": Case(
        "PERPLEXITY_API_KEY",
        "$PERPLEXITY_BASE_URL/chat/completions",
        "api.perplexity.ai/chat/completions",
        BEARER,
        "POST $PERPLEXITY_BASE_URL/generate_auth_token",
        (401, {"error": {"message": "Invalid API key provided.", "type": "invalid_api_key"}}),
    ),
    "tavily": Case(
        "TAVILY_API_KEY",
        "https://api.tavily.com/search",
        "api.tavily.com/search",
        BEARER,
        "POST https://api.tavily.com/generate-keys",
        (401, {"detail": {"error": "Unauthorized: missing or invalid API key."}}),
    ),
    "exa": Case(
        "EXA_API_KEY",
        "https://api.exa.ai/contents",
        "api.exa.ai/contents",
        "x-api-key: {}",
        "POST https://api.exa.ai/websets/v0/webhooks",
        (401, {"error": "Invalid API key", "tag": "INVALID_API_KEY"}),
        tells_of_good_keys=False,
    ),
    "serpapi": Case(
        "SERPAPI_API_KEY",
        "https://serpapi.com/search.json?q=a",
        "serpapi.com/search.json?q=a",
        "?api_key={}",
        None,
        (401, {"error": "Invalid API key. Your API key should be here: https://serpapi.com/manage-api-key"}),
    ),
    "brave": Case(
        "BRAVE_API_KEY",
        "https://api.search.brave.com/res/v1/news/search?q=a",
        "api.search.brave.com/res/v1/news/search?q=a",
        "x-subscription-token: {}",
        None,
        (422, {"error": {"code": "SUBSCRIPTION_TOKEN_INVALID", "status": 422}, "type": "ErrorResponse"}),
        tells_of_good_keys=False,
    ),
    "cohere": Case(
        "CO_API_KEY",
        "$CO_API_URL/v2/chat",
        "api.cohere.com/v2/chat",
        BEARER,
        "POST $CO_API_URL/v1/connectors",
        (401, {"message": "invalid api token"}),
    ),
    "together": Case(
        "TOGETHER_API_KEY",
        "$TOGETHER_BASE_URL/chat/completions",
        "api.together.ai/v1/chat/completions",
        BEARER,
        "GET $TOGETHER_BASE_URL/deployments/secrets",
        (401, {"error": {"message": "Invalid API key provided", "code": "invalid_api_key"}}),
    ),
    "openrouter": Case(
        "OPENROUTER_API_KEY",
        "$OPENROUTER_BASE_URL/chat/completions",
        "openrouter.ai/api/v1/chat/completions",
        BEARER,
        "POST $OPENROUTER_BASE_URL/auth/keys",
        (401, {"error": {"message": "User not found.", "code": 401}}),
    ),
    "xai": Case(
        "XAI_API_KEY",
        "https://api.x.ai/v1/chat/completions",
        "api.x.ai/v1/chat/completions",
        BEARER,
        "POST https://api.x.ai/v1/realtime/client_secrets",
        (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***ab."}),
    ),
    "deepseek": Case(
        "DEEPSEEK_API_KEY",
        "$DEEPSEEK_BASE_URL/anthropic/v1/messages",
        "api.deepseek.com/anthropic/v1/messages",
        BEARER,
        None,
        (401, {"error": {"message": "Authentication Fails", "type": "authentication_error"}}),
        shows="x-api-key: {}",
    ),
}
# A check that is not paid for: the provider looks at the key, and then misses what was to be asked.
NOTHING_ASKED = {"/search": 400, "/res/v1/web/search": 422}
HOSTS = [
    *sorted({case.arrives.split("/")[0] for case in CASES.values()}),
    "streaming.assemblyai.com",
    "rest.fal.ai",
    "api.fal.ai",
    "stream.replicate.com",
]

AGENT = """
import json, os, string, sys, httpx
said = json.loads(sys.argv[1])
shown = os.environ[said["variable"]]

def ask(method, url):
    url, headers = string.Template(url).substitute(os.environ), {}
    slot = said["slot"].replace("{}", shown)
    if slot[0] == "?":
        url += ("&" if "?" in url else "?") + slot[1:]
    else:
        name, value = slot.split(": ", 1)
        headers[name] = value
    answer = httpx.request(method, url, headers=headers, content=b"{}" if method == "POST" else None, timeout=30)
    return [answer.status_code, answer.json()]

print(json.dumps({"pass": shown, "answers": [ask(*one.split(" ", 1)) for one in said["asked"]]}))
"""


class Provider(Recorder):
    """Of all of them. A key is looked for where its service has it, and there alone."""

    def __init__(self, folder):
        super().__init__(folder, HOSTS)
        self.refused, self.otherwise, self.more = set(), self.decide, {}
        self.case, self.key = None, None

    def begin(self, case, key):
        self.case, self.key = case, key
        self.more.clear()
        self.forget()

    def requests(self):
        return [each.request for each in self.seen("/")]

    def told(self, request):
        """Host and target, without the key that is in it."""
        target = request.target
        if self.case.slot[0] == "?":
            path, _, query = target.partition("?")
            own = self.case.slot[1:].format(urllib.parse.quote(self.key, safe=""))
            rest = "&".join(each for each in query.split("&") if each != own)
            assert rest != query, "the key is where it belongs"
            target = path + ("?" + rest if rest else "")
        else:
            name, value = self.case.slot.format(self.key).split(": ", 1)
            assert request.all(name) == [value], "the key is where it belongs"
        return request.all("host")[0] + target

    def decide(self, seen):
        try:
            told = self.told(seen.request)
        except AssertionError:
            return answer(b"{}", "500 No Key", JSON)
        if self.key in self.refused:
            status, body = self.case.bad
        elif seen.request.path in NOTHING_ASKED and not self.case.tells_of_good_keys:
            status, body = NOTHING_ASKED[seen.request.path], {"error": "what is asked for?"}
        else:
            status, body = 200, self.more.get(told, {"heard": told})
        return answer(json.dumps(body).encode(), f"{status} Answer", JSON)


@pytest.fixture(scope="module")
def provider(suite_folder):
    made = Provider(suite_folder / "model-services")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def room(suite_folder, provider, canaries, environment):
    folder = suite_folder / "model-services-room"
    folder.mkdir(mode=0o700)
    made = Room(folder, provider, canaries, environment).start().people()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def keys(room):
    """(id, value) of each service's, added when it is asked for."""
    made = {}

    def key(service):
        if service not in made:
            made[service] = room.add_key(service)
        return made[service]

    return key


def used(room, service, asked):
    """What a client of the service got, by what its workroom has; the pass that it held."""
    case = CASES[service]
    said = {"variable": case.variable, "slot": case.shows or case.slot, "asked": asked}
    done = room.run([service], [sys.executable, "-c", AGENT, json.dumps(said)])
    told = last_json(done.stdout)
    return told["answers"], told["pass"]


@pytest.mark.parametrize("service", CASES)
def test_a_client_with_the_variables_alone(room, provider, keys, service):
    case = CASES[service]
    _, value = keys(service)
    provider.begin(case, value)
    method = "GET" if "?" in case.arrives else "POST"
    asked = [f"{method} {case.url}"] + [one for one in [case.denied] if one]
    answers, shown = used(room, service, asked)
    assert value not in json.dumps(answers) and shown != value
    assert answers[0] == [200, {"heard": case.arrives}]
    for status, body in answers[1:]:
        assert (status, body["error"]["code"]) == (403, "denied_path")
    [request] = provider.requests()
    assert provider.told(request) == case.arrives
    assert shown not in request.target and shown not in str(request.headers), "the pass stays here"


@pytest.mark.parametrize("service", CASES)
def test_a_bad_key_is_noticed(room, provider, keys, service):
    case = CASES[service]
    key_id, value = keys(service)
    provider.begin(case, value)
    good = room.json("key", "check", key_id, expect=None)
    assert good["verdict"] == ("accepted" if case.tells_of_good_keys else "unknown"), good
    provider.refused.add(value)
    assert room.json("key", "check", key_id, expect=1)["verdict"] == "rejected"
    assert room.key(key_id)["state"] == "rejected_by_provider"
    method = "GET" if "?" in case.arrives else "POST"
    [[status, _]], _ = used(room, service, [f"{method} {case.url}"])
    assert status == case.bad[0], "the provider's own answer reaches the agent"
    provider.refused.clear()
    [[status, _]], _ = used(room, service, [f"{method} {case.url}"])
    assert status == 200 and room.key(key_id)["state"] == "active"


CHAT = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "heard"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
# Clients that are openai's own, told where to go by what the workroom has, or to the provider's own address.
BY_OPENAI = {
    "mistral": "https://api.mistral.ai/v1",
    "groq": "$GROQ_BASE_URL/openai/v1",
    "perplexity": "$PERPLEXITY_BASE_URL",
    "together": "$TOGETHER_BASE_URL",
    "openrouter": "$OPENROUTER_BASE_URL",
    "xai": "https://api.x.ai/v1",
    "deepseek": "$DEEPSEEK_BASE_URL",
}
OPENAI = """
import os, string, sys
from openai import OpenAI
base = string.Template(sys.argv[2]).substitute(os.environ)
client = OpenAI(api_key=os.environ[sys.argv[1]], base_url=base)
print(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}]).choices[0].message.content)
"""
GENAI = """
from google import genai
client = genai.Client()
print(client.models.generate_content(model="m", contents="hello").text)
"""


@pytest.mark.parametrize("service", BY_OPENAI)
def test_the_client_of_openai(room, provider, keys, service):
    case = CASES[service]
    provider.begin(case, keys(service)[1])
    told = "api.deepseek.com/chat/completions" if service == "deepseek" else case.arrives
    provider.more[told] = CHAT
    done = room.run([service], [sys.executable, "-c", OPENAI, case.variable, BY_OPENAI[service]])
    assert done.stdout == "heard\n"


def test_the_client_of_google_speaks_to_vertex(room, provider, keys):
    case = CASES["vertex"]
    provider.begin(case, keys("vertex")[1])
    provider.more[case.arrives] = {"candidates": [{"content": {"role": "model", "parts": [{"text": "heard"}]}}]}
    done = room.run(["vertex"], [sys.executable, "-c", GENAI])
    assert done.stdout == "heard\n"


FOLLOW = """
import json, os, string, sys, httpx
service, variable, slot, url, *members = sys.argv[1:]
shown = os.environ[variable]
def ask(url, shows=True):
    headers = {"authorization": slot.replace("{}", shown)} if shows and slot[0] != "?" else {}
    if shows and slot[0] == "?":
        url += ("&" if "?" in url else "?") + slot[1:].replace("{}", shown)
    return httpx.get(url, headers=headers, timeout=30, trust_env=False).json()
answer = ask(string.Template(url).substitute(os.environ))
for member in members:
    value, shows = answer, not member.endswith("!")
    for name in member.rstrip("!").split("."):
        value = value[name]
    print(json.dumps([value.startswith(os.environ["STRONGROOM_GATEWAY"] + "/" + service), ask(value, shows)]))
"""
LINKS = {
    "replicate": (
        "$REPLICATE_BASE_URL/v1/models/o/m/predictions",
        {
            "urls": {
                "get": "https://api.replicate.com/v1/predictions/p",
                "cancel": "https://api.replicate.com/v1/predictions/p/cancel",
                "stream": "https://stream.replicate.com/v1/s/x?y=z",
            },
            "next": "https://api.replicate.com/v1/predictions?cursor=c",
        },
        ["urls.get", "urls.cancel", "urls.stream!", "next"],
    ),
    "fal": (
        "$STRONGROOM_GATEWAY/fal@queue.fal.run/fal-ai/flux",
        {
            "response_url": "https://queue.fal.run/fal-ai/flux/requests/1",
            "status_url": "https://queue.fal.run/fal-ai/flux/requests/1/status",
            "cancel_url": "https://queue.fal.run/fal-ai/flux/requests/1/cancel",
        },
        ["response_url", "status_url", "cancel_url"],
    ),
    "serpapi": (
        "$STRONGROOM_GATEWAY/serpapi/search.json?q=b",
        {
            "search_metadata": {"json_endpoint": "https://serpapi.com/searches/a/b.json"},
            "serpapi_pagination": {"next": "https://serpapi.com/search.json?q=b&start=10"},
        },
        ["search_metadata.json_endpoint", "serpapi_pagination.next"],
    ),
    "assemblyai": (
        "$ASSEMBLYAI_BASE_URL/v2/transcript",
        {"page_details": {"next_url": "https://api.assemblyai.com/v2/transcript?before_id=1"}},
        ["page_details.next_url"],
    ),
}


@pytest.mark.parametrize("pad", [0, 2 << 20], ids=["small", "large"])
@pytest.mark.parametrize("service", LINKS)
def test_links_of_the_provider_lead_back(room, provider, keys, service, pad):
    """Those that clients follow, deep in an answer too; `!`: the client shows nothing there."""
    case, (url, body, members) = CASES[service], LINKS[service]
    provider.begin(case, keys(service)[1])
    first = {
        "replicate": "api.replicate.com/v1/models/o/m/predictions",
        "fal": "queue.fal.run/fal-ai/flux",
        "serpapi": "serpapi.com/search.json?q=b",
        "assemblyai": "api.assemblyai.com/v2/transcript",
    }[service]
    provider.more[first] = {"output": "x" * pad, **body}
    slot = case.slot.removeprefix("authorization: ")
    done = room.run([service], [sys.executable, "-c", FOLLOW, service, case.variable, slot, url, *members])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [led_back for led_back, _ in lines] == [True] * len(members)
    for member, (_, heard) in zip(members, lines):
        link = body
        for name in member.rstrip("!").split("."):
            link = link[name]
        assert heard == {"heard": link.removeprefix("https://")}


def started(room, service):
    """A session's pass, for a connection of one's own."""
    told = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", service)
    return told["passes"][0]["pass"]


@pytest.mark.parametrize("word", ["token", "bearer"])
def test_deepgrams_subprotocols(room, provider, keys, word):
    """As browsers show a credential: the word, then the pass. The key goes into the header, the pass nowhere."""
    _, value = keys("deepgram")
    provider.begin(CASES["deepgram"], value)
    shown = started(room, "deepgram")
    host, port = room.endpoints["gateway"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            f"GET /deepgram/v1/listen HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Protocol: {word}, {shown}\r\n\r\n".encode()
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"\x81\x82\0\0\0\0hi")
        arrived = b""
        while b"\x88\0" not in arrived:
            arrived += connection.recv(65536) or b"\x88\0"
    [request] = provider.requests()
    assert provider.told(request) == "api.deepgram.com/v1/listen"
    assert request.all("sec-websocket-protocol") == [word]
    assert shown not in str(request.headers)


def test_serpapis_account_does_not_tell_its_key(room, provider, keys):
    _, value = keys("serpapi")
    provider.begin(CASES["serpapi"], value)
    provider.more["serpapi.com/account.json"] = {"api_key": value, "account_email": "a@b.example", "plan": "p"}
    [answered], _ = used(room, "serpapi", ["GET https://serpapi.com/account.json"])
    assert answered == [200, {"api_key": "***", "account_email": "***", "plan": "p"}]
