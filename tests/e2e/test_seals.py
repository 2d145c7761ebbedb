"""Several seals, any one of which opens; a server that starts sealed. SPDX-License-Identifier: Apache-2.0"""

import urllib.request
from urllib.error import HTTPError

import pytest

from support.room import REFUSED, UNAVAILABLE
from support.waiting import until


def seals(room):
    return room.json("seal", "status")["seals"]


def sealed_start(room):
    room.start()
    assert room.endpoints.get("sealed") is True, room.log()[-2000:]
    return room


def opened(room):
    """Its endpoints once gateways have joined."""
    import json

    def look():
        room.endpoints = json.loads((room.data / "endpoints.json").read_text())
        return len(room.endpoints.get("gateway_pids", [])) > 0

    until(look, 60, "the gateways have joined")
    return room


def works(room, key_id):
    assert room.json("key", "check", key_id)["verdict"] == "accepted"


def hide_seal_file(room):
    away = room.folder / "seal.key.away"
    (room.data / "seal.key").rename(away)
    return away


def test_any_of_three_seals_opens_and_adding_needs_no_stop(room, canaries):
    key_id, _ = room.add_key("gemini")
    passphrase = canaries.new("password")
    other = room.folder / "elsewhere.key"
    pid = room.process.pid
    room.json("seal", "add", "file", "--path", str(other))
    room.json("seal", "add", "passphrase", input=passphrase + "\n")
    assert [seal["kind"] for seal in seals(room)] == ["file", "file", "passphrase"]
    assert room.process.pid == pid
    works(room, key_id)
    room.stop()
    away = hide_seal_file(room)
    room.start()  # by the second file
    works(room, key_id)
    room.stop()
    other.unlink()
    sealed_start(room)
    room.json("unseal", "--passphrase", input=passphrase + "\n")
    opened(room)
    works(room, key_id)
    room.stop()
    away.rename(room.data / "seal.key")
    room.start()
    works(room, key_id)


def test_a_removed_seal_opens_no_more_and_is_in_no_file_of_the_database(room, canaries):
    passphrase = canaries.new("password")
    room.json("seal", "add", "passphrase", input=passphrase)
    [first, second] = seals(room)
    room.json("seal", "remove", first["id"])
    for file in room.data.glob("strongroom.db*"):
        assert first["id"].encode() not in file.read_bytes(), file
    done = room.cli("seal", "remove", second["id"], expect=REFUSED)
    assert "only seal" in done.stderr
    room.stop()
    sealed_start(room)  # seal.key is there, and is no seal of this database any more
    room.json("unseal", "--passphrase", input=passphrase)
    opened(room)
    record = [entry["action"] for entry in room.json("audit", "list")]
    assert "seal.add" in record and "seal.remove" in record


def test_shares_open_when_enough_are_there_whichever_they_are(room):
    key_id, _ = room.add_key("gemini")
    added = room.json("seal", "add", "shares", "--shares", "5", "--threshold", "3")
    shares = added["shares"]
    assert len(set(shares)) == 5 and added["detail"] == "3 of 5"
    for share in shares:  # seen this one time
        assert share not in str(room.json("seal", "status")) + room.log()
    room.stop()
    hide_seal_file(room)
    sealed_start(room)
    for share in (shares[4], shares[1], shares[4]):  # one twice is one
        done = room.cli("unseal", "--share", "--json", input=share + "\n", expect=UNAVAILABLE)
        assert '"sealed"' in done.stdout
    assert "2 of 3 shares" in room.json("seal", "status")["waits_for"]
    room.json("unseal", "--share", input=shares[2] + "\n")
    opened(room)
    works(room, key_id)
    for share in shares:
        assert share not in room.log()


def test_a_mistyped_share_is_told_and_repeats_nothing(room):
    shares = room.json("seal", "add", "shares", "--shares", "2", "--threshold", "2")["shares"]
    room.stop()
    hide_seal_file(room)
    sealed_start(room)
    for at in (20, 40, 70, len(shares[0]) - 1):
        wrong = shares[0][:at] + ("0" if shares[0][at] != "0" else "1") + shares[0][at + 1 :]
        done = room.cli("unseal", "--share", input=wrong, expect=None)
        assert done.returncode not in (0, UNAVAILABLE) and wrong not in done.stdout + done.stderr
    assert room.json("seal", "status")["seal_state"] == "sealed"
    room.cli("unseal", "--share", input=shares[0], expect=UNAVAILABLE)
    room.json("unseal", "--share", input=shares[1])
    opened(room)


def test_shares_of_another_installation_do_not_open(room, make_room):
    other = make_room()
    foreign = other.json("seal", "add", "shares", "--shares", "2", "--threshold", "2")["shares"]
    room.json("seal", "add", "shares", "--shares", "2", "--threshold", "2")
    room.stop()
    hide_seal_file(room)
    sealed_start(room)
    for share in foreign:
        done = room.cli("unseal", "--share", input=share, expect=None)
        assert done.returncode not in (0, UNAVAILABLE) and "belongs to a seal" in done.stderr


def test_l6_a_sealed_server_says_what_it_waits_for_and_serves_nothing_else(room):
    room.stop()
    away = hide_seal_file(room)
    sealed_start(room)
    assert "strongroom unseal" in room.log()
    assert "seal.key" in room.json("seal", "status")["waits_for"]
    for method, path in (
        ("GET", "/api/v1/keys"),
        ("GET", "/api/v1/openapi.json"),
        ("POST", "/api/v1/sessions"),
    ):
        status, answer = room.api(method, path)
        assert status == 503 and answer["error"]["code"] == "sealed", (method, path)
    with urllib.request.urlopen(f"http://{room.endpoints['control']}/") as page:
        assert b"<title>Strongroom</title>" in page.read(), "the console, which has a page to unseal by"
    assert room.cli("key", "list", expect=UNAVAILABLE).stderr.count("sealed") >= 1
    # Only those who may use the control API may bring anything.
    assert room.api("POST", "/api/v1/unseal", {}, token="sro_wrong")[0] == 401
    assert room.api("GET", "/api/v1/installation", token="sro_wrong")[0] == 401
    with pytest.raises(HTTPError) as ready:
        urllib.request.urlopen(f"http://{room.endpoints['metrics']}/readyz")
    assert ready.value.code == 503
    told = {each["id"]: each for each in room.json("doctor", expect=1)}
    assert told["server"]["what"].startswith("sealed: ") and told["server"]["mend"] == "strongroom unseal"
    room.cli("unseal", expect=UNAVAILABLE)  # nothing has changed
    away.rename(room.data / "seal.key")
    room.json("unseal")
    opened(room)
    assert room.api("GET", "/api/v1/keys")[0] == 200
    assert room.json("unseal")["seal_state"] == "open"


def test_l6_a_wrong_passphrase_leaves_it_sealed(room, canaries):
    passphrase = canaries.new("password")
    room.json("seal", "add", "passphrase", input=passphrase)
    room.stop()
    hide_seal_file(room)
    sealed_start(room)
    done = room.cli("unseal", "--passphrase", input="not the passphrase", expect=None)
    assert done.returncode != 0 and "not the one" in done.stderr
    assert room.json("seal", "status")["seal_state"] == "sealed"
    room.json("unseal", "--passphrase", input=passphrase)
    opened(room)


def test_a_sealed_server_ends_in_order(room):
    room.stop()
    hide_seal_file(room)
    sealed_start(room)
    assert room.stop() == 0
    assert not (room.data / "control.sock").exists() and not (room.data / "endpoints.json").exists()


def test_a_first_start_without_a_passphrase_is_refused(make_room):
    room = make_room(flags=["--seal", "passphrase"], start=False)
    assert "passphrase" in room.refused_start()


def test_rows_changed_while_sealed_are_noticed_on_opening(room):
    import sqlite3

    room.add_key("gemini")
    room.stop()
    away = hide_seal_file(room)
    sealed_start(room)
    # The server keeps the database locked: this is what was done before it started.
    room.stop()
    database = sqlite3.connect(room.data / "strongroom.db")
    database.execute("update members set role = 'owner'")
    database.commit()
    database.close()
    sealed_start(room)
    away.rename(room.data / "seal.key")
    done = room.cli("unseal", expect=None)
    assert done.returncode != 0
    assert room.process.wait(30) > 0
    room.process = None


@pytest.mark.parametrize("column", ["kind", "parameters", "wrapped_root", "id"])
def test_l3_a_changed_row_of_a_seal_does_not_open(room, column):
    import sqlite3

    room.json("seal", "add", "shares", "--shares", "3", "--threshold", "2")
    room.stop()
    database = sqlite3.connect(room.data / "strongroom.db")
    changed = {
        "kind": "update seals set kind = 'passphrase' where kind = 'shares'",
        "parameters": "update seals set parameters = replace(parameters, '2', '1') where kind = 'shares'",
        "wrapped_root": "update seals set wrapped_root = zeroblob(126) where kind = 'shares'",
        "id": "update seals set id = 'sea_aaaaaaaaaaaaaaaaaaaaaaaaaa' where kind = 'shares'",
    }[column]
    database.execute(changed)
    database.commit()
    database.close()
    assert "Strongroom" in room.refused_start()
