"""The console in a real Chromium, against a real server: the whole story, the keyboard, what others wrote, and what a page must never hold.

One server and one browser serve the whole file; each test has a context (cookies, storage) of its own. SPDX-License-Identifier: Apache-2.0
"""

import gzip
import http.client
import http.server
import re
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from support.browser import CHROMIUM, DESKTOP, PHONE, Console, chromium, until_so, within
from support.canary import files_with
from support.room import Room
from support.waiting import until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

PAGES = ["keys", "notices", "connect", "connect/gemini", "connect/github", "sessions", "activity", "services", "services/new", "members", "settings",
         "promises"]
#: Of these there is one in docs/images/.
PICTURES = {"keys", "connect/gemini", "services/new", "receipt", "activity", "promises"}
#: Of all scripts together, as they travel.
MOST_SCRIPT = 250 * 1024


class World:
    """A room that looks like one in use, for all tests of this file. They change only what they made themselves."""

    def __init__(self, room, standins, canaries):
        self.room, self.standins, self.canaries = room, standins, canaries
        room.people(members=("alice", "bob"))
        room.add_key("gemini")
        room.add_key("elevenlabs", label="voices")
        openai, value = room.add_key("openai")
        room.add_key("github", member="alice")
        room.add_key("gitlab", member="bob", label="work")
        room.revoke(room.add_key("heygen")[0])
        alice = self.session("gemini", "elevenlabs", labels=("run=17", "team=blue"))
        bob = self.session("gemini", "openai", member="bob")
        for _ in range(9):
            self.use(alice, "gemini")
        self.use(bob, "gemini")
        self.use(alice, "elevenlabs")
        self.use(bob, "openai")
        standins.revoke("openai", value)
        self.use(bob, "openai")
        until(lambda: room.key(openai)["state"] == "rejected_by_provider", 30, "it is noticed")
        self.openai = openai
        self.alice = alice["session"]["id"]

    def session(self, *services, member="alice", labels=()):
        named = [argument for service in services for argument in ("--service", service)]
        named += [argument for label in labels for argument in ("--label", label)]
        started = self.room.json("session", "start", "--tenant", "acme", "--member", member, *named)
        self.standins.passes(*(issued["pass"] for issued in started["passes"]))
        return started

    def use(self, session, service, path=None):
        """One request by a session's pass; its status."""
        issued = next(each["pass"] for each in session["passes"] if each["service"] == service)
        header, value, usual = {
            "gemini": ("x-goog-api-key", issued, "/v1beta/models"),
            "elevenlabs": ("xi-api-key", issued, "/v1/voices"),
            "openai": ("authorization", f"Bearer {issued}", "/v1/models"),
        }[service]
        connection = http.client.HTTPConnection(self.room.endpoints["gateway"], timeout=60)
        try:
            connection.request("GET", f"/{service}{path or usual}", headers={header: value})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def canary(self, service):
        """A key that its provider accepts."""
        value = self.canaries.new(service)
        self.standins.accept(service, value)
        return value


@pytest.fixture(scope="module")
def world(suite_folder, standins_process, canaries, environment):
    standins_process.reset()
    room = Room(suite_folder / "console", standins_process, canaries, environment).start()
    try:
        yield World(room, standins_process, canaries)
        assert standins_process.violations() == []
    finally:
        assert room.stop() == 0


@pytest.fixture(scope="module")
def browser(environment):
    with chromium(environment) as (_, browser):
        yield browser


@pytest.fixture
def console(world, browser):
    """Makes signed-in tabs; nothing may have gone wrong in them."""
    made = []

    def make(viewport=DESKTOP, scheme="light", token=None):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        made.append(Console(context, world.room))
        return made[-1].sign_in(token)

    yield make
    for each in made:
        each.sound()
        each.context.close()


def store_gemini(console, value, label):
    """Connects a Gemini key as a person does; says what the page says of it."""
    page = console.page
    console.go("connect", "gemini")
    page.get_by_label("Label").fill(label)
    page.get_by_label("The key", exact=True).fill(value)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("heading", level=1).filter(has_text=re.compile("Connected|Stored")).wait_for()
    return page.locator("main").inner_text()


def test_the_whole_story(world, console):
    """Connect, run, watch, revoke, receipt; in one tab that is never loaded anew."""
    tab = console()
    page = tab.page
    loads = len([request for request in tab.requests if request.resource_type == "document"])

    page.get_by_role("link", name="Connect a key").first.click()
    page.get_by_role("link", name="Google Gemini API").click()
    said = page.get_by_role("complementary", name="What will happen to it").inner_text()
    assert "Stays here; agents call through the gateway" in said, "told before it is saved"
    assert "generativelanguage.googleapis.com alone" in said
    assert "accepts it" in store_gemini(tab, world.canary("gemini"), "story")

    page.get_by_role("link", name="See the key").click()
    page.get_by_role("heading", level=1, name="Google Gemini API (story)").wait_for()
    page.get_by_text("Nobody. No session that is running was granted it.").wait_for()
    session = world.session("gemini:story")
    page.get_by_role("link", name="Session of alice").wait_for()  # by the stream of events

    assert world.use(session, "gemini") == 200
    tab.go("sessions", session["session"]["id"])
    page.locator(".figures").get_by_text("1 use").wait_for()
    page.get_by_text("Started on behalf of alice").wait_for()

    tab.go("keys")
    page.get_by_label("Search keys").fill("story")
    page.get_by_role("article", name="Google Gemini API (story)").get_by_text("1 session of alice right now").wait_for()
    page.get_by_role("button", name="Revoke Google Gemini API (story)").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_text("1 running session will lose it at once: alice.").wait_for()
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    page.get_by_role("alertdialog", name="Google Gemini API (story) is revoked").wait_for()
    receipt = dialog.inner_text()
    assert re.search(r"Fenced R1 holds", receipt) and "has let go and said so" in receipt
    assert re.search(r"Withdrawn R2 holds", receipt)
    assert re.search(r"Destroyed at the source R3 not claimed", receipt)
    assert "Google Gemini API’s own console" in receipt
    link = dialog.get_by_role("link", name="own console")
    assert link.get_attribute("href") == "https://aistudio.google.com/app/apikey"
    assert link.get_attribute("rel") == "noopener noreferrer"
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="Save the signed receipt").click()
    world.room.verified(Path(saved.value.path()).read_text())
    dialog.get_by_role("button", name="Close").click()
    page.get_by_text("None of", exact=False).first.wait_for()  # gone from the list
    assert world.use(session, "gemini") == 403

    tab.go("activity")
    page.get_by_role("table", name="Record of use").get_by_text("Revoked a key").first.wait_for()
    assert len([each for each in tab.requests if each.resource_type == "document"]) == loads


def test_a_revoke_says_before_and_after_that_the_provider_ends_the_key(world, browser):
    world.room.add_key("github", member="alice", label="ending")
    tab = Console(browser.new_context(viewport=DESKTOP), world.room).sign_in()
    tab.go("keys")
    tab.page.get_by_label("Search keys").fill("ending")
    tab.page.get_by_role("button", name="Revoke GitHub token (ending)").click()
    dialog = tab.page.get_by_role("alertdialog")
    dialog.get_by_text("The provider is told to end it as well, in every copy").wait_for()
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    tab.page.get_by_role("alertdialog", name="GitHub token (ending) is revoked").wait_for()
    assert re.search(r"Destroyed at the source R3 holds\s+The provider has confirmed it", dialog.inner_text())
    assert "own console" not in dialog.inner_text()
    assert tab.axe() == []


def test_the_story_by_keyboard_alone(world, browser):
    context = browser.new_context(viewport=DESKTOP)
    tab = Console(context, world.room).open()
    page, press = tab.page, tab.page.keyboard.press

    def reach(role, name, most=60):
        """Tab until the thing of that name has the focus."""
        for _ in range(most):
            press("Tab")
            if page.get_by_role("alertdialog").count():
                until_so(page, within("[role=alertdialog]"))  # see below
            wanted = page.get_by_role(role, name=name)
            if wanted.count() and wanted.first.evaluate("node => node === document.activeElement"):
                assert wanted.first.evaluate("node => node.matches(':focus-visible')"), "it is seen where one is"
                return
        raise AssertionError(f"no {role} {name!r} within {most} presses")

    def heading(name):
        page.get_by_role("heading", level=1, name=name).wait_for()
        assert page.evaluate("['H1', 'BODY', 'INPUT'].includes(document.activeElement.tagName)")

    page.get_by_label("Tenant").wait_for()
    reach("button", "Use a token instead")
    press("Enter")
    until_so(page, "document.activeElement.type === 'password'")
    page.keyboard.insert_text((world.room.data / "operator.token").read_text().strip())
    press("Enter")
    heading("Keys")
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    reach("link", re.compile("^Connect a key$"))
    press("Enter")
    heading("Connect a key")
    reach("link", re.compile("^Google Gemini API$"))
    press("Enter")
    heading("Connect Google Gemini API")
    reach("textbox", "Label")
    page.keyboard.type("keyboard")
    press("Tab")
    assert page.evaluate("document.activeElement.type") == "password"
    page.keyboard.insert_text(world.canary("gemini"))
    press("Enter")
    heading("Connected")
    reach("link", "See the key")
    press("Enter")
    heading("Google Gemini API (keyboard)")
    reach("button", re.compile("^Revoke$"))
    press("Enter")
    page.get_by_role("alertdialog").wait_for()
    press("Escape")
    page.get_by_role("alertdialog").wait_for(state="detached")
    until_so(page, "document.activeElement.textContent === 'Revoke'")  # back where one was
    press("Enter")
    page.get_by_role("alertdialog").wait_for()
    until_so(page, within("[role=alertdialog]"))
    for _ in range(8):  # round and round: the page beneath never has the focus
        press("Tab")
        assert not page.evaluate(within(".shell"))
        # From the dialog's edge the focus is led back with the next frame; no hand is quicker, a test is.
        until_so(page, within("[role=alertdialog]"))
    reach("button", re.compile("^Revoke$"), most=8)
    press("Enter")
    page.get_by_role("alertdialog", name="is revoked").wait_for()
    reach("button", re.compile("^Close$"), most=8)
    press("Enter")
    page.get_by_role("alertdialog").wait_for(state="detached")
    page.get_by_text("A revoked key stays revoked").wait_for()
    tab.sound()
    context.close()


#: Where the focus is: what has it, whether it is seen there, and what else could have it.
FOCUS = """() => {
  const node = document.activeElement;
  window.marks ??= new Map();
  const mark = (each) => { if (!window.marks.has(each)) window.marks.set(each, window.marks.size); return window.marks.get(each); };
  const box = node.getBoundingClientRect();
  const shown = [[.5, .5], [.1, .5], [.9, .5]].map(([x, y]) => document.elementFromPoint(box.left + box.width * x, box.top + Math.min(box.height * y, 200)));
  const able = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter((each) =>
    each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.tabIndex >= 0 && (each.type !== 'radio' || each.checked));
  return { mark: mark(node), name: node.outerHTML.slice(0, 120), isBody: node === document.body, isVisible: node.matches(':focus-visible'),
    isUncovered: shown.some((each) => each && (node.contains(each) || each.contains(node))), able: able.map(mark) };
}"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_each_page_is_gone_through_by_keyboard(world, console, viewport):
    """Tab reaches everything that can be pressed or filled in, in the order of the page; the focus is seen, and nothing covers it."""
    tab = console(viewport)
    page = tab.page
    for each in [*PAGES, f"keys/{world.openai}", f"sessions/{world.alice}"]:
        tab.go(*each.split("/"))
        page.get_by_text("Live", exact=True).first.wait_for(state="attached")
        page.evaluate("() => { window.marks = undefined; window.scrollTo(0, 0); document.querySelector('.skip').focus(); }")
        last = page.evaluate(FOCUS)
        reached = [last["mark"]]
        for _ in range(300):
            page.keyboard.press("Tab")
            now = page.evaluate(FOCUS)
            if now["isBody"] or now["mark"] in reached:
                break
            assert now["isVisible"] and now["isUncovered"], (each, now["name"])
            reached.append(now["mark"])
            last = now
        assert len(reached) > 5, (each, reached)
        assert set(last["able"]) <= set(reached), f"{each}: {len(set(last['able']) - set(reached))} cannot be reached; after {last['name']}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_breaks_a_rule_of_accessibility(world, console, viewport, scheme):
    """Nor is one wider than its screen. With STRONGROOM_PICTURES=1 the pictures of docs/images/ are made."""
    tab = console(viewport, scheme)
    page = tab.page
    size = "phone" if viewport is PHONE else "desktop"

    def looked_at(name):
        tab.looked_at(name, name in PICTURES)

    for each in PAGES:
        tab.go(*each.split("/"))
        if each == "services/new":
            page.get_by_label("Its title").fill("Weather API")
            page.get_by_label("Hosts that the key may be sent to").fill("api.weather.example")
            page.get_by_text("The server would start with it").wait_for()
            page.evaluate("window.scrollTo(0, 0)")
        looked_at(each)
    tab.go("keys", world.openai)
    page.get_by_text("What happened with it").wait_for()
    looked_at("key")
    tab.go("sessions", world.alice)
    page.get_by_text("Started on behalf of alice").wait_for()
    looked_at("session")
    if viewport is PHONE:
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("dialog", name="Menu").wait_for()
        looked_at("menu")
        page.get_by_role("dialog", name="Menu").get_by_role("link", name="Keys", exact=True).click()
        page.get_by_role("dialog", name="Menu").wait_for(state="detached")
    tab.go("keys")
    page.get_by_role("button", name="Revoke ElevenLabs (voices)").click()
    page.get_by_role("alertdialog").wait_for()
    looked_at("revoke")
    page.get_by_role("button", name="Keep it").click()
    store_gemini(tab, world.canary("gemini"), f"{size}-{scheme}")
    looked_at("connected")
    page.get_by_role("link", name="See the key").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke", exact=True).click()
    page.get_by_role("alertdialog", name="is revoked").wait_for()
    looked_at("receipt")
    page.get_by_role("alertdialog").get_by_role("button", name="Close").click()
    page.get_by_role("alertdialog").wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_in_and_empty_pages_break_no_rule_either(world, browser, scheme):
    """A new installation, as the server would answer there; its sign-in is the real one."""
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    tab = Console(context, world.room).open()
    tab.by_token().page.get_by_label("Token").wait_for()
    assert tab.axe() == []
    tab.page.get_by_label("Token").fill("sro_wrong")
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_text("That token is not known here").wait_for()
    assert tab.axe() == []
    for path in ("tenants", "members?*", "members", "keys?*", "keys", "sessions?*", "audit?*", "receipts"):
        context.route(f"**/api/v1/{path}", lambda route: route.fulfill(json=[]))
    tab.sign_in()
    for each in PAGES:
        tab.go(*each.split("/"))
        assert tab.axe() == [], each
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), each
    tab.go("connect", "gemini")
    tab.page.get_by_label("Name of the tenant").wait_for()  # what is missing can be made right there
    tab.sound()
    context.close()


def test_no_value_of_a_key_stays_behind(world, console, suite_folder):
    """It travels once, in the body of the call that stores it; after that the page, its history and storage, and all traffic are without it."""
    tab = console()
    page = tab.page
    first, second, refused = (world.canary("gemini") for _ in range(3))
    world.standins.revoke("gemini", refused)
    tab.go("connect", "gemini")
    field = page.get_by_label("The key", exact=True)
    assert field.get_attribute("type") == "password" and field.get_attribute("autocomplete") == "off"
    field.fill(first)
    assert first not in page.evaluate("document.documentElement.outerHTML"), "not in an attribute either"
    assert field.get_attribute("name") is None, "no form of the browser's own takes it along"
    store_gemini(tab, first, "gone")
    assert first not in tab.everything_kept()
    page.get_by_role("link", name="See the key").click()
    page.get_by_label("New value").fill(second)
    page.get_by_role("button", name="Replace the value").click()
    page.get_by_text("Version 2 is in use.").wait_for()
    page.get_by_text("Google Gemini API accepts it.").wait_for()
    assert second not in tab.everything_kept()
    said = store_gemini(tab, refused, "refused")
    assert "Stored, but refused by the provider" in said and "Look whether it was copied whole" in said
    tab.go("keys").go("activity").go("promises")
    page.go_back()
    page.go_back()
    kept = tab.everything_kept()
    for value in (first, second, refused):
        assert value not in kept
        carriers = [each for each in tab.requests if value in (each.post_data or "")]
        assert [each.method for each in carriers] == ["POST"], "once"
        assert re.search(r"/api/v1/keys(/key_[a-z2-7]+/rotate)?$", carriers[0].url)
        assert not [each for each in tab.requests if value in each.url or value in str(each.headers)]
    answered = [each.response() for each in tab.finished if "/api/" in each.url]
    assert len(answered) > 20
    for answer in answered:
        assert not any(value in answer.text() for value in (first, second, refused)), answer.url


def test_nothing_of_a_key_is_in_the_browsers_files(world, browser, suite_folder, environment):
    """A profile that lasts, as a person's does: its history, caches and session files are searched."""
    from playwright.sync_api import Error

    value, profile = world.canary("gemini"), suite_folder / "profile"
    context = browser.browser_type.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"], env=environment, viewport=DESKTOP
    )
    try:
        tab = Console(context, world.room).sign_in()
        store_gemini(tab, value, "profile")
        tab.go("keys")
        tab.page.reload()
        tab.page.get_by_role("heading", level=1, name="Keys").wait_for()
    finally:
        try:
            context.close()
        except Error:
            pass
    # Its last processes may still be clearing up.
    assert len(files_with([("any", b"")], profile)) > 10
    assert files_with([(code, value.encode(code)) for code in ("utf-8", "utf-16-le")], profile) == []


HOSTILE = """"><img src=x onerror="window.pwned=1"><svg onload="window.pwned=2"></svg><script>window.pwned=3</script>{{7*7}}"""
#: What others name, write or cause; ids, states and numbers are the server's own.
NAMED = {"name", "tenant", "member", "owner", "label", "title", "help", "detail", "why", "message", "ended_why", "path", "host", "outcome", "runtime",
         "actor", "service", "gateway", "asked_by", "reason", "subject", "default", "last_characters", "hint"}


def made_hostile(document, key=""):
    if isinstance(document, dict):
        return {name: made_hostile(value, name) for name, value in document.items()} | (
            {"console_url": "javascript:window.pwned=4"} if "console_url" in document else {}
        )
    if isinstance(document, list):
        return [made_hostile(each, key) for each in document]
    if isinstance(document, str) and (key in NAMED or key in ("run", "team", "hosts", "variables")):
        return f"{document}{HOSTILE}"
    return document


def test_h13_names_that_others_gave_are_text(world, console):
    """Every name and text of every answer turned into markup, as if the server had let it in; and for real where it does."""
    tab = console()
    page = tab.page
    real = world.session("gemini", labels=("run=<img src=x onerror=window.pwned=5>",))
    world.use(real, "gemini", "/v1beta/models/<img%20src=x%20onerror=window.pwned=6>")
    for path in ("/api/v1/tenants", "/api/v1/members"):
        status, _ = world.room.api("POST", path, {"name": HOSTILE, "tenant": "acme"} if "members" in path else {"name": HOSTILE})
        assert status == 400, "names with markup are refused"

    def unharmed(where):
        assert page.evaluate("window.pwned") is None, where
        assert page.locator("main img, main script, [onerror], [onload], a[href^='javascript']").count() == 0, where

    for each in (*PAGES, f"sessions/{real['session']['id']}"):
        tab.go(*each.split("/"))
        unharmed(each)
    tab.go("sessions")
    page.get_by_text("run=<img src=x onerror=window.pwned=5>").wait_for()

    def answer(route):
        given = urllib.parse.unquote_plus(route.request.url.removeprefix(tab.origin)).replace(HOSTILE, "")
        path = given.replace(" ", "%20")
        body = None if route.request.method == "GET" else {}
        status, document = world.room.api(route.request.method, path, body)
        route.fulfill(status=status, json=made_hostile(document))

    tab.context.route(lambda url: "/api/v1/" in url and "events" not in url, answer)
    seen = 0
    for each in (*PAGES, f"keys/{world.openai}", f"sessions/{world.alice}"):
        page.goto(f"{tab.origin}/#/{each}")
        page.reload()
        tab.settle()
        if page.get_by_text("onerror=", exact=False).count():
            seen += 1
        unharmed(each)
    assert seen >= len(PAGES) - 2, "the markup was there to be seen"
    tab.go("keys")
    page.get_by_role("button", name=re.compile("^Revoke ElevenLabs", re.I)).first.click()
    page.get_by_role("alertdialog").wait_for()
    unharmed("dialog")
    tab.context.unroute_all(behavior="ignoreErrors")


def test_h13_a_script_that_got_in_would_not_run(world, console):
    """The second line: the page's policy stops inline code, code from texts, markup written at once, and other hosts."""
    tab = console()
    page = tab.page
    tried = page.evaluate(
        """async () => {
          const script = document.createElement('script');
          let written = 'refused';
          try { script.textContent = 'window.pwned = 1'; document.body.append(script); written = 'taken'; } catch {}
          const element = document.createElement('div');
          let markup = 'refused';
          try { element.innerHTML = '<img src=x onerror=window.pwned=2>'; markup = 'taken'; } catch {}
          let evaluated = 'refused';
          try { setTimeout('window.pwned = 3'); evaluated = 'taken'; } catch {}
          const button = document.createElement('button');
          try { button.setAttribute('onclick', 'window.pwned = 4'); } catch {}
          document.body.append(button); button.click();
          let away = 'refused';
          try { await fetch('http://127.0.0.1:9/', { mode: 'no-cors' }); away = 'sent'; } catch {}
          const form = document.createElement('form'); form.action = 'http://127.0.0.1:9/'; document.body.append(form); form.submit();
          await new Promise((done) => setTimeout(done, 50));
          return { written, markup, evaluated, away, pwned: window.pwned ?? null, violations: window.violations.length };
        }"""
    )
    assert tried["pwned"] is None and tried["markup"] == tried["evaluated"] == tried["away"] == "refused", tried
    assert tried["violations"] >= 4, "each was stopped by the policy"
    page.reload()
    tab.wrong.clear()


def test_h14_no_other_page_can_frame_it(world, browser):
    """Clickjacking: a page elsewhere that lays the console under its own buttons sees nothing of it."""
    console = f"http://{world.room.endpoints['control']}"

    class Attacker(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<iframe src='{console}/'></iframe><iframe src='{console}/#/keys' sandbox='allow-scripts'></iframe>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://localhost:{server.server_port}/")
        refused = lambda: sum("frame-ancestors" in text or "X-Frame-Options" in text for text in said)
        until(lambda: page.evaluate("1") and refused() >= 2, 30, f"the browser refuses both frames: {said}")
        for frame in page.frames[1:]:
            assert frame.locator("#root").count() == 0
    finally:
        context.close()
        server.shutdown()
    for path in ("/", "/icon.svg", "/nothing"):
        connection = http.client.HTTPConnection(world.room.endpoints["control"], timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        connection.close()


def test_findings_are_their_tenants_and_stand_out(world, console):
    """Kinds are chosen by the server, so that one old finding is found among many uses."""
    room = world.room
    room.json("policy", "set", "--tenant", "acme", "--service", "gemini", "--deny", "GET /v1beta/forbidden/**")
    session = world.session("gemini")
    assert world.use(session, "gemini", "/v1beta/forbidden/x") == 403
    room.json("policy", "remove", "--tenant", "acme", "--service", "gemini")
    if not any(each["name"] == "other" for each in room.json("tenant", "list")):
        room.cli("tenant", "add", "other")

    def found(query):
        status, entries = room.api("GET", f"/api/v1/audit?{query}")
        assert status == 200, entries
        return [each for each in entries if each["action"] == "finding" and each.get("session") == session["session"]["id"]]

    until(lambda: found("kind=finding"), 30, "it is recorded")
    for query in ("kind=finding", "tenant=acme", "tenant=acme&kind=finding&limit=50", f"session={session['session']['id']}"):
        assert [(each["tenant"], each["outcome"]) for each in found(query)] == [("acme", "denied_path")], query
    assert found("tenant=other") == found("tenant=acme&kind=use") == found("kind=change") == []
    assert room.api("GET", "/api/v1/audit?kind=all")[0] == 400
    for kind, is_of in (("use", lambda action: action == "use"), ("change", lambda action: action not in ("use", "finding", "key.rejected"))):
        _, entries = room.api("GET", f"/api/v1/audit?kind={kind}&limit=3")
        assert len(entries) == 3 and all(is_of(each["action"]) for each in entries), kind
    room.cli("tenant", "remove", "other")
    tab = console()
    tab.go("activity")
    tab.page.get_by_text("Something was refused or noticed").wait_for()
    tab.page.get_by_role("button", name="Show only findings").click()
    tab.page.get_by_role("table", name="Record of use").get_by_text("An agent asked for a denied path").first.wait_for()
    until(lambda: tab.page.get_by_role("table").get_by_text("Used a key", exact=True).count() == 0, 30, "nothing else is shown")


def test_members_see_and_do_what_their_role_allows(world, console):
    """The vault decides; the pages ask for nothing that it would refuse, and offer nothing either."""

    def token_of(*flags):
        return world.room.json("token", "add", "--tenant", "acme", *flags)["token"]

    alice, auditor = token_of("--member", "alice", "laptop"), token_of("--machine", "auditor", "watch")
    tab = console(token=alice)
    page = tab.page
    page.get_by_text("Signed in as alice, member of acme").first.wait_for()
    page.get_by_role("button", name="Revoke GitHub token").wait_for()
    assert page.get_by_role("button", name=re.compile("^Revoke")).count() == 1, "her own alone"
    assert page.get_by_text("GitLab token").count() == 0, "bob's integration is not there"
    for each in PAGES:
        tab.go(*each.split("/"))
        assert page.get_by_role("alert").count() == 0, each
    assert tab.axe() == []
    tab.go("connect", "gemini")
    page.get_by_role("radio").first.wait_for()
    assert page.get_by_role("radio").count() == 1, "an integration; skill secrets are the admins'"
    value = world.canary("gemini")
    page.get_by_label("Label").fill("hers")
    page.get_by_label("The key", exact=True).fill(value)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_text("accepts it").wait_for()
    added = next(each for each in world.room.json("key", "list", "--tenant", "acme") if each["label"] == "hers")
    assert (added["home"], added["owner"]) == ("integration", "alice")
    tab.go("sessions")
    page.get_by_role("button", name="End the session of alice").first.wait_for()
    assert page.get_by_role("button", name="End the session of bob").count() == 0
    tab.go("members")
    assert page.get_by_role("button", name=re.compile("^(Remove|Add)")).count() == 0
    watcher = console(token=auditor)
    watcher.page.get_by_text("Signed in as a program, auditor of acme").first.wait_for()
    watcher.page.get_by_text("GitLab token").first.wait_for()
    for each in PAGES:
        watcher.go(*each.split("/"))
        assert watcher.page.get_by_role("button", name=re.compile("^(Revoke|Remove|Add|Set|Make|End|Connect)")).count() == 0, each
    for each in (tab, watcher):
        assert [done.url for done in each.finished if done.response().status == 403] == []
    world.room.revoke(added["id"])


def test_a_sealed_server_is_opened_by_its_console(suite_folder, standins_process, canaries, environment, browser):
    room = Room(suite_folder / "console-sealed", standins_process, canaries, environment).start()
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    try:
        passphrase = canaries.new("password")
        room.cli("seal", "add", "passphrase", input=passphrase + "\n")
        assert room.stop() == 0
        (room.data / "seal.key").rename(room.folder / "seal.key.away")
        room.start()
        tab = Console(context, room).open()
        page = tab.page
        for label in ("Tenant", "Name", "Password"):
            page.get_by_label(label, exact=True).fill("acme")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("alert").get_by_text("Strongroom is sealed.").wait_for()
        tab.by_token()
        page.get_by_label("Token").fill((room.data / "operator.token").read_text())
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", level=1, name="Sealed").wait_for()
        assert tab.axe() == []
        page.get_by_label("Passphrase", exact=True).fill("another one")
        page.get_by_role("button", name="Open", exact=True).click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Passphrase", exact=True).fill(passphrase)
        page.get_by_role("button", name="Open", exact=True).click()
        page.get_by_text("No keys yet").wait_for()
        assert passphrase not in tab.everything_kept()
        assert tab.page.evaluate("window.violations") == []
    finally:
        context.close()
        assert room.stop() == 0


def test_links_of_agents_lead_to_the_form(world, console):
    tab = console()
    tab.page.goto(f"{tab.origin}/#connect=anthropic")
    tab.page.get_by_role("heading", level=1, name="Connect Anthropic").wait_for()
    for odd in ("#connect=<img>", "#/keys/%22%3E", "#nonsense", "#/connect/../../x"):
        tab.page.goto(f"{tab.origin}/{odd}")
        tab.settle()
    assert tab.page.get_by_role("heading", level=1).count() == 1


def test_errors_say_what_to_do_and_signing_out_forgets(world, console):
    tab = console()
    page = tab.page
    tab.go("connect", "gemini")
    page.get_by_label("Label").fill("Not A Label!")
    page.get_by_label("The key", exact=True).fill(world.canary("gemini"))
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("The key", exact=True).input_value() == "", "gone, whatever came of it"
    page.route("**/api/v1/keys?*", lambda route: route.abort())
    page.route("**/api/v1/keys", lambda route: route.abort())
    page.evaluate("sessionStorage.setItem('kept', '1')")
    page.goto(f"{tab.origin}/")
    page.get_by_text("Look whether strongroom serve runs").wait_for()
    page.unroute_all()
    page.get_by_role("link", name="Google Gemini API").first.wait_for()  # by itself
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("Tenant").wait_for()
    assert "strongroom-credential" not in page.evaluate("JSON.stringify({ ...sessionStorage })")
    tab.wrong.clear()  # the browser reports what the test aborted


def test_long_lists_stay_light(world, console):
    """10,000 keys and 100,000 entries: only what can be seen is in the page, the rest comes as one scrolls."""
    tab = console()
    page = tab.page
    key = world.room.json("key", "list", "--tenant", "acme")[0]
    keys = [{**key, "id": f"key_{at:026d}", "label": f"label-{at}", "home": "skill", "owner": "", "state": "active"} for at in range(10_000)]
    tab.context.route("**/api/v1/keys?*", lambda route: route.fulfill(json=keys))
    entry = {"time": "2026-01-01T00:00:00Z", "action": "use", "tenant": "acme", "member": "alice", "service": "gemini", "method": "GET", "host": "h", "status": 200}

    def record(route):
        before = int(re.search(r"before=(\d+)", route.request.url + "&before=100001")[1])
        route.fulfill(json=[{**entry, "id": str(at), "path": f"/entry/{at}"} for at in range(before - 1, max(0, before - 501), -1)])

    tab.context.route("**/api/v1/audit?*", record)
    page.reload()
    page.get_by_text("label-0", exact=True).wait_for()
    assert page.get_by_role("listitem").count() < 80

    def is_reached(text, exact):
        """By the end of what is there so far: it grows as it is measured and as more comes."""
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        return page.get_by_text(text, exact=exact).count() > 0

    until(lambda: is_reached("label-9999", True), 30, "the last key is there")
    page.get_by_label("Search keys").fill("label-4321")
    page.get_by_text("label-4321", exact=True).wait_for()

    tab.go("activity")
    page.get_by_text("/entry/100000").first.wait_for()
    for target in ("/entry/99501", "/entry/99001", "/entry/98501"):  # the ends of three pages
        until(lambda: is_reached(target, False), 30, f"{target} is there")
    assert page.get_by_role("row").count() < 80


def test_the_script_is_small_and_every_file_is_compressed(world, browser):
    context = browser.new_context()
    page = context.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"http://{world.room.endpoints['control']}/")
    page.get_by_label("Tenant").wait_for()
    scripts = [answer for answer in answers if answer.request.resource_type == "script"]
    assert scripts
    total = 0
    for answer in scripts:
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        total += int(answer.headers["content-length"])
    assert total <= MOST_SCRIPT, f"{total} octets of script"
    assert {answer.url.split("/")[2] for answer in answers} == {world.room.endpoints["control"]}, "nothing from elsewhere"
    context.close()
    for answer in scripts:
        with urllib.request.urlopen(answer.url, timeout=60) as plain:
            request = urllib.request.Request(answer.url, headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(request, timeout=60) as packed:
                assert gzip.decompress(packed.read()) == plain.read()
