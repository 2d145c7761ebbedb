"""Runners that a platform starts with a ticket: what they may, and how their workrooms end.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from support.attached import INIT, Listener, Platform, issue, knock
from support.canary import kept_in
from support.ports import free_port
from support.processes import descendants, is_gone
from support.room import NOBODY, PROGRAMS, REFUSED, UNAVAILABLE, WRONG_USE
from support.waiting import until

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None,
    reason="namespaces of one's own need root, unshare and ip",
)

#: Says what it was given by its length alone, and stays.
HOLD = 'trap "" TERM HUP; (setsid sleep 600 &); echo given ${#GH_TOKEN}; while :; do sleep 600; done'


@pytest.fixture
def platform(room):
    platform = Platform(room)
    yield platform
    platform.stop()


def only_session(room):
    (session,) = room.json("session", "list", "--state", "open")
    return session


def ended_sessions(room, count):
    """Once there are so many: a runner's last word may be on its way to the record when it has gone."""
    listed = lambda: room.json("session", "list", "--state", "ended")
    until(lambda: len(listed()) >= count, 30, f"{count} sessions have ended")
    return listed()


def test_a_command_runs_with_a_ticket_and_no_other_right(room, platform):
    _, token = room.add_key("github", member="alice")
    room.add_key("gemini")
    ticket = issue(room, "github", "gemini")
    script = 'test -n "$GEMINI_API_KEY" && printf %s "$GH_TOKEN" | sha256sum; exit 7'
    begun = platform.attach(ticket, "--", "sh", "-c", script)
    assert begun.wait() == 7, begun.errors()
    digest = subprocess.run(["sha256sum"], input=token.encode(), capture_output=True, check=True).stdout
    assert begun.lines() == [digest.decode().strip()]
    (session,) = ended_sessions(room, 1)
    assert (session["runtime"], session["ended_why"]) == ("attached", "finished")
    again = platform.attach(ticket, "--", "true")
    assert again.wait() == REFUSED and "has been used" in again.errors()
    acts = [(each["action"], each["outcome"]) for each in room.json("audit", "list") if "action" in each]
    for act in [("ticket.use", "done"), ("session.attach", "done"), ("ticket.use", "refused: used before")]:
        assert acts.count(act) == 1, act
    assert ("key.inject", "done") in acts


def test_the_ticket_comes_from_a_file_or_a_variable(room, platform):
    room.add_key("gemini")
    file = room.folder / "ticket"
    file.write_text(issue(room, "gemini") + "\n")
    program = [PROGRAMS / "strongroom", "attach"]
    where = {"STRONGROOM_URL": platform.url()}
    assert platform.begin(*program, "--ticket-file", file, "--", "true", environment=where).wait() == 0
    told = {**where, "STRONGROOM_TICKET": issue(room, "gemini")}
    assert platform.begin(*program, "--", "true", environment=told).wait() == 0
    file.write_text("srt_a\r\nX: y")
    assert platform.begin(*program, "--ticket-file", file, "--", "true", environment=where).wait() == WRONG_USE
    for wrong in ([], ["--socket", "relative", "--"], ["--socket", "/tmp/x", "--", "true"], ["--user", "1", "--", "true"]):
        assert platform.begin(*program, *wrong, environment=told).wait() == WRONG_USE, wrong
    far = {**told, "STRONGROOM_URL": "http://vault.example:8700"}
    refused = platform.begin(*program, "--", "true", environment=far)
    assert refused.wait() == WRONG_USE and "in the clear" in refused.errors()


def test_h1_a_runners_credential_opens_its_own_session_alone(room, platform):
    room.add_key("github", member="alice")
    listener = Listener(room.endpoints["control"])
    begun = platform.attach(issue(room, "github"), "--", "sh", "-c", HOLD, url=listener.url)
    begun.line("given")
    credential = re.search(rb"Bearer (srr_[A-Za-z0-9_-]{43})", listener.said).group(1).decode()
    own = only_session(room)["id"]
    status, other = room.api("POST", "/api/v1/tickets/use", {"runner": True}, token=issue(room, "github"))
    assert status == 201 and other["runner"]["credential"] != credential
    other = other["session"]["id"]
    for method, path in [
        ("GET", "/api/v1/sessions"),
        ("GET", f"/api/v1/sessions/{own}"),
        ("POST", f"/api/v1/sessions/{own}/end"),
        ("GET", "/api/v1/keys"),
        ("GET", "/api/v1/installation"),
        ("POST", "/api/v1/tickets"),
        ("POST", "/api/v1/tickets/use"),
    ]:
        assert room.api(method, path, token=credential)[0] == 401, (method, path)
    assert knock(room, other, credential) == (403, "runner_elsewhere")
    assert knock(room, own, credential) == (409, "runner_attached"), "not twice at once"
    assert knock(room, own, "srr_" + "a" * 43) == (401, "runner_unknown")
    assert begun.process.poll() is None, "the first one goes on"
    room.cli("session", "end", own)
    assert begun.wait() == REFUSED
    assert knock(room, own, credential) == (403, "session_ended")
    recorded = [each["outcome"] for each in room.json("audit", "list") if each.get("action") == "session.attach"]
    assert sorted(recorded) == [
        "done",
        "refused: runner_attached",
        "refused: runner_elsewhere",
        "refused: session_ended",
    ]
    assert kept_in(room, credential) == [], "the credential itself"
    listener.stop()


def test_a_runner_on_another_machine_speaks_tls(make_room, neighbour):
    room = make_room(start=False)
    gateway = f"{neighbour.here}:{free_port()}"
    room.control_listen, room.gateway_listen = f"{neighbour.here}:0", gateway
    room.flags += ["--gateway-url", f"https://{gateway}"]
    room.start().people()
    room.add_key("github", member="alice")
    room.add_key("gemini")
    ca, at = room.data / "gateway-ca.pem", room.endpoints["control"]
    file = room.folder / "ticket"
    file.write_text(issue(room, "github", "gemini"))
    script = (
        "printf 'header = \"x-goog-api-key: %s\"\\n' \"$GEMINI_API_KEY\" > header; "
        "curl -sS -K header -o /dev/null -w '%{http_code} ' $STRONGROOM_GATEWAY/gemini/v1beta/models && rm header; "
        "echo ${#GH_TOKEN}"
    )

    def attach(url, **more):
        command = [PROGRAMS / "strongroom", "attach", "--ticket-file", file, "--", "sh", "-c", f"cd {room.folder}; {script}"]
        return neighbour.run(*command, environment={**room.environment, "STRONGROOM_URL": url, **more})

    done = attach(f"https://{at}")
    assert done.returncode == UNAVAILABLE and "certificate" in done.stderr, "nobody vouches for that server"
    assert attach(f"http://{at}", STRONGROOM_CA=str(ca)).returncode == WRONG_USE
    done = attach(f"https://{at}", STRONGROOM_CA=str(ca))
    assert done.returncode == 0, done.stderr
    status, length = done.stdout.split()
    assert status == "200" and int(length) > 0, "neither of those has used the ticket"
    refused = neighbour.run("curl", "-sS", "-H", "Authorization: Bearer x", f"http://{at}/api/v1/keys")
    assert json.loads(refused.stdout)["error"]["code"] == "tls_required"


@needs_namespaces
def test_a_container_of_the_platforms_gets_its_variables_once(room, platform, standins):
    _, token = room.add_key("github", member="alice")
    room.add_key("gemini")
    runner = platform.attach_here(issue(room, "github", "gemini"))
    script = """
url=https://generativelanguage.googleapis.com/v1beta/models
printf 'header = "x-goog-api-key: %s"\\n' "$GEMINI_API_KEY" > header
echo "base $(curl -sS --noproxy '*' -K header -o /dev/null -w '%{http_code}' $STRONGROOM_GATEWAY/gemini/v1beta/models)"
echo "proxy $(curl -sS -K header -o /dev/null -w '%{http_code}' $url)"
echo "other $(curl -s -K header -o /dev/null -w '%{http_connect}' https://example.com/ || true)"
rm header
echo "own $FROM_PLATFORM $$"
echo "token $GH_TOKEN"
exit 9
"""
    container = platform.container("sh", "-c", script, environment={"FROM_PLATFORM": "yes"})
    assert container.wait() == 9, container.errors() + runner.errors()
    # By the runner: what the command has written passes through it, and may come after the container's end.
    assert runner.wait() == 9
    assert container.line("base") == "200" and container.line("proxy") == "200"
    assert container.line("other") == "403"
    assert container.line("own").startswith("yes "), "what the platform has set is there too"
    assert container.line("token") == "*" * len(token), "the output net is there"
    assert list(platform.folder.rglob("*")) == [], "nothing is left in the shared folder"
    assert [each["ended_why"] for each in ended_sessions(room, 1)] == ["finished"]
    late = platform.begin(INIT, "--socket", platform.socket, "--wait", "0", "--", "true")
    assert late.wait() == UNAVAILABLE and "no runner" in late.errors()


@needs_namespaces
def test_i9_j6_the_end_of_the_session_ends_all_of_a_platforms_container(room, platform):
    key, _ = room.add_key("github", member="alice")
    for end in (lambda session: ("session", "end", session), lambda _: ("key", "revoke", key)):
        runner = platform.attach_here(issue(room, "github"))
        container = platform.container("sh", "-c", HOLD)
        assert int(container.line("given")) > 0
        session = only_session(room)["id"]
        inside = descendants(container.process.pid)
        assert len(inside) >= 3
        withdrawn = room.json(*end(session))["receipt"]["r2"]
        # That is the word of the kernel: nothing is waited for here.
        assert all(is_gone(pid) for pid in inside)
        assert withdrawn["holds"] and [each["name"] for each in withdrawn["processes"]] == ["all of sh"]
        assert runner.wait() == REFUSED
        assert container.wait() != 0


@needs_namespaces
def test_j9_a_killed_runner_takes_its_container_along(room, platform):
    room.add_key("github", member="alice")
    runner = platform.attach_here(issue(room, "github"))
    container = platform.container("sh", "-c", HOLD)
    container.line("given")
    session = only_session(room)["id"]
    inside = descendants(container.process.pid)
    runner.process.kill()
    until(lambda: all(is_gone(pid) for pid in inside), 30, "the kernel has ended all of it")
    until(lambda: room.json("session", "show", session)["state"] == "ended", 30, "the vault knows")
    assert room.json("session", "show", session)["ended_why"] == "runner lost"


@needs_namespaces
def test_a_restart_of_the_vault_ends_no_attached_workroom(room, platform):
    room.add_key("github", member="alice")
    # Its control.sock is where it was after a restart.
    here = {"environment": {"STRONGROOM_DATA": str(room.data)}, "url": ""}
    runner = platform.attach_here(issue(room, "github"), **here)
    container = platform.container("sh", "-c", "echo given ${#GH_TOKEN}; until test -e go; do sleep 0.05; done; exit 5")
    container.line("given")
    session = only_session(room)["id"]
    assert room.stop() == 0
    room.start()
    is_there = lambda: any(each["role"] == "runner" for each in room.json("session", "show", session)["holders"])
    until(is_there, 30, "its runner is back")
    (room.folder / "go").touch()
    assert container.wait() == 5 and runner.wait() == 5
    assert [each["ended_why"] for each in ended_sessions(room, 1)] == ["finished"]


@needs_namespaces
def test_j7_strangers_at_the_socket_get_nothing(room, platform):
    room.add_key("github", member="alice")
    runner = platform.attach_here(issue(room, "github"), "--user", str(os.geteuid()))
    until(platform.socket.exists, 60, "the runner listens")
    platform.socket.chmod(0o666)
    platform.folder.parent.chmod(0o755)
    stranger = platform.begin(
        INIT, "--socket", platform.socket, "--", "env", user=NOBODY, group=NOBODY, extra_groups=[]
    )
    assert stranger.wait() != 0 and stranger.lines() == []
    # Not process 1: what it starts could outlive it.
    second = platform.begin(INIT, "--socket", platform.socket, "--", "env")
    assert second.wait() != 0 and second.lines() == []
    until(lambda: "process 1" in runner.errors(), 30, "the runner says why")
    container = platform.container("sh", "-c", "echo given ${#GH_TOKEN}")
    assert container.wait() == 0 and runner.wait() == 0
    assert int(container.line("given")) > 0


@needs_namespaces
def test_nobody_comes(room, platform):
    room.add_key("github", member="alice")
    runner = platform.attach_here(issue(room, "github"), "--wait", "1")
    assert runner.wait() == UNAVAILABLE
    assert "no workroom came" in runner.errors()
    assert [each["ended_why"] for each in ended_sessions(room, 1)] == ["finished"]
    ended = platform.attach_here(issue(room, "github"))
    until(platform.socket.exists, 60, "the runner listens")
    room.cli("session", "end", only_session(room)["id"])
    assert ended.wait() == REFUSED and "before its workroom came" in ended.errors()
    stopped = platform.attach_here(issue(room, "github"))
    until(platform.socket.exists, 60, "the runner listens")
    stopped.process.send_signal(signal.SIGTERM)
    assert stopped.wait() != 0
    assert not platform.socket.exists()
