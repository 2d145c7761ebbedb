"""Sign-in through an identity provider: oidc-provider, which nobody here wrote, and one of a test's own that lies.

SPDX-License-Identifier: Apache-2.0"""

import concurrent.futures
import hashlib
import json
import re
import time
import urllib.parse

import pytest

from support.browser import CHROMIUM, Console, chromium
from support.identity import ISSUER, Keys, add_provider, begin, encoded, finish, link, log_out
from support.identity_room import ROLES, acts, come_in, identity_provider, identity_room, members
from support.logins import ISSUER as LOGIN_ISSUER
from support.logins import CONSOLE, SIGN_IN_CALLBACK, Logins, configure
from support.logins import Browser as ProvidersBrowser
from support.room import Room
from support.signed_in import PASSWORD, Browser, code_of
from support.waiting import until

@pytest.fixture(scope="module")
def secret(canaries):
    return canaries.new("git")


@pytest.fixture(scope="module")
def provider(suite_folder, secret):
    with identity_provider(suite_folder / "identity-provider", secret) as provider:
        yield provider


@pytest.fixture(scope="module")
def room(suite_folder, provider, canaries, environment, secret):
    with identity_room(suite_folder / "oidc", provider, canaries, environment, secret) as room:
        yield room


def refusal(answered):
    status, answer = answered
    return status, answer["error"]["code"]


# ------------------------------------------------------------------------------------------------
# a provider that nobody here wrote


def test_from_the_first_sign_in_to_the_removal_by_oidc_provider(suite_folder, environment, canaries, secret):
    logins = Logins(suite_folder / "oidc-logins", environment, secret)
    folder = suite_folder / "oidc-real"
    folder.mkdir(mode=0o700)
    room = Room(folder, logins, canaries, environment)
    try:
        configure(room, logins)
        room.start().people(members=())
        shown = json.loads(
            add_provider(room, secret, *ROLES, "--scope", "openid", "--json", issuer=LOGIN_ISSUER).stdout
        )
        assert shown["ready"] and shown["has_secret"] and shown["redirect_uri"] == SIGN_IN_CALLBACK

        def sign_in(*groups):
            logins.set(account="u-17", claims={"groups": list(groups), "preferred_username": "Alice", "email": "a@acme.test"})
            browser = Browser(room)
            answer = ProvidersBrowser(logins).agree(begin(browser), SIGN_IN_CALLBACK)
            assert answer["iss"] == LOGIN_ISSUER
            return browser, finish(browser, answer)

        browser, (status, first) = sign_in("engineering", "something else")
        assert (status, first["member"]) == (201, "alice"), first
        assert browser.me()[1]["role"] == "member"
        # Another role from the next sign-in on; of what somebody is signed in with already, too.
        assert sign_in("engineering", "security")[1][0] == 201
        assert browser.me()[1]["role"] == "admin"
        assert sign_in("engineering")[1][0] == 201
        assert browser.me()[1]["role"] == "member"
        assert [each["detail"].split(" by ")[0] for each in acts(room, "member.role")] == [
            "member instead of admin", "admin instead of member"
        ]  # fmt: skip
        # Whom no group gives a role any more goes on with nothing.
        assert refusal(sign_in("visitors")[1]) == (403, "role_missing")
        assert browser.me()[0] == 401
        browser = sign_in("engineering")[0]
        assert browser.me()[0] == 200
        room.cli("member", "remove", "--tenant", "acme", "alice")
        assert refusal(sign_in("security")[1]) == (403, "member_removed")
        assert browser.me()[0] == 401
        # Let in again, by whoever may: as somebody new.
        [known] = room.json("identity", "list", "--tenant", "acme")
        room.cli("identity", "remove", known["id"])
        assert sign_in("security")[1][0] == 201
        assert members(room) == {"alice": "admin"}
        checked = room.json("identity-provider", "check", "--tenant", "acme", "corp")
        assert checked["ready"]
    finally:
        assert room.stop() in (0, None), room.log()[-2000:]
        logins.stop()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_in_the_console_by_oidc_provider(suite_folder, environment, canaries, secret):
    logins = Logins(suite_folder / "oidc-console-logins", environment, secret)
    folder = suite_folder / "oidc-console"
    folder.mkdir(mode=0o700)
    room = Room(folder, logins, canaries, environment)
    try:
        configure(room, logins)
        room.start().people(members=())
        add_provider(room, secret, *ROLES, "--scope", "openid", issuer=LOGIN_ISSUER)
        logins.set(account="u-18", claims={"groups": ["founders"], "preferred_username": "ann"})
        control = room.endpoints["control"].rsplit(":", 1)[1]
        rules = f"MAP vault.standin.test 127.0.0.1:{control}, MAP login.standin.test 127.0.0.1:{logins.port}"
        with chromium(environment, f"--host-resolver-rules={rules}") as (_, browser):
            tab = Console(browser.new_context(ignore_https_errors=True), room)
            tab.origin = CONSOLE.rstrip("/")
            tab.open()
            tab.page.get_by_role("button", name="Use your identity provider instead").click()
            tab.page.get_by_label("Tenant").fill("acme")
            tab.page.get_by_label("Identity provider").fill("corp")
            assert tab.axe() == []
            tab.page.get_by_role("button", name="Sign in with corp").click()
            tab.page.get_by_role("heading", level=1, name="Keys").wait_for()
            # The browser's own timeline, the last, names the page as the provider led to it: that code is used up.
            *kept, _ = json.loads(tab.everything_kept())
            assert "code=" not in str(kept) and "state=" not in str(kept)
            tab.go("settings")
            for text in ("Accounts at identity providers", "u-18", LOGIN_ISSUER):
                tab.page.get_by_text(text).first.wait_for()
            assert tab.axe() == []
            # Another account of hers.
            logins.set(account="u-19")
            browser_cookies = tab.context.cookies()
            tab.context.clear_cookies(domain="login.standin.test")
            assert browser_cookies
            tab.page.get_by_label("Link your account at").fill("corp")
            tab.page.get_by_role("button", name="Go there").click()
            tab.page.get_by_role("heading", level=1, name="Linked").wait_for()
            tab.page.get_by_role("link", name="Back to Settings").click()
            tab.page.get_by_text("u-19").first.wait_for()
            tab.sound()
            # Out here, and then there; back at the console, and nowhere else.
            logins.set(control=room.endpoints["control"])
            tab.page.get_by_role("button", name="Sign out").last.click()
            tab.page.get_by_role("button", name="Yes, sign me out").click()
            tab.page.get_by_text("You are signed out, here and at your identity provider.").wait_for()
            assert tab.page.url == CONSOLE and tab.axe() == []
            # Whoever did not leave from here is told nothing.
            tab.page.goto(f"{CONSOLE}?state=made-up")
            tab.page.get_by_role("heading", level=1, name="Sign in").wait_for()
            assert tab.page.get_by_text("You are signed out").count() == 0 and tab.page.url == CONSOLE
            tab.sound()
        assert {each["member"] for each in room.json("identity", "list", "--tenant", "acme")} == {"ann"}
    finally:
        assert room.stop() in (0, None), room.log()[-2000:]
        logins.stop()


# ------------------------------------------------------------------------------------------------
# who somebody is


def test_a_linked_account_is_its_members_and_asks_for_their_second_factor(room, provider):
    olga = Browser(room).invited("olga")
    identity = link(olga, provider, "u-olga")
    # Her name and address are nobody's proof: another account with them is another person.
    status, other = come_in(room, provider, "u-other", groups=["engineering"], preferred_username="olga")
    assert (status, other["member"] == "olga") == (201, False), other
    # The last owner stays one.
    status, answer = come_in(room, provider, "u-olga", groups=["engineering"])
    assert (status, answer["member"]) == (201, "olga")
    assert members(room)["olga"] == "owner"
    kept = acts(room, "member.role")[0]
    assert kept["outcome"] == "refused" and kept["detail"].startswith("stays owner: the last one")
    # Codes are asked for as beside a password.
    factor = olga.call("POST", "/api/v1/second-factor")[1]["secret"]
    assert olga.call("POST", "/api/v1/second-factor/confirm", {"code": code_of(factor)})[0] == 200
    browser = Browser(room)
    brought = provider.come(begin(browser), "u-olga", groups=["founders"])
    assert refusal(finish(browser, brought)) == (401, "code_needed")
    code = {"state": brought["state"], "code": code_of(factor, 1)}
    assert refusal(finish(Browser(room), code)) == (401, "attempt_unknown"), "another browser"
    assert refusal(finish(browser, {**code, "code": "000000"})) == (401, "code_wrong")
    assert finish(browser, code)[0] == 201
    assert browser.me()[1]["member"] == "olga"
    assert refusal(finish(browser, code)) == (401, "attempt_unknown"), "good once"
    # Nobody else is known by it, and it is good no more once it is removed.
    assert refusal(come_in(room, provider, "u-olga", groups=["founders"])) == (401, "code_needed")
    assert olga.call("DELETE", f"/api/v1/identities/{identity}")[0] == 204
    assert refusal(come_in(room, provider, "u-olga")) == (403, "role_missing")


def test_only_verified_addresses_of_its_domains(room, provider, secret):
    add_provider(room, secret, "--domain", "acme.test", "--everybody-else", "auditor", name="mail")
    come = lambda **claims: finish(browser := Browser(room), provider.come(begin(browser, "mail"), "u-mail", **claims))
    for claims in (
        {},
        {"email": "a@acme.test"},
        {"email": "a@acme.test", "email_verified": "true"},
        {"email": "a@acme.test.evil.test", "email_verified": True},
        {"email": "a@evil.test", "email_verified": True},
    ):
        assert refusal(come(**claims)) == (403, "domain_not_allowed"), claims
    status, answer = come(email="Ann@Acme.test", email_verified=True)
    assert (status, answer["member"]) == (201, "ann@acme.test"), answer
    assert members(room)["ann@acme.test"] == "auditor"
    room.cli("identity-provider", "remove", "--tenant", "acme", "mail")
    assert Browser(room).call("POST", "/api/v1/sign-in/provider/request", {"tenant": "acme", "provider": "mail"})[0] == 404


HASHES = {"RS256": hashlib.sha256, "PS256": hashlib.sha256, "ES256": hashlib.sha256, "EdDSA": hashlib.sha512}


@pytest.mark.parametrize("algorithm", HASHES)
def test_every_kind_of_key_that_is_taken(room, provider, algorithm):
    groups, whole = ["engineering"], HASHES[algorithm](b"at").digest()
    half = encoded(whole[: len(whole) // 2])
    assert come_in(room, provider, f"u-{algorithm}", groups=groups, algorithm=algorithm, at_hash=half)[0] == 201
    other = come_in(room, provider, f"u-{algorithm}", groups=groups, algorithm=algorithm, at_hash=encoded(whole[1:][: len(whole) // 2]))
    assert refusal(other) == (401, "identity_refused")


# ------------------------------------------------------------------------------------------------
# the end of a sign-in, at the provider and by it


def test_who_signs_out_here_is_led_to_the_provider_by_oidc_provider(suite_folder, environment, canaries, secret):
    logins = Logins(suite_folder / "oidc-logout-logins", environment, secret)
    folder = suite_folder / "oidc-logout"
    folder.mkdir(mode=0o700)
    room = Room(folder, logins, canaries, environment)
    try:
        configure(room, logins)
        room.start().people(members=())
        add_provider(room, secret, *ROLES, "--scope", "openid", issuer=LOGIN_ISSUER)
        logins.set(account="u-20", claims={"groups": ["engineering"], "preferred_username": "lou"}, control=room.endpoints["control"])

        def sign_in(at_provider):
            browser = Browser(room)
            assert finish(browser, at_provider.agree(begin(browser), SIGN_IN_CALLBACK))[0] == 201
            return browser

        def leave(at_provider, url):
            """What is shown there is agreed to; where the browser ends."""
            where, page = at_provider.go(url)
            assert urllib.parse.urlsplit(where).path == "/session/end", page[:300]
            xsrf = re.search(r'name="xsrf" value="([^"]+)"', page).group(1)
            return at_provider.go(f"{LOGIN_ISSUER}/session/end/confirm", {"xsrf": xsrf, "logout": "yes"})[0]

        at_provider = ProvidersBrowser(logins)
        browser, elsewhere = sign_in(at_provider), sign_in(at_provider)
        status, out = browser.call("POST", "/api/v1/sign-out")
        assert status == 200 and browser.me()[0] == 401
        said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(out["url"]).query))
        assert out["url"].startswith(f"{LOGIN_ISSUER}/session/end?") and set(said) == {
            "client_id", "logout_hint", "post_logout_redirect_uri", "state"
        }  # fmt: skip
        assert (said["client_id"], said["post_logout_redirect_uri"], said["state"]) == ("strongroom", CONSOLE, out["state"])
        assert leave(at_provider, out["url"]) == f"{CONSOLE}?state={out['state']}"
        # The same provider has told the vault, and what that browser was signed in with elsewhere is over.
        [told] = until(lambda: logins.state()["logouts"], 30, "the provider has told it")
        assert told.get("account") == "u-20" and told["sid"] == said["logout_hint"], told
        until(lambda: elsewhere.me()[0] == 401, 30, "the other sign-in of that session has ended")
        # Without a provider there is nowhere to go.
        room.cli("member", "add", "--tenant", "acme", "mia")
        assert Browser(room).invited("mia").call("POST", "/api/v1/sign-out") == (200, {"url": None, "state": None})
    finally:
        assert room.stop() in (0, None), room.log()[-2000:]
        logins.stop()


def signed_in(room, provider, subject, **token):
    browser = Browser(room)
    assert come_in(room, provider, subject, browser, groups=["engineering"], **token)[0] == 201
    return browser


def test_a_logout_by_the_provider_ends_that_session_or_all_of_somebodys(room, provider):
    one, two, other = (signed_in(room, provider, who, sid=sid) for who, sid in (("u-a", "s1"), ("u-a", "s2"), ("u-b", "s3")))
    assert log_out(room, provider.logout_token(sub="u-a", sid="s1"))[0] == 200
    assert [each.me()[0] for each in (one, two, other)] == [401, 200, 200]
    # Of somebody else's session it ends nothing.
    assert log_out(room, provider.logout_token(sub="u-b", sid="s2"))[0] == 200
    assert [each.me()[0] for each in (two, other)] == [200, 200]
    assert log_out(room, provider.logout_token(sid="s2"), kind="application/json")[0] == 200
    three = signed_in(room, provider, "u-a", sid="s4")
    assert two.me()[0] == 401
    assert log_out(room, provider.logout_token(sub="u-a"))[0] == 200
    assert [each.me()[0] for each in (three, other)] == [401, 200]
    ended = [each for each in acts(room, "member.sign_out") if each["outcome"] != "refused"]
    assert all(each["actor"].startswith("identity provider ") for each in ended[:3]), ended[:3]


EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORGED = {
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is no object": {"events": {EVENT: True}},
    "a nonce": {"nonce": "n"},
    "no id": {"jti": None},
    "of nobody": {"sub": None},
    "for somebody else": {"aud": "another-client"},
    "of another issuer": {"iss": "https://login.evil.test"},
    "over": {"exp": int(time.time()) - 3600},
    "never over": {"exp": None},
    "made long ago": {"iat": int(time.time()) - 86_400},
    "an identity token": {"header": {"typ": "JWT"}},
    "of no type": {"header": {"typ": None}},
    "signed by nobody": {"algorithm": "none"},
    "signed with the public key as a secret": {"algorithm": "HS256"},
    "signed by another key": {"signer": Keys()},
}


def test_m7_a_logout_that_is_forged_ends_nothing(room, provider):
    browser = signed_in(room, provider, "u-forged")
    for lie, changes in FORGED.items():
        refused = log_out(room, provider.logout_token(**{"sub": "u-forged", **changes}))
        assert refusal(refused) == (400, "logout_refused"), lie
        assert browser.me()[0] == 200, lie
        # One that is good shows that nobody guesses here.
        assert log_out(room, provider.logout_token(sub="u-nobody"))[0] == 200
    refused = [each for each in acts(room, "member.sign_out") if each["outcome"] == "refused"]
    assert len(refused) >= len(FORGED) and all(each["detail"].startswith("by corp: ") for each in refused)
    for place in ({"provider": "nobody"}, {"tenant": "nowhere"}):
        assert refusal(log_out(room, provider.logout_token(sub="u-forged"), **place)) == (400, "logout_refused")
    assert browser.me()[0] == 200


def test_m7_a_logout_is_good_once(room, provider):
    first = signed_in(room, provider, "u-again")
    token = provider.logout_token(sub="u-again")
    assert log_out(room, token)[0] == 200 and first.me()[0] == 401
    second = signed_in(room, provider, "u-again")
    assert refusal(log_out(room, token)) == (400, "logout_refused")
    assert second.me()[0] == 200
    # Nor does one end, that was kept back, what began after it was made.
    late = provider.logout_token(sub="u-again", iat=int(time.time()) - 300)
    assert log_out(room, late)[0] == 200 and second.me()[0] == 200


def test_tenants_whose_providers_hang_keep_nobody_else_waiting(room, provider, secret):
    room.cli("tenant", "add", "hostile")
    add_provider(room, secret, "--everybody-else", "member", name="slow", tenant="hostile")
    comers = [Browser(room) for _ in range(8)]
    brought = [provider.come(begin(each, "slow", "hostile"), f"u-slow-{at}") for at, each in enumerate(comers)]
    mine = Browser(room)
    answer = provider.come(begin(mine), "u-quick", groups=["engineering"])
    provider.holds = True
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            hanging = [pool.submit(finish, each, what) for each, what in zip(comers, brought)]
            until(lambda: provider.holding == 4, 60, "as many hang as one provider of a tenant may")
            until(lambda: sum(each.done() for each in hanging) == 4, 60, "the others were told so")
            provider.holds = False
            assert finish(mine, answer)[0] == 201, "of another tenant, at the same provider"
            provider.released.set()
            ends = sorted(each.result()[0] for each in hanging)
        assert ends == [201] * 4 + [503] * 4, ends
    finally:
        provider.holds = False
        provider.released.set()


def test_h12_forged_logouts_are_slowed_down(room, provider, secret):
    add_provider(room, secret, name="flooded")
    forged = lambda: log_out(room, provider.logout_token(sub="u-x", jti=None), provider="flooded")
    answers = [forged()[0] for _ in range(8)]
    assert answers[:5] == [400] * 5 and answers[-1] == 429, answers
    # Another provider's are not, from the same address.
    assert log_out(room, provider.logout_token(sub="u-nobody"))[0] == 200


# ------------------------------------------------------------------------------------------------
# attacks

NOW = int(time.time())
LIES = {
    "another nonce": {"nonce": "of-another-sign-in"},
    "no nonce": {"nonce": None},
    "for somebody else": {"aud": "another-client"},
    "for others too, and given to one of them": {"aud": ["strongroom", "other"], "azp": "other"},
    "for others too, and given to nobody": {"aud": ["strongroom", "other"]},
    "given to somebody else": {"azp": "other"},
    "for nobody": {"aud": None},
    "of another issuer": {"iss": "https://login.evil.test"},
    "of no issuer": {"iss": None},
    "of the issuer, almost": {"iss": ISSUER + "/"},
    "over": {"exp": NOW - 3600},
    "never over": {"exp": None},
    "over in words": {"exp": "tomorrow"},
    "made long ago": {"iat": NOW - 86_400},
    "made in the future": {"iat": NOW + 86_400},
    "not good yet": {"nbf": NOW + 86_400},
    "of nobody": {"sub": None},
    "of another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "signed by nobody": {"algorithm": "none"},
    "signed by nobody, in capitals": {"algorithm": "None"},
    "signed with the public key as a secret": {"algorithm": "HS256"},
    "signed in another way than its key signs": {"algorithm": "PS256", "header": {"kid": "r"}},
    "signed in a way that is not taken": {"algorithm": "PS384"},
    "signed by another key": {"signer": Keys()},
    "signed by a key of another kind": {"header": {"kid": "r"}},
    "signed by a key that there is not": {"header": {"kid": "x"}},
    "an access token": {"header": {"typ": "at+jwt"}},
    "a logout token": {"header": {"typ": "logout+jwt"}},
    "with what is not known": {"header": {"crit": ["exp"]}},
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_m7_a_token_that_lies_lets_nobody_in(room, provider, lie):
    before = members(room)
    browser = Browser(room)
    answered = come_in(room, provider, "u-liar", browser, **{"groups": ["founders"], **LIES[lie]})
    assert refusal(answered) == (401, "identity_refused"), answered
    assert browser.me()[0] == 401 and members(room) == before
    newest = acts(room, "member.sign_in")[0]
    assert newest["outcome"] == "refused" and newest["detail"].startswith("by corp: "), newest


def test_m7_an_answer_is_good_once_and_in_the_browser_that_asked(room, provider):
    mine, other = Browser(room), Browser(room)
    answer = provider.come(begin(mine), "u-once", groups=["engineering"])
    begin(other)
    # Whoever sends somebody else an answer of their own signs nobody in as themself.
    assert refusal(finish(other, answer)) == (401, "attempt_unknown")
    assert refusal(finish(Browser(room), answer)) == (401, "attempt_unknown")
    for state in ("", "x", answer["state"][:-1], answer["state"] + "A", "A" * len(answer["state"])):
        assert refusal(finish(mine, {**answer, "state": state})) == (401, "attempt_unknown")
    assert finish(mine, answer)[0] == 201
    assert refusal(finish(mine, answer)) == (401, "attempt_unknown")


def test_m7_a_code_of_another_sign_in_is_of_no_use(room, provider):
    victim, attacker = Browser(room), Browser(room)
    stolen = provider.come(begin(victim), "u-victim", groups=["founders"])
    mine = provider.come(begin(attacker), "u-attacker", groups=["engineering"])
    assert refusal(finish(attacker, {**mine, "value": stolen["value"]})) == (401, "identity_refused")
    assert attacker.me()[0] == 401


def test_m7_a_table_that_changes_meanwhile_gives_nobody_the_role_of_another_group(room, provider, secret):
    add_provider(room, secret, "--group", "staff=member", name="moving")
    browser = Browser(room)
    brought = provider.come(begin(browser, "moving"), "u-moving", groups=["staff"], preferred_username="mo")
    held = provider.holding
    provider.released.clear()
    provider.holds = True
    try:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            coming = pool.submit(finish, browser, brought)
            until(lambda: provider.holding > held, 60, "the provider is being asked")
            # Another group stands where theirs stood.
            add_provider(room, secret, "--group", "chiefs=owner", "--group", "staff=member", name="moving")
            provider.holds = False
            provider.released.set()
            assert coming.result()[0] == 201
    finally:
        provider.holds = False
        provider.released.set()
    assert members(room)["mo"] == "member"
    # So it is while a code is waited for.
    factor = browser.call("POST", "/api/v1/second-factor")[1]["secret"]
    assert browser.call("POST", "/api/v1/second-factor/confirm", {"code": code_of(factor)})[0] == 200
    brought = provider.come(begin(browser, "moving"), "u-moving", groups=["chiefs"])
    assert refusal(finish(browser, brought)) == (401, "code_needed")
    add_provider(room, secret, "--group", "chiefs=auditor", "--group", "staff=member", name="moving")
    assert finish(browser, {"state": brought["state"], "code": code_of(factor, 1)})[0] == 201
    assert members(room)["mo"] == "auditor"
    room.cli("identity-provider", "remove", "--tenant", "acme", "moving")


def test_m7_a_sign_in_is_no_link_and_a_link_no_sign_in(room, provider):
    room.cli("member", "add", "--tenant", "acme", "nina")
    nina = Browser(room).invited("nina")
    answer = provider.come(begin(nina), "u-nina", groups=["engineering"])
    assert refusal(nina.call("POST", "/api/v1/identities", answer)) == (401, "attempt_unknown")
    url = nina.call("POST", "/api/v1/identities/request", {"provider": "corp"})[1]["url"]
    assert refusal(finish(nina, provider.come(url, "u-nina"))) == (401, "attempt_unknown")
    # Nor is it good in another sign-in of hers.
    again = Browser(room)
    assert again.sign_in("nina", PASSWORD)[0] == 201
    assert refusal(again.call("POST", "/api/v1/identities", provider.come(url, "u-nina"))) == (401, "attempt_unknown")


def test_m7_an_answer_of_another_server_is_not_taken_for_a_sign_in(room, provider):
    change = lambda **more: finish(browser := Browser(room), {**provider.come(begin(browser), "u-mixed"), **more})
    assert refusal(change(iss="https://login.evil.test")) == (403, "login_mixed_up")
    # One that says that it sends its name must.
    provider.describe(authorization_response_iss_parameter_supported=True)
    room.cli("identity-provider", "check", "--tenant", "acme", "corp")
    try:
        assert refusal(change()) == (403, "login_mixed_up")
        assert refusal(change(iss=ISSUER)) == (403, "role_missing")
    finally:
        provider.describe()
        room.cli("identity-provider", "check", "--tenant", "acme", "corp")


def test_m7_a_provider_that_lies_about_itself_is_not_set_up(room, provider, secret):
    try:
        for lie in (
            {"issuer": "https://login.evil.test"},
            {"issuer": None},
            {"token_endpoint": "http://identity.standin.test/token"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"jwks_uri": "http://identity.standin.test/keys"},
            {"jwks_uri": None},
        ):
            provider.describe(**lie)
            done = add_provider(room, secret, name="liar", expect=None)
            assert done.returncode != 0, lie
            asked = Browser(room).call("POST", "/api/v1/sign-in/provider/request", {"tenant": "acme", "provider": "liar"})
            assert refusal(asked) == (404, "provider_unknown"), lie
    finally:
        provider.describe()
        room.cli("identity-provider", "remove", "--tenant", "acme", "liar")
    for issuer in ("http://identity.standin.test", "https://127.0.0.1", "https://identity.standin.test/?x=y"):
        assert add_provider(room, secret, name="liar", issuer=issuer, expect=None).returncode != 0


def test_m7_where_a_browser_goes_is_the_providers_and_the_consoles_alone(room):
    """No request says where anybody is sent, and what is asked reads the same of tenants that there are not."""
    browser = Browser(room)
    asked = {"tenant": "acme", "provider": "corp"}
    for more in ({"redirect": "https://evil.test"}, {"redirect_uri": "https://evil.test"}):
        assert browser.call("POST", "/api/v1/sign-in/provider/request", {**asked, **more})[0] == 400
    status, page = browser.call(
        "POST", "/api/v1/sign-in/provider/request", asked, X_Forwarded_Host="evil.test", Forwarded="host=evil.test"
    )
    said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page["url"]).query))
    assert (status, said["redirect_uri"], said["response_type"]) == (201, SIGN_IN_CALLBACK, "code")
    nowhere = [
        browser.call("POST", "/api/v1/sign-in/provider/request", {"tenant": tenant, "provider": "none"})
        for tenant in ("acme", "nowhere")
    ]
    assert nowhere[0] == nowhere[1] and nowhere[0][0] == 404
