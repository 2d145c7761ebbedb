"""Where the record goes besides the disk: syslog and HTTPS, and what becomes of it when a sink hangs, refuses or is another.

SPDX-License-Identifier: Apache-2.0
"""

import urllib.error
import urllib.request

import pytest

from support.canary import encodings, search
from support.sinks import HttpsSink, SyslogDatagrams, SyslogStream, parse
from support.waiting import until
from test_record import fill, ready

TOKEN = "a-token-of-the-log-server"


@pytest.fixture
def stopped(request):
    """Receivers that end with the test."""
    receivers = []

    def remember(receiver):
        receivers.append(receiver)
        return receiver

    yield remember
    for receiver in receivers:
        receiver.stop()


def configure(room, **settings):
    lines = "".join(f"{name} = {str(value).lower() if isinstance(value, (bool, int)) else repr(str(value))}\n" for name, value in settings.items())
    file = room.data / "strongroom.toml"
    file.write_text(f"{file.read_text()}\n[[audit.sink]]\n{lines}")
    return room


def https_room(make_room, sink, **more):
    room = make_room(start=False)
    token = room.data / "siem.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    configure(room, name="siem", to=f"https://localhost:{sink.port}/ingest", ca=sink.ca, token_file="siem.token", **more)
    return room.start().people()


def sinks(room):
    return {each["id"]: each for each in room.json("audit", "sinks")}


def in_order(entries):
    return [entry["index"] for entry in entries] == list(range(len(entries)))


def has_all(room, entries):
    """Whether these are the whole record, each entry once and in order."""
    return len(entries) == room.json("audit", "verify")["entries"] and in_order(entries)


def started(room):
    """Where a session uses its key of Gemini, and by which pass."""
    session = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "gemini")
    return f"{room.gateway}/gemini/v1beta/models", session["passes"][0]["pass"]


def asked(session):
    """Status and body of what one use of the key is answered."""
    url, credential = session
    request = urllib.request.Request(url, headers={"x-goog-api-key": credential})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def test_https_gets_every_entry_once_over_refusals_and_a_kill(make_room, tmp_path, stopped):
    sink = stopped(HttpsSink(tmp_path))
    room = https_room(make_room, sink)
    fill(room, 3)
    until(lambda: has_all(room, sink.entries), 60, "the sink has the record")
    assert set(sink.tokens) == {f"Bearer {TOKEN}"}
    assert TOKEN not in room.log()
    sink.status = 500
    room.cli("member", "add", "--tenant", "acme", "while-it-refuses")
    until(lambda: sink.refused, 60, "it was asked")
    until(lambda: sinks(room)["siem"]["state"] == "failing", 60, "it is told to fail")
    assert sinks(room)["siem"]["error"] == "it answered 500" and sinks(room)["siem"]["pending"] > 0
    assert ready(room)[0] == 200, "it is not required"
    room.cli("member", "add", "--tenant", "acme", "waits-behind-it")
    under_way = sink.refused[0]
    room.kill9()
    assert not [each for each in sink.entries if each in under_way[1]]
    sink.status = 200
    room.start()
    room.cli("member", "add", "--tenant", "acme", "after-the-kill")
    until(lambda: has_all(room, sink.entries), 30, "the sink has the record")
    assert under_way in sink.batches, "what was under way came again as it was, under the same key"


def test_k6_syslog_by_every_carrier_says_the_same_and_no_value(make_room, tmp_path, stopped):
    tcp, tls = stopped(SyslogStream(tmp_path)), stopped(SyslogStream(tmp_path, "localhost"))
    udp, local = stopped(SyslogDatagrams()), stopped(SyslogDatagrams(tmp_path / "log"))
    room = make_room(start=False)
    configure(room, name="tcp", to=f"syslog+tcp://127.0.0.1:{tcp.port}", required=True)
    configure(room, name="tls", to=f"syslog+tls://localhost:{tls.port}", ca=tls.ca, facility="local3")
    configure(room, name="udp", to=f"syslog+udp://127.0.0.1:{udp.port}")
    configure(room, name="local", to=f"syslog+unix://{tmp_path}/log", facility="authpriv")
    room.start().people()
    _, value = room.add_key("gemini")
    assert asked(started(room))[0] == 200
    for receiver, facility in ((tcp, 13), (tls, 19), (udp, 13), (local, 10)):
        parsed = until(
            lambda: (all_of := [parse(each) for each in list(receiver.messages)])
            and has_all(room, [entry for _, entry in all_of])
            and any(entry["kind"] == "settled" for _, entry in all_of)
            and all_of,
            60,
            "the whole record",
        )
        assert {priority >> 3 for priority, _ in parsed} == {facility}
        kinds = [entry["kind"] for _, entry in parsed]
        assert "use" in kinds and "settled" in kinds and "change" in kinds
        use = next(entry for _, entry in parsed if entry["kind"] == "use")
        end = next(entry for _, entry in parsed if entry["kind"] == "settled")
        assert end["use"] == use["id"] and end["tenant"] == use["tenant"] and end["status"] == 200
    until(lambda: {each["state"] for each in room.json("audit", "sinks")} == {"current"}, 60, "nothing waits")
    octets = b"\n".join(message for receiver in (tcp, tls, udp, local) for message in receiver.messages)
    assert search(octets, encodings(use["key"])) and not search(octets, encodings(value))


def test_a_receiver_with_another_name_gets_nothing(make_room, tmp_path, stopped):
    sink = stopped(HttpsSink(tmp_path, "logs.example.com"))
    room = https_room(make_room, sink)
    until(lambda: sinks(room)["siem"]["state"] == "failing", 60, "the name is not taken")
    assert sink.batches == [] and sink.tokens == []
    assert "certificate" in sinks(room)["siem"]["error"] or "TLS" in sinks(room)["siem"]["error"]
    assert ready(room)[0] == 200


def test_a_required_sink_that_hangs_stops_uses_but_no_revoke_and_they_go_on_by_themselves(make_room, tmp_path, stopped):
    sink = stopped(HttpsSink(tmp_path))
    room = https_room(make_room, sink, required=True, patience_seconds=1)
    room.add_key("gemini")
    session = started(room)
    until(lambda: asked(session)[0] == 200, 30, "the sink has kept up: a second is not long")
    sink.hang()
    room.cli("member", "add", "--tenant", "acme", "while-it-hangs")
    until(lambda: ready(room)[0] == 503, 60, "uses are held")
    assert "audit sink 'siem'" in ready(room)[1]
    status, body = until(lambda: (answer := asked(session))[0] != 200 and answer, 60, "a use is refused")
    assert status == 503 and b"record_unavailable" in body
    assert sinks(room)["siem"]["state"] == "holding"
    with urllib.request.urlopen(f"http://{room.endpoints['metrics']}/metrics", timeout=30) as metrics:
        text = metrics.read().decode()
    assert "strongroom_record_writable 0" in text and 'strongroom_sink_pending_entries{sink="siem"}' in text
    room.revoke(room.add_key("openai")[0])
    sink.go_on()
    until(lambda: ready(room)[0] == 200, 30, "uses go on")
    until(lambda: asked(session)[0] == 200, 60, "a use is answered")
    until(lambda: has_all(room, sink.entries), 60, "the sink has the record")
    actions = [entry["action"] for entry in sink.entries]
    assert "uses.hold" in actions and "uses.resume" in actions and "key.revoke" in actions


@pytest.mark.parametrize("how", ["hangs", "is not there"])
def test_one_that_is_not_required_holds_up_nothing(make_room, tmp_path, stopped, how):
    sink = stopped(HttpsSink(tmp_path))
    if how == "hangs":
        sink.hang()
    else:
        sink.stop()
    room = https_room(make_room, sink)
    room.add_key("gemini")
    assert asked(started(room))[0] == 200
    assert ready(room)[0] == 200


def test_a_record_put_back_is_noticed_by_what_a_sink_has(make_room, tmp_path, stopped):
    """A sink's cursor outlives a record that was put back without it."""
    sink = stopped(HttpsSink(tmp_path))
    room = https_room(make_room, sink)
    until(lambda: has_all(room, sink.entries), 60, "the sink has the record")
    room.stop()
    for file in (room.data / "audit").rglob("*"):
        if file.is_file():
            file.unlink()
    room.start()
    until(lambda: sinks(room)["siem"]["state"] == "failing", 60, "the cursor is ahead")
    assert "put back" in sinks(room)["siem"]["error"]


@pytest.mark.parametrize(
    "wrong, why",
    [
        (dict(name="a", to="http://localhost/x"), "syslog+tls://HOST"),
        (dict(name="a", to="https://user:password@localhost/x"), "syslog+tls://HOST"),
        (dict(name="A/b", to="https://localhost/x"), "needs a name"),
        (dict(name="a", to="syslog+udp://localhost", required=True), "cannot be required"),
        (dict(name="a", to="syslog+tcp://localhost", token_file="x"), "is for https"),
        (dict(name="a", to="syslog+tcp://localhost", facility="nobody"), "no facility"),
        (dict(name="a", to="https://localhost/x", colour="x"), "unknown setting 'colour'"),
    ],
)
def test_a_sink_that_makes_no_sense_is_refused_at_the_start(make_room, wrong, why):
    assert why in configure(make_room(start=False), **wrong).refused_start()
