"""docker pull and docker push by a real Docker Engine, whose only way out is the gateway's proxy. The registry is a real one.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import os

import pytest

from support.canary import files_with
from support.docker_engine import DOCKER, DOCKERD, DockerEngine
from support.images import BUSYBOX, busybox_image
from support.ingresses import Session
from support.registry import REGISTRY, Registry

HOST = "registry.standin.test"

pytestmark = [
    pytest.mark.skipif(
        None in (DOCKERD, DOCKER, BUSYBOX, REGISTRY),
        reason="docker.io, docker-registry and busybox-static are not installed",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Docker Engine needs root"),
]


@pytest.fixture
def room(make_room):
    """Its gateway finds the registry by its name; `room.registry` is set before it starts."""
    room = make_room(start=False)

    def begin(registry):
        roots = room.folder / "roots.pem"
        roots.write_text(room.standins.ca.read_text() + registry.ca.read_text())
        file = room.data / "strongroom.toml"
        dial = f'[[gateway.dial]]\nhost = "{HOST}:443"\nto = "127.0.0.1:{registry.port}"\n'
        file.write_text(file.read_text().replace(str(room.standins.ca), str(roots)) + dial)
        return room.start().people()

    room.begin = begin
    yield room


@pytest.fixture
def registry(suite_folder):
    started = []

    def begin(*who):
        started.append(Registry(suite_folder / f"registry-{len(list(suite_folder.iterdir()))}", HOST, *who))
        return started[0]

    yield begin
    for each in started:
        each.stop()


def engine_of(room, session, registry):
    """With what a workroom of the session has: the proxy, and whom to trust."""
    trusted = room.folder / "trusted.pem"
    trusted.write_text(registry.ca.read_text() + session.authority)
    proxy = f"http://session:{session.credential}@{room.endpoints['gateway']}"
    return DockerEngine({"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(trusted)})


def do(engine, *arguments, **options):
    done = engine.run(*arguments, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr


def push_and_pull(engine, folder):
    """The same image comes back."""
    name = f"{HOST}/acme/busybox:1"
    engine.load(busybox_image(folder / "busybox"), name, "ENV FROM_IMAGE=yes")
    do(engine, "push", name)
    image = engine.json("image", "inspect", name)[0]
    engine.run("image", "rm", name)
    do(engine, "pull", name)
    again = engine.json("image", "inspect", name)[0]
    assert (again["Id"], again["RootFS"]) == (image["Id"], image["RootFS"])


def test_o2_docker_pulls_from_an_allowed_place(room, registry, tmp_path):
    registry = registry()
    room.begin(registry).add_key("gemini")
    session = Session(room, {}, "gemini")
    engine = engine_of(room, session, registry)
    try:
        refused = engine.run("pull", f"{HOST}/acme/busybox:1", check=False)
        assert refused.returncode != 0 and registry.log().count("GET") == 0
        room.cli("policy", "set", "--tenant", "acme", "--tunnel", f"{HOST}:443")
        push_and_pull(engine, tmp_path)
    finally:
        engine.stop()
        session.end()


def test_o2_docker_pushes_and_pulls_through_inspection(room, registry, tmp_path):
    """The registry's token stays outside: what docker logs in with is the pass."""
    token = room.canaries.new("git")
    registry = registry("agent", token)
    room.begin(registry)
    pair = base64.b64encode(f"agent:{token}".encode()).decode()
    settings = {"host": HOST, "scheme": "Basic", "variable": "PASS"}
    room.add_key("generic-http", value=pair, settings=settings)
    session = Session(room, {}, "generic-http")
    engine = engine_of(room, session, registry)
    try:
        login = ("login", "--username", "agent", "--password-stdin", HOST)
        wrong = engine.run(*login, input=token.encode(), check=False)
        assert wrong.returncode != 0, "the token itself opens nothing here"
        do(engine, *login, input=session.passes["generic-http"].encode())
        push_and_pull(engine, tmp_path)
        key = room.json("key", "list", "--tenant", "acme")[0]["id"]
        room.revoke(key)
        late = engine.run("pull", f"{HOST}/acme/busybox:2", check=False)
        assert late.returncode != 0 and b"revoked" in late.stderr, late.stderr
        assert files_with([("token", token.encode()), ("pair", pair.encode())], engine.folder) == []
    finally:
        engine.stop()
        session.end()
