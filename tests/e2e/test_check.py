"""`strongroom key check`, for every service of the catalogue. SPDX-License-Identifier: Apache-2.0"""

from support.room import FAILED, WRONG_USE
from support.ssh_server import SshKeyPair
from test_model_services import CASES

DATABASE = {"host": "127.0.0.1", "port": "1", "user": "u", "database": "d"}
CHECKED = {
    "gemini": {},
    "elevenlabs": {},
    "heygen": {},
    "firecrawl": {},
    "openai": {},
    "anthropic": {},
    "github": {},
    "gitlab": {},
    "slack": {},
    "npm": {"host": "npm.standin.test"},
    "pypi": {"host": "upload.standin.test"},
    "docker": {"user": "ann"},
    "gcp": {},
}
# No provider that could be asked over HTTP, or a host of the tenant's own that no check is known for.
UNCHECKED = {
    "generic-http": {"host": "api.standin.test"},
    "generic-env": {"variable": "MY_TOKEN"},
    "git": {"host": "git.standin.test"},
    "postgres": DATABASE,
    "mysql": DATABASE,
    "redis": {"host": "127.0.0.1"},
    "mongodb": {"servers": "127.0.0.1:1", "user": "u", "database": "d"},
    "aws": {"access_key_id": "AKIAIOSFODNN7EXAMPLE"},
    "azure": {"client_id": "c", "tenant_id": "t"},
    "tailscale": {},
    "ssh": {"host": "git.standin.test"},
}
# Their keys are tokens of logins (test_oauth.py).
BY_LOGIN = {"atlassian", "bitbucket", "generic-oauth", "google", "hubspot", "linear", "microsoft", "notion"}


def test_these_are_all_services(room):
    services = {each["id"] for each in room.json("service", "list")}
    assert services == CHECKED.keys() | UNCHECKED.keys() | BY_LOGIN | CASES.keys()


def test_check_asks_the_provider(room, standins):
    for service, settings in CHECKED.items():
        key_id, value = room.add_key(service, settings=settings)
        assert room.json("key", "check", key_id)["verdict"] == "accepted"
        standins.revoke(service, value)
        assert room.json("key", "check", key_id, expect=FAILED)["verdict"] == "rejected"
        assert room.key(key_id)["state"] == "rejected_by_provider"
        standins.accept(service, value)
        assert room.json("key", "check", key_id)["verdict"] == "accepted"
        assert room.key(key_id)["state"] == "active"


def test_what_cannot_be_checked_says_so(room, standins, canaries):
    shapes = {"generic-http": "generic", "generic-env": "generic", "postgres": "password", "mysql": "password", "redis": "password", "mongodb": "password"}
    for service, settings in UNCHECKED.items():
        value = SshKeyPair(canaries).private if service == "ssh" else None
        shape = shapes.get(service, service)
        key_id, _ = room.add_key(service, settings=settings, shape=shape, value=value)
        done = room.cli("key", "check", key_id, expect=WRONG_USE)
        assert "cannot be checked" in done.stderr
        why = "no call is known" if service == "generic-http" else "not asked over HTTP"
        assert why in done.stderr
    # A token for another host is not shown to github.com.
    own, _ = room.add_key("github", settings={"host": "git.standin.test"})
    room.cli("key", "check", own, expect=None)
    other, _ = room.add_key("docker", settings={"user": "ann", "registry": "ghcr.io"})
    room.cli("key", "check", other, expect=None)
    assert standins.requests() == []


def test_an_api_token_of_bitbucket_is_shown_as_a_password_and_others_alone(room, standins, canaries):
    api, value = room.add_key("bitbucket", settings={"email": "ann@acme.test"})
    assert room.json("key", "check", api)["verdict"] == "accepted"
    access, _ = room.add_key("bitbucket", label="ci", shape="git")
    assert room.json("key", "check", access)["verdict"] == "accepted"
    standins.revoke("bitbucket", value)
    assert room.json("key", "check", api, expect=FAILED)["verdict"] == "rejected"


def test_a_user_name_that_would_move_where_the_key_begins_is_refused(room):
    for service, name in (("docker", "user"), ("bitbucket", "email")):
        refused = room.cli(
            "key", "add", service, "--tenant", "acme", "--set", f"{name}=ann:b", input="dckr_pat_standin\n", expect=WRONG_USE
        )
        assert "holds a colon" in refused.stderr
