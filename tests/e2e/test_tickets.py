"""Tickets: what a platform hands to a container, so that it can start its one session and nothing else.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import threading
import urllib.error
import urllib.request

from support.canary import files_with
from support.room import FAILED, NOT_FOUND, PROGRAMS, REFUSED, WRONG_USE
from support.waiting import until

ISSUE = ["ticket", "issue", "--tenant", "acme", "--member", "alice", "--service", "gemini"]
USE = "/api/v1/tickets/use"


def use(room, ticket):
    return room.api("POST", USE, token=ticket)


def test_a_ticket_starts_its_one_session_and_nothing_else(room):
    room.add_key("gemini")
    issued = room.json(*ISSUE, "--ttl", "10m", "--label", "run=17")
    ticket = issued["ticket"]
    for method, path in [("GET", "/api/v1/sessions"), ("GET", "/api/v1/tickets"), ("POST", "/api/v1/sessions")]:
        assert room.api(method, path, token=ticket)[0] == 401, "no other call takes it"
    status, started = use(room, ticket)
    assert status == 201, started
    session, [granted] = started["session"], started["passes"]
    assert (session["tenant"], session["member"], session["labels"]) == ("acme", "alice", {"run": "17"})
    request = urllib.request.Request(
        f"{room.gateway}/gemini/v1beta/models", headers={"x-goog-api-key": granted["pass"]}
    )
    assert urllib.request.urlopen(request, timeout=20).status == 200
    status, refused = use(room, ticket)
    assert (status, refused["error"]["code"]) == (403, "ticket_used")
    room.stop()
    room.start()
    assert use(room, ticket)[1]["error"]["code"] == "ticket_used", "a restart does not make it good again"
    [listed] = room.json("ticket", "list", "--tenant", "acme")
    assert (listed["state"], listed["session"], listed["id"]) == ("used", session["id"], issued["id"])
    assert "ticket" not in listed
    acts = {(each["action"], each["actor"]) for each in room.json("audit", "list") if "actor" in each}
    assert {("ticket.issue", "operator"), ("session.start", f"ticket {issued['id']}")} <= acts
    assert "used before" in json.dumps(room.json("audit", "list"))
    assert files_with([("the ticket itself", ticket.encode())], room.data) == []
    assert ticket not in room.log()


def test_of_many_who_use_it_at_once_one_succeeds(room):
    room.add_key("gemini")
    ticket = room.json(*ISSUE)["ticket"]
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(use(room, ticket)[0])) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [403] * 15
    assert len(room.json("session", "list")) == 1


def test_it_is_useless_when_its_time_is_over_or_its_key_is_gone(room):
    key, _ = room.add_key("gemini")
    late, orphan = room.json(*ISSUE, "--valid", "1s"), room.json(*ISSUE)
    state = lambda: {each["id"]: each["state"] for each in room.json("ticket", "list")}
    until(lambda: state()[late["id"]] == "expired", 30, "its time is over")
    status, refused = use(room, late["ticket"])
    assert (status, refused["error"]["code"]) == (403, "ticket_expired")
    room.revoke(key)
    assert use(room, orphan["ticket"])[0] == 404, "there is no key any more"
    assert use(room, orphan["ticket"])[1]["error"]["code"] == "ticket_used", "a try is a use"
    assert room.json("session", "list") == []


def test_what_is_no_ticket_is_refused(room):
    room.add_key("gemini")
    for wrong in ("srt_" + "a" * 43, "x", None):
        status, refused = use(room, wrong)
        assert (status, refused["error"]["code"]) == (401, "ticket_unknown"), "the operator's token is none either"
    ticket = room.json(*ISSUE)["ticket"]
    assert room.api("POST", USE, {"socket": True}, token=ticket)[0] == 400, "it asks for nothing beside"
    request = urllib.request.Request(
        f"http://{room.endpoints['control']}{USE}",
        method="POST",
        headers={"Authorization": f"Bearer {ticket}", "Origin": "http://evil.test"},
    )
    try:
        urllib.request.urlopen(request, timeout=20)
        raise AssertionError("another site's page used a ticket")
    except urllib.error.HTTPError as error:
        assert error.code == 403
    assert use(room, ticket)[0] == 201, "none of that has used it up"
    room.cli(*ISSUE[:-1], "openai", expect=NOT_FOUND)
    room.cli(*ISSUE, "--valid", "2h", expect=WRONG_USE)
    room.cli("ticket", "list", "--tenant", "nobody", expect=NOT_FOUND)


def test_a_container_uses_it_without_any_other_right(room):
    room.add_key("gemini")
    environment = {**room.environment, "STRONGROOM_URL": f"http://{room.endpoints['control']}"}

    def command_line(ticket, **more):
        return subprocess.run(
            [PROGRAMS / "strongroom", "ticket", "use", "--json"],
            env={**environment, **more},
            input=ticket,
            capture_output=True,
            text=True,
            timeout=30,
            cwd=room.folder,
        )

    done = command_line(room.json(*ISSUE)["ticket"] + "\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passes"][0]["service"] == "gemini"
    ticket = room.json(*ISSUE)["ticket"]
    done = command_line("", STRONGROOM_TICKET=ticket)
    assert done.returncode == 0, done.stderr
    again = command_line("", STRONGROOM_TICKET=ticket)
    assert again.returncode == REFUSED and "used" in again.stderr and ticket not in again.stderr
    assert command_line("srt_x\r\nHost: y").returncode == WRONG_USE
    assert command_line("srt_unknown").returncode in (REFUSED, FAILED)
