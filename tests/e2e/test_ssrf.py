"""Where a name may lead: the addresses that are checked are the ones that are dialled, on a machine where the name server lies.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import socket
import subprocess

import httpx
import pytest

from support.island import OWN, PRIVATE, PUBLIC, Island, is_possible
from support.waiting import until

pytestmark = pytest.mark.skipif(not is_possible(), reason="this machine gives no namespaces")

FOUR, SIX = PUBLIC

# What leads to somewhere public, as well.
GOOD = {
    "four": {"A": [FOUR]},
    "six": {"AAAA": [SIX]},
    "mixed": {"A": ["127.0.0.1", "10.1.2.3", FOUR]},
    "mixed-own": {"A": [OWN[0], FOUR], "AAAA": [OWN[1]]},
    "mixed-six": {"AAAA": ["::1", "fd00:ec2::254"], "A": [FOUR]},
    "both": {"AAAA": [SIX], "A": [FOUR]},
}
# What leads to nowhere else.
BAD = {
    "loopback": {"A": ["127.0.0.1"]},
    "loopback-net": {"A": ["127.9.9.9"]},
    "loopback-six": {"AAAA": ["::1"]},
    "zero": {"A": ["0.0.0.0"], "AAAA": ["::"]},
    "private": {"A": ["10.1.2.3"]},
    "private-b": {"A": ["172.16.0.1"]},
    "private-c": {"A": ["192.168.1.1"]},
    "metadata": {"A": ["169.254.169.254"]},
    "metadata-six": {"AAAA": ["fd00:ec2::254"]},
    "wire-server": {"A": ["168.63.129.16"]},
    "link-local": {"AAAA": ["fe80::1"]},
    "cgn": {"A": ["100.64.0.1"]},
    "mapped": {"AAAA": ["::ffff:127.0.0.1"]},
    "nat64": {"AAAA": ["64:ff9b::7f00:1", "64:ff9b::a01:203"]},
    "six-to-four": {"AAAA": ["2002:7f00:1::1"]},
    "multicast": {"A": ["224.0.0.1"], "AAAA": ["ff02::1"]},
    "own": {"A": [OWN[0]]},
    "own-six": {"AAAA": [OWN[1]]},
    "all-of-them": {"A": ["127.0.0.1", "10.1.2.3"], "AAAA": ["::1", "fd00:ec2::254"]},
}
# What changes its mind: the answers in turn.
TURNING = {
    "turns-bad": {"A": [[FOUR], ["127.0.0.1"]]},
    "turns-good": {"A": [["127.0.0.1"], [FOUR]]},
}
# Of no key: for plain tunnels.
TUNNELS = {
    "tunnel.island.test": {"A": [OWN[0]]},
    "tunnel-six.island.test": {"AAAA": [OWN[1]]},
}
NAMES = {f"{name}.island.test": each for name, each in {**GOOD, **BAD, **TURNING}.items()}


@pytest.fixture(scope="module")
def island(tmp_path_factory, canaries, environment):
    made = Island(tmp_path_factory.mktemp("i"), canaries, environment, NAMES | TUNNELS)
    room = made.room.people()
    for name in NAMES:
        label = name.split(".")[0]
        room.add_key("generic-http", label=label, settings={"host": name, "header": "x-key"})
    services = [part for name in NAMES for part in ("--service", f"generic-http:{name.split('.')[0]}")]
    started = room.json("session", "start", "--tenant", "acme", "--member", "alice", *services)
    made.passes = {each["label"]: each["pass"] for each in started["passes"]}
    made.credential = started["proxy"]["credential"]
    yield made
    made.stop()


def ask(island, label):
    transport = httpx.HTTPTransport(uds=str(island.room.data / "gateway.sock"))
    with httpx.Client(transport=transport, timeout=40) as client:
        headers = {"x-key": island.passes[label]}
        return client.get("http://gateway/generic-http/x", headers=headers)


def queries(island, label):
    return [line for line in island.lines("queries") if line.startswith(f"{label}.island")]


@pytest.mark.parametrize("label", GOOD)
def test_g7_public_addresses_of_both_families_are_reached(island, label):
    answer = ask(island, label)
    assert answer.status_code == 200 and answer.text in PUBLIC, answer.text
    if label == "six":
        assert answer.text == SIX
    assert island.lines("canaries") == [], "what is private beside them is not even tried"


@pytest.mark.parametrize("label", BAD)
def test_g1_private_addresses_of_every_form_are_refused(island, label):
    answer = ask(island, label)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (502, "upstream_unreachable")
    assert "private" in error["message"]
    assert island.lines("canaries") == []


def test_g2_what_was_checked_is_what_is_dialled(island):
    """Public when it is asked first, private at every later turn: there is no later turn."""
    for _ in range(3):
        answer = ask(island, "turns-bad")
        assert (answer.status_code, answer.text) == (200, FOUR), "a connection of its own each time"
    assert queries(island, "turns-bad").count("turns-bad.island.test A") == 1
    assert island.lines("canaries") == []


def test_g2_a_second_look_does_not_make_it_better(island):
    answer = ask(island, "turns-good")
    assert answer.json()["error"]["code"] == "upstream_unreachable"
    assert queries(island, "turns-good").count("turns-good.island.test A") == 1


def connect(island, place):
    """(status of a CONNECT by the session's proxy, what comes then)."""
    pair = base64.b64encode(f"session:{island.credential}".encode()).decode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(island.room.data / "gateway.sock"))
        connection.sendall(
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic {pair}\r\n\r\n".encode()
        )
        head = connection.recv(65536)
        return int(head.split()[1]), head


def test_g4_the_gateways_own_ports_and_the_control_api_are_not_reached(island):
    room = island.room
    ports = {name: room.endpoints[name].rsplit(":", 1)[1] for name in ("control", "gateway", "metrics")}
    hosts = ("127.0.0.1", "localhost", "loopback.island.test", "[::1]", "0.0.0.0")
    places = [f"{host}:{port}" for host in hosts for port in ports.values()]
    for place in places:
        status, _ = connect(island, place)
        assert status in (400, 403), place
    # Even where the tenant's own admin allows such a place.
    allowed = []
    for place in places:
        done = room.cli("policy", "set", "--tenant", "acme", "--tunnel", place, expect=None)
        allowed += [place] if done.returncode == 0 else []
    assert "loopback.island.test:" + ports["control"] in allowed
    for place in allowed:
        room.cli("policy", "set", "--tenant", "acme", "--tunnel", place)

        def refused(place=place):
            status, head = connect(island, place)
            assert status in (403, 502), head
            return status == 502 and b"upstream_unreachable" in head

        until(refused, what=f"{place} may be asked for, and leads nowhere")


@pytest.mark.parametrize("name", TUNNELS)
def test_g4_no_tunnel_leads_to_an_address_of_the_machine_itself(island, name):
    """A public one, by a name that a tenant's own admin may allow: what listens there is not theirs."""
    island.room.cli("policy", "set", "--tenant", "acme", "--tunnel", f"{name}:443")

    def refused():
        status, head = connect(island, f"{name}:443")
        assert status in (403, 502), head
        return status == 502 and b"or to this machine" in head

    until(refused, what="it may be asked for, and leads nowhere")
    assert island.lines("canaries") == []


def test_g1_the_canaries_do_sing(island):
    """Whoever dials a private address there is heard: the tests above can fail."""
    pid = str(island.room.process.pid)
    for address in (*PRIVATE, *OWN):
        dial = f"import socket; socket.create_connection(('{address}', 443), 20)"
        subprocess.run(
            ["nsenter", "-t", pid, "-n", "/usr/bin/python3", "-c", dial], check=True, timeout=60
        )
    # Each says so once it has accepted, which is behind the handshake that ends a dial.
    until(lambda: set(island.lines("canaries")) == {*PRIVATE, *OWN}, what="all of them have sung")
