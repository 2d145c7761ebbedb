"""A service of one's own, from the console's form to a key of it that works. SPDX-License-Identifier: Apache-2.0"""

import http.client
import re
from pathlib import Path

import pytest
from support.browser import CHROMIUM, DESKTOP, PHONE, Console, chromium

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def tab(room, environment):
    with chromium(environment) as (_, browser):
        context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
        console = Console(context, room)
        yield console
        console.sound()
        context.close()


def described(page, text):
    """The server has read what is written now, and says that."""
    page.locator("[role=status][aria-busy=false]").get_by_text(text).wait_for()


def test_a_service_is_described_saved_placed_and_used(room, tab, standins):
    """The form says at the field what the server would refuse; the file that it makes is the one the server starts with."""
    page = tab.sign_in().page
    tab.go("services")
    page.get_by_role("link", name="Describe a service").click()
    page.get_by_role("heading", level=1, name="A service of your own").wait_for()
    described(page, "Begin with its title")
    save = page.get_by_role("button", name="Save the file")
    assert save.is_disabled()

    page.get_by_label("Its title").fill("My Gemini")
    assert page.get_by_label("Its name in commands").input_value() == "my-gemini"
    assert page.get_by_label("Variable 1", exact=True).input_value() == "MY_GEMINI_API_KEY", "as long as nobody has chosen others"
    hosts = page.get_by_label("Hosts that the key may be sent to")
    hosts.fill("https://generativelanguage.googleapis.com/")
    page.get_by_text("is not a host name").first.wait_for()
    assert hosts.get_attribute("aria-invalid") == "true"
    assert hosts.evaluate("node => document.getElementById(node.getAttribute('aria-describedby').split(' ').pop()).textContent").startswith("'https://")
    tab.looked_at("a mistake")
    hosts.fill("generativelanguage.googleapis.com")
    page.get_by_label("Called").fill("x-goog-api-key")
    page.get_by_label("Word before the key").fill("")
    described(page, "The server would start with it")
    assert page.get_by_role("heading", name="catalog/my-gemini.toml").is_visible()

    # Rules between services: an id that is taken, a variable that belongs to a proxied service.
    page.get_by_label("Its name in commands").fill("gemini")
    described(page, "is defined already; choose another id")
    page.get_by_label("Its name in commands").fill("my-gemini")
    page.get_by_label("Variable 2", exact=True).fill("LD_PRELOAD")
    described(page, "it changes what programs load, run or trust")
    page.get_by_role("button", name="Leave out variable 2").click()
    page.get_by_role("button", name="Refuse a route").click()
    page.get_by_label("Its path").fill("/v1beta/files/**")
    page.get_by_label("Why").fill("files of \"others\" outlive the session")
    page.get_by_label("The provider has one that costs nothing").check()
    page.get_by_label("Path", exact=True).fill("/v1beta/models")
    page.get_by_label("Statuses that mean a bad key").fill("400, 403")
    described(page, "The server would start with it")
    tab.looked_at("a service")
    with page.expect_download() as saved:
        save.click()
    assert saved.value.suggested_filename == "my-gemini.toml"
    definition = Path(saved.value.path()).read_text()

    (room.data / "catalog").mkdir()
    (room.data / "catalog" / "my-gemini.toml").write_text(definition)
    assert room.stop() == 0
    room.start()
    tab.origin = f"http://{room.endpoints['control']}"
    tab.sign_in()
    tab.go("connect", "my-gemini")
    value = room.canaries.new("gemini")
    standins.accept("gemini", value)
    page.get_by_label("The key", exact=True).fill(value)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_text("My Gemini accepts it.").wait_for()
    started = room.json("session", "start", "--tenant", "acme", "--member", "alice", "--service", "my-gemini")
    issued = started["passes"][0]["pass"]
    standins.passes(issued)

    def use(path):
        connection = http.client.HTTPConnection(room.endpoints["gateway"], timeout=60)
        connection.request("GET", f"/my-gemini{path}", headers={"x-goog-api-key": issued})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    assert use("/v1beta/models") == 200
    assert use("/v1beta/files/x") == 403


def test_the_form_by_keyboard_and_the_text_by_hand(room, tab):
    """On a phone; whatever the form has no field for is written by hand, and read along as well."""
    page, press = tab.sign_in().page, tab.page.keyboard.press
    page.set_viewport_size(PHONE)
    tab.go("services", "new")
    described(page, "Begin with its title")
    for label, text in (("Its title", "Tool"), ("Its name in commands", "tool")):
        page.get_by_label(label).focus()
        press("Control+a")
        page.keyboard.type(text)
    press("Tab")
    assert page.evaluate("document.activeElement.value") == "proxied"
    press("ArrowDown")
    assert page.get_by_label("Hosts that the key may be sent to").count() == 0
    described(page, "The server would start with it")
    assert page.get_by_label("Variable 1", exact=True).input_value() == "TOOL_TOKEN"
    page.get_by_role("button", name="Write it by hand").click()
    text = page.get_by_label("The definition", exact=True)
    written = text.input_value()
    assert re.search(r'^delivery = "injected"$', written, re.M)
    text.fill(written + '\n[[setting]]\nname = "host"\nkind = "host"\nrequired = true\nhelp = "Where it is"\n\n[[variable]]\nname = "TOOL_HOST"\nvalue = "{setting:host}"\n')
    described(page, "The server would start with it")
    tab.looked_at("by hand")
    text.fill(written + "nonsense\n")
    described(page, "Not yet, line")
    page.get_by_role("button", name="Back to the form").click()
    described(page, "The server would start with it")


def test_a_definition_of_others_is_text_and_members_write_none(room, tab):
    """What is typed comes back as text; the operation is refused to members, and the page says so."""
    member = room.json("token", "add", "--tenant", "acme", "--member", "alice", "x")["token"]
    assert room.api("POST", "/api/v1/services/check", {"text": "id = 1"}, token=member)[0] == 403
    status, verdict = room.api("POST", "/api/v1/services/check", {"text": 'id = "mine"\ntitle = "Mine"\ndelivery = "proxied"\nhosts = ["10.0.0.1"]\n'})
    assert (status, verdict["accepted"], verdict["line"]) == (200, False, 4) and "service" not in verdict
    assert room.api("POST", "/api/v1/services/check", {"text": "a" * (256 * 1024 + 1)})[1]["accepted"] is False
    assert room.api("POST", "/api/v1/services/check", {"text": "[" * 100_000})[1]["accepted"] is False
    page = tab.sign_in().page
    tab.go("services", "new")
    page.get_by_role("button", name="Write it by hand").click()
    page.get_by_label("The definition", exact=True).fill('"<img src=x onerror=window.pwned=1>" = 1\n')
    described(page, "unknown member '<img src=x onerror=window.pwned=1>'")
    assert page.evaluate("window.pwned") is None and page.locator("main img").count() == 0
    page.get_by_role("button", name="Sign out").last.click()
    tab.sign_in(member)
    tab.go("services", "new")
    page.get_by_text("write services.").wait_for()
    assert page.get_by_role("textbox").count() == 0
