"""The health of keys: their time, and what becomes of them when it is over.

SPDX-License-Identifier: Apache-2.0
"""

from datetime import datetime, timedelta, timezone

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
    key = add(room, "gemini", "90d")
    assert key["state"] == "active" and key["expires"][:10] == soon(days=90)[:10]
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
    add(room, "github", soon(seconds=5), "--member", "alice")
    proxied = add(room, "gemini", soon(seconds=5))
    holder = room.begin(["github"], ["/bin/sh", "-c", "echo began; exec sleep 600"])
    holder.line("began")
    caller = room.begin(["gemini"], ["/bin/sh", "-c", f"while :; do {CALL}; echo; sleep 0.2; done"])
    caller.line("200 ")
    until(lambda: any(line.startswith("403 ") and '"key_expired"' in line for line in caller.lines()), 30, "the gateway refuses")
    assert holder.wait(30) != 0
    assert room.json("key", "show", proxied["id"])["state"] == "expired"
    room.cli("key", "check", proxied["id"], expect=REFUSED)
