"""People and groups that an identity provider provisions (SCIM 2.0, RFC 7643 and 7644).

SPDX-License-Identifier: Apache-2.0"""

import random
import urllib.parse

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from support.browser import CHROMIUM, Console, chromium
from support.identity import add_provider
from support.identity_room import ROLES, acts, come_in, identity_provider, identity_room, members
from support.logins import CONSOLE
from support.provisioning import GROUP, USER, Scim, provisioned_by
from support.signed_in import Browser
from support.waiting import until

@pytest.fixture(scope="module")
def secret(canaries):
    return canaries.new("git")


@pytest.fixture(scope="module")
def provider(suite_folder, secret):
    with identity_provider(suite_folder / "scim-provider", secret) as provider:
        yield provider


@pytest.fixture
def room(suite_folder, provider, canaries, environment, secret, request):
    folder = suite_folder / f"scim-{request.node.name[:40]}"
    with identity_room(folder, provider, canaries, environment, secret) as room:
        yield room


@pytest.fixture
def scim(room):
    return provisioned_by(room)


def come_in_with(room, provider, subject, browser=None, **token):
    """(browser, status, reason or member)."""
    browser = browser or Browser(room)
    status, answer = come_in(room, provider, subject, browser, **token)
    return browser, status, answer.get("error", {}).get("code", answer.get("member"))


def receipts(room, kind):
    listed = room.json("receipt", "list")
    shown = [room.verified(room.cli("receipt", "show", each["id"], "--json").stdout)["receipt"] for each in listed]
    return [each for each in shown if each["subject"]["kind"] == kind]


# ------------------------------------------------------------------------------------------------
# the standard


def test_a_conformance_suite_that_nobody_here_wrote(room, scim):
    client = httpx2.Client(
        base_url=f"http://{room.endpoints['control']}/scim/v2", headers={"Authorization": f"Bearer {scim.token}"}
    )
    results = check_server(SyncSCIMClient(client))
    wrong = [f"{each.title}: {each.reason}" for each in results if each.status in (Status.ERROR, Status.CRITICAL)]
    assert not wrong, "\n".join(wrong)
    assert sum(each.status == Status.SUCCESS for each in results) > 40, [each.title for each in results]
    # Each was made, and deleted: of what was a member for a while nothing is left but the record.
    assert members(room) == {"olga": "owner"}


def test_what_the_server_tells_of_itself(scim):
    config = scim.done("GET", "ServiceProviderConfig")
    assert config["patch"]["supported"] and not config["bulk"]["supported"]
    assert config["meta"]["location"] == CONSOLE + "scim/v2/ServiceProviderConfig"
    assert [each["id"] for each in scim.done("GET", "ResourceTypes")["Resources"]] == ["User", "Group"]
    assert scim.done("GET", f"Schemas/{USER}")["name"] == "User"
    assert scim.refused("GET", "Schemas/nothing") == (404, None)
    assert scim.refused("POST", "Schemas", {}) == (405, None)
    assert scim.refused("POST", "Bulk", {}) == (501, None)
    assert scim.refused("GET", "Nothing") == (404, None)


def test_filters_pages_and_parts(scim):
    for at, name in enumerate(("Ann@acme.test", "bob@acme.test", "cyd@other.test")):
        scim.user(name, f"X-{at}", name={"givenName": name[:3]}, emails=[{"value": name, "type": "work", "primary": True}])

    def names(wanted):
        return sorted(each["userName"] for each in scim.found("Users", wanted))

    assert names('userName eq "ann@ACME.test"') == ["Ann@acme.test"]  # userName whatever its capitals
    assert names('externalId eq "x-1"') == [] and names('externalId eq "X-1"') == ["bob@acme.test"]
    assert names('userName ew "acme.test" and not (name.givenName eq "bob")') == ["Ann@acme.test"]
    assert names('emails[type eq "work" and value co "other"]') == ["cyd@other.test"]
    assert names('emails.value sw "bob" or userName eq "cyd@other.test"') == ["bob@acme.test", "cyd@other.test"]
    assert names("name.familyName pr") == [] and len(names("name.givenName pr")) == 3
    assert names(f'{USER}:userName sw "b"') == ["bob@acme.test"]
    assert names('active eq true and meta.created gt "2020-01-01T00:00:00Z"') == ["Ann@acme.test", "bob@acme.test", "cyd@other.test"]
    assert names('title eq "boss"') == []  # known to the standard, and not kept
    for wrong in ("userName", "userName eq", 'userName xx "a"', 'nothing eq "a"', "(" * 40 + 'userName eq "a"' + ")" * 40, 'userName eq "a" and', "userName eq a"):
        assert scim.refused("GET", f"Users?filter={urllib.parse.quote(wrong)}") == (400, "invalidFilter"), wrong

    searched = scim.done("POST", "Users/.search", {"filter": 'userName sw "b"', "attributes": ["userName"], "startIndex": 1, "count": 5})
    assert [each["userName"] for each in searched["Resources"]] == ["bob@acme.test"] and "name" not in searched["Resources"][0]
    page = scim.done("GET", "Users?startIndex=2&count=1")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert page["Resources"][0]["userName"] == "bob@acme.test"
    assert scim.done("GET", "Users?count=0")["totalResults"] == 3
    part = scim.done("GET", "Users?attributes=userName,emails.value&count=1")["Resources"][0]
    assert set(part) == {"schemas", "id", "userName", "emails"} and part["emails"] == [{"value": "Ann@acme.test"}]
    assert "name" not in scim.done("GET", "Users?excludedAttributes=name&count=1")["Resources"][0]


def test_versions_keep_two_writers_apart(scim):
    user = scim.user("ann@acme.test")
    first = scim.headers["ETag"]
    assert first == user["meta"]["version"] and scim.headers["Location"].endswith(f"/Users/{user['id']}")
    assert scim.call("GET", f"Users/{user['id']}", If_None_Match=first)[0] == 304
    rename = {"Operations": [{"op": "replace", "path": "displayName", "value": "Ann"}]}
    scim.done("PATCH", f"Users/{user['id']}", rename, If_Match=first)
    assert scim.refused("PATCH", f"Users/{user['id']}", rename, If_Match=first) == (412, None)
    assert scim.refused("DELETE", f"Users/{user['id']}", If_Match=first) == (412, None)
    assert scim.refused("POST", "Users", {"userName": "ANN@acme.test"}) == (409, "uniqueness")


def test_what_is_malformed_is_told_so_and_changes_nothing(scim):
    user = scim.user("ann@acme.test", "x-1")
    path = f"Users/{user['id']}"
    wrong = [
        ({}, "invalidSyntax"),
        ({"Operations": [{"op": "jump"}]}, "invalidSyntax"),
        ({"Operations": [{"op": "remove"}]}, "noTarget"),
        ({"Operations": [{"op": "replace", "path": "emails[", "value": 1}]}, "invalidFilter"),
        ({"Operations": [{"op": "replace", "path": "nothing.of", "value": 1}]}, "invalidPath"),
        ({"Operations": [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "a"}]}, "noTarget"),
        ({"Operations": [{"op": "replace", "path": "id", "value": "a"}]}, "mutability"),
        ({"Operations": [{"op": "replace", "path": "groups", "value": []}]}, "mutability"),
        ({"Operations": [{"op": "remove", "path": "userName"}]}, "mutability"),
        ({"Operations": [{"op": "replace", "path": "active", "value": "perhaps"}]}, "invalidValue"),
        ({"Operations": [{"op": "add", "path": "userName", "value": "x" * 300}]}, "invalidValue"),
        ({"Operations": [{"op": "add", "value": 7}]}, "invalidValue"),
        ({"Operations": [{"op": "add", "path": "displayName", "value": "x"}] * 1001}, "tooMany"),
    ]
    for body, word in wrong:
        assert scim.refused("PATCH", path, body) == (400, word), body
    assert scim.refused("POST", "Users", {"schemas": [USER]}) == (400, "invalidValue")
    assert scim.refused("POST", "Users", b"{") == (400, "invalidSyntax")
    assert scim.refused("POST", "Users", {"userName": "x"}, Content_Type="text/plain") == (400, "invalidSyntax")
    assert scim.refused("POST", "Groups", {"displayName": "g", "members": [{"value": "pvu_nobody"}]}) == (400, "invalidValue")
    assert scim.refused("POST", "Users", {"userName": "x", "displayName": "y" * 1000, "emails": [{"value": str(n) * 900} for n in range(9)] * 3})[0] == 413
    assert scim.done("GET", path) == user


def test_no_input_is_an_error_of_the_servers(scim):
    """Patches and filters made of what they are made of, in all the wrong orders."""
    chance = random.Random(7)
    user = scim.user("ann@acme.test", "x-1", emails=[{"value": "a", "type": "work"}])
    words = ["userName", "emails", "emails[", 'type eq "work"', "]", ".value", "members", "active", "groups", "name.givenName", "meta", "(", ")", "not", "and", "or", "pr", '"', "\\", "urn:x:", USER + ":", "é", "null", "true", "1e999"]
    values = [None, True, "True", "x", 7, 1.5, [], {}, [{}], {"value": "x"}, [{"value": "b", "primary": True}] * 2, {"name": {"givenName": "g"}}, {"active": []}]
    for _ in range(400):
        text = "".join(chance.choices(words, k=chance.randint(0, 5)))
        body = {"Operations": [{"op": chance.choice(["add", "remove", "Replace", "x"]), "path": chance.choice([text, None, 5]), "value": chance.choice(values)}]}
        if chance.random() < 0.3:
            del body["Operations"][0]["path"]
        for status, document in (
            scim.call("PATCH", f"Users/{user['id']}", body),
            scim.call("GET", "Users?filter=" + "".join(f"%{octet:02x}" for octet in text.encode())),
            scim.call("POST", "Groups", {"displayName": chance.choice(["a", "b", 5, None]), "members": chance.choice(values)}),
        ):
            assert status < 500, (body, status, document)


# ------------------------------------------------------------------------------------------------
# people


def test_from_the_assignment_to_the_end_as_okta_tells_of_it(room, scim, provider):
    """A user, then groups; a change of groups; no group; back again; switched off; on again."""
    engineering, security = scim.group("engineering"), scim.group("security")
    alice = scim.user(
        "Alice.Smith@acme.test", "okta-17", name={"givenName": "Alice", "familyName": "Smith"},
        emails=[{"primary": True, "value": "alice@acme.test", "type": "work"}], displayName="Alice Smith", locale="en-US",
        password=room.canaries.new("git"),
    )  # fmt: skip
    assert members(room) == {"olga": "owner"}  # nobody, until a group has a role for them
    assert come_in_with(room, provider, "okta-17")[1:] == (403, "not_provisioned")
    scim.join(engineering, alice)
    assert members(room)["alice.smith@acme.test"] == "member"
    assert scim.done("GET", f"Users/{alice['id']}")["groups"][0]["display"] == "engineering"
    browser, status, member = come_in_with(room, provider, "okta-17")
    assert (status, member) == (201, "alice.smith@acme.test")
    # Of who is provisioned the groups count, and not what a token says.
    assert come_in_with(room, provider, "okta-17", groups=["founders"])[1] == 201
    assert browser.me()[1]["role"] == "member"
    assert come_in_with(room, provider, "okta-18", groups=["founders"])[1:] == (403, "not_provisioned")

    # Another role at once, up and down.
    scim.join(security, alice)
    assert browser.me()[1]["role"] == "admin"
    scim.leave(security, alice)
    assert browser.me()[1]["role"] == "member"

    # Without any group: no access, and nothing is lost.
    key, _ = room.add_key("bitbucket", member="alice.smith@acme.test", shape="git")
    token = browser.call("POST", "/api/v1/tokens", {"tenant": "acme", "member": "alice.smith@acme.test", "name": "laptop"})[1]["token"]
    running = room.begin(["bitbucket"], ["sh", "-c", "echo up; sleep 300"], member="alice.smith@acme.test")
    running.line("up")
    scim.leave(engineering, alice)
    assert running.wait() != 0
    why = lambda: [each["ended_why"] for each in room.json("session", "list", "--tenant", "acme")]
    until(lambda: why() == ["access withheld"], 30, "it is told why")
    assert browser.me()[0] == 401 and room.api("GET", "/api/v1/access", token=token)[0] == 401
    assert come_in_with(room, provider, "okta-17")[1:] == (403, "access_withheld")
    assert Browser(room).accept(room.json("member", "invite", "--tenant", "acme", "alice.smith@acme.test")["invitation"])[0] == 403
    refused = room.cli("session", "start", "--tenant", "acme", "--member", "alice.smith@acme.test", "--service", "bitbucket", expect=None)
    assert "group" in refused.stderr
    assert room.key(key)["state"] == "active"
    assert {each["name"]: each["withheld"] for each in room.json("member", "list", "--tenant", "acme")} == {"olga": False, "alice.smith@acme.test": True}
    [ended] = until(lambda: receipts(room, "session"), 30, "its end has a receipt")
    assert ended["r1"]["holds"] and ended["r2"]["holds"], ended
    assert [each["detail"].split(" ")[0] for each in acts(room, "member.access")] == ["withheld:"]

    # Back in a group: the same member, with what is theirs.
    scim.join(engineering, alice)
    assert room.api("GET", "/api/v1/access", token=token)[0] == 200
    browser, status, _ = come_in_with(room, provider, "okta-17")
    assert status == 201

    # Switched off: removed, and what is theirs revoked, with a receipt.
    scim.patch(f"Users/{alice['id']}", {"op": "replace", "value": {"active": False}})
    assert members(room) == {"olga": "owner"} and browser.me()[0] == 401
    assert room.key(key)["state"] == "revoked"
    [removed] = until(lambda: receipts(room, "member"), 30, "the removal has a receipt")
    assert removed["subject"]["keys"] == 1 and removed["r1"]["holds"], removed
    assert come_in_with(room, provider, "okta-17")[1:] == (403, "not_provisioned")
    assert not scim.done("GET", f"Users/{alice['id']}")["active"]
    assert scim.done("GET", f"Groups/{engineering['id']}")["members"][0]["value"] == alice["id"]

    # On again: somebody new, who has nothing.
    scim.patch(f"Users/{alice['id']}", {"op": "replace", "value": {"active": True}})
    assert members(room)["alice.smith@acme.test"] == "member"
    assert come_in_with(room, provider, "okta-17")[1] == 201
    assert room.api("GET", "/api/v1/access", token=token)[0] == 401
    assert not [each for each in room.json("key", "list", "--tenant", "acme") if each["state"] != "revoked"]
    scim.done("DELETE", f"Users/{alice['id']}")
    assert members(room) == {"olga": "owner"}
    assert scim.refused("GET", f"Users/{alice['id']}") == (404, None)


def test_the_forms_that_entra_sends(room, scim):
    assert scim.found("Users", 'userName eq "bob@acme.test"') == []
    bob = scim.user("bob@acme.test", "0f1e", **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "x"}, "roles": []})
    group = scim.group("security", externalId="guid-1")
    assert scim.found("Groups", 'displayName eq "security"')[0]["id"] == group["id"]
    listed = scim.done("GET", f"Groups/{group['id']}?excludedAttributes=members")
    assert "members" not in listed
    scim.patch(f"Groups/{group['id']}", {"op": "Add", "path": "members", "value": [{"value": bob["id"]}]})
    assert members(room)["bob@acme.test"] == "admin"
    changed = scim.patch(
        f"Users/{bob['id']}",
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "bob@work.test"},
        {"op": "Replace", "path": "name.givenName", "value": "Bob"},
        {"op": "Replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "y"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "NL"},
        {"op": "Add", "value": {"name.familyName": "Jones", "displayName": "Bob Jones"}},
    )
    assert changed["emails"] == [{"type": "work", "value": "bob@work.test"}]
    assert changed["name"] == {"givenName": "Bob", "familyName": "Jones"} and changed["displayName"] == "Bob Jones"
    assert set(changed) == {"schemas", "id", "userName", "externalId", "active", "name", "emails", "displayName", "groups", "meta"}
    scim.patch(f"Groups/{group['id']}", {"op": "Remove", "path": "members", "value": [{"value": bob["id"]}]})
    assert "members" not in scim.done("GET", f"Groups/{group['id']}")
    scim.patch(f"Users/{bob['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert members(room) == {"olga": "owner"}


def test_groups_are_replaced_renamed_and_deleted_as_a_whole(room, scim):
    ann, bob = scim.user("ann@acme.test"), scim.user("bob@acme.test")
    group = scim.group("founders", ann, bob)
    assert members(room) == {"olga": "owner", "ann@acme.test": "owner", "bob@acme.test": "owner"}
    whole = {"schemas": [GROUP], "displayName": "founders", "members": [{"value": ann["id"]}]}
    scim.done("PUT", f"Groups/{group['id']}", whole)
    assert {each["detail"] for each in acts(room, "member.access")} == {"withheld: no group has a role, by corp"}
    # Another name, another role; and by the provider's own id as well as by the name.
    scim.done("PUT", f"Groups/{group['id']}", {**whole, "displayName": "Entwicklung", "externalId": "engineering"})
    assert members(room)["ann@acme.test"] == "member"
    other = scim.group("security", ann)
    scim.done("DELETE", f"Groups/{group['id']}")
    assert members(room)["ann@acme.test"] == "admin"
    assert scim.refused("POST", "Groups", {"displayName": "security"}) == (409, "uniqueness")
    # An owner changes the table: it holds at once, of whoever is in already.
    add_provider(room, "x", "--group", "security=auditor")
    assert members(room)["ann@acme.test"] == "auditor"
    scim.done("DELETE", f"Groups/{other['id']}")
    assert len(acts(room, "member.access")) == 2


def test_the_last_owner_stays(room, scim, provider):
    ann = scim.user("ann@acme.test", "u-1")
    founders, engineering = scim.group("founders", ann), scim.group("engineering", ann)
    room.cli("member", "remove", "--tenant", "acme", "olga")
    scim.leave(founders, ann)
    assert members(room) == {"ann@acme.test": "owner"}
    scim.leave(engineering, ann)
    assert come_in_with(room, provider, "u-1")[1] == 201  # and has access
    assert scim.refused("PATCH", f"Users/{ann['id']}", {"Operations": [{"op": "replace", "path": "active", "value": False}]}) == (403, None)
    assert scim.refused("DELETE", f"Users/{ann['id']}") == (403, None)
    assert members(room) == {"ann@acme.test": "owner"}
    assert {each["outcome"] for each in acts(room, "member.role") + acts(room, "member.access")} == {"refused"}


def test_who_was_removed_here_stays_removed(room, scim, provider):
    group = scim.group("engineering")
    ann, bob = scim.user("ann@acme.test", "u-1"), scim.user("bob@acme.test", "u-2")
    scim.join(group, ann, bob)
    room.cli("member", "remove", "--tenant", "acme", "ann@acme.test")
    assert not scim.done("GET", f"Users/{ann['id']}")["active"]
    for active in (True, False, True):
        scim.patch(f"Users/{ann['id']}", {"op": "replace", "path": "active", "value": active})
    scim.leave(group, ann)
    scim.join(group, ann)
    assert "ann@acme.test" not in members(room)
    assert come_in_with(room, provider, "u-1")[1:] == (403, "member_removed")
    # Nor as somebody new at the provider.
    scim.done("DELETE", f"Users/{ann['id']}")
    again = scim.user("ann@acme.test", "u-1")
    scim.join(group, again)
    assert "ann@acme.test" not in members(room)
    # Until whoever may lets them in again.
    [known] = [each for each in room.json("identity", "list", "--tenant", "acme") if each["subject"] == "u-1"]
    room.cli("identity", "remove", known["id"])
    scim.leave(group, again)
    scim.join(group, again)
    assert members(room)["ann@acme.test"] == "member"
    assert come_in_with(room, provider, "u-1")[1] == 201


def test_who_is_known_already_stays_who_they_are(room, provider):
    """By issuer and subject: whoever came in before the provider provisioned; never by a name."""
    _, status, name = come_in_with(room, provider, "u-1", groups=["engineering"], preferred_username="ann")
    assert (status, name) == (201, "ann")
    key, _ = room.add_key("bitbucket", member="ann", shape="git")
    room.cli("member", "add", "--tenant", "acme", "bob", "--role", "member")
    scim = provisioned_by(room)
    ann, bob = scim.user("ann@acme.test", "u-1"), scim.user("bob", "u-2")
    scim.join(scim.group("security"), ann, bob)
    listed = members(room)
    assert listed.pop("ann") == "admin" and listed.pop("bob") == "member"
    [(other, role)] = [each for each in listed.items() if each[0] != "olga"]
    assert other.startswith("member-") and role == "admin"
    assert come_in_with(room, provider, "u-2")[2] == other
    assert room.key(key)["owner"] == "ann"
    # Whoever has the token becomes nobody who has integrations.
    another = {"Operations": [{"op": "replace", "path": "externalId", "value": "u-9"}]}
    assert scim.refused("PATCH", f"Users/{ann['id']}", another) == (409, None)
    assert come_in_with(room, provider, "u-9")[1:] == (403, "not_provisioned")
    room.revoke(key)
    # Another account at the provider from now on: the one before is nobody's.
    scim.patch(f"Users/{ann['id']}", {"op": "replace", "path": "externalId", "value": "u-9"})
    assert come_in_with(room, provider, "u-9")[2] == "ann"
    assert come_in_with(room, provider, "u-1")[1:] == (403, "not_provisioned")
    assert scim.refused("PATCH", f"Users/{ann['id']}", {"Operations": [{"op": "replace", "path": "externalId", "value": "u-2"}]}) == (409, "uniqueness")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_an_owner_begins_and_ends_it_in_the_console(room, environment):
    with chromium(environment) as (_, browser):
        tab = Console(browser.new_context(), room).sign_in().go("settings")
        tab.page.get_by_role("button", name="Provision by SCIM: corp").click()
        dialog = tab.page.get_by_role("alertdialog")
        token = dialog.get_by_text("srp_").inner_text()
        assert dialog.get_by_text(CONSOLE + "scim/v2").is_visible() and tab.axe() == []
        dialog.get_by_role("button", name="It is kept").click()
        tab.page.get_by_text("kept up to date by it (SCIM)").wait_for()
        assert token not in tab.everything_kept()
        scim = Scim(room, token)
        scim.join(scim.group("engineering"), scim.user("ann@acme.test"))
        tab.page.get_by_role("button", name="Stop provisioning: corp").click()
        tab.page.get_by_role("button", name="Provision by SCIM: corp").wait_for()
        assert scim.refused("GET", "Users") == (401, None)
        assert tab.axe() == []
        tab.sound()


# ------------------------------------------------------------------------------------------------
# its token, and what is lost


def test_a_providers_token_is_good_for_its_own_people_and_nothing_else(room, scim, secret):
    ann = scim.user("ann@acme.test")
    room.cli("tenant", "add", "other")
    add_provider(room, secret, *ROLES, tenant="other")
    add_provider(room, secret, *ROLES, name="second")
    for stranger in (provisioned_by(room, tenant="other"), provisioned_by(room, "second")):
        assert stranger.refused("GET", f"Users/{ann['id']}") == (404, None)
        assert stranger.refused("DELETE", f"Users/{ann['id']}") == (404, None)
        assert stranger.refused("POST", "Groups", {"displayName": "g", "members": [{"value": ann["id"]}]}) == (400, "invalidValue")
        assert stranger.done("GET", "Users")["totalResults"] == 0
        stranger.user("ann@acme.test")  # a name is of one provider
    assert room.api("GET", "/api/v1/access", token=scim.token)[0] == 401
    assert room.api("GET", "/api/v1/members?tenant=acme", token=scim.token)[0] == 401
    machine = room.json("token", "add", "--tenant", "acme", "platform", "--machine", "admin")["token"]
    for wrong in (machine, "srp_x", "", (room.data / "operator.token").read_text().strip()):
        assert Scim(room, wrong).refused("GET", "Users") == (401, None)
    assert scim.refused("GET", "Users", Authorization=None) == (401, None)
    assert scim.headers["WWW-Authenticate"] == "Bearer"
    assert scim.refused("GET", "Users", Origin="https://evil.test")[0] == 403
    # Another token: the one before is not good any more. None: nobody provisions.
    fresh = provisioned_by(room)
    assert scim.refused("GET", "Users") == (401, None)
    assert fresh.done("GET", "Users")["totalResults"] == 1
    assert [each["provisions"] for each in room.json("identity-provider", "list", "--tenant", "acme")] == [True, True]
    room.cli("provisioning", "stop", "--tenant", "acme", "corp")
    assert fresh.refused("GET", "Users") == (401, None)
    room.cli("provisioning", "stop", "--tenant", "acme", "corp", expect=4)


def test_nobody_has_access_again_by_what_an_owner_takes_away(room, scim, provider):
    ann = scim.user("ann@acme.test", "u-1")
    group = scim.group("engineering", ann)
    scim.leave(group, ann)
    room.cli("provisioning", "stop", "--tenant", "acme", "corp")
    assert come_in_with(room, provider, "u-1", groups=["engineering"])[1:] == (403, "access_withheld")
    refused = room.cli("identity-provider", "remove", "--tenant", "acme", "corp", expect=None)
    assert refused.returncode != 0 and "Remove these members first" in refused.stderr
    room.cli("member", "remove", "--tenant", "acme", "ann@acme.test")
    room.cli("identity-provider", "remove", "--tenant", "acme", "corp")
    room.cli("tenant", "remove", "acme")


def test_what_was_answered_outlives_a_kill(room, scim):
    ann, bob = scim.user("ann@acme.test"), scim.user("bob@acme.test")
    group = scim.group("engineering", ann, bob)
    scim.patch(f"Users/{ann['id']}", {"op": "replace", "path": "active", "value": False})
    scim.leave(group, bob)
    room.kill9()
    room.start()
    assert members(room) == {"olga": "owner", "bob@acme.test": "member"}
    assert not scim.done("GET", f"Users/{ann['id']}")["active"]
    refused = room.cli("session", "start", "--tenant", "acme", "--member", "bob@acme.test", "--service", "gemini", expect=None)
    assert "group" in refused.stderr
