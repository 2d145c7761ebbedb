"""Keys of a tailnet made for one session and destroyed, with the device that used it, at its end. Tailscale's API is a stand-in.
SPDX-License-Identifier: Apache-2.0"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.authority import Authority
from support.canary import kept_in
from support.processes import name_of, status_of
from support.room import PROGRAMS, WRONG_USE, Room
from support.waiting import until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "standins" / "tailscale"))

from tailnet import HOST, Tailnet  # noqa: E402

NAME = r"strongroom-[0-9a-f]{16}"
SHOW = ["/bin/sh", "-c", 'echo "$TS_HOSTNAME $TS_AUTHKEY"']
PLAIN = ("--no-output-filter",)
STAY = ["/bin/sh", "-c", 'echo "READY $TS_HOSTNAME $TS_AUTHKEY"; exec sleep 600']


def a_room(suite_folder, canaries, environment, host):
    """A running Strongroom, whose way to Tailscale's API leads to a stand-in with a certificate for `host`."""
    folder = suite_folder / f"ts-{len(list(suite_folder.iterdir()))}"
    folder.mkdir(mode=0o700)
    authority = Authority()
    chain, key, _ = authority.issue(host)
    tailnet = Tailnet(chain, key, canaries.new("tailscale-client"))
    tailnet.ca = folder / "ca.pem"
    tailnet.ca.write_text(authority.pem)
    room = Room(folder, tailnet, canaries, environment)
    room.start().people()
    yield room, tailnet
    tailnet.release()
    status = room.stop()
    tailnet.stop()
    assert status in (0, None), room.log()[-2000:]
    assert tailnet.strangers == []


@pytest.fixture
def both(suite_folder, canaries, environment):
    yield from a_room(suite_folder, canaries, environment, HOST)


@pytest.fixture
def room(both):
    return both[0]


@pytest.fixture
def tailnet(both):
    return both[1]


@pytest.fixture
def key(room, tailnet):
    """The id of the key that makes keys."""
    return add(room, tailnet)


def add(room, tailnet):
    return room.add_key("tailscale", value=tailnet.secret, settings={"dynamic": "yes", "tags": "tag:agents"})[0]


def run(room, command):
    return room.run(["tailscale"], command, flags=PLAIN).stdout


def begin(room):
    """A workroom, its device's name and its key."""
    workroom = room.begin(["tailscale"], STAY, flags=PLAIN)
    name, auth_key = workroom.line("READY ").split()
    return workroom, name, auth_key


def sessions(room):
    return sorted(room.json("session", "list", "--tenant", "acme"), key=lambda each: each["started"])


def credentials(room):
    return [each for session in sessions(room) for each in session["credentials"]]


def all_destroyed(room):
    found = credentials(room)
    return found and all(each["state"] == "destroyed" for each in found)


def receipt_of(room, subject):
    def found():
        return [each for each in room.api("GET", "/api/v1/receipts")[1] if each["subject"] == subject]

    until(found, 60, "its receipt is written")
    return room.api("GET", f"/api/v1/receipts/{found()[0]['id']}")[1]["receipt"]


def test_a_key_as_given_is_injected_as_it_is(room):
    value = room.add_key("tailscale")[1]
    assert run(room, SHOW).strip() == value


def test_each_session_has_a_key_of_its_own(room, tailnet, key):
    shown = [run(room, SHOW).split() for _ in range(2)]
    names, keys = zip(*shown)
    assert len(set(names)) == len(set(keys)) == 2 and all(re.fullmatch(NAME, name) for name in names)
    assert sorted(made["key"] for made in tailnet.keys.values()) == sorted(keys)
    for made in tailnet.keys.values():
        assert made["capabilities"]["devices"]["create"] == {
            "reusable": False, "ephemeral": True, "preauthorized": True, "tags": ["tag:agents"],
        }
        assert made["description"] in names
    until(lambda: tailnet.live_keys() == [], 60, "both keys are deleted")
    until(lambda: all_destroyed(room), 60, "and that is known")
    assert kept_in(room, *keys) == []


def test_the_oauth_client_is_not_in_the_workroom(room, tailnet, key):
    environment = run(room, ["/usr/bin/env"])
    assert "TS_AUTHKEY=tskey-auth-" in environment
    assert "tskey-client" not in environment and "tag:agents" not in environment


def test_i9_the_device_is_removed_at_the_sessions_end(room, tailnet, key):
    older = tailnet.add_device("printer", ["tag:office"])
    workroom, name, auth_key = begin(room)
    other, other_name, other_key = begin(room)
    stays = tailnet.join(other_key, other_name)
    goes = tailnet.join(auth_key, name)
    assert goes and tailnet.join(auth_key, "a-second-one") is None, "a key is good once"
    session = sessions(room)[0]["id"]
    room.cli("session", "end", session)
    workroom.wait()
    r3 = receipt_of(room, session)["r3"]
    assert r3["holds"] is True and [each["state"] for each in r3["credentials"]] == ["destroyed"]
    assert set(tailnet.devices) == {older, stays}
    assert [made["key"] for made in tailnet.live_keys()] == [other_key]
    other.stop()
    until(lambda: set(tailnet.devices) == {older}, 60, "the other session's is removed with it")


def test_i9_a_device_by_another_name_is_removed_as_well(room, tailnet, key):
    workroom, _, auth_key = begin(room)
    other, other_name, other_key = begin(room)
    assert tailnet.join(auth_key, "printer")
    stays = tailnet.join(other_key, other_name)
    tailnet.add_device("laptop", ["tag:agents", "tag:office"], ephemeral=False)
    room.cli("session", "end", sessions(room)[0]["id"])
    workroom.wait()
    until(lambda: all(each["hostname"] != "printer" for each in tailnet.devices.values()), 60, "it is removed")
    assert stays in tailnet.devices and len(tailnet.devices) == 2
    other.stop()


def test_i9_revoking_the_client_destroys_what_live_sessions_have(room, tailnet, key):
    workroom, name, auth_key = begin(room)
    tailnet.join(auth_key, name)
    receipt = room.revoke(key)["receipt"]
    assert receipt["r2"]["holds"] is True
    assert [each["state"] for each in receipt["r3"]["credentials"]] == ["destroyed"]
    assert tailnet.live_keys() == [] and tailnet.devices == {}
    workroom.wait()


def test_i9_a_revoke_while_tailscale_does_not_answer(room, tailnet, key):
    workroom, name, auth_key = begin(room)
    tailnet.join(auth_key, name)
    tailnet.is_away = True
    receipt = room.revoke(key)["receipt"]
    assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
    assert [each["state"] for each in receipt["r3"]["credentials"]] == ["still_exposed"]
    workroom.wait()
    assert [each["state"] for each in credentials(room)] == ["still_exposed"]
    room.kill9()
    tailnet.is_away = False
    room.start()
    until(lambda: tailnet.devices == {} and tailnet.live_keys() == [], 60, "both are gone when it answers again")
    until(lambda: all_destroyed(room), 60, "and that is known")


def run_in_the_background(room):
    command = [str(PROGRAMS / "strongroom"), "run", "--data", str(room.data), "--tenant", "acme", "--member", "alice",
               "--service", "tailscale", "--", "/bin/true"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=room.environment)


def test_the_issuer_has_given_up_what_it_does_not_need(room, tailnet, key):
    """Its filter of system calls, and no way back (what both refuse: src/io/process/sandbox_test.cpp)."""
    come, go = tailnet.hold("POST", "/oauth/token$")
    run_in_the_background(room)
    assert come.wait(60)
    [issuer] = [pid for pid in room._children() if name_of(pid) == "strongroom-issu"]
    status = status_of(issuer)
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    if int(status["CapEff"], 16) >> 24 & 1:  # CAP_SYS_RESOURCE
        assert int(status["VmLck"].split()[0]) > 1024, "its memory is locked"
    go.set()


@pytest.mark.timeout(400)
def test_i9_the_vault_killed_between_the_making_and_the_storing(room, tailnet, key):
    """The key is there, and nobody knows its id: it is found by what it was called."""
    come, go = tailnet.hold("POST", "/keys$")
    cut_short = run_in_the_background(room)
    assert come.wait(60)
    room.kill9()
    go.set()
    cut_short.wait(30)
    assert len(tailnet.live_keys()) == 1
    room.start()
    until(lambda: tailnet.live_keys() == [], 60, "the key is deleted")
    until(lambda: all_destroyed(room), 100, "and that is known")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("method, path", [("POST", "/oauth/token$"), ("DELETE", "/keys/"), ("GET", "/devices$"), ("DELETE", "/device/")])
def test_i9_the_vault_killed_while_it_destroys(room, tailnet, key, method, path):
    workroom, name, auth_key = begin(room)
    assert tailnet.join(auth_key, name)
    come, go = tailnet.hold(method, path)
    workroom.process.terminate()
    assert come.wait(60)
    room.kill9()
    go.set()
    workroom.wait(30)
    assert path == "/device/" or len(tailnet.devices) == 1
    room.start()
    until(lambda: tailnet.devices == {} and tailnet.live_keys() == [], 60, "both are gone")
    until(lambda: all_destroyed(room), 100, "and that is known")


def test_a_start_whose_key_cannot_be_made_is_none(room, tailnet):
    room.add_key("tailscale", value=tailnet.secret, settings={"dynamic": "yes", "tags": "tag:others"})
    done = room.run(["tailscale"], ["/bin/true"], expect=None)
    assert done.returncode != 0 and "status 400" in done.stderr
    assert sessions(room)[-1]["state"] == "ended" and all_destroyed(room)


def test_nothing_is_said_to_a_server_of_another_name(suite_folder, canaries, environment):
    for room, tailnet in a_room(suite_folder, canaries, environment, "api.tailscale.example"):
        add(room, tailnet)
        done = room.run(["tailscale"], ["/bin/true"], expect=None)
        assert done.returncode != 0 and "could not be reached, or not be trusted" in done.stderr
        assert tailnet.calls == []


@pytest.mark.parametrize(
    "value, settings, what",
    [
        ("client", {"dynamic": "yes"}, "tags"),
        ("client", {"dynamic": "yes", "tags": "agents"}, "tags"),
        ("client", {"dynamic": "yes", "tags": "tag:a,"}, "tags"),
        ("client", {"dynamic": "yes", "tags": 'tag:a","x":"'}, "tags"),
        ("client", {"tags": "tag:agents"}, "--dynamic"),
        ("key", {"dynamic": "yes", "tags": "tag:agents"}, "tskey-client-"),
    ],
)
def test_what_cannot_make_keys_is_refused(room, tailnet, value, settings, what):
    arguments = ["key", "add", "tailscale", "--tenant", "acme"]
    for name, setting in settings.items():
        arguments += ["--set", f"{name}={setting}"]
    text = tailnet.secret if value == "client" else room.canaries.new("tailscale")
    assert what in room.cli(*arguments, input=text + "\n", expect=WRONG_USE).stderr
