"""New keys for what is stored, by the console: records sealed anew, a new root key, a shred with its receipt. SPDX-License-Identifier: Apache-2.0"""

from pathlib import Path

import pytest
from support.attacker import file_key
from support.browser import CHROMIUM, DESKTOP, PHONE, Console, chromium, until_so, within

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def tab(room, environment):
    with chromium(environment) as (_, browser):
        context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
        console = Console(context, room)
        yield console
        console.sound()
        context.close()


def test_what_was_revoked_is_shredded_and_the_receipt_says_so(room, tab):
    """Only once the tenant's name is typed; the receipt comes by itself, claims R4 and verifies; what is in use goes on."""
    gone, _ = room.add_key("gemini", label="gone")
    alive, _ = room.add_key("gemini")
    room.revoke(gone)
    seal = file_key(room.data / "seal.key")
    page = tab.sign_in().page
    tab.go("settings")
    card = page.locator("section").filter(has=page.get_by_role("heading", name="New keys for what is stored"))
    card.get_by_role("button", name="Seal records anew").click()
    card.get_by_text("1 record sealed anew, 0 left.").wait_for()
    assert file_key(room.data / "seal.key") == seal, "that changes no root key"

    card.get_by_role("button", name="Shred what was revoked").click()
    dialog = page.get_by_role("alertdialog", name="Shred what was revoked in acme?")
    act = dialog.get_by_role("button", name="Shred", exact=True)
    assert act.is_disabled()
    dialog.get_by_label("Type acme to confirm").fill("acm")
    assert act.is_disabled()
    tab.looked_at("shred")
    dialog.get_by_label("Type acme to confirm").fill("acme")
    act.click()
    receipt = page.get_by_role("dialog", name="What was achieved")
    receipt.get_by_text("Unrecoverable R4 holds").wait_for()
    assert receipt.get_by_text("Fenced").count() == 0, "which is the revokes' own"
    tab.looked_at("shredded")
    with page.expect_download() as saved:
        receipt.get_by_role("button", name="Save the signed receipt").click()
    document = room.verified(Path(saved.value.path()).read_text())["receipt"]
    assert (document["reason"], document["r4"]["holds"], document["subject"]["revoked_keys"]) == ("shredded", True, 1)
    receipt.get_by_role("button", name="Close").click()
    assert file_key(room.data / "seal.key") != seal
    assert room.json("key", "check", alive)["verdict"] == "accepted"
    page.reload()
    card.get_by_role("button", name="See the shred’s receipt").click()
    receipt.get_by_text("Unrecoverable R4 holds").wait_for()


def test_a_new_root_key_by_keyboard_with_seals_that_ask(room, tab, canaries):
    """A new passphrase is wanted where a seal is by one, and new shares are shown once; nothing of either stays in the page."""
    key, _ = room.add_key("gemini")
    first, second = canaries.new("password"), canaries.new("password")
    room.json("seal", "add", "passphrase", input=first)
    old = room.json("seal", "add", "shares", "--shares", "3", "--threshold", "2")["shares"]
    page, press = tab.sign_in().page, tab.page.keyboard.press
    page.set_viewport_size(PHONE)
    tab.go("settings")
    page.get_by_role("button", name="Make a new root key").focus()
    press("Enter")
    dialog = page.get_by_role("alertdialog", name="Make a new root key?")
    field = dialog.get_by_label("New passphrase of the seal")
    until_so(page, within("[role=alertdialog]"))

    def ask(passphrase):
        field.focus()
        page.keyboard.insert_text(passphrase)
        press("Tab")
        press("Control+a")
        page.keyboard.type("new root key")
        press("Tab")
        press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Make it"
        press("Enter")

    ask(first)
    dialog.get_by_role("alert").get_by_text("This is the passphrase of today").wait_for()
    tab.looked_at("refused")
    assert field.input_value() == "", "taken out, whatever came of it"
    ask(second)
    shares = page.get_by_role("alertdialog", name="The shares")
    shares.wait_for()
    new = shares.get_by_role("listitem").all_inner_texts()
    assert len(new) == 3 and not set(new) & set(old)
    tab.looked_at("new shares")
    press("Enter")
    shares.wait_for(state="detached")
    page.get_by_text("There is a new root key.").wait_for()
    kept = tab.everything_kept()
    assert not any(each in kept for each in (first, second, *new, *old))
    assert room.json("key", "check", key)["verdict"] == "accepted"
    room.stop()
    (room.data / "seal.key").unlink()
    room.start()
    room.json("unseal", "--passphrase", input=second)


def test_only_the_operator_is_offered_them(room, tab):
    token = room.json("token", "add", "--tenant", "acme", "--machine", "admin", "ci")["token"]
    tab.sign_in(token).go("settings")
    tab.page.get_by_role("heading", name="Seals").wait_for()
    assert tab.page.get_by_role("heading", name="New keys for what is stored").count() == 0
    assert [done.url for done in tab.finished if done.response().status == 403] == []
