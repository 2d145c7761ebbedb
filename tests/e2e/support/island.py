"""A machine of its own for the server: no network but what the test puts there, a name server that lies as told, and one other machine,
where the providers are. Reached from outside by Unix sockets alone. SPDX-License-Identifier: Apache-2.0"""

import json
import subprocess
from pathlib import Path

from support.authority import Authority
from support.own_provider import OwnProvider
from support.room import Room

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1"]
PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "168.63.129.16",
    "100.64.0.1",
    "::1",
    "fd00:ec2::254",
]
# The machine's own, that nobody would call private.
OWN = ["93.184.216.40", "2606:2800:220:1::40"]
WORLD = Path(__file__).resolve().parent / "island_world.py"

ADD = """
set -e
add() { ip addr add "$2" dev "$1" nodad 2>/dev/null || ip addr add "$2" dev "$1" 2>/dev/null || true; }
ip link set lo up
"""

BEGIN = f"""{ADD}
for address in $ADDRESSES; do add lo "$address"; done
mkfifo "$ISLAND/apart" "$ISLAND/joined"
unshare -n /bin/sh -c "$FAR" &
read far <"$ISLAND/apart"
ip link add near type veth peer name far netns "$far"
for address in 172.30.0.1/30 fd00:5::1/64; do add near "$address"; done
ip link set near up
for address in $PUBLIC; do ip route add "$address" dev near; done
echo >"$ISLAND/joined"
mount --make-rprivate /
mount --bind "$ISLAND/resolv.conf" /etc/resolv.conf
mount --bind "$ISLAND/hosts" /etc/hosts
/usr/bin/python3 "$WORLD" "$ISLAND" near &
while [ ! -e "$ISLAND/near" ] || [ ! -e "$ISLAND/far" ]; do kill -0 $!; sleep 0.05; done
exec "$@"
"""

FAR = f"""{ADD}
echo $$ >"$ISLAND/apart"
read joined <"$ISLAND/joined"
for address in 172.30.0.2/30 fd00:5::2/64 $PUBLIC; do add far "$address"; done
ip link set far up
exec /usr/bin/python3 "$WORLD" "$ISLAND" far
"""


def is_possible():
    command = ["unshare", "-n", "-m", "ip", "link", "set", "lo", "up"]
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


class Standins(OwnProvider):
    def __init__(self, ca):
        self.ca, self.hosts, self.port = ca, [], 0


class Island:
    """`names`: what the name server says of each; None: nothing ever. `patience`: of those who ask it, as in resolv.conf."""

    def __init__(
        self, folder, canaries, environment, names, gateway="", patience="timeout:20 attempts:1"
    ):
        self.folder = folder
        authority = Authority()
        chain, key, _ = authority.issue(*names)
        for name, text in (("ca.pem", authority.pem), ("chain", chain), ("key", key)):
            (folder / name).write_text(text)
        facts = {"public": PUBLIC, "unreachable": [*PRIVATE, *OWN]}
        facts |= {"chain": str(folder / "chain"), "key": str(folder / "key")}
        (folder / "facts.json").write_text(json.dumps(facts))
        (folder / "names.json").write_text(json.dumps(names))
        (folder / "resolv.conf").write_text(f"nameserver 127.0.0.1\noptions {patience}\n")
        (folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        whole = lambda addresses: " ".join(f"{each}/{128 if ':' in each else 32}" for each in addresses)
        (folder / "room").mkdir(mode=0o700)
        self.room = Room(
            folder / "room",
            Standins(folder / "ca.pem"),
            canaries,
            {
                **environment,
                "ADDRESSES": whole([*PRIVATE, *OWN]),
                "PUBLIC": whole(PUBLIC),
                "FAR": FAR,
                "ISLAND": str(folder),
                "WORLD": str(WORLD),
            },
        )
        if gateway:
            self.room.configure_gateway(gateway)
        self.room.before = ["unshare", "-n", "-m", "/bin/sh", "-c", BEGIN, "sh"]
        self.room.start()

    def lines(self, file):
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []

    def stop(self):
        status = self.room.stop()
        assert status in (0, None), self.room.log()[-2000:]
