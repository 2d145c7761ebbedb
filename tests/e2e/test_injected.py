"""What a workroom gets of the services whose keys tools hold themselves: every variable, exactly, and no more afterwards.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import http.server
import json
import os
import shutil
import sys
import threading
import urllib.parse

import pytest

ENVIRONMENT = [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]
WHOLE = ("--no-output-filter",)  # which would blank the values that are compared


def escaped(text):
    return urllib.parse.quote(text, safe="")


def redis(value):
    return {
        "REDISCLI_AUTH": value,
        "REDIS_URL": f"rediss://ann%40acme:{escaped(value)}@cache.test:6380/2",
    }


def mongodb(value):
    uri = f"mongodb+srv://ann%40acme:{escaped(value)}@c0.mongo.test/shop?authSource=admin"
    return {"MONGODB_URI": uri, "MONGO_URL": uri}


def docker(value):
    auth = base64.b64encode(f"ann:{value}".encode()).decode()
    return {"DOCKER_AUTH_CONFIG": '{"auths":{"https://index.docker.io/v1/":{"auth":"%s"}}}' % auth}


CASES = {
    "redis": (
        "password",
        {"host": "cache.test", "port": "6380", "user": "ann@acme", "database": "2", "scheme": "rediss"},
        redis,
    ),
    "mongodb": (
        "password",
        {"servers": "c0.mongo.test", "user": "ann@acme", "database": "shop", "scheme": "mongodb+srv"},
        mongodb,
    ),
    "npm": ("npm", {"host": "npm.standin.test"}, lambda value: {"NPM_TOKEN": value, "NODE_AUTH_TOKEN": value}),
    "pypi": (
        "pypi",
        {"host": "upload.standin.test"},
        lambda value: {
            "TWINE_REPOSITORY_URL": "https://upload.standin.test/legacy/",
            "TWINE_USERNAME": "__token__",
            "TWINE_PASSWORD": value,
            "UV_PUBLISH_TOKEN": value,
            "POETRY_PYPI_TOKEN_PYPI": value,
        },
    ),
    "aws": (
        "aws",
        {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "region": "eu-central-1"},
        lambda value: {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": value,
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
        },
    ),
    "gcp": (
        "gcp",
        {"project": "shop"},
        lambda value: {
            "CLOUDSDK_AUTH_ACCESS_TOKEN": value,
            "CLOUDSDK_CORE_PROJECT": "shop",
            "GOOGLE_CLOUD_PROJECT": "shop",
        },
    ),
    "azure": (
        "azure",
        {"client_id": "c-1", "tenant_id": "t-1"},
        lambda value: {"AZURE_CLIENT_ID": "c-1", "AZURE_TENANT_ID": "t-1", "AZURE_CLIENT_SECRET": value},
    ),
    "docker": ("docker", {"user": "ann"}, docker),
}


def environment(room, services, **options):
    shown = json.loads(room.run(services, ENVIRONMENT, flags=WHOLE, **options).stdout)
    return {name: value for name, value in shown.items() if not name.startswith("STRONGROOM_")}


@pytest.mark.parametrize("service", CASES)
def test_a_workroom_gets_its_variables_and_the_next_one_none(room, service):
    shape, settings, expected = CASES[service]
    _, value = room.add_key(service, shape=shape, settings=settings)
    room.add_key("generic-env", value=room.canaries.new("git"), settings={"variable": "MINE"})
    seen = environment(room, [service])
    after = environment(room, ["generic-env"])
    del after["MINE"]
    for name in expected(value):
        assert name not in after
    # What every workroom has is the same but for the addresses of its own.
    assert seen.keys() - after.keys() == expected(value).keys()
    assert {name: seen[name] for name in expected(value)} == expected(value)


def test_what_tools_would_prefer_cannot_be_set_beside_a_key(room):
    room.add_key("aws", settings=CASES["aws"][1])
    refused = room.run(["aws"], ["true"], variables={"AWS_SESSION_TOKEN": "other"}, expect=None)
    assert refused.returncode != 0 and "AWS_SESSION_TOKEN" in refused.stderr


def test_boto_signs_with_the_key(room):
    _, value = room.add_key("aws", settings=CASES["aws"][1])
    script = (
        "import boto3, hashlib; s = boto3.Session(); c = s.get_credentials();"
        "print(c.method, c.access_key, hashlib.sha256(c.secret_key.encode()).hexdigest(), c.token, s.region_name)"
    )
    done = room.run(["aws"], [sys.executable, "-c", script])
    digest = hashlib.sha256(value.encode()).hexdigest()
    assert done.stdout.split() == ["env", "AKIAIOSFODNN7EXAMPLE", digest, "None", "eu-central-1"]


class Registry(http.server.BaseHTTPRequestHandler):
    """Says whose token it is, as npm's own."""

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["authorization"]))
        body = b'{"username":"ann"}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_logs_in_by_a_file_that_names_the_variable(room, tmp_path):
    _, value = room.add_key("npm", settings=CASES["npm"][1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_port}"
    (tmp_path / ".npmrc").write_text(f"registry=http://{place}/\n//{place}/:_authToken=${{NPM_TOKEN}}\n")
    (tmp_path / "package.json").write_text("{}")
    script = f"cd {tmp_path} && HOME={tmp_path} npm whoami --no-update-notifier"
    try:
        done = room.run(["npm"], ["/bin/sh", "-c", script], environment={**os.environ, "HOME": str(tmp_path)})
    finally:
        server.shutdown()
        server.server_close()
    assert done.stdout.split() == ["ann"]
    assert server.seen == [("/-/whoami", f"Bearer {value}")]


def test_a_personal_key_of_linear_stands_alone_and_a_logins_token_behind_bearer(room, standins):
    ask = (
        'curl -s -o /dev/null -w "%{http_code}\\n" -X POST -H "content-type: application/json" -d "{}" '
        '-H "authorization: $0$LINEAR_API_KEY" "$LINEAR_BASE_URL/graphql"'
    )
    for shape, header in (("linear", "<key of linear>"), ("linear-login", "Bearer <key of linear>")):
        key, _ = room.add_key("linear", shape=shape)
        standins.call("POST", "/clear", {})
        for scheme in ("", "Bearer "):  # what clients make of the pass is the same
            assert room.run(["linear"], ["/bin/sh", "-c", ask, scheme]).stdout.split() == ["200"]
        seen = [request["headers"]["authorization"] for request in standins.requests(service="linear")]
        assert seen == [header, header]
        room.cli("key", "revoke", key)
