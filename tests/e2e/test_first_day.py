"""From the first start to the first receipt, as one person's first hour: a real Chromium, in one tab.

SPDX-License-Identifier: Apache-2.0
"""

import re
import sys

import pytest

from support.browser import CHROMIUM, DESKTOP, Console, chromium, with_authenticator
from support.logins import Logins, configure, set_up
from support.waiting import until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

GITHUB = ("github.com", "api.github.com")
WORK = """
import http.client, os, signal, urllib.request
request = urllib.request.Request(
    os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models/gemini-pro:streamGenerateContent?alt=sse",
    data=b'{"contents":[{"parts":[{"text":"hello"}]}]}',
    headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"], "content-type": "application/json"})
with urllib.request.urlopen(request, timeout=60) as answer:
    answer.readline()
    print("AT WORK", "GH_TOKEN" in os.environ, flush=True)
    try:
        answer.read()
    except (http.client.HTTPException, OSError):
        print("CUT", flush=True)
signal.pause()
"""


@pytest.fixture
def logins(suite_folder, environment, canaries):
    servers = Logins(suite_folder / "first-day-logins", environment, canaries.new("git"))
    yield servers
    servers.stop()


@pytest.fixture
def room(make_room, logins):
    """All of GitHub is where its logins are; the other providers are the usual stand-ins."""
    room = make_room(start=False)
    configure(room, logins, hosts=GITHUB[:1], console=None)
    file = room.data / "strongroom.toml"
    ours = f'host = "api.github.com:443"\nto = "127.0.0.1:{room.standins.port}"'
    assert ours in file.read_text()
    file.write_text(file.read_text().replace(ours, ours.replace(str(room.standins.port), str(logins.port))))
    return room.start()


def revoke(page, name):
    """What its receipt says."""
    page.get_by_role("button", name=f"Revoke {name}").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    page.get_by_role("alertdialog", name=f"{name} is revoked").wait_for()
    receipt = dialog.inner_text()
    dialog.get_by_role("button", name="Close").click()
    return receipt


def test_the_first_day(room, logins, standins, canaries, environment):
    set_up(room, logins, "github")
    standins.stream(events=2, hold=True)
    with chromium(environment, f"--host-resolver-rules=MAP github.com 127.0.0.1:{logins.port}") as (_, browser):
        tab = Console(browser.new_context(viewport=DESKTOP, ignore_https_errors=True), room)
        with_authenticator(tab)

        # The printed link, and a passkey.
        begin = room.first_invitation()
        page = tab.open(f"#/invitation/{begin}").page
        page.get_by_label("What is your organisation called?").fill("acme")
        page.get_by_label("And you?").fill("olga")
        page.get_by_role("button", name="Use a passkey instead").click()
        page.get_by_role("heading", level=1, name="Keys").wait_for()

        # Gemini, pasted, of the tenant; GitHub, by a login, of hers.
        value = canaries.new("gemini")
        standins.accept("gemini", value)
        tab.go("connect", "gemini")
        page.get_by_label("The key", exact=True).fill(value)
        page.get_by_role("button", name="Connect", exact=True).click()
        page.get_by_role("heading", level=1).filter(has_text=re.compile("Connected|Stored")).wait_for()
        assert value not in tab.everything_kept()
        tab.go("connect", "github")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", level=1, name="Connected").wait_for()
        page.get_by_role("link", name="See the key").click()
        page.get_by_role("heading", level=1, name="GitHub token").wait_for()

        # A session at work, watched.
        tab.go("sessions")
        workroom = room.begin(["gemini", "github"], [sys.executable, "-c", WORK], member="olga")
        assert workroom.line("AT WORK") == "True"
        [session] = room.json("session", "list", "--tenant", "acme")
        page.locator("main").get_by_text("olga").first.wait_for()  # by the stream of events
        tab.go("sessions", session["id"])
        page.locator(".figures").get_by_text("1 use").wait_for()

        # Revoked: the stream is cut; then the workroom that was given the token ends, and GitHub ends the login.
        tab.go("keys")
        receipt = revoke(page, "Google Gemini API")
        assert re.search(r"Fenced R1 holds", receipt) and re.search(r"source R3 not claimed", receipt)
        until(lambda: standins.open() == [], 30, "the provider's side has seen the end")
        workroom.line("CUT")
        receipt = revoke(page, "GitHub token")
        for promise in ("Fenced R1", "Withdrawn R2", "Destroyed at the source R3"):
            assert re.search(promise + r" holds", receipt), receipt
        workroom.wait()
        assert len(logins.state()["quirks"]["github"]["revoked"]) == 1
        tab.go("activity")
        page.get_by_role("table", name="Record of use").get_by_text("Revoked a key").first.wait_for()
        tab.sound()
