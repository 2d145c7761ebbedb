"""git clone and push over https with the injected token, against git's own http-backend behind nginx.

The workroom gets what `strongroom run` sets, and the test's certificate authority by `--env GIT_SSL_CAINFO=...`; no
configuration file, no credential on a command line, no user name in the URL. SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import shutil
import sys

import pytest

from support.git_server import BACKEND, FCGIWRAP, NGINX, GitServer

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
def server(room):
    server = GitServer(room.folder / "git").start()
    yield server
    server.stop()


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
