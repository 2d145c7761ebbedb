"""The outside contract of the command line: wrong use, exit codes, one line that says how to mend it, listings.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess

import pytest

from support.room import FAILED, NOT_FOUND, PROGRAMS, REFUSED, UNAVAILABLE, WRONG_USE

UNKNOWN_ID = "key_aaaaaaaaaaaaaaaaaaaaaaaaaa"


def one_line(done):
    assert done.stdout == "", "nothing is printed that looks like an answer"
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("strongroom: "), done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "arguments, word",
    [
        ([], "command"),
        (["scan"], "scan"),
        (["seal", "add"], "add"),
        (["key"], "strongroom key --help"),
        (["key", "add", "gemini"], "--tenant"),
        (["key", "list", "--no-such-flag=value"], "--no-such-flag"),
        (["run", "--tenant", "acme"], "--member"),
        (["run", "--tenant", "a", "--member", "b", "--", "true"], "--service"),
        (["run", "--tenant", "a", "--member", "b", "--service", "gemini"], "--"),
        (["audit", "list", "--limit", "0"], "--limit"),
        (["session", "start", "--tenant", "a", "--member", "b", "--time-limit", "700000"], "604800"),
        (["key", "show", "no-id"], "key_"),
        (["serve", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"], "--listen is given more than once;"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_in_one_line(room, arguments, word):
    assert word in one_line(room.cli(*arguments, expect=WRONG_USE))


def test_a_flag_that_lacks_its_value_is_named():
    done = subprocess.run([PROGRAMS / "strongroom", "serve", "--listen"], capture_output=True, text=True, timeout=30)
    assert done.returncode == WRONG_USE and "--listen needs a value;" in one_line(done)


@pytest.mark.parametrize(
    "flags",
    [
        ["--image", "debian:12"],
        ["--network", "none"],
        ["--mount", "/tmp:/x"],
        ["--user", "1000"],
        ["--workdir", "/tmp"],
        ["--scratch-size", "1m"],
        ["--pids-limit", "5"],
        ["--memory", "1g"],
        ["--docker-socket", "/x"],
        ["--pull", "never"],
    ],
    ids=lambda flags: flags[0],
)
def test_what_is_of_a_container_is_not_passed_over_without_one(room, flags):
    """A limit that nobody holds to would be worse than none."""
    run = ["run", "--tenant", "acme", "--member", "alice", "--service", "gemini", *flags]
    said = one_line(room.cli(*run, "--", "true", expect=WRONG_USE))
    assert f"{flags[0]} is of a container: say --runtime runc or docker" in said


def test_what_is_of_one_runtime_is_not_passed_over_by_another(room):
    run = ["run", "--tenant", "acme", "--member", "alice", "--service", "gemini", "--image", "/x", "--runtime"]
    for rest in (["docker", "--scratch-size", "1m"], ["runc", "--pull", "never"], ["runc", "--docker-socket", "/x"]):
        assert f"{rest[1]} is of " in one_line(room.cli(*run, *rest, "--", "true", expect=WRONG_USE))


def test_errors_name_the_flag_that_mends_them(room):
    lacking = room.cli("key", "add", "generic-http", "--tenant", "acme", input="a-value-of-a-key", expect=WRONG_USE)
    assert "--set host=..." in one_line(lacking)
    start = ["session", "start", "--tenant", "acme", "--member", "alice"]
    missing = room.cli(*start, "--service", "gemini:work", expect=NOT_FOUND)
    assert "strongroom key add gemini --tenant acme --label work" in one_line(missing)
    room.add_key("gemini")
    run = ["run", "--tenant", "acme", "--member", "alice", "--service", "gemini", "--env", "GEMINI_API_KEY=x"]
    assert "GEMINI_API_KEY belongs to the session" in one_line(room.cli(*run, "--", "true", expect=WRONG_USE))


@pytest.mark.parametrize(
    "flags",
    [
        ["--drain-seconds", "-1"],
        ["--drain-seconds", "3601"],
        ["--grace-seconds", "61"],
        ["--gateway-processes", "0"],
        ["--gateway-processes", "many"],
        ["--log-level", "loud"],
        ["--seal", "wax"],
    ],
    ids=" ".join,
)
def test_what_a_flag_of_serve_cannot_be(make_room, flags):
    """The same limits as in strongroom.toml: nothing is taken silently for something else."""
    room = make_room(flags=flags, start=False)
    sentence = room.refused_start()
    assert flags[0].split("-")[2] in sentence and "\n" not in sentence
    assert not (room.data / "strongroom.db").exists(), "nothing is made before all is checked"


def test_a_file_without_authorities_is_refused_at_the_start(make_room):
    room = make_room(start=False)
    empty = room.folder / "empty.pem"
    empty.write_text("nothing\n")
    room.flags += ["--extra-ca", str(empty)]
    assert f"{empty} holds no PEM certificate" in room.refused_start()


def test_one_server_a_data_directory_and_one_a_port(room, make_room):
    assert "already" in room.refused_start()
    folder = make_room(start=False).data
    places = ("control", "gateway", "metrics")
    for flag, taken in zip(("--listen", "--gateway", "--metrics"), places):
        arguments = ["serve", "--data", folder]
        for other in ("--listen", "--gateway", "--metrics"):
            arguments += [other, room.endpoints[taken] if other == flag else "127.0.0.1:0"]
        done = subprocess.run(
            [PROGRAMS / "strongroom", *arguments], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == UNAVAILABLE
        assert room.endpoints[taken] in one_line(done) and flag in done.stderr
    assert room.json("tenant", "list")[0]["name"] == "acme", "the first one goes on"


def test_what_is_not_there_is_not_found(room):
    for arguments in (
        ["key", "show", UNKNOWN_ID],
        ["key", "revoke", UNKNOWN_ID],
        ["session", "end", UNKNOWN_ID.replace("key", "ses")],
        ["receipt", "show", UNKNOWN_ID.replace("key", "rcp")],
        ["member", "list", "--tenant", "nobody"],
        ["member", "remove", "nobody", "--tenant", "acme"],
        ["tenant", "remove", "nobody"],
        ["skill", "remove", "nothing", "--tenant", "acme"],
        ["receipt", "verify", "no-such-file.json"],
    ):
        one_line(room.cli(*arguments, expect=NOT_FOUND))
    one_line(room.cli("tenant", "add", "acme", expect=FAILED))


def test_a_listing_is_an_array_of_objects_each_with_its_id(room):
    room.people("other", members=("carol",))
    room.cli("skill", "add", "narrate", "--tenant", "acme", "--service", "gemini")
    room.cli("skill", "add", "narrate", "--tenant", "other", "--service", "openai")
    key_id, _ = room.add_key("gemini")
    room.cli("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini")
    room.cli("policy", "set", "--tenant", "acme", "--rpm", "60")
    room.revoke(key_id)
    for noun in ("tenant", "member", "service", "key", "skill", "session", "policy", "receipt", "audit"):
        listed = room.json(noun, "list")
        assert listed and all(isinstance(each["id"], str) and each["id"] for each in listed), noun
    # Without --tenant: everybody's.
    assert [each["tenant"] for each in room.json("member", "list")] == ["acme", "other"]
    assert [each["tenant"] for each in room.json("skill", "list")] == ["acme", "other"]
    assert [each["name"] for each in room.json("member", "list", "--tenant", "other")] == ["carol"]


def test_an_export_is_whole(room):
    for number in range(101):
        status, _ = room.api("POST", "/api/v1/members", {"tenant": "acme", "name": f"m{number}"})
        assert status == 201
    entries = room.json("audit", "verify")["entries"]
    assert entries > 100
    lines = room.cli("audit", "export").stdout.splitlines()
    numbers = [int(json.loads(line)["id"]) for line in lines]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == entries
    assert [int(each["id"]) for each in room.json("audit", "export")] == numbers
    assert len(room.json("audit", "list")) == 100
    assert len(room.json("audit", "export", "--limit", "3")) == 3


def test_the_record_of_a_removed_tenant_can_still_be_read(room):
    [tenant] = room.json("tenant", "list")
    room.cli("tenant", "remove", "acme")
    room.cli("tenant", "add", "acme")
    assert [each["action"] for each in room.json("audit", "list", "--tenant", "acme")] == ["tenant.add"]
    actions = [each["action"] for each in room.json("audit", "list", "--tenant", tenant["id"])]
    assert actions == ["tenant.remove", "tenant.remove", "member.add", "tenant.add"]
    room.cli("audit", "list", "--tenant", "nobody", expect=NOT_FOUND)


def test_a_server_elsewhere_by_its_address_and_token(room):
    remote = {
        **room.environment,
        "STRONGROOM_URL": f"http://{room.endpoints['control']}",
        "STRONGROOM_TOKEN": (room.data / "operator.token").read_text().strip(),
    }

    def call(**changed):
        return subprocess.run(
            [PROGRAMS / "strongroom", "tenant", "list", "--json"],
            env={**remote, **changed},
            capture_output=True,
            text=True,
            timeout=30,
            cwd=room.folder,
        )

    assert json.loads(call().stdout)[0]["name"] == "acme"
    assert call(STRONGROOM_TOKEN="sro_wrong").returncode == REFUSED
    assert call(STRONGROOM_TOKEN="").returncode == WRONG_USE
    assert call(STRONGROOM_URL="ftp://127.0.0.1:1").returncode == WRONG_USE
    assert call(STRONGROOM_URL="https://127.0.0.1:1").returncode == UNAVAILABLE
    assert call(STRONGROOM_URL="http://127.0.0.1:1").returncode == UNAVAILABLE
    for place in ("gateway", "metrics"):
        done = call(STRONGROOM_URL=f"http://{room.endpoints[place]}")
        assert done.returncode == NOT_FOUND and "acme" not in done.stdout, "no control call is served there"
