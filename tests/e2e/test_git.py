"""git clone and push over https with the injected token, against git's own http-backend behind nginx.

The workroom gets what `strongroom run` sets, and the test's certificate authority by `--env GIT_SSL_CAINFO=...`; no
configuration file, no credential on a command line, no user name in the URL. SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import shutil
import sys

import pytest

from support.git_server import BACKEND, FCGIWRAP, NGINX, GitServer
from support.https_server import HttpsServer
from support.lfs import Lfs
from support.waiting import until

pytestmark = pytest.mark.skipif(
    not (NGINX and FCGIWRAP and BACKEND.exists()), reason="nginx, fcgiwrap or git is not installed"
)
GIT = shutil.which("git")

WORK = """
set -e
cd "$WORK"
git clone -q "$URL" story
cd story
git config user.name agent; git config user.email agent@example.test
echo "there was an agent" >> story.txt
git commit -q -a -m "Written in a workroom"
git push -q origin HEAD:main
grep -c . story.txt
cat .git/config
"""


@pytest.fixture
def make_git_server(room):
    servers = []

    def make(name, **options):
        servers.append(GitServer(room.folder / name, **options).start())
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def server(make_git_server):
    return make_git_server("git")


def work(room, server, service, expect=0):
    folder = room.folder / "work"
    folder.mkdir(exist_ok=True)
    variables = {"GIT_SSL_CAINFO": server.ca, "WORK": folder, "URL": server.url}
    return room.run([service], ["/bin/sh", "-c", WORK], variables=variables, expect=expect)


@pytest.mark.parametrize(
    "service, user", [("git", "agent"), ("github", "x-access-token"), ("gitlab", "oauth2")]
)
def test_clone_and_push(room, server, service, user):
    settings = {"host": server.name, "port": str(server.port)}
    if service == "git":
        settings["user"] = user
    _, token = room.add_key(service, member="alice", settings=settings)
    server.only(user, token)
    done = work(room, server, service)
    assert done.stdout.splitlines()[0] == "2"
    assert server.log() == ["Written in a workroom", "Begin"]
    assert (
        token not in done.stdout + done.stderr
    ), "neither the URL nor the configuration holds the token"


def test_without_the_right_token_git_is_refused(room, server):
    room.add_key(
        "git",
        member="alice",
        settings={"host": server.name, "port": str(server.port), "user": "agent"},
    )
    server.only("agent", room.canaries.new("git"))
    done = work(room, server, "git", expect=None)
    assert done.returncode != 0 and "Authentication failed" in done.stderr
    assert server.log() == ["Begin"]


def shell(room, server, script, **variables):
    """In a folder of its own; what the script says."""
    folder = room.folder / "work"
    folder.mkdir(exist_ok=True)
    variables = {"GIT_SSL_CAINFO": server.ca, "BASE": server.base, "WORK": folder, **variables}
    return room.run(["github"], ["/bin/sh", "-ec", f'cd "$WORK"\n{script}'], variables=variables)


def github(room, server, **settings):
    settings = {"host": server.name, "port": str(server.port), **settings}
    _, token = room.add_key("github", member="alice", settings=settings)
    server.only("x-access-token", token)
    return token


def test_a_key_for_a_part_of_a_host_answers_for_that_part_alone(room, server):
    for path in ("acme/story.git", "acmes/story.git"):
        server.add(path)
    github(room, server, path="/acme")
    done = shell(
        room,
        server,
        """
        git clone -q "$BASE/acme/story.git" ours; cat ours/story.txt
        for other in acmes/story.git story.git acme/../acmes/story.git; do
          if git clone -q "$BASE/$other" theirs 2>&1; then echo cloned "$other"; fi
        done
        """,
    )
    assert done.stdout.splitlines()[0] == "Once upon a time"
    assert "cloned" not in done.stdout and done.stdout.count("could not read Username") == 3


@pytest.mark.parametrize("path", [None, "/acme"])
def test_submodules_by_relative_urls(room, server, path):
    server.add("acme/story.git")
    server.add("acme/whole.git", submodule="../story.git")
    github(room, server, **({"path": path} if path else {}))
    done = shell(
        room,
        server,
        """
        git clone -q --recurse-submodules "$BASE/acme/whole.git" whole
        cat whole/part/story.txt
        git -C whole submodule --quiet update --remote
        """,
    )
    assert done.stdout.startswith("Once upon a time")


@pytest.mark.parametrize("way", ["away", "kept"])
def test_a_server_that_leads_elsewhere_does_not_lead_the_token_there(room, make_git_server, way):
    other = make_git_server("other", logs_logins=True)
    server = make_git_server("git", away=other.base)
    trusted = room.folder / "both.pem"
    trusted.write_text(server.ca.read_text() + other.ca.read_text())
    github(room, server)
    done = shell(
        room,
        server,
        f'if git clone -q "$BASE/{way}/story.git" story 2>&1; then echo cloned; fi',
        GIT_SSL_CAINFO=trusted,
    )
    assert "fatal" in done.stdout and "cloned" not in done.stdout
    # nginx writes its line behind the answer.
    seen = until(lambda: (other.folder / "access.log").read_text().splitlines(), what="the other was asked")
    assert all(line.endswith("401 [-]") for line in seen), seen


LFS = """
git init -q -b main one; cd one
git config user.name agent; git config user.email agent@example.test
git lfs install --local >&2
git lfs track '*.bin' >&2
git remote add origin "$BASE/acme/story.git"
git config lfs.locksverify false
head -c 300000 /dev/urandom > large.bin
git add . && git commit -q -m large
git lfs push origin main >&2
rm -rf .git/lfs/objects large.bin
GIT_LFS_SKIP_SMUDGE=1 git checkout -q large.bin
git lfs pull origin >&2
sha256sum < large.bin
cat .git/config
"""


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
@pytest.mark.parametrize("path", [None, "/acme"])
def test_lfs_asks_the_same_helper(room, canaries, path):
    token = canaries.new("github")
    lfs = Lfs(base64.b64encode(f"x-access-token:{token}".encode()).decode())
    server = HttpsServer(room.folder / "https", "localhost", answer=lfs)
    try:
        server.base = lfs.base = f"https://localhost:{server.port}"
        lfs.base += "/acme/story.git"
        settings = {"host": "localhost", "port": str(server.port)}
        room.add_key(
            "github",
            member="alice",
            value=token,
            settings={**settings, **({"path": path} if path else {})},
        )
        done = shell(room, server, LFS)
    finally:
        server.stop()
    [content] = lfs.objects.values()
    assert done.stdout.splitlines()[0].split()[0] == hashlib.sha256(content).hexdigest()
    assert token not in done.stdout


def test_the_helper_answers_for_its_host_alone(room):
    _, token = room.add_key("github", member="alice")
    ask = 'printf "protocol=https\\nhost=%s\\n\\n" "$1" | git credential fill | sed -n "s/^password=//p" | tr -d "\\n" | sha256sum'
    right = room.run(["github"], ["/bin/sh", "-c", ask, "sh", "github.com"])
    assert right.stdout.split()[0] == hashlib.sha256(token.encode()).hexdigest()
    wrong = room.run(["github"], ["/bin/sh", "-c", ask, "sh", "github.com.evil.test"])
    assert wrong.stdout.split()[0] == hashlib.sha256(b"").hexdigest()


def test_nothing_lies_in_files_of_the_workroom(room):
    """GIT_CONFIG_* variables carry no token, only the name of the variable that does."""
    _, token = room.add_key("github", member="alice")
    probe = "import json, os; print(json.dumps({n: v for n, v in os.environ.items() if n.startswith('GIT_')}))"
    done = room.run(["github"], [sys.executable, "-c", probe])
    assert "GIT_CONFIG_COUNT" in done.stdout and token not in done.stdout
