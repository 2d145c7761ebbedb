"""R3 for keys that were pasted: a revoke ends them at their provider, where it has a call for that, and says so when it
has confirmed it. SPDX-License-Identifier: Apache-2.0"""

import pytest

from support.waiting import until

CALLS = {
    "github": ("POST", "/credentials/revoke"),
    "gitlab": ("DELETE", "/api/v4/personal_access_tokens/self"),
    "slack": ("POST", "/api/auth.revoke"),
}


def calls_of(standins, service):
    method, path = CALLS[service]
    return [each for each in standins.requests(service=service, path=path) if each["method"] == method]


def acts_of(room, key):
    return [each.get("action") for each in room.json("audit", "list", "--tenant", "acme", "--limit", "1000") if each.get("key") == key]


def r3_of(room, key):
    return room.revoke(key)["receipt"]["r3"]


def shredded(room):
    return room.verified(room.cli("shred", "--tenant", "acme", "--json", expect=None).stdout)["receipt"]


@pytest.mark.parametrize("service", CALLS)
def test_a_revoke_ends_a_pasted_token_at_its_provider(room, standins, service):
    key, value = room.add_key(service, member="alice")
    r3 = r3_of(room, key)
    assert r3["holds"], r3
    assert [each["state"] for each in r3["credentials"]] == ["destroyed"]
    assert value not in str(r3)
    assert len(calls_of(standins, service)) == 1
    assert "key.destroyed" in acts_of(room, key)
    # Once more: nothing is left to be done.
    assert r3_of(room, key)["holds"] and len(calls_of(standins, service)) == 1
    assert standins.violations() == []


@pytest.mark.parametrize("service", CALLS)
def test_one_that_the_provider_has_ended_before_is_not_told_again(room, standins, service):
    key, value = room.add_key(service, member="alice")
    standins.revoke(service, value)
    assert r3_of(room, key)["holds"] and calls_of(standins, service) == []


@pytest.mark.parametrize("service", CALLS)
def test_what_the_provider_answers_proves_nothing(room, standins, service):
    """It is told again until it refuses the key, over a crash and a new root key, and no receipt claims it before."""
    key, value = room.add_key(service, member="alice")
    standins.keep_keys()
    r3 = r3_of(room, key)
    assert not r3["holds"] and [each["state"] for each in r3["credentials"]] == ["still_exposed"]
    assert "still takes the key" in r3["credentials"][0]["why"] and value not in str(r3)
    # What is kept for it is kept under the new root key, and nobody says that no copy of it opens.
    assert not shredded(room)["r4"]["holds"]
    room.kill9()
    standins.keep_keys(False)
    room.start()
    until(lambda: "key.destroyed" in acts_of(room, key), 60, "the provider is told after the crash")
    assert r3_of(room, key)["holds"] and shredded(room)["r4"]["holds"]


def test_a_member_who_leaves_leaves_no_token_behind(room, standins):
    for service in CALLS:
        room.add_key(service, member="alice")
    receipt = room.json("member", "remove", "--tenant", "acme", "alice")["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    assert all(len(calls_of(standins, service)) == 1 for service in CALLS)


def test_a_tenant_that_is_removed_takes_its_tokens_with_it(room, standins):
    room.add_key("gitlab")
    receipt = room.json("tenant", "remove", "acme")["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    assert len(calls_of(standins, "gitlab")) == 1


def test_with_one_that_cannot_be_ended_r3_is_not_claimed(room, standins):
    room.add_key("github", member="alice")
    room.add_key("firecrawl", member="alice")
    r3 = room.json("member", "remove", "--tenant", "acme", "alice")["receipt"]["r3"]
    assert not r3["holds"] and "https://www.firecrawl.dev/" in r3["why"] and "github.com" not in r3["why"]
    assert [each["state"] for each in r3["credentials"]] == ["destroyed"]


def test_a_key_of_another_host_or_kind_is_shown_to_nobody(room, standins, canaries):
    own, _ = room.add_key("github", member="alice", settings={"host": "git.standin.test"})
    installation, _ = room.add_key("github", member="alice", label="app", value=canaries.new("github").replace("ghp_", "ghs_"))
    deploys, _ = room.add_key("gitlab", member="alice", value=canaries.new("gitlab").replace("glpat-", "gldt-"))
    for key in (own, installation, deploys):
        r3 = r3_of(room, key)
        assert not r3["holds"] and "credentials" not in r3 and "its own console, https://git" in r3["why"], r3
    assert standins.requests() == []


def test_where_there_is_no_call_the_receipt_names_the_console(room):
    key, _ = room.add_key("gemini")
    r3 = r3_of(room, key)
    assert not r3["holds"] and "https://aistudio.google.com/" in r3["why"], r3
