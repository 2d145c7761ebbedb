"""Every proxied service with its provider's own SDK, JavaScript and Python, through `strongroom run`.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import sys

import pytest

from support.room import AGENTS, flatten, last_json

AGENT_SCRIPTS = [
    ("gemini", "gemini.mjs"),
    ("gemini", "gemini_agent.py"),
    ("elevenlabs", "elevenlabs.mjs"),
    ("elevenlabs", "elevenlabs_agent.py"),
    ("heygen", "heygen.mjs"),
    ("heygen", "heygen_agent.py"),
    ("firecrawl", "firecrawl.mjs"),
    ("firecrawl", "firecrawl_watch.mjs"),
    ("firecrawl", "firecrawl_agent.py"),
    ("openai", "openai.mjs"),
    ("openai", "openai_agent.py"),
    ("anthropic", "anthropic.mjs"),
    ("anthropic", "anthropic_agent.py"),
]
PASS = re.compile(r"[A-Za-z0-9_-]{1,200}\Z")


def command_of(script):
    return ["node" if script.endswith(".mjs") else sys.executable, AGENTS / script]


@pytest.mark.parametrize(
    "service, script", AGENT_SCRIPTS, ids=[script for _, script in AGENT_SCRIPTS]
)
def test_sdk(room, standins, service, script):
    _, key = room.add_key(service)
    done = room.run([service], command_of(script), expect=None, timeout=90)
    line = last_json(done.stdout)
    for held in line["held"].values():
        assert (
            held != key and PASS.match(held) and not held.startswith("auth_tokens")
        ), "the workroom holds a pass, not the key"
    standins.passes(*line["held"].values())
    assert standins.violations() == []
    assert line["ok"], line.get("error")
    assert done.returncode == 0
    assert key not in done.stdout + done.stderr
    seen = standins.requests(service=service)
    assert seen and {request["standing"] for request in seen} == {"accepted"}


def test_a_workroom_gets_what_it_named_and_nothing_else(room):
    for service in ("gemini", "openai", "anthropic"):
        room.add_key(service)
    _, token = room.add_key("github", member="alice")
    environment = {
        **room.environment,
        "SOME_SECRET_OF_THE_CALLER": "x",
        "OPENAI_CUSTOM_HEADERS": "a: b",
        "GOOGLE_API_KEY": "mine",
    }
    done = room.run(
        ["gemini", "github"],
        [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"],
        environment=environment,
        flags=("--no-output-filter",),
    )
    variables = last_json(done.stdout)
    assert variables["GH_TOKEN"] == variables["GITHUB_TOKEN"] == token
    assert variables["GOOGLE_GEMINI_BASE_URL"].startswith(room.gateway + "/gemini")
    assert variables["STRONGROOM_GATEWAY"] == room.gateway
    assert variables["STRONGROOM_SESSION"]
    for name in (
        "SOME_SECRET_OF_THE_CALLER",
        "OPENAI_CUSTOM_HEADERS",
        "GOOGLE_API_KEY",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
    ):
        assert name not in variables
    for key, shape in room.canaries.all.items():
        assert shape == "github" or key not in json.dumps(variables)


def test_a_skill_is_asked_for_by_its_name(room):
    room.add_key("elevenlabs")
    room.add_key("gemini")
    room.add_key("openai")
    room.cli(
        "skill",
        "add",
        "narrate",
        "--tenant",
        "acme",
        "--service",
        "elevenlabs",
        "--service",
        "gemini",
    )
    assert "narrate" in flatten(room.json("skill", "list", "--tenant", "acme"))
    arguments = [
        "run",
        "--tenant",
        "acme",
        "--member",
        "alice",
        "--skill",
        "narrate",
        "--",
        "/bin/sh",
        "-c",
        'echo "$ELEVENLABS_API_KEY|$GEMINI_API_KEY|$OPENAI_API_KEY"',
    ]
    narrator, gemini, openai = room.cli(*arguments).stdout.strip().split("|")
    assert narrator and gemini and not openai


def test_passes_are_good_for_one_service_and_one_session(room, standins):
    """The same pass at another service, and after its session has ended, is refused; nothing reaches a provider."""
    room.add_key("gemini")
    room.add_key("openai")
    probe = """
import json, os, urllib.request, urllib.error
def status(url, headers):
    try: return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20).status
    except urllib.error.HTTPError as error: return error.code
gateway, mine = os.environ["STRONGROOM_GATEWAY"], os.environ["GEMINI_API_KEY"]
print(json.dumps({"mine": mine, "own": status(gateway + "/gemini/v1/models", {"x-goog-api-key": mine}),
                  "other": status(gateway + "/openai/v1/models", {"Authorization": "Bearer " + mine})}))
"""
    line = last_json(room.run(["gemini", "openai"], [sys.executable, "-c", probe]).stdout)
    assert line["own"] == 200
    assert line["other"] in (401, 403)
    later = f"import urllib.request as r; r.urlopen(r.Request('{room.gateway}/gemini/v1/models', headers={{'x-goog-api-key': '{line['mine']}'}}))"
    done = room.run(["openai"], [sys.executable, "-c", later], expect=None)
    assert done.returncode == 1 and ("401" in done.stderr or "403" in done.stderr)
    standins.passes(line["mine"])
    assert [request["service"] for request in standins.requests()] == ["gemini"]


def test_status_streams_and_signals_pass_through(room):
    room.add_key("gemini")
    done = room.run(
        ["gemini"],
        ["/bin/sh", "-c", "cat; echo error >&2; exit 37"],
        input="said on stdin",
        expect=37,
    )
    assert done.stdout == "said on stdin" and "error" in done.stderr
    workroom = room.begin(
        ["gemini"],
        [
            "/bin/sh",
            "-c",
            "trap 'echo caught; exit 5' TERM; echo READY; while :; do sleep 0.05; done",
        ],
    )
    workroom.line("READY")
    workroom.process.terminate()
    assert workroom.wait() == 5
    assert "caught" in workroom.lines()
    room.run(["gemini"], ["/bin/sh", "-c", "kill -9 $$"], expect=128 + 9)
    room.run(["gemini"], ["no-such-command"], expect=127)
    room.run(["gemini"], ["/etc/passwd"], expect=126)


def test_denied_paths_and_redirects(room, standins):
    room.add_key("elevenlabs")
    room.add_key("gemini")
    probe = r"""
import http.client, json, os, urllib.parse
host = urllib.parse.urlparse(os.environ["STRONGROOM_GATEWAY"]).netloc
def ask(method, path, headers):
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return [answer.status, answer.getheader("location"), answer.read().decode("utf8", "replace")]
voice, gem = {"xi-api-key": os.environ["ELEVENLABS_API_KEY"]}, {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
print(json.dumps({
    "mint": ask("POST", "/elevenlabs/v1/single-use-token/tts_websocket", voice),
    "mint in disguise": ask("POST", "/elevenlabs/v1/x/../single-use-token/%74ts_websocket", voice),
    "ephemeral": ask("POST", "/gemini/v1alpha/auth_tokens", gem),
    "redirect": ask("GET", "/gemini/standin/redirect?to=https%3A%2F%2Felsewhere.test%2Fx", gem),
    "other host": ask("GET", "/gemini@example.com/v1/models", gem),
}))
"""
    line = last_json(room.run(["elevenlabs", "gemini"], [sys.executable, "-c", probe]).stdout)
    for what in ("mint", "mint in disguise", "ephemeral"):
        assert line[what][0] in (400, 403), line[what]
        assert json.loads(line[what][2])["error"]["code"]
    assert line["redirect"][0] == 302 and line["redirect"][1] == "https://elsewhere.test/x"
    assert line["other host"][0] in (400, 403, 404)
    assert [request["path"] for request in standins.requests()] == ["/standin/redirect"]


def test_bodies_of_any_size_both_ways(room, standins):
    room.add_key("gemini")
    size = 48 * 1024 * 1024
    probe = f"""
import hashlib, http.client, json, os, urllib.parse
host = urllib.parse.urlparse(os.environ["STRONGROOM_GATEWAY"]).netloc
key = {{"x-goog-api-key": os.environ["GEMINI_API_KEY"]}}
def ask(method, path, body=None, chunked=False):
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request(method, "/gemini" + path, body=body, headers=key, encode_chunked=chunked)
    answer = connection.getresponse()
    return answer.status, answer.read()
block = os.urandom(1 << 20)
pieces = [block] * {size >> 20}
wanted = hashlib.sha256(b"".join(pieces)).hexdigest()
down = ask("GET", "/standin/download?bytes={size}")
chunked = ask("GET", "/standin/download?bytes={size}&chunked")
up = ask("POST", "/standin/upload", b"".join(pieces))
up_chunked = ask("POST", "/standin/upload", iter(pieces), True)
print(json.dumps({{"down": [down[0], len(down[1])], "same": down[1] == chunked[1], "up": [up[0], json.loads(up[1])["sha256"] == wanted],
                  "up chunked": [up_chunked[0], json.loads(up_chunked[1])["sha256"] == wanted]}}))
"""
    line = last_json(room.run(["gemini"], [sys.executable, "-c", probe], timeout=120).stdout)
    assert line == {"down": [200, size], "same": True, "up": [200, True], "up chunked": [200, True]}


def test_generic_http_is_what_the_tenant_says(room, standins):
    """A service that the tenant describes: its host, the header its key goes into, the variables."""
    room.add_key(
        "generic-http",
        settings={
            "host": "api.standin.test",
            "header": "x-standin-key",
            "variable": "MINE_KEY",
            "base_variable": "MINE_URL",
        },
    )
    probe = """
import json, os, urllib.request
request = urllib.request.Request(os.environ["MINE_URL"] + "/any/path", headers={"x-standin-key": os.environ["MINE_KEY"]})
print(json.dumps({"mine": os.environ["MINE_KEY"], "answer": json.load(urllib.request.urlopen(request, timeout=20))}))
"""
    line = last_json(room.run(["generic-http"], [sys.executable, "-c", probe]).stdout)
    standins.passes(line["mine"])
    assert line["answer"]["host"] == "api.standin.test" and line["answer"]["path"] == "/any/path"
