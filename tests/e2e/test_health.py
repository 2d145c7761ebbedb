"""The health of keys: their time, checks now and then, and webhooks that hear of it.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import time
from datetime import datetime, timedelta, timezone

import pytest

from support.https_server import HttpsServer
from support.room import REFUSED, WRONG_USE
from support.waiting import until

CALL = 'curl -s -o /dev/null -w "%{http_code} " -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1beta/models"; curl -s -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1beta/models"'


def soon(**parts):
    return (datetime.now(timezone.utc) + timedelta(**parts)).strftime("%Y-%m-%dT%H:%M:%SZ")


def add(room, service, expires, *flags):
    value = room.canaries.new(service)
    added = room.json("key", "add", service, "--tenant", "acme", "--expires", expires, *flags, input=value)
    room.standins.accept(service, value)
    return added


def test_its_time_is_shown_and_set_anew_with_each_value(room):
    earliest = soon(days=90)
    key = add(room, "gemini", "90d")
    assert key["state"] == "active" and earliest[:10] <= key["expires"][:10] <= soon(days=90)[:10]
    assert add(room, "openai", soon(days=3))["state"] == "expiring"
    table = room.cli("key", "list").stdout
    assert "EXPIRES" in table and "expiring" in table and key["expires"] in table
    rotated = room.json("key", "rotate", key["id"], "--expires", "2099-01-31", input=room.canaries.new("gemini"))
    assert rotated["expires"] == "2099-01-31T00:00:00.000Z" and rotated["state"] == "active"
    assert room.json("key", "rotate", key["id"], input=room.canaries.new("gemini"))["expires"] is None


def test_what_is_no_time_is_refused(room):
    for wrong in ("yesterday", "2026-02-30", "0d", "2001-01-01", "1e3d"):
        done = room.cli("key", "add", "gemini", "--tenant", "acme", "--expires", wrong, input=room.canaries.new("gemini"), expect=WRONG_USE)
        assert done.stdout == ""
    assert room.json("key", "list") == []


def test_what_runs_ends_when_its_time_is_over(room, standins):
    """The gateway refuses, and a process that was given the value is ended, without anybody doing anything."""
    add(room, "github", soon(seconds=20), "--member", "alice")
    proxied = add(room, "gemini", soon(seconds=20))
    holder = room.begin(["github"], ["/bin/sh", "-c", "echo began; exec sleep 600"])
    holder.line("began")
    caller = room.begin(["gemini"], ["/bin/sh", "-c", f"while :; do {CALL}; echo; sleep 0.2; done"])
    caller.line("200 ")
    until(lambda: any(line.startswith("403 ") and '"key_expired"' in line for line in caller.lines()), 90, "the gateway refuses")
    assert holder.wait(60) != 0
    assert room.json("key", "show", proxied["id"])["state"] == "expired"
    room.cli("key", "check", proxied["id"], expect=REFUSED)


# Checks now and then


def checks_of(room, key_id):
    return [entry for entry in room.json("audit", "list", "--key", key_id) if entry["action"] == "key.check"]


@pytest.fixture
def checking(make_room):
    """A room that asks the providers every second or so."""
    room = make_room(start=False)
    toml = room.data / "strongroom.toml"
    toml.write_text(toml.read_text().replace("check_seconds = 0", "check_seconds = 1"))
    return room.start().people()


def test_a_key_that_the_provider_deleted_is_found_without_any_use(checking, standins):
    key_id, value = checking.add_key("gemini")
    assert checking.key(key_id)["scheduled_checks"] is True
    until(lambda: checks_of(checking, key_id), 30, "it is checked by itself")
    assert checks_of(checking, key_id)[0]["actor"] == "health"
    standins.revoke("gemini", value)
    until(lambda: checking.key(key_id)["state"] == "rejected_by_provider", 30, "the rejection is found")
    standins.accept("gemini", value)
    until(lambda: checking.key(key_id)["state"] == "active", 30, "and that it is over")


def test_checks_are_switched_off_for_a_key_and_for_a_tenant(checking):
    quiet, _ = checking.add_key("gemini", label="quiet")
    loud, _ = checking.add_key("gemini", label="loud")
    assert checking.json("key", "checks", quiet, "off")["scheduled_checks"] is False
    before = len(checks_of(checking, quiet))
    # While the one is checked twice more, the other is not at all.
    seen = len(checks_of(checking, loud))
    until(lambda: len(checks_of(checking, loud)) >= seen + 2, 30, "the other goes on")
    assert len(checks_of(checking, quiet)) <= before + 1, "one may have been under way"
    checking.cli("tenant", "checks", "acme", "off")
    assert not any(key["scheduled_checks"] for key in checking.json("key", "list"))
    checking.stop()
    checking.start()
    assert not any(key["scheduled_checks"] for key in checking.json("key", "list")), "outlives a restart"
    checking.cli("tenant", "checks", "acme", "on")
    assert {key["label"]: key["scheduled_checks"] for key in checking.json("key", "list")} == {"quiet": False, "loud": True}


# Notices

SECRET = os.urandom(32)


class Hook:
    """A webhook that keeps what it is sent, and takes none while it is told so."""

    def __init__(self, folder):
        self.refuses = False
        self.server = HttpsServer(folder, "hooks.example", answer=self.answer)

    def answer(self, request):
        return (503 if self.refuses else 204), {}, b""

    def notices(self):
        return [json.loads(body) for method, path, headers, body in self.server.seen]


@pytest.fixture
def hook(suite_folder, request):
    hook = Hook(suite_folder / f"hook-{len(os.listdir(suite_folder))}")
    yield hook
    hook.server.stop()


def with_hook(room, hook, url="https://hooks.example/strongroom?to=us", tenant=None, dial=True):
    """The configuration of a room that is not started yet, with a webhook."""
    secret = room.data / "hook.secret"
    secret.write_text("whsec_" + base64.b64encode(SECRET).decode() + "\n")
    secret.chmod(0o600)
    trusted = room.data / "ca.pem"
    trusted.write_text(room.standins.ca.read_text() + hook.server.ca.read_text())
    toml = room.data / "strongroom.toml"
    more = f'[[notice.webhook]]\nurl = "{url}"\nsecret_file = "hook.secret"\n'
    more += f'tenant = "{tenant}"\n' if tenant else ""
    more += f'[[gateway.dial]]\nhost = "hooks.example:443"\nto = "127.0.0.1:{hook.server.port}"\n' if dial else ""
    toml.write_text(toml.read_text().replace(str(room.standins.ca), str(trusted)) + more)
    return room


def test_a_webhook_hears_what_became_of_a_key_signed_and_without_its_value(make_room, hook, standins):
    room = with_hook(make_room(start=False), hook).start().people()
    key = add(room, "gemini", "3d", "--label", "reviews")
    until(hook.notices, 30, "it hears that the key expires soon")
    method, path, headers, body = hook.server.seen[0]
    assert (method, path, headers["content-type"]) == ("POST", "/strongroom?to=us", "application/json")
    # As Standard Webhooks has it.
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    notice = json.loads(body)
    assert notice["type"] == "key.expiring" and notice["data"] == {
        "id": key["id"], "tenant": "acme", "service": "gemini", "label": "reviews", "owner": None,
        "state": "expiring", "was": "active", "expires": key["expires"],
    }
    room.revoke(key["id"])
    until(lambda: len(hook.notices()) == 2, 30, "it hears of the revoke")
    assert hook.notices()[1]["type"] == "key.revoked" and hook.notices()[1]["data"]["was"] == "expiring"


def test_what_was_not_taken_is_tried_again_also_after_a_restart(make_room, hook):
    hook.refuses = True
    room = with_hook(make_room(start=False), hook).start().people()
    add(room, "gemini", "3d")
    until(hook.notices, 30, "it was tried")
    until(lambda: "notice_not_taken" in room.log(), 30, "and is kept")
    room.kill9()
    hook.refuses = False
    room.start()
    until(lambda: len(hook.notices()) >= 2, 60, "it is tried again")
    ids = {headers["webhook-id"] for _, _, headers, _ in hook.server.seen}
    assert len(ids) == 1, "by the same id, so that nothing is done twice"


def test_a_tenants_webhook_hears_of_that_tenant_alone(make_room, hook):
    room = with_hook(make_room(start=False), hook, tenant="other").start().people()
    add(room, "gemini", "3d")
    room.people("other", ("carol",))
    room.cli("key", "add", "gemini", "--tenant", "other", "--expires", "3d", input=room.canaries.new("gemini"))
    until(hook.notices, 30, "the other's is told")
    assert {notice["data"]["tenant"] for notice in hook.notices()} == {"other"}


def test_g1_a_webhook_on_a_private_address_is_not_reached(make_room, hook):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    url = f"https://localhost:{listener.getsockname()[1]}/"
    room = with_hook(make_room(start=False), hook, url=url, dial=False).start().people()
    add(room, "gemini", "3d")
    until(lambda: "notice_not_taken" in room.log(), 30, "it was tried")
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


@pytest.mark.parametrize("url, secret, mode", [
    ("http://hooks.example/", None, 0o600),
    ("https://127.0.0.1/", None, 0o600),
    ("https://hooks.example/", "whsec_c2hvcnQ=", 0o600),
    ("https://hooks.example/", None, 0o644),
])
def test_a_webhook_that_cannot_be_right_ends_the_start(make_room, hook, url, secret, mode):
    room = with_hook(make_room(start=False), hook, url=url)
    if secret:
        (room.data / "hook.secret").write_text(secret)
    (room.data / "hook.secret").chmod(mode)
    assert "hook" in room.refused_start()
