"""Tools that must keep working in a workroom, beside those of test_packages.py: Git LFS, gh, AWS's SDK with its signatures, Deno,
Node with a proxy agent, and uploads of any size. The stand-in's authority takes the part of the machine's public roots.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import sys
import urllib.parse
from pathlib import Path

import pytest

from support.https_server import HttpsServer
from support.lfs import Lfs
from support.processes import resident_of
from test_packages import work
from test_proxy import GEMINI, Session

HOST = "tools.standin.test"
UPLOAD_MIB = int(os.environ.get("UPLOAD_MIB", "1024"))


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture
def served(make_room):
    """Makes a room whose gateway finds an HTTPS server by its names; (room, server, roots)."""
    servers = []

    def make(answer, *hosts, port=None):
        room = make_room(start=False)
        server = HttpsServer(room.folder / "https", *hosts, answer=answer)
        servers.append(server)
        roots = room.folder / "roots.pem"
        roots.write_text(room.standins.ca.read_text() + server.ca.read_text())
        file = room.data / "strongroom.toml"
        dials = "".join(
            f'[[gateway.dial]]\nhost = "{host}:{port or server.port}"\nto = "127.0.0.1:{server.port}"\n'
            for host in hosts
        )
        table, *others = file.read_text().split("[[gateway.dial]]")
        others = [each for each in others if not any(f'"{host}:' in each for host in hosts)]
        text = "[[gateway.dial]]".join([table, *others])
        file.write_text(text.replace(str(room.standins.ca), str(roots)) + dials)
        return room.start().people(), server, roots

    yield make
    for server in servers:
        server.stop()


# Git LFS: a batch call, then each object by itself; the server asks for a login first.

LFS = """
set -e
cd "$(mktemp -d "$HOME/lfs-XXXXXX")"
git init -q --bare origin.git; git init -q -b main one; cd one
git config user.name agent; git config user.email agent@example.test
git lfs install --local >&2
git lfs track '*.bin' >&2
git config lfs.url "https://agent:$PASS@$PLACE"; git config lfs.locksverify false
head -c 3000000 /dev/urandom > large.bin; sha256sum < large.bin
git add . && git commit -q -m large && git remote add origin ../origin.git && git push -q origin main >&2
cd .. && GIT_LFS_SKIP_SMUDGE=1 git clone -q -b main origin.git two && cd two && git lfs install --local >&2
git config lfs.url "https://agent:$PASS@$PLACE"; git lfs pull >&2; sha256sum < large.bin
"""


@needs("git-lfs")
def test_o1_git_lfs_pushes_and_pulls_through_inspection(served, canaries):
    token = canaries.new("git")
    pair = base64.b64encode(f"agent:{token}".encode()).decode()
    lfs = Lfs(pair)
    room, server, roots = served(lfs, HOST)
    lfs.base = f"https://{HOST}:{server.port}"
    settings = {"host": HOST, "port": str(server.port), "scheme": "Basic", "variable": "PASS"}
    room.add_key("generic-http", value=pair, settings=settings)
    done = work(room, "generic-http", LFS, roots, PLACE=f"{HOST}:{server.port}")
    pushed, pulled = done.stdout.split("\n")[:2]
    assert pushed == pulled and len(lfs.objects) == 1
    assert token not in done.stdout + done.stderr


# gh holds its token itself: a plain tunnel that ends at the real certificate.


@needs("gh")
def test_o2_gh_with_the_injected_token(served):
    seen = {}

    def answer(request):
        _, path, headers, _ = request
        seen[path] = headers.get("authorization")
        return 200, {"Content-Type": "application/json"}, b'{"login":"octocat"}'

    room, _, roots = served(answer, "api.github.com", port=443)
    _, token = room.add_key("github", member="alice")
    done = work(room, "github", "gh api user --jq .login", roots, GH_NO_UPDATE_NOTIFIER="1")
    assert done.stdout.strip() == "octocat", done.stderr
    assert seen["/user"] == f"token {token}"


# AWS signs the request, Host and all (Signature Version 4): whatever was changed on the way would be refused.

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def signed_as_it_came(request):
    """Is the signature right for these very octets?"""
    method, path, headers, body = request
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, "
        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
        headers["authorization"],
    )
    access, day, region, service, names, signature = found.groups()
    place, _, query = path.partition("?")
    pairs = sorted(each.partition("=")[::2] for each in query.split("&") if each)
    digest = headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
    canonical = "\n".join(
        [
            method,
            place,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names.split(";")),
            "",
            names,
            digest,
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    whole = digest in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest())
    return access == ACCESS and hmac.compare_digest(right, signature) and whole


AWS = """
import boto3, os
from botocore.config import Config
config = Config(s3={"addressing_style": "path", "payload_signing_enabled": True}, retries={"max_attempts": 1},
                request_checksum_calculation="when_required", response_checksum_validation="when_required")
client = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], region_name="eu-central-1", config=config)
client.put_object(Bucket="rooms", Key="a key/with ü+%2F", Body=b"octets" * 1000)
print(client.get_object(Bucket="rooms", Key="a key/with ü+%2F")["Body"].read() == b"octets" * 1000)
print([each["Key"] for each in client.list_objects_v2(Bucket="rooms", Prefix="a key/")["Contents"]])
"""


def test_o4_aws_signatures_survive(served):
    pytest.importorskip("boto3")
    wrong, stored = [], {}

    def answer(request):
        method, path, _, body = request
        if not signed_as_it_came(request):
            wrong.append(request)
            return 403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if method == "PUT":
            stored[path] = body
            return 200, {"ETag": '"x"'}, b""
        if "list-type=2" in path:
            listed = "<Contents><Key>a key</Key><Size>1</Size></Contents>"
            text = f"<ListBucketResult><Name>rooms</Name>{listed}</ListBucketResult>"
            return 200, {"Content-Type": "application/xml"}, text.encode()
        return 200, {}, stored[path]

    room, server, roots = served(answer, HOST)
    place = f"{HOST}:{server.port}"
    room.add_key("gemini")
    room.cli("policy", "set", "--tenant", "acme", "--tunnel", place)
    done = room.run(
        ["gemini"],
        [sys.executable, "-c", AWS],
        variables={
            "ENDPOINT": f"https://{place}",
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        },
        environment={**room.environment, "SSL_CERT_FILE": str(roots)},
    )
    assert done.stdout.split("\n")[0] == "True" and wrong == []


# The package of this machine's kind, which npm installs beside `deno`: the program itself, not the script that looks for it.
DENO_PROGRAM = next(Path(__file__).resolve().parent.glob("node_modules/@deno/*/deno"), None)
DENO = f"""
const url = "https://{GEMINI}/v1beta/models";
const headers = {{ "x-goog-api-key": Deno.env.get("GEMINI_API_KEY") }};
console.log((await fetch(url, {{ headers }})).status);
const base = Deno.env.get("GOOGLE_GEMINI_BASE_URL") + "/v1beta/models";
console.log((await fetch(base, {{ headers }})).status);
"""


@pytest.mark.skipif(DENO_PROGRAM is None, reason="npm has no Deno for this kind of machine")
def test_o3_deno_with_the_variables_alone(room):
    room.add_key("gemini")
    script = room.folder / "ask.ts"
    script.write_text(DENO)
    command = [DENO_PROGRAM, "run", "--allow-net", "--allow-env", "--no-remote", str(script)]
    done = room.run(["gemini"], command)
    assert done.stdout.split() == ["200", "200"], done.stderr


# As Deno's: whatever Node the tests themselves run with, this one reads the proxy's variables.
NODE_PROGRAM = next(Path(__file__).resolve().parent.glob("node_modules/node-linux-*/bin/node"), None)
NODE = f"""
const https = require('node:https');
const url = 'https://{GEMINI}/v1beta/models';
const headers = {{ 'x-goog-api-key': process.env.GEMINI_API_KEY }};
const voice = 'wss://api.elevenlabs.io/v1/text-to-speech/voice1/stream-input?model_id=eleven_standin';

async function byHttps() {{
  const answer = await new Promise((resolve, reject) => https.get(url, {{ headers }}, resolve).on('error', reject));
  answer.resume();
  return answer.statusCode;
}}

async function byWebSocket() {{
  const socket = new WebSocket(voice, {{ headers: {{ 'xi-api-key': process.env.ELEVENLABS_API_KEY }} }});
  let audio = 0;
  socket.onopen = () => [' ', 'hello ', ''].forEach((text) => socket.send(JSON.stringify({{ text }})));
  socket.onmessage = (message) => {{ if (JSON.parse(message.data).audio) audio += 1; }};
  await new Promise((resolve, reject) => {{ socket.onclose = resolve; socket.onerror = reject; }});
  return audio > 0;
}}

(async () => {{
  console.log('fetch', (await fetch(url, {{ headers }})).status);
  console.log('https', await byHttps());
  console.log('WebSocket', await byWebSocket());
  const base = process.env.GOOGLE_GEMINI_BASE_URL + '/v1beta/models';
  console.log('base URL', (await fetch(base, {{ headers }})).status);
}})();
"""


@pytest.mark.skipif(NODE_PROGRAM is None, reason="npm has no Node for this kind of machine")
def test_o3_node_with_the_variables_alone(room):
    room.add_key("gemini")
    room.add_key("elevenlabs")
    done = room.run(["gemini", "elevenlabs"], [NODE_PROGRAM, "-e", NODE])
    told = ["fetch 200", "https 200", "WebSocket true", "base URL 200"]
    assert done.stdout.splitlines() == told, done.stderr


# Uploads


def test_o9_a_large_upload_streams_and_costs_no_memory(room):
    """1 GiB, or UPLOAD_MIB: octets that are made as they go, through base URL and tunnel alike."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    [pid] = room.gateway_pids()
    block = os.urandom(1 << 20)
    for way, size in (("base URL", UPLOAD_MIB), ("tunnel", 64)):
        digest = hashlib.sha256()
        if way == "tunnel":
            connection = http.client.HTTPSConnection(GEMINI)
            connection.sock, prefix = session.tunnel(), ""
        else:
            connection = http.client.HTTPConnection(room.endpoints["gateway"], timeout=120)
            prefix = "/gemini"
        connection.putrequest("POST", f"{prefix}/standin/upload")
        connection.putheader("x-goog-api-key", session.passes["gemini"])
        connection.putheader("content-length", str(size << 20))
        connection.endheaders()
        least, most = resident_of(pid), 0
        for number in range(size):
            connection.send(block)
            digest.update(block)
            most = max(most, resident_of(pid)) if number % 16 == 0 else most
        answer = connection.getresponse()
        told = json.loads(answer.read())
        assert (answer.status, told["bytes"]) == (200, size << 20)
        assert told["sha256"] == digest.hexdigest()
        assert most - least < 4096, f"{most - least} KiB more during an upload by {way}"
        connection.close()


def test_o9_a_308_of_a_resumable_upload_is_passed_on(room):
    """Drives and storage of Google say 308 for "go on from here"; it is no redirect."""
    room.add_key("gemini")
    session = Session(room, "gemini")
    connection = http.client.HTTPConnection(room.endpoints["gateway"], timeout=30)
    query = urllib.parse.urlencode({"status": 308, "to": "/standin/echo"})
    headers = {"x-goog-api-key": session.passes["gemini"], "content-range": "bytes 0-9/20"}
    for _ in range(2):
        connection.request("PUT", f"/gemini/standin/redirect?{query}", b"0123456789", headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (308, b"")
