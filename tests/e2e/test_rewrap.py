"""Rewrap of a tenant while it is in use, and through crashes. SPDX-License-Identifier: Apache-2.0"""

import random
import sqlite3
import threading
import time

from support.room import NOT_FOUND, WRONG_USE
from support.waiting import until

CALL = (
    'curl -sf -o /dev/null -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"'
)
REWRAP = "/api/v1/tenants/acme/rewrap"


def rows(room, statement):
    """What a stopped server left."""
    database = sqlite3.connect(room.data / "strongroom.db")
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def living_epochs(room):
    return rows(room, "select number from epochs where length(wrapped_seed) > 0")


def epochs_of_records(room):
    """How many records there are of each epoch."""
    return rows(
        room, "select epoch, count(*) from key_versions where length(record) > 0 group by epoch"
    )


def fill(room, count):
    """Keys that differ by their label alone; over the API, as a command each takes its time."""
    keys = []
    for number in range(count):
        body = {"tenant": "acme", "service": "gemini", "label": f"n{number}"}
        status, answer = room.api(
            "POST", "/api/v1/keys", {**body, "value": room.canaries.new("gemini")}
        )
        assert status == 201, answer
        keys.append(answer["id"])
    return keys


def begun(room, share):
    """It runs, or goes on, and has looked at some keys, or is done."""
    status, answer = room.api("POST", REWRAP, {"share": share})
    assert status == 202, answer
    return until(
        lambda: (view := room.api("GET", REWRAP)[1])["seen"] > 0 and view, 30, "it has begun"
    )


def finished(room):
    return until(
        lambda: (view := room.api("GET", REWRAP)[1])["state"] != "running" and view, 60, "it is done"
    )


def test_a_rewrap_seals_everything_anew_and_destroys_the_old_seed(room):
    key_id, _ = room.add_key("gemini")
    revoked = fill(room, 30)[0]
    room.cli("key", "revoke", revoked)
    assert room.api("GET", REWRAP)[0] == 404
    [done] = room.json("rewrap", "--tenant", "acme")
    assert (done["epoch"], done["rewrapped"], done["left"]) == (2, 30, 0)
    assert done["state"] == "done" and done["forgotten"] is True
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
    room.cli("tenant", "add", "other")
    assert [(d["tenant"], d["epoch"]) for d in room.json("rewrap", "--share", "100")] == [
        ("acme", 3),
        ("other", 2),
    ]
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
    room.cli("rewrap", "--tenant", "nobody", expect=NOT_FOUND)
    room.cli("rewrap", "--share", "0", expect=WRONG_USE)
    assert room.api("POST", REWRAP, {"share": 101})[0] == 400
    acts = [e["outcome"] for e in room.json("audit", "list", "--tenant", "acme")
            if e["action"] == "tenant.rewrap"]
    assert acts == ["done", "begun", "done", "begun"]
    room.stop()
    assert rows(room, "select length(record) from key_versions v join keys k on k.id = v.key "
                "where k.state = 'revoked'") == [(0,)]
    assert rows(room, "select number from epochs e join tenants t on t.id = e.tenant "
                "where t.name = 'acme' and length(wrapped_seed) > 0") == [(3,)]
    assert epochs_of_records(room) == [(3, 30)]
    room.start()
    assert room.json("key", "check", key_id)["verdict"] == "accepted"


def test_l7_keys_are_used_added_rotated_and_revoked_while_it_goes_on(room):
    """Over and over, so that changes meet it wherever it is; a revoke wins each time."""
    key_id, _ = room.add_key("gemini")
    keys = fill(room, 300)
    ended = threading.Event()
    rounds = []

    def rewrap_all_the_time():
        while not ended.is_set():
            begun(room, 90)
            rounds.append(finished(room))

    thread = threading.Thread(target=rewrap_all_the_time)
    thread.start()
    try:
        for number in range(0, 60, 2):
            rotated, revoked = keys[-1 - number], keys[-2 - number]
            value = {"value": room.canaries.new("gemini")}
            assert room.api("POST", f"/api/v1/keys/{rotated}/rotate", value)[0] == 200
            assert room.api("POST", f"/api/v1/keys/{revoked}/revoke", {})[0] == 200
            assert room.api("POST", f"/api/v1/keys/{revoked}/rotate", value)[0] == 403
        assert room.run(["gemini:default"], ["/bin/sh", "-c", CALL]).returncode == 0
    finally:
        ended.set()
        thread.join(90)
    assert rounds and all((r["state"], r["left"]) == ("done", 0) for r in rounds), rounds
    assert room.run(["gemini:default"], ["/bin/sh", "-c", CALL]).returncode == 0
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
    room.stop()
    [(newest,)] = living_epochs(room)
    assert epochs_of_records(room) == [(newest, 301 - 30)]
    assert rows(room, "select distinct length(record) from key_versions v join keys k "
                "on k.id = v.key where k.state = 'revoked'") == [(0,)]


def test_l5_a_rewrap_that_is_killed_goes_on_by_itself(room):
    """Killed in the middle, and at any moment of a rewrap at full speed; nothing is lost, and nothing is left."""
    key_id, _ = room.add_key("gemini")
    fill(room, 400)
    view = begun(room, 1)  # the next part comes after a long pause
    assert view["state"] == "running" and 0 < view["seen"] < 401
    room.kill9()
    assert len(epochs_of_records(room)) == 2
    assert len(living_epochs(room)) == 2
    room.start()
    view = finished(room)  # nobody has asked
    assert (view["state"], view["left"], view["epoch"]) == ("done", 0, 2)
    chance = random.Random(5)
    for _ in range(6):
        assert room.api("POST", REWRAP, {"share": 100})[0] == 202
        time.sleep(chance.uniform(0, 0.08))  # wherever it is by then
        room.kill9()
        room.start()
        assert room.json("key", "check", key_id)["verdict"] == "accepted"
    assert room.json("rewrap", "--tenant", "acme")[0]["left"] == 0
    room.stop()
    [(newest,)] = living_epochs(room)
    assert epochs_of_records(room) == [(newest, 401)]
    room.start()
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
