"""kill -9 of runner, vault, gateway, init, command and the runtime itself (runc, or a Docker Engine and its shims), at random
points of a workroom's start, life and end.

After each: no process of the workroom lives, no mount is left; after the next run, no folder and no cgroup either.
STRONGROOM_WORKROOM_KILLS says how often (25 here; 200 by hand); STRONGROOM_SEED repeats a run.

SPDX-License-Identifier: Apache-2.0
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.docker_engine import DOCKER, DOCKERD, DockerEngine
from support.images import BUSYBOX, RUNC, busybox_image
from support.processes import descendants, name_of, pids, words_of
from support.room import PROGRAMS
from support.supervisors import left_over
from support.waiting import until

pytestmark = [
    pytest.mark.skipif(
        RUNC is None or BUSYBOX is None, reason="runc and busybox-static are not installed"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="the runc runtime needs root"),
]
KILLS = int(os.environ.get("STRONGROOM_WORKROOM_KILLS", "25"))
VICTIMS = {
    "runc": ("runner", "vault", "gateway", "init", "runtime", "command", "end"),
    "docker": ("runner", "vault", "gateway", "init", "shim", "engine", "command", "end"),
    "process": ("runner", "vault", "gateway", "init", "command", "end"),
}
#: Seconds in which a start is over.
START = {"runc": 0.18, "docker": 0.6, "process": 0.18}


def cgroups():
    """Sessions whose runtime has one."""
    found = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", "strongroom-ses_*"], capture_output=True, text=True
    )
    return {name.rpartition("strongroom-")[2] for name in found.stdout.split()}


def commands():
    """{pid: its words}"""
    return {pid: words_of(pid) for pid in pids()}


def with_word(word):
    return [pid for pid, words in commands().items() if any(word in each for each in words)]


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Workroom:
    """A container with a daemon that ignores signals; `mark` is in the arguments of all its processes."""

    def __init__(self, room, number, flags, engine):
        self.engine = engine
        self.folder = room.environment["XDG_RUNTIME_DIR"].encode()  # of no other test on this machine
        self.mark = f"6{os.getpid()}{number:04}"
        script = f"(trap '' TERM HUP INT; setsid sleep {self.mark} &) ; sleep {self.mark}; echo over"
        self.process = subprocess.Popen(
            [
                *(str(PROGRAMS / "strongroom"), "run", "--data", str(room.data)),
                *("--tenant", "acme", "--member", "alice", "--service", "github", *flags),
                *("--", "sh", "-c", script),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=room.environment,
        )

    def living(self):
        own = self.process.pid
        return [pid for pid in with_word(self.mark.encode()) if pid != own]

    def victims(self, kind):
        below = {
            "runner": lambda: [self.process.pid],
            "init": lambda: [
                int(task)
                for task in Path(
                    f"/proc/{self.process.pid}/task/{self.process.pid}/children"
                )
                .read_text()
                .split()
            ],
            "command": self.living,
            "runtime": lambda: [
                pid
                for pid, words in commands().items()
                if words and words[0].endswith(b"runc") and any(self.folder in each for each in words)
            ],
        }
        if self.engine is not None:
            below["shim"] = self.engine.shims
            below["init"] = lambda: [
                pid
                for shim in self.engine.shims()
                for pid in descendants(shim)
                if name_of(pid) == "strongroom-init"
            ]
        try:
            return below[kind]()
        except OSError:
            return []


@pytest.fixture
def engine():
    if DOCKERD is None or DOCKER is None:
        pytest.skip("docker.io is not installed")
    engine = DockerEngine()
    yield engine
    engine.stop()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runtime", ["runc", "process", "docker"])
def test_random_kills_leave_nothing(make_room, tmp_path, runtime, request):
    seed = int(os.environ.get("STRONGROOM_SEED", str(random.randrange(1 << 30))))
    print(f"STRONGROOM_SEED={seed}")
    chance = random.Random(seed)
    image = busybox_image(tmp_path / "image")
    engine = request.getfixturevalue("engine") if runtime == "docker" else None
    flags = ["--runtime", runtime, "--image", str(image)] if runtime == "runc" else []
    if engine is not None:
        name = engine.load(image, "busybox-here:1")
        flags = ["--runtime", "docker", "--docker-socket", str(engine.socket), "--image", name]
    room = make_room().people()
    room.add_key("github", member="alice")
    runtime_folder = Path(room.environment["XDG_RUNTIME_DIR"]) / "strongroom"
    for number in range(KILLS):
        kind = chance.choice(VICTIMS[runtime])
        work = Workroom(room, number, flags, engine)
        time.sleep(chance.uniform(0, START[runtime]))  # a point in its life, whichever
        if kind == "vault":
            room.kill9()
            room.start()
        elif kind == "engine":
            engine.kill()
            engine.start()
        elif kind == "gateway":
            kill(room.gateway_pids())
        elif kind == "end":
            for each in room.json("session", "list"):
                if each["state"] == "open":
                    room.cli("session", "end", each["id"], expect=None)
        else:
            kill(work.victims(kind))
        if kind != "runner":
            # It may go on, or there was nobody to kill yet: it is ended now, as a user would.
            time.sleep(chance.uniform(0, 0.1))
            work.process.send_signal(signal.SIGTERM)
            until(
                lambda: work.process.poll() is not None or work.living(), 30, "it has begun or ended"
            )
            kill(work.living())
        try:
            work.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"kill {number} of {kind}: the runner is still there") from None
        until(lambda: not work.living(), 60, f"kill {number} of {kind}: all of it is dead")
        assert f"{runtime_folder}/ses_" not in Path("/proc/self/mountinfo").read_text(), kind
    if runtime != "process":
        room.run(["github"], ["true"], flags=flags)
        own = {each["id"] for each in room.json("session", "list")}
        until(lambda: not [name for name in left_over(room) if name.split("-")[0] in own], 30, "no folder is left")
        until(lambda: not cgroups() & own, 30, "no cgroup is left")
    if engine is not None:
        # An engine that was killed may forget the shim that it was starting: nothing is in it.
        until(lambda: engine.containers() == [], 30, "no container is left")
        until(lambda: not any(map(descendants, engine.shims())), 30, "nothing is in a shim that it forgot")
    until(
        lambda: not [each for each in room.json("session", "list") if each["state"] == "open"],
        150,  # a vault that was started anew waits a minute for runners to come back
        "no session is open that nobody lives in",
    )
