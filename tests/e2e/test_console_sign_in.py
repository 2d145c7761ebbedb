"""People come in to the console: the first owner, who they invite, with a password from then on. A real Chromium, a real server.

SPDX-License-Identifier: Apache-2.0
"""

import re

import pytest
from support.browser import CHROMIUM, DESKTOP, PHONE, Console, chromium, until_so, with_authenticator
from support.room import Room
from support.signed_in import Browser, code_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

PASSWORD = "correct horse battery staple"
PICTURES = {"sign-in", "begin"}


@pytest.fixture(scope="module")
def browser(environment):
    with chromium(environment) as (_, browser):
        yield browser


@pytest.fixture(scope="module")
def house(suite_folder, standins_process, canaries, environment):
    room = Room(suite_folder / "console_sign_in", standins_process, canaries, environment).start()
    try:
        yield room.people("acme", ())
    finally:
        assert room.stop() == 0


@pytest.fixture
def tabs(house, browser):
    """Makes tabs of browsers that are new; nothing may have gone wrong in them."""
    made = []

    def make(viewport=DESKTOP, scheme="light", room=house):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        made.append(Console(context, room))
        return made[-1]

    yield make
    for each in made:
        each.sound()
        each.context.close()


def invitation(house, name):
    house.cli("member", "add", "--tenant", "acme", name)
    return house.json("member", "invite", "--tenant", "acme", name)["invitation"]


def fill_password(page, first, second=None):
    page.get_by_label("Password", exact=True).fill(first)
    page.get_by_label("The same again").fill(second or first)


def sign_in(tab, name, password=PASSWORD):
    page = tab.open().page
    page.get_by_label("Tenant").fill("acme")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    return page


def looked_at(tab, name):
    tab.looked_at(name, name in PICTURES)


def test_from_the_first_start_to_a_member_at_work(make_room, tabs, standins):
    """The first owner begins by the printed link, invites a member, who signs in and connects an integration."""
    room = make_room()
    begin = room.first_invitation()
    owner = tabs(room=room)
    page = owner.open(f"#/invitation/{begin}").page
    page.get_by_role("heading", level=1, name="Begin").wait_for()
    kept = page.evaluate("location.href + document.documentElement.outerHTML + JSON.stringify([history.state, { ...localStorage }, { ...sessionStorage }])")
    assert "srf_" not in kept, "it is taken out of the address, and kept nowhere"
    looked_at(owner, "begin")
    page.get_by_label("What is your organisation called?").fill("acme")
    page.get_by_label("And you?").fill("olga")
    fill_password(page, PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    page.get_by_text("Signed in as olga, owner of acme").wait_for()

    owner.go("members")
    page.get_by_label("Name", exact=True).fill("alice")
    page.get_by_role("button", name="Add the member").click()
    page.get_by_role("button", name="Invite alice").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Make the link").click()
    link = page.get_by_role("alertdialog").locator("code").inner_text()
    looked_at(owner, "invited")
    page.get_by_role("button", name="It is sent").click()

    member = tabs(PHONE, "dark", room)
    page = member.page
    page.goto(link)
    page.get_by_role("heading", level=1, name="Welcome, alice").wait_for()
    looked_at(member, "welcome")
    fill_password(page, PASSWORD, "something else entirely")
    page.get_by_role("button", name="Set the password and sign in").click()
    page.get_by_text("The two passwords are not the same").wait_for()
    fill_password(page, PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    member.go("connect", "github")
    page.get_by_label("Label").fill("mine")
    value = room.canaries.new("github")
    standins.accept("github", value)
    page.locator("input[type=password]").fill(value)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("heading", level=1).filter(has_text=re.compile("Connected|Stored")).wait_for()
    [key] = room.json("key", "list", "--tenant", "acme")
    assert (key["owner"], key["home"]) == ("alice", "integration")

    owner.page.get_by_role("button", name="Invite alice").click()
    owner.page.get_by_role("alertdialog").get_by_role("button", name="Make the link").click()
    owner.page.get_by_role("alert").get_by_text("has integrations").wait_for()
    looked_at(owner, "not invited")
    owner.page.get_by_role("button", name="Cancel").click()

    gone = tabs(room=room)
    gone.page.goto(link)
    gone.page.get_by_text("This invitation is not good").wait_for()
    looked_at(gone, "gone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_way_in_breaks_no_rule(house, tabs, viewport, scheme):
    tab = tabs(viewport, scheme)
    page = tab.open().page
    page.get_by_label("Tenant").wait_for()
    looked_at(tab, "sign-in")
    page = sign_in(tab, "nobody")
    page.get_by_text("That is not a member and password of this tenant.").wait_for()
    looked_at(tab, "refused")
    until_so(page, "document.activeElement.type === 'password'")  # where one goes on typing


def test_a_sign_in_by_keyboard_lasts_through_reloads_and_tabs(house, tabs):
    name = "kim"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    page = tab.open().page
    until_so(page, "document.activeElement === document.querySelector('input')")
    for text in ("acme", name, PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Enter" if text == PASSWORD else "Tab")
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    kept = tab.everything_kept()
    assert PASSWORD not in kept and "srs_" not in kept, "the cookie's half is kept from scripts"
    page.reload()
    page.get_by_text(f"Signed in as {name}").wait_for()
    page.get_by_text("Live", exact=True).wait_for()  # the stream of events too
    second = tab.context.new_page()
    second.goto(f"{tab.origin}/#/settings")
    second.get_by_text(f"You are signed in as {name}, member of acme, in this browser.").wait_for()
    second.get_by_role("button", name="Sign out").last.click()
    second.get_by_label("Tenant").wait_for()
    page.get_by_label("Tenant").wait_for()  # in all tabs
    assert page.get_by_label("Tenant").input_value() == "acme", "which is no secret"
    assert [each["name"] for each in tab.context.cookies()] == ["__Host-strongroom-browser"]
    assert house.json("audit", "list", "--tenant", "acme", "--limit", "1")[0]["action"] == "member.sign_out"


def test_who_was_signed_out_elsewhere_is_led_to_the_way_in(house, tabs):
    name = "lou"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    page = sign_in(tab, name)
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    elsewhere = Browser(house)
    assert elsewhere.sign_in(name)[0] == 201
    for each in elsewhere.call("GET", "/api/v1/sign-ins")[1][1:]:
        elsewhere.call("DELETE", f"/api/v1/sign-ins/{each['id']}")
    tab.go("settings")
    page.get_by_label("Tenant").wait_for()


def test_a_member_makes_a_token_of_their_own(house, tabs):
    name = "max"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    page = sign_in(tab, name)
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    tab.go("settings")
    assert page.get_by_label("Whose").locator("option").all_inner_texts() == [f"{name}’s"]
    page.get_by_role("textbox", name="Name").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_role("alertdialog").locator("code").inner_text()
    assert house.api("GET", "/api/v1/access", token=token)[1]["member"] == name
    page.get_by_role("button", name="It is kept").click()
    looked_at(tab, "settings")


def test_a_password_is_changed_in_the_settings(house, tabs):
    name = "pia"
    Browser(house).accept(invitation(house, name))
    tab, other = tabs(), tabs()
    for each in (other, tab):
        page = sign_in(each, name)
        page.get_by_role("heading", level=1, name="Keys").wait_for()
    tab.go("settings")
    new = "a new one, just as long"

    def change(current, first, second):
        page.get_by_label("Password of now").fill(current)
        page.get_by_label("New password").fill(first)
        page.get_by_label("The new one again").fill(second)
        page.get_by_role("button", name="Change the password").click()

    change(PASSWORD, new, new + "?")
    page.get_by_text("The two new passwords are not the same").wait_for()
    change(new, new, new)
    page.get_by_text("That is not your password of now").wait_for()
    change(PASSWORD, new, new)
    page.get_by_text("It is changed.").wait_for()
    looked_at(tab, "settings")
    page.reload()
    page.get_by_text(f"You are signed in as {name}, member of acme, in this browser.").wait_for()
    kept = tab.everything_kept()
    assert PASSWORD not in kept and new not in kept
    other.go("settings")
    other.page.get_by_label("Tenant").wait_for()
    page = sign_in(other, name, new)
    page.get_by_role("heading", level=1, name="Keys").wait_for()


def test_the_first_owner_begins_with_a_passkey_and_signs_in_with_it_alone(make_room, tabs):
    room = make_room()
    begin = room.first_invitation()
    tab = tabs(PHONE, room=room)
    authenticator = with_authenticator(tab)
    page = tab.open(f"#/invitation/{begin}").page
    page.get_by_label("What is your organisation called?").fill("acme")
    page.get_by_label("And you?").fill("olga")
    looked_at(tab, "begin with a passkey")
    page.get_by_role("button", name="Use a passkey instead").click()
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    [credential] = authenticator("getCredentials")["credentials"]
    assert credential["isResidentCredential"] and credential["rpId"] == "localhost"
    tab.go("settings")
    page.get_by_text("You are signed in as olga, owner of acme, in this browser.").wait_for()
    page.get_by_role("button", name="Remove the passkey the first").click()
    page.get_by_text("It is your only way in").wait_for()
    page.get_by_role("button", name="Sign out").last.click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("You are signed in as olga, owner of acme, in this browser.").wait_for()
    assert authenticator("getCredentials")["credentials"][0]["signCount"] > credential["signCount"]
    assert room.json("audit", "list", "--tenant", "acme", "--limit", "1")[0]["action"] == "member.sign_in"


def test_passkeys_are_added_named_and_removed_in_the_settings(house, tabs):
    name = "zoe"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    authenticator = with_authenticator(tab)
    page = sign_in(tab, name)
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    tab.go("settings")

    def add(called):
        page.get_by_label("What to call a new one").fill(called)
        page.get_by_role("button", name="Add a passkey").click()

    add("my laptop")
    page.get_by_text("my laptop").wait_for()
    looked_at(tab, "passkeys")
    add("another")
    page.get_by_text("This device has a passkey of yours already").wait_for()
    page.get_by_role("button", name="Sign out").last.click()
    authenticator("setUserVerified", isUserVerified=False)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The browser brought no passkey").wait_for()
    looked_at(tab, "no passkey")
    authenticator("setUserVerified", isUserVerified=True)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove the passkey my laptop").click()
    page.get_by_role("button", name="Remove the passkey my laptop").wait_for(state="detached")
    page.get_by_role("button", name="Sign out").last.click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("That passkey lets nobody in here").wait_for()


def test_whoever_adds_a_way_in_shows_again_who_they_are(house, tabs):
    Browser(house).accept(invitation(house, "rita"))
    tab = tabs()
    authenticator = with_authenticator(tab)
    page = sign_in(tab, "rita")
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    # As of a sign-in of an hour ago.
    refusal = {"error": {"code": "confirmation_needed", "message": "Show again that it is you.", "hint": ""}}
    page.route("**/api/v1/passkeys/request", lambda route: route.fulfill(status=403, json=refusal), times=1)
    tab.go("settings")
    page.get_by_label("What to call a new one").fill("this laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Is it you?").wait_for()
    assert tab.axe() == []
    page.get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("That is not your password of now").wait_for()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Remove the passkey this laptop").wait_for()
    assert len(authenticator("getCredentials")["credentials"]) == 1
    assert PASSWORD not in page.content()
    # Whoever does not show it adds nothing.
    page.route("**/api/v1/passkeys/request", lambda route: route.fulfill(status=403, json=refusal), times=1)
    page.get_by_label("What to call a new one").fill("another")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Close").click()
    page.get_by_text("Show again that it is you.").wait_for()


def test_where_passkeys_are_used_is_said_at_another_address(house, tabs):
    tab = tabs()
    page = tab.open().page
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(f"Passkeys are used at {tab.origin.replace('127.0.0.1', 'localhost')}").wait_for()


def test_a_second_factor_is_set_up_asked_for_and_recovered_from(house, tabs):
    name = "ada"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    page = sign_in(tab, name)
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    tab.go("settings")
    page.get_by_role("button", name="Set up an authenticator").click()
    card = page.locator("section").filter(has=page.get_by_role("heading", name="Second factor"))
    secret = card.locator("code").inner_text()
    looked_at(tab, "second factor")
    page.get_by_label("Its first code").fill(code_of(secret))
    page.get_by_role("button", name="Confirm").click()
    recovery = page.get_by_role("alertdialog").locator("code").inner_text().split()
    looked_at(tab, "recovery codes")
    page.get_by_role("button", name="They are kept").click()
    page.get_by_text("10 recovery codes left").wait_for()
    assert secret not in tab.everything_kept()

    again = tabs(PHONE, "dark")
    page = sign_in(again, name)
    page.get_by_label("Code of your authenticator").fill("000 000")
    looked_at(again, "code")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("That code is not right").wait_for()
    page.get_by_label("Code of your authenticator").fill(recovery[3])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    assert PASSWORD not in again.everything_kept()


def test_h6_pages_of_other_sites_and_ports_sign_nobody_in_and_read_nothing(house, tabs):
    """Another port of the same host is the same site to cookies; it is another site to us."""
    name = "nia"
    Browser(house).accept(invitation(house, name))
    tab = tabs()
    page = sign_in(tab, name)
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    other = tab.context.new_page()
    other.goto(f"http://{house.endpoints['metrics']}/healthz")
    for method, path in [("GET", "access"), ("POST", "sign-out"), ("POST", "sign-in")]:
        outcome = other.evaluate(
            """async ([url, method]) => fetch(url, { method, credentials: 'include', body: method === 'GET' ? undefined : '{}' })
                .then((answer) => answer.type === 'opaque' ? 'opaque' : 'read', () => 'failed')""",
            [f"{tab.origin}/api/v1/{path}", method],
        )
        assert outcome == "failed", path
    page.reload()
    page.get_by_text(f"Signed in as {name}").wait_for()
