"""Package managers and their like with a workroom's proxy variables alone: from places that the tenant allows (plain tunnels,
no key) and from such as need a key (inspected tunnels). The stand-ins' authority takes the part of the machine's public roots.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import os
import shutil
import subprocess
import sys

import pytest

from support.git_server import BACKEND, FCGIWRAP, NGINX, GitServer

PUBLIC = "packages.standin.test"
PRIVATE = "private.packages.standin.test"
GIT_HOST = "git.standin.test"

NPM = """
set -e
cd "$(mktemp -d "$HOME/npm-XXXXXX")"
npm install --registry "https://$HOST/npm/" --globalconfig /dev/null --no-audit --no-fund --no-update-notifier \\
  --ignore-scripts --fetch-retries 0 --loglevel error standin-top
node -p 'require("standin-top")'
"""

PIP = f"""
set -e
cd "$(mktemp -d "$HOME/pip-XXXXXX")"
"{sys.executable}" -m pip download --quiet --disable-pip-version-check --no-cache-dir --retries 0 \\
  --index-url "https://${{LOGIN}}$HOST/simple" standin-top >&2
ls
"""

CARGO = """
set -e
cd "$(mktemp -d "$HOME/cargo-XXXXXX")"
mkdir src .cargo; echo 'pub use standin_base::NAME;' > src/lib.rs
printf '[package]\\nname = "a"\\nversion = "1.0.0"\\n[dependencies]\\nstandin-base = "1"\\n' > Cargo.toml
printf '[source.crates-io]\\nreplace-with = "standin"\\n[source.standin]\\nregistry = "sparse+https://%s/cargo/"\\n' \
  "$HOST" > .cargo/config.toml
CARGO_HOME="$PWD/own" cargo fetch --quiet >&2
ls "$PWD"/own/registry/cache/*
"""

# Nothing but the parent is needed, and no phase runs a plugin.
MAVEN = """
set -e
cd "$(mktemp -d "$HOME/maven-XXXXXX")"
cat > pom.xml <<END
<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version>
<packaging>pom</packaging><parent><groupId>test.standin</groupId><artifactId>standin-parent</artifactId>
<version>1.0.0</version><relativePath/></parent></project>
END
cat > settings.xml <<END
<settings><servers><server><id>standin</id><username>agent</username><password>\\${env.PASS}</password></server></servers>
<mirrors><mirror><id>standin</id><mirrorOf>*</mirrorOf><url>https://$HOST/maven</url></mirror></mirrors></settings>
END
mvn --batch-mode --settings settings.xml -Dmaven.repo.local="$PWD/repository" validate
"""

WHEELS = ["standin_base-1.0.0-py3-none-any.whl", "standin_top-1.0.0-py3-none-any.whl"]

GO = """
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	request, _ := http.NewRequest("GET", os.Args[1], nil)
	if pass := os.Getenv("PASS"); pass != "" {
		request.Header.Set("Authorization", "Bearer "+pass)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(answer.StatusCode)
}
"""

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_wget = pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
needs_maven = pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed")
needs_cargo = pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed")
needs_git = pytest.mark.skipif(
    not (NGINX and FCGIWRAP and BACKEND.exists()), reason="nginx, fcgiwrap or git is not installed"
)


def work(room, service, script, roots, expect=0, **variables):
    """Runs a script in a workroom on a machine whose public roots are `roots`."""
    return room.run(
        [service],
        ["/bin/sh", "-c", script],
        variables={"PIP_CONFIG_FILE": "/dev/null", **variables},
        environment={**room.environment, "SSL_CERT_FILE": str(roots)},
        expect=expect,
    )


@pytest.fixture
def public(room):
    """Runs a script where the tenant allows the public registry."""
    room.add_key("gemini")

    def run(script, expect=0, **variables):
        variables = {"HOST": PUBLIC, "LOGIN": "", **variables}
        return work(room, "gemini", script, room.standins.ca, expect, **variables)

    run.room = room
    run.allow = lambda: room.cli("policy", "set", "--tenant", "acme", "--tunnel", f"{PUBLIC}:443")
    run.seen = lambda: {each["path"] for each in room.standins.requests(service="public-packages")}
    return run


@pytest.fixture
def private(room):
    """Runs a script whose session has a key of the private registry; PASS holds the pass."""
    settings = {"host": PRIVATE, "scheme": "Bearer", "variable": "PASS"}
    _, value = room.add_key("generic-http", settings=settings)
    room.standins.accept("packages", value)

    def run(script, **variables):
        variables = {"HOST": PRIVATE, **variables}
        done = work(room, "generic-http", script, room.standins.ca, **variables)
        assert value not in done.stdout + done.stderr
        return done

    run.seen = lambda: {each["path"] for each in room.standins.requests(service="packages")}
    return run


def test_npm_installs_from_an_allowed_place(public):
    refused = public(NPM, expect=None)
    assert refused.returncode != 0 and "403" in refused.stderr, refused.stderr
    assert public.seen() == set()
    public.allow()
    assert public(NPM).stdout.splitlines()[-1] == "standin top"
    assert "/npm/standin-base/-/standin-base-1.0.0.tgz" in public.seen()


def test_npm_installs_through_inspection(private):
    settings = 'echo "//$HOST/npm/:_authToken=\\${PASS}" > "$HOME/.npmrc"\n'
    assert private(settings + NPM).stdout.splitlines()[-1] == "standin top"
    assert "/npm/standin-base/-/standin-base-1.0.0.tgz" in private.seen()
    # npm escapes the slash of a scope, and only in this request.
    assert "/npm/@standin%2Fscoped" in private.seen()
    assert "/npm/@standin/scoped/-/scoped-1.0.0.tgz" in private.seen()


def test_pip_downloads_from_an_allowed_place(public):
    assert public(PIP, expect=None).returncode != 0
    assert public.seen() == set()
    public.allow()
    assert public(PIP).stdout.split() == WHEELS
    assert f"/wheels/{WHEELS[0]}" in public.seen()


def test_pip_downloads_through_inspection(private):
    """It sends the pass in Basic, after the challenge or before."""
    assert private(f'LOGIN="agent:$PASS@"\n{PIP}').stdout.split() == WHEELS
    assert f"/wheels/{WHEELS[0]}" in private.seen()


@needs_maven
def test_maven_both_ways(public, private):
    """Java, with a client of its own that sends credentials only when it is asked for them."""
    public.allow()
    assert "BUILD SUCCESS" in public(MAVEN, PASS="none").stdout
    assert "BUILD SUCCESS" in private(MAVEN).stdout
    path = "/maven/test/standin/standin-parent/1.0.0/standin-parent-1.0.0.pom"
    assert path in public.seen() and path in private.seen()


@needs_cargo
def test_cargo_fetches_from_an_allowed_place(public):
    public.allow()
    # Its home is the caller's, in which an installer may have put the program itself.
    home = os.environ.get("RUSTUP_HOME", os.path.join(os.environ["HOME"], ".rustup"))
    assert public(CARGO, RUSTUP_HOME=home).stdout.split() == ["standin-base-1.0.0.crate"]


@needs_curl
def test_curl_both_ways(public, private):
    public.allow()
    ask = 'curl -sS -o /dev/null -w "%{http_code}" '
    assert public(f"{ask} https://$HOST/npm/standin-base").stdout == "200"
    done = private(f'{ask} -H "Authorization: Bearer $PASS" https://$HOST/npm/standin-base')
    assert done.stdout == "200"


@needs_wget
def test_wget_both_ways(public, private):
    public.allow()
    ask = "wget -nv -t 1 -O -"
    assert "standin-base" in public(f"{ask} https://$HOST/npm/standin-base").stdout
    done = private(f'{ask} --header "Authorization: Bearer $PASS" https://$HOST/npm/standin-base')
    assert "standin-base" in done.stdout


@needs_go
def test_gos_own_client_both_ways(public, private, tmp_path):
    (tmp_path / "main.go").write_text(GO)
    program = tmp_path / "ask"
    subprocess.run(
        ["go", "build", "-o", program, tmp_path / "main.go"],
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"},
        cwd=tmp_path,
        check=True,
        timeout=170,
    )
    public.allow()
    ask = f'"{program}" "https://$HOST/npm/standin-base"'
    assert public(ask).stdout.strip() == "200"
    assert private(ask).stdout.strip() == "200"


# git, with a server of its own


CLONE = """
set -e
cd "$(mktemp -d "$HOME/git-XXXXXX")"
git clone -q "https://${LOGIN}$PLACE/story.git" story
cat story/story.txt
"""


@pytest.fixture
def git_room(make_room, request):
    """A room whose gateway finds the git server by its name, and the server."""
    room = make_room(start=False)
    is_public = getattr(request, "param", False)
    server = GitServer(room.folder / "git", GIT_HOST, is_public=is_public)
    roots = room.folder / "roots.pem"
    roots.write_text(room.standins.ca.read_text() + server.ca.read_text())
    file = room.data / "strongroom.toml"
    dial = f'[[gateway.dial]]\nhost = "{GIT_HOST}:{server.port}"\nto = "127.0.0.1:{server.port}"\n'
    file.write_text(file.read_text().replace(str(room.standins.ca), str(roots)) + dial)
    server.start()
    yield room.start().people(), server, roots
    server.stop()


def clone(git_room, service, login="", expect=0, **variables):
    room, server, roots = git_room
    place = f"{GIT_HOST}:{server.port}"
    return work(
        room, service, login + CLONE, roots, expect, PLACE=place, **{"LOGIN": "", **variables}
    )


def whole_pair(git_room):
    """The server's only token, whose pair with its user's name is the key."""
    room, server, _ = git_room
    token = room.canaries.new("git")
    pair = base64.b64encode(f"agent:{token}".encode()).decode()
    settings = {"host": GIT_HOST, "port": str(server.port), "scheme": "Basic", "variable": "PASS"}
    room.add_key("generic-http", value=pair, settings=settings)
    server.only("agent", token)
    return token


@needs_git
@pytest.mark.parametrize("git_room", [True], indirect=True)
def test_git_clones_from_an_allowed_place(git_room):
    room, server, _ = git_room
    room.add_key("gemini")
    refused = clone(git_room, "gemini", expect=None)
    assert refused.returncode != 0 and "403" in refused.stderr, refused.stderr
    room.cli("policy", "set", "--tenant", "acme", "--tunnel", f"{GIT_HOST}:{server.port}")
    assert clone(git_room, "gemini").stdout == "Once upon a time\n"


@needs_git
def test_git_clones_through_the_tunnel_of_an_injected_token(git_room):
    room, server, _ = git_room
    settings = {"host": GIT_HOST, "port": str(server.port), "user": "agent"}
    _, token = room.add_key("git", member="alice", settings=settings)
    server.only("agent", token)
    assert clone(git_room, "git").stdout == "Once upon a time\n"


@needs_git
def test_git_clones_through_inspection(git_room):
    """The token stays outside: the key is the whole of the Basic pair."""
    token = whole_pair(git_room)
    done = clone(git_room, "generic-http", login='LOGIN="agent:$PASS@"\n')
    assert done.stdout == "Once upon a time\n"
    assert token not in done.stdout + done.stderr


#: Over what git sends in one piece (http.postBuffer): it asks first whether it may, and then sends chunks.
PUSH_MUCH = """
set -e
cd "$(mktemp -d "$HOME/git-XXXXXX")"
git clone -q "https://agent:$PASS@$PLACE/story.git" story
cd story
git config user.name agent; git config user.email agent@example.test
head -c 20000000 /dev/urandom > much
git add much
git commit -q -m "Much"
git push -q origin HEAD:main
cd ..
git clone -q "https://agent:$PASS@$PLACE/story.git" again
cmp story/much again/much && echo "the same"
"""


@needs_git
def test_git_pushes_and_clones_much_through_inspection(git_room):
    room, server, roots = git_room
    whole_pair(git_room)
    done = work(room, "generic-http", PUSH_MUCH, roots, PLACE=f"{GIT_HOST}:{server.port}")
    assert done.stdout == "the same\n"
