"""Keys that want somebody, in the console: told as it happens, with what to do; and the pictures of what is rarely seen.

SPDX-License-Identifier: Apache-2.0
"""

import re

import pytest
from support.browser import CHROMIUM, DESKTOP, PHONE, Console, chromium
from support.identity import add_provider
from support.logins import ISSUER, Browser, Logins, begin, configure, finish, set_up
from support.room import Room
from support.waiting import until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def logins(suite_folder, environment, canaries):
    logins = Logins(suite_folder / "console-logins", environment, canaries.new("git"))
    yield logins
    logins.stop()


@pytest.fixture(scope="module")
def room(suite_folder, standins_process, logins, canaries, environment):
    standins_process.reset()
    room = Room(suite_folder / "console-notices", standins_process, canaries, environment)
    configure(room, logins)
    room.start().people(members=("alice", "bob"))
    yield room
    assert standins_process.violations() == []
    assert room.stop() == 0


@pytest.fixture(scope="module")
def ended(room, logins):
    """Alice's login, which the provider has ended."""
    logins.set(seconds=6)
    client = set_up(room, logins, "standin", "--issuer", ISSUER, "--scope", "openid", "--scope", "offline_access")
    status, begun = begin(room, client)
    assert status == 201, begun
    status, done = finish(room, Browser(logins).agree(begun["url"]))
    assert (status, done["state"]) == (200, "done"), done
    logins.call("/end")
    until(lambda: room.key(done["key"])["state"] == "needs_login", 60, "the key needs a login")
    return done["key"]


@pytest.fixture(scope="module")
def browser(environment):
    with chromium(environment) as (_, browser):
        yield browser


@pytest.fixture
def console(room, browser):
    made = []

    def make(viewport=DESKTOP, scheme="light", token=None):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        made.append(Console(context, room))
        return made[-1].sign_in(token)

    yield make
    for each in made:
        each.sound()
        each.context.close()


def reject(room, standins, label):
    """A key that worked, and that its provider has forgotten since; (id, value)."""
    key, value = room.add_key("openai", label=label)
    assert room.json("key", "check", key)["verdict"] == "accepted"
    standins.revoke("openai", value)
    assert room.json("key", "check", key, expect=None)["verdict"] == "rejected"
    return key, value


def test_a_notice_comes_by_itself_and_goes_with_its_cause(room, console, standins_process):
    """On a page that asks for no keys by itself: the stream of events tells it."""
    tab = console()
    page = tab.page
    tab.go("settings")
    page.get_by_text("Live", exact=True).wait_for()
    notices = page.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile("^Notices"))
    before = len([each for each in tab.requests if "/api/v1/keys" in each.url])
    key, value = reject(room, standins_process, "forgotten")
    page.get_by_role("link", name="Notices 1 key wants somebody").wait_for()
    assert len([each for each in tab.requests if "/api/v1/keys" in each.url]) > before
    notices.click()
    row = page.get_by_role("article", name="OpenAI (forgotten)")
    row.get_by_text("Rejected by the provider", exact=True).wait_for()
    row.get_by_text("probably rotated or deleted in the provider’s own console").wait_for()
    assert row.get_by_role("link", name="Make a new one at OpenAI").get_attribute("href").startswith("https://")
    tab.looked_at("notices")
    row.get_by_role("link", name="Replace the value").click()
    page.get_by_role("heading", level=1, name="OpenAI (forgotten)").wait_for()
    tab.go("notices")
    # Put right elsewhere: it is gone here.
    standins_process.accept("openai", value)
    assert room.json("key", "check", key)["verdict"] == "accepted"
    page.get_by_text("Nothing wants you").wait_for()
    page.get_by_role("link", name="Notices", exact=True).first.wait_for()
    tab.looked_at("no notices")
    room.revoke(key)
    page.get_by_role("heading", name="Revoked within a day").wait_for()
    page.get_by_role("link", name="OpenAI (forgotten)").wait_for()


def test_notices_say_who_mends_what(room, console, ended, standins_process):
    """A time that is nearly over, a login that has ended: to their owner, to others, and by keyboard alone."""
    soon = room.json("key", "add", "gemini", "--tenant", "acme", "--label", "soon", "--expires", "3d", input=room.canaries.new("gemini") + "\n")["id"]
    token_of = lambda *flags: room.json("token", "add", "--tenant", "acme", *flags)["token"]
    bob = console(token=token_of("--member", "bob", "laptop"))
    bob.go("notices")
    bob.page.get_by_role("article", name="Google Gemini API (soon)").get_by_text("Owners and admins of the tenant can mend it.").wait_for()
    assert bob.page.get_by_role("article").count() == 1, "alice's login is not his to see"
    watcher = console(PHONE, token=token_of("--machine", "auditor", "watch"))
    watcher.page.get_by_role("link", name="2 notices", exact=True).click()
    watcher.page.get_by_text("Only alice can mend it").wait_for()
    watcher.looked_at("notices of an auditor")

    alice = console(token=token_of("--member", "alice", "laptop"))
    page, press = alice.page, alice.page.keyboard.press
    alice.go("notices")
    page.get_by_text("The provider ended the login").wait_for()
    names = []
    for _ in range(40):
        press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"))
        assert page.evaluate("document.activeElement.matches(':focus-visible')"), names[-1]
        if names[-1].startswith("Log in again"):
            break
    assert names[-1].startswith("Log in again"), names
    press("Enter")
    page.get_by_role("button", name="Log in by standin").wait_for()
    alice.looked_at("needs a login")
    room.revoke(soon)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_rarely_seen_breaks_no_rule_either(room, logins, console, ended, viewport, scheme, standins_process):
    """Keys that need a login, notices, identity providers: looked at, with their pictures."""
    keys = room.json("key", "list", "--tenant", "acme")
    if not any(each["label"] == "voices" and each["state"] == "expiring" for each in keys):
        value = room.canaries.new("elevenlabs")
        room.json("key", "add", "elevenlabs", "--tenant", "acme", "--label", "voices", "--expires", "9d", input=value + "\n")
        reject(room, standins_process, "default")
        add_provider(room, logins.secret, "--group", "engineering=member", "--group", "security=admin", issuer=ISSUER)
    tab = console(viewport, scheme)
    page = tab.page
    page.locator(".badge").get_by_text("Needs a login").wait_for()
    tab.go("notices")
    page.get_by_role("article").nth(2).wait_for()
    tab.looked_at("notices", picture=True)
    tab.go("keys", ended)
    page.get_by_role("button", name="Log in by standin").wait_for()
    tab.looked_at("needs-login", picture=True)
    tab.go("settings")
    card = page.locator("section").filter(has=page.get_by_role("heading", name="Sign-in through your identity provider"))
    card.get_by_text("corp", exact=True).wait_for()
    card.evaluate("node => { node.scrollIntoView(); window.scrollBy(0, innerWidth < 600 ? -70 : -30); }")
    tab.looked_at("identity-providers", picture=True)
