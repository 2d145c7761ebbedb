"""A real Chromium on the console, and what it must never have seen. SPDX-License-Identifier: Apache-2.0"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright
from support.waiting import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REPOSITORY = Path(__file__).resolve().parents[3]
AXE = REPOSITORY / "console" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
#: Set to make the pictures in docs/images/ anew.
MAKES_PICTURES = bool(os.environ.get("STRONGROOM_PICTURES"))


def until_so(page, expression):
    """Waits for it to hold in the page. Playwright's own waiting evaluates in the page, which the page's policy forbids."""
    until(lambda: page.evaluate(f"Boolean({expression})"), 30, expression)


def within(selector):
    """An expression: has something in there the focus?"""
    return f"document.querySelector('{selector}').contains(document.activeElement)"


@contextmanager
def chromium(environment, *flags):
    """Headless, with nothing of anybody's profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], env=environment)
        try:
            yield playwright, browser
        finally:
            browser.close()


class Console:
    """One person's tab, with a log of its traffic and of everything that went wrong in it."""

    def __init__(self, context, room):
        self.context, self.room = context, room
        self.origin = f"http://{room.endpoints['control']}"
        self.wrong, self.requests, self.finished = [], [], []
        context.add_init_script(
            "window.violations = []; document.addEventListener('securitypolicyviolation',"
            " (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));"
        )
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("requestfinished", lambda request: self.finished.append(request))

    def _said(self, message):
        # What the server refuses is reported by the browser; the pages show it.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(message.text)

    def open(self, hash=""):
        self.page.goto(f"{self.origin}/{hash}")
        return self

    def by_token(self):
        """At the way in: to the field for a token."""
        self.page.get_by_role("button", name="Use a token instead").click()
        return self

    def sign_in(self, token=None):
        """By a token; the operator's when missing."""
        self.open().by_token()
        self.page.get_by_label("Token").fill(token or (self.room.data / "operator.token").read_text())
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("heading", level=1, name="Keys").wait_for()
        return self

    def go(self, page, item=""):
        """To a page, as a link there goes; without loading anything anew."""
        # Heard after the page itself has heard of it, and shows the other one.
        self.page.evaluate(
            """hash => new Promise((done) => {
              if (location.hash === hash) return done();
              addEventListener('hashchange', () => done(), { once: true });
              location.hash = hash;
            })""",
            f"#/{page}{'/' + item if item else ''}",
        )
        self.settle()
        return self

    def settle(self):
        until_so(self.page, "document.querySelector('h1') && !document.querySelector('main .loading')")

    def sound(self):
        """Nothing went wrong: no error, nothing that the content security policy had to stop."""
        assert self.page.evaluate("window.violations") == []
        assert self.wrong == []

    def axe(self):
        """Breaches of the rules of WCAG 2.2 (A, AA) and of good practice, in words."""
        # By the debugger's door: the page's own policy lets no foreign script in.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def looked_at(self, name, picture=False):
        """It breaks no rule of accessibility and is no wider than its screen; perhaps a picture of it is made."""
        found = self.axe()
        assert found == [], (name, found)
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        if picture and MAKES_PICTURES:
            size = "phone" if self.page.viewport_size["width"] == PHONE["width"] else "desktop"
            scheme = "dark" if self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=REPOSITORY / "docs" / "images" / f"{name.replace('/', '-')}-{size}-{scheme}.png")

    def everything_kept(self):
        """All that the page holds, where a value could hide: its tree with attributes and fields, address, history, storage."""
        return self.page.evaluate(
            """async () => {
              const fields = [...document.querySelectorAll('input, textarea, select')].map((field) => field.value);
              const names = (await indexedDB.databases()).map((each) => each.name);
              const caches_ = 'caches' in window ? await caches.keys() : [];
              return JSON.stringify([document.documentElement.outerHTML, fields, location.href, history.state, document.title, document.cookie,
                { ...localStorage }, { ...sessionStorage }, names, caches_, performance.getEntries().map((entry) => entry.name)]);
            }"""
        )


def with_authenticator(tab, **how):
    """At the console's address with a name; an authenticator of Chromium's own, without a device. Answers how to change it."""
    tab.origin = tab.origin.replace("127.0.0.1", "localhost")
    devtools = tab.context.new_cdp_session(tab.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | how})
    return lambda method, **more: devtools.send(f"WebAuthn.{method}", {"authenticatorId": made["authenticatorId"], **more})
