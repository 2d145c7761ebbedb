"""The output net, over a workroom of any runtime. SPDX-License-Identifier: Apache-2.0"""

import base64
import subprocess

from support.streams import command_line
from support.waiting import until

SAY = 'echo "out $GH_TOKEN"; printf %s "$GH_TOKEN" | base64 -w 0; echo "err $GH_TOKEN" >&2; exit 6'
SAY_NARROWLY = f"{{ $STRONGROOM_INIT exec --with github -- sh -c '{SAY}'; }}"


def findings(room):
    return [
        (each["outcome"], each["path"])
        for each in room.json("audit", "list")
        if each["action"] == "finding"
    ]


def told(stream, times):
    return f"strongroom: masked {times} of this session's key values in {stream}"


def try_output_net(room, flags):
    """Pipes, and a file for both; for the whole session, and for one command at a time."""
    _, value = room.add_key("github", member="alice")
    stars = "*" * len(value)
    coded = len(base64.b64encode(value.encode()))
    for more, script in [((), SAY), (("--inject", "exec"), SAY_NARROWLY)]:
        command = command_line(room, (*flags, *more), script, "github")
        done = subprocess.run(
            command, env=room.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 6, done.stderr
        out, form = done.stdout.split("\n")
        assert out == f"out {stars}" and len(form) == coded
        assert form.startswith("*" * (len(value) * 8 // 6)), "what the value alone decides"
        lines = done.stderr.splitlines()
        assert f"err {stars}" in lines
        assert told("standard output", 2) in lines and told("standard error", 1) in lines
        with open(room.folder / "both", "w+b") as both:
            subprocess.run(command, env=room.environment, stdout=both, stderr=both, timeout=60)
            both.seek(0)
            written = both.read().decode()
        assert written.startswith(f"out {stars}\n{form}err {stars}\n"), written
        assert told("standard output", 3) in written
    until(lambda: findings(room).count(("value_in_output", "standard output, 3 times")) == 2, 30, "both are findings")
