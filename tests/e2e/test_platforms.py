"""The examples for platforms that start their own containers (packaging/platforms), run as they are written, as far as this
machine can: the Compose file's two containers by a real Docker Engine, the unit's command, the shape of the pod.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import os
import shutil
import subprocess

import pytest
import yaml

from support.attached import Platform, issue
from support.canary import encodings, files_with, search
from support.docker_engine import DOCKER, DOCKERD, DockerEngine
from support.images import BUSYBOX, busybox_image, machine_image
from support.processes import descendants, is_gone
from support.room import PROGRAMS, REFUSED, REPOSITORY
from support.waiting import until

EXAMPLES = REPOSITORY / "packaging" / "platforms"
INSTALLED = "/usr/lib/strongroom/"

needs_docker = pytest.mark.skipif(
    DOCKERD is None or DOCKER is None or BUSYBOX is None or os.geteuid() != 0,
    reason="docker.io and busybox-static are not installed, or this is not root",
)


@pytest.fixture(scope="module")
def engine():
    engine = DockerEngine()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def images(engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return {
        "strongroom": engine.load(machine_image(folder / "machine"), "strongroom-here:1"),
        "agent": engine.load(busybox_image(folder / "busybox"), "agent-here:1"),
    }


class Composed:
    """The Compose file's services as containers of this engine; what is changed is said here."""

    def __init__(self, engine, images, room, ticket, script):
        self.engine, self.room = engine, room
        self.file = yaml.safe_load((EXAMPLES / "compose.yaml").read_text())
        self.name = f"composed-{os.urandom(3).hex()}"
        self.secrets = {"ticket": room.folder / f"{self.name}.ticket", "authority": room.data / "gateway-ca.pem"}
        self.secrets["ticket"].write_text(ticket)
        self.secrets["ticket"].chmod(0o444)
        options = self.file["volumes"]["shared"]["driver_opts"]
        assert self.file["volumes"]["shared"]["driver"] == "local"
        engine.run("volume", "create", *(p for n, v in options.items() for p in ("--opt", f"{n}={v}")), self.name)
        self.images = images
        self.file["services"]["agent"]["command"] = ["sh", "-c", script]
        # In place of a name that resolves, and of a network: this engine has none but the machine's.
        self.file["services"]["strongroom"]["environment"]["STRONGROOM_URL"] = (
            f"https://localhost:{room.endpoints['control'].rsplit(':', 1)[1]}"
        )

    def start(self, service, *more):
        what = self.file["services"][service]
        flags = ["--detach", "--name", f"{self.name}-{service}", "--init=false", *more]
        flags += [part for name, value in what.get("environment", {}).items() for part in ("--env", f"{name}={value}")]
        flags += [part for each in what["cap_drop"] for part in ("--cap-drop", each)]
        flags += [part for each in what["security_opt"] for part in ("--security-opt", each)]
        flags += ["--user", what["user"], "--network", what.get("network_mode", "host")]
        flags += ["--read-only"] if what.get("read_only") else []
        for each in what.get("secrets", ()):
            flags += ["--volume", f"{self.secrets[each]}:/run/secrets/{each}:ro"]
        for each in what["volumes"]:
            each = each.replace("shared:", f"{self.name}:", 1) if each.startswith("shared:") else each
            each = f"{PROGRAMS}/{each.removeprefix(INSTALLED)}" if each.startswith(INSTALLED) else each
            flags += ["--volume", each]
        program, *arguments = what["entrypoint"]
        if service == "strongroom":  # an image of this machine's own programs
            flags += ["--volume", "/usr:/usr:ro", "--volume", "/etc/alternatives:/etc/alternatives:ro"]
            flags += ["--volume", f"{PROGRAMS}:/opt/strongroom:ro"]
            program = program.replace(INSTALLED, "/opt/strongroom/")
        flags += ["--entrypoint", program]
        self.engine.run("run", *flags, self.images[service], *arguments, *what["command"])

    def logs(self, service):
        done = self.engine.run("logs", f"{self.name}-{service}")
        return (done.stdout + done.stderr).decode()

    def wait_until_ready(self):
        def is_ready():
            states = {each: self.inspect(each)["State"]["Status"] for each in ("agent", "strongroom")}
            assert set(states.values()) <= {"created", "running"}, [self.inspect("strongroom")["State"]["ExitCode"], self.logs("agent"), self.logs("strongroom")]
            return "ready" in self.logs("agent").splitlines()

        until(is_ready, 30, "the agent runs with all that it needs")

    def inspect(self, service):
        return self.engine.json("inspect", f"{self.name}-{service}")[0]

    def status(self, service):
        return int(self.engine.run("wait", f"{self.name}-{service}").stdout)

    def remove(self):
        for service in ("agent", "strongroom"):
            self.engine.run("rm", "--force", f"{self.name}-{service}", check=False)
        self.engine.run("volume", "rm", self.name, check=False)


@pytest.fixture
def compose(engine, images, room):
    made = []

    def make(ticket, script):
        made.append(Composed(engine, images, room, ticket, script))
        return made[-1]

    yield make
    for each in made:
        each.remove()


SCRIPT = """
echo "who $(id -u) $$"
echo "routes $(cat /proc/net/route | wc -l)"
url=$STRONGROOM_GATEWAY/gemini/v1beta/models
echo "gateway $(wget -Y off -q -S -O /dev/null --header "x-goog-api-key: $GEMINI_API_KEY" $url 2>&1 | head -1)"
(echo > /run/strongroom/x) 2>/dev/null && echo "the shared folder can be written"
cat /proc/1/environ /proc/1/mem /proc/1/fd/3 2>/dev/null | head -c 1
cat /run/secrets/ticket 2>/dev/null
kill -9 1
echo "digest $(printf %s "$GH_TOKEN" | sha256sum)"
echo "token $GH_TOKEN"
(trap "" TERM; setsid sleep 600 &)
trap "" TERM
echo ready
while :; do sleep 600; done
"""


@needs_docker
def test_j1_j2_two_containers_of_compose_share_a_session_and_no_key_is_in_either(engine, compose, room):
    _, token = room.add_key("github", member="alice")
    room.add_key("gemini")
    ticket = issue(room, "github", "gemini")
    pair = compose(ticket, SCRIPT)
    pair.start("strongroom")
    pair.start("agent")
    pair.wait_until_ready()
    said = pair.logs("agent").splitlines()
    assert said[0].startswith("who 1000 ") and "routes 1" in said
    assert [line for line in said if line.startswith("gateway ")][0].split()[2] == "200", said
    assert f"digest {hashlib.sha256(token.encode()).hexdigest()}  -" in said
    assert f"token {'*' * len(token)}" in said, "the output net stands before the engine's log"
    assert "the shared folder can be written" not in said and ticket not in "".join(said)
    # Nowhere in what the engine knows and keeps.
    patterns = encodings(token)
    for service in ("agent", "strongroom"):
        assert search(json.dumps(pair.inspect(service)).encode(), patterns) == []
    assert files_with(patterns, engine.folder) == []
    # The ticket is worth nothing any more.
    assert room.api("POST", "/api/v1/tickets/use", token=ticket)[0] == 403
    # The end of the session is the end of both.
    first = pair.inspect("agent")["State"]["Pid"]
    inside = descendants(first) | {first}
    (session,) = room.json("session", "list", "--state", "open")
    withdrawn = room.json("session", "end", session["id"])["receipt"]["r2"]
    assert withdrawn["holds"] and [each["state"] for each in withdrawn["processes"]] == ["dead"]
    assert all(is_gone(pid) for pid in inside)
    assert pair.status("agent") != 0 and pair.status("strongroom") == REFUSED


@needs_docker
def test_j9_a_runners_container_that_is_killed_takes_the_agents_along(engine, compose, room):
    room.add_key("github", member="alice")
    pair = compose(issue(room, "github"), 'trap "" TERM; echo ready; while :; do sleep 600; done')
    # The other way round: the agent's waits for the runner's.
    pair.start("agent")
    pair.start("strongroom")
    pair.wait_until_ready()
    engine.run("kill", f"{pair.name}-strongroom")
    assert pair.status("agent") == 137
    until(lambda: room.json("session", "list")[0]["ended_why"] == "runner lost", 30, "the vault knows")


def test_the_unit_is_one_and_its_command_runs(room, tmp_path):
    unit = (EXAMPLES / "strongroom-agent.service").read_text()
    here = tmp_path / "strongroom-agent.service"
    here.write_text(unit.replace(INSTALLED, f"{PROGRAMS}/"))
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        done = subprocess.run([analyze, "verify", here], capture_output=True, text=True, timeout=60)
        assert "strongroom-agent.service" not in done.stderr, done.stderr
    settings = [line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#")]
    (command,) = [value for name, value in settings if name == "ExecStart"]
    (credential,) = [value for name, value in settings if name == "LoadCredential"]
    # As systemd does: a folder of the unit's own that holds the credential by its name.
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    room.add_key("github", member="alice")
    (credentials / credential.split(":")[0]).write_text(issue(room, "github") + "\n")
    words = command.replace("%d", str(credentials)).replace(INSTALLED, f"{PROGRAMS}/").split()
    at = words.index("--")
    platform = Platform(room)
    begun = platform.begin(
        *words[: at + 1], "sh", "-c", "echo given ${#GH_TOKEN}", environment={"STRONGROOM_URL": platform.url()}
    )
    assert begun.wait() == 0, begun.errors()
    assert int(begun.line("given")) > 0


def test_the_pod_has_the_shape_that_is_documented(room):
    (pod,) = yaml.safe_load_all((EXAMPLES / "kubernetes-pod.yaml").read_text())
    spec = pod["spec"]
    runner = next(each for each in spec["initContainers"] if each.get("restartPolicy") == "Always")
    (agent,) = spec["containers"]
    volumes = {each["name"]: each for each in spec["volumes"]}
    mounts = lambda container: {each["name"]: each for each in container["volumeMounts"]}
    assert spec["restartPolicy"] == "Never" and spec["shareProcessNamespace"] is False
    assert volumes["shared"]["emptyDir"]["medium"] == "Memory"
    assert mounts(runner)["shared"]["mountPath"] == mounts(agent)["shared"]["mountPath"]
    assert mounts(agent)["shared"]["readOnly"] and "ticket" not in mounts(agent)
    for container in [*spec["initContainers"], agent]:
        for mount in mounts(container):
            assert mount in volumes
        assert "srt_" not in json.dumps(container) and "secretKeyRef" not in json.dumps(container)
    assert runner["securityContext"]["runAsUser"] != agent["securityContext"]["runAsUser"]
    assert str(agent["securityContext"]["runAsUser"]) == runner["args"][runner["args"].index("--user") + 1]
    socket = runner["args"][runner["args"].index("--socket") + 1]
    assert agent["command"][1:3] == ["--socket", socket]
    # The same words, with one that does not exist, are understood up to the ticket.
    arguments = [each for each in runner["args"] if each not in ("--ticket-file", "/ticket/ticket")]
    done = room.cli(*arguments, "--ticket-file", "/nowhere/ticket", expect=None)
    assert "/nowhere/ticket" in done.stderr, done.stderr
