"""What may be stored, what is shown of it, homes and roles, rotation, exit codes.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import signal
import sys

import pytest

from support.room import DONE, NOT_FOUND, REFUSED, UNAVAILABLE, WRONG_USE, flatten
from support.waiting import until


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\n",
        b"x" * (64 * 1024 + 1),
        b"AIzaSyA1B2C3\0abc",
        b"AIzaSyA1B2C3\rabc",
        b"AIzaSyA1B2C3\nabc\n",
        b"AIzaSyA1B2C3abc\n\n",
        b"AIza1234567",
        b"AIzaSyA1B2C3\xff\n",
        b" AIzaSyA1B2C3\n",
        b"AIzaSyA1B2C3 \n",
    ],
    ids=[
        "empty",
        "only a newline",
        "over 64 KiB",
        "NUL",
        "CR",
        "LF inside",
        "two newlines",
        "under 12 characters",
        "no UTF-8",
        "blank before",
        "blank behind",
    ],
)
def test_values_that_are_refused(room, value):
    done = room.cli("key", "add", "gemini", "--tenant", "acme", input=value, expect=WRONG_USE)
    assert done.stderr.strip() and "\n" not in done.stderr.strip(), "one line on stderr"
    assert room.json("key", "list", "--tenant", "acme") == []


def test_one_trailing_newline_is_trimmed(room, standins):
    key_id, value = room.add_key("gemini")
    assert room.cli("key", "check", key_id).returncode == DONE
    room.cli("key", "rotate", key_id, input=value)
    assert room.cli("key", "check", key_id).returncode == DONE
    assert {request["standing"] for request in standins.requests(service="gemini")} == {"accepted"}


def test_a_value_is_never_an_argument(room):
    done = room.cli(
        "key", "add", "gemini", "secret-as-argument", "--tenant", "acme", input="", expect=WRONG_USE
    )
    assert "secret-as-argument" not in done.stdout + done.stderr
    assert room.json("key", "list", "--tenant", "acme") == []


def test_list_and_show_give_these_fields_and_never_more(room):
    long_id, long_value = room.add_key("gemini", label="main")
    password = room.canaries.new("password")
    short_id, _ = room.add_key(
        "postgres",
        value=password,
        settings={"host": "127.0.0.1", "port": "5432", "user": "u", "database": "d"},
    )
    listed = {key["id"]: key for key in room.json("key", "list", "--tenant", "acme")}
    shown = room.json("key", "show", long_id)
    for key in (listed[long_id], shown):
        assert (key["service"], key["label"], key["state"], key["version"]) == (
            "gemini",
            "main",
            "active",
            1,
        )
        assert (key["home"], key["delivery"]) == ("skill", "proxied")
        assert key["created"] and not key["owner"]
        assert key["last_characters"] == long_value[-4:]
        assert long_value[:-4][-6:] not in json.dumps(key)
    assert listed[short_id]["delivery"] == "injected"
    assert not listed[short_id].get(
        "last_characters"
    ), "passwords may be short: nothing of them is shown"
    assert password not in json.dumps(listed)
    for text in (
        room.cli("key", "list", "--tenant", "acme").stdout,
        room.cli("key", "show", long_id).stdout,
    ):
        assert long_value not in text and long_value[-10:] not in text


def test_last_used_is_noted(room, standins):
    key_id, _ = room.add_key("gemini")
    assert not room.json("key", "show", key_id)["last_used"]
    room.run(
        ["gemini"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"',
        ],
    )
    until(lambda: room.json("key", "show", key_id)["last_used"], 30, "it is noted")


def test_homes(room):
    """A member's own integration comes first where the service allows it; nobody else can use it."""
    room.cli("member", "add", "--tenant", "acme", "bob")
    own_id, own = room.add_key("github", member="alice")
    assert (room.key(own_id)["home"], room.key(own_id)["owner"]) == ("integration", "alice")
    show = ["/bin/sh", "-c", "echo $GH_TOKEN"]
    plain = ("--no-output-filter",)
    assert room.run(["github"], show, flags=plain).stdout.strip() == own
    refused = room.run(["github"], show, member="bob", flags=plain, expect=None)
    assert refused.returncode in (REFUSED, NOT_FOUND) and own not in refused.stdout


def test_several_labels(room, standins):
    _, first = room.add_key("openai", label="one")
    _, second = room.add_key("openai", label="two")
    room.run(
        ["openai:two"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"',
        ],
    )
    standins.keys("openai", accepted=[second], revoked=[first])
    room.run(
        ["openai:two"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"',
        ],
    )
    assert [request["standing"] for request in standins.requests(service="openai")] == [
        "accepted",
        "accepted",
    ]


def test_a_proxied_service_is_never_injected(room):
    _, value = room.add_key("gemini")
    done = room.run(
        ["gemini"], [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]
    )
    assert value not in done.stdout
    refused = room.cli(
        "key",
        "add",
        "generic-env",
        "--tenant",
        "acme",
        "--set",
        "variable=LD_PRELOAD",
        input="x\n",
        expect=None,
    )
    assert (
        refused.returncode == WRONG_USE and len(room.json("key", "list", "--tenant", "acme")) == 1
    )


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD",
        "PATH",
        "NODE_OPTIONS",
        "BASH_ENV",
        "GIT_SSH_COMMAND",
        "PYTHONPATH",
        "1BAD",
        "A=B",
    ],
)
def test_dangerous_variable_names_are_refused(room, name):
    room.cli(
        "key",
        "add",
        "generic-env",
        "--tenant",
        "acme",
        "--set",
        f"variable={name}",
        input="value\n",
        expect=WRONG_USE,
    )
    assert room.json("key", "list", "--tenant", "acme") == []


def test_generic_env_injects_under_its_name(room):
    value = room.canaries.new("password")
    room.add_key("generic-env", value=value, settings={"variable": "MY_SERVICE_TOKEN"})
    done = room.run(
        ["generic-env"],
        [
            sys.executable,
            "-c",
            "import os, json; print(json.dumps(os.environ['MY_SERVICE_TOKEN']))",
        ],
        flags=("--no-output-filter",),
    )
    assert json.loads(done.stdout) == value


def test_rotate_leaves_no_gap(room, standins):
    """While uses go on, a new version comes in and only then the old one is switched off at the provider: all succeed."""
    key_id, old = room.add_key("gemini")
    probe = """
import os, sys, time, urllib.request
request = urllib.request.Request(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1/models", headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]})
count = 0
while not os.path.exists(sys.argv[1]):
    urllib.request.urlopen(request, timeout=60).read()
    count += 1
    if count == 5: print("GOING", flush=True)
for _ in range(5): urllib.request.urlopen(request, timeout=60).read()
print("COUNT", count, flush=True)
"""
    flag = room.folder / "rotated"
    workroom = room.begin(["gemini"], [sys.executable, "-c", probe, flag])
    workroom.line("GOING")
    new = room.canaries.new("gemini")
    standins.accept("gemini", new)
    rotated = room.json("key", "rotate", key_id, input=new + "\n")
    assert (rotated["id"], rotated["version"], rotated["state"]) == (key_id, 2, "active")
    flag.touch()
    workroom.line("COUNT")
    assert workroom.wait() == 0
    standins.revoke("gemini", old)
    done = room.run(
        ["gemini"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"',
        ],
    )
    assert done.returncode == 0
    assert room.key(key_id)["last_characters"] == new[-4:]


def test_exit_codes(room):
    room.cli("no-such-command", expect=WRONG_USE)
    room.cli("key", "show", "no-such-id", expect=None)
    room.cli("key", "add", "no-such-service", "--tenant", "acme", input="value\n", expect=NOT_FOUND)
    room.cli(
        "key",
        "add",
        "gemini",
        "--tenant",
        "no-such-tenant",
        input="value-of-a-key-1234567890\n",
        expect=NOT_FOUND,
    )
    room.run(["gemini"], ["/bin/true"], expect=NOT_FOUND)
    room.run(["gemini"], ["/bin/true"], member="nobody", expect=NOT_FOUND)
    key_id, _ = room.add_key("gemini")
    room.run(["gemini"], ["/bin/true"], expect=DONE)
    room.revoke(key_id)
    room.run(["gemini"], ["/bin/true"], expect=None)
    room.cli("key", "rotate", key_id, input="AIza-a-new-value-for-a-dead-key\n", expect=REFUSED)
    room.stop()
    done = room.cli("key", "list", expect=UNAVAILABLE)
    assert "strongroom serve" in done.stderr


def test_api_needs_the_token_and_has_the_same_words(room):
    room.add_key("gemini")
    status, keys = room.api("GET", "/api/v1/keys?tenant=acme")
    assert status == 200 and keys[0]["service"] == "gemini"
    assert room.api("GET", "/api/v1/keys", token="wrong")[0] == 401
    status, document = room.api("GET", "/api/v1/openapi.json")
    assert status == 200 and document["openapi"].startswith("3.1")
    assert "/api/v1/keys" in document["paths"]


def test_the_record_tells_who_used_what(room, standins):
    key_id, _ = room.add_key("gemini")
    room.run(
        ["gemini"],
        [
            "/bin/sh",
            "-c",
            'curl -sf -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models?pageSize=3"',
        ],
    )
    entries = room.json("audit", "list", "--tenant", "acme")
    used = [entry for entry in entries if "/v1/models" in flatten(entry)]
    assert used and all("id" in entry for entry in entries)
    assert any("GET" in flatten(entry) and key_id in flatten(entry) for entry in used)
    assert "pageSize" not in json.dumps(entries), "paths are recorded without their query"
    room.cli("audit", "verify")


def test_restart_and_kill9_resume_where_they_were(room, standins):
    key_id, _ = room.add_key("gemini")
    gone_id, _ = room.add_key("openai")
    room.revoke(gone_id)
    call = [
        "/bin/sh",
        "-c",
        'curl -sf -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"',
    ]
    for end in (room.stop, room.kill9):
        end()
        room.start()
        assert {
            key["id"]: key["state"] for key in room.json("key", "list", "--tenant", "acme")
        } == {key_id: "active", gone_id: "revoked"}
        room.run(["gemini"], call)


def test_a_new_gateway_follows_a_killed_one(room, standins):
    """The session goes on: the same pass works at the gateway that the vault starts next."""
    room.add_key("gemini")
    probe = """
import os, sys, time, urllib.request
request = urllib.request.Request(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1/models", headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]})
urllib.request.urlopen(request, timeout=60).read()
print("FIRST", flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
deadline = time.monotonic() + 20
while True:
    try:
        urllib.request.urlopen(request, timeout=60).read()
        break
    except OSError:
        if time.monotonic() > deadline: raise
        time.sleep(0.05)
print("AGAIN", flush=True)
"""
    flag = room.folder / "killed"
    workroom = room.begin(["gemini"], [sys.executable, "-c", probe, flag])
    workroom.line("FIRST")
    [old] = room.gateway_pids()
    os.kill(old, signal.SIGKILL)
    until(
        lambda: room.gateway_pids() and old not in room.gateway_pids(), 30, "a new gateway is there"
    )
    flag.touch()
    workroom.line("AGAIN")
    assert workroom.wait() == 0


def test_keys_of_tenants_stay_apart(room):
    room.cli("tenant", "add", "other")
    room.cli("member", "add", "--tenant", "other", "alice")
    room.add_key("gemini")
    room.run(["gemini"], ["/bin/true"], tenant="other", expect=NOT_FOUND)
    assert room.json("key", "list", "--tenant", "other") == []


def test_one_home_one_label_one_key(room):
    room.add_key("gemini")
    again = room.cli(
        "key",
        "add",
        "gemini",
        "--tenant",
        "acme",
        input="AIza-second-value-of-the-same\n",
        expect=None,
    )
    assert again.returncode not in (DONE, 139)
    assert len(room.json("key", "list", "--tenant", "acme")) == 1
