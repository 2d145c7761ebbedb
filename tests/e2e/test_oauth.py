"""Logins of members at services: oidc-provider, which nobody here wrote, and stand-ins of what GitHub, Slack, Notion and
Atlassian do in their own ways. SPDX-License-Identifier: Apache-2.0"""

import fcntl
import json
import re
import subprocess
import sys
import time

import pytest

from support.browser import CHROMIUM, Console, chromium
from support.disk import full_disk
from support.logins import API, CALLBACK, CONSOLE, ISSUER, Browser, Logins, begin, configure, connect, finish, set_up
from support.room import PROGRAMS, Room
from support.waiting import until

CALLS = """
import json, os, sys, time, urllib.error, urllib.request
until = time.monotonic() + float(sys.argv[1])
codes = []
while time.monotonic() < until:
    request = urllib.request.Request(os.environ["GENERIC_OAUTH_BASE_URL"] + "/me",
                                     headers={"Authorization": "Bearer " + os.environ["GENERIC_OAUTH_TOKEN"]})
    try:
        codes.append(urllib.request.urlopen(request, timeout=60).status)
    except urllib.error.HTTPError as error:
        codes.append([error.code, error.read().decode()[:200]])
    time.sleep(0.02)
print(json.dumps({"good": codes.count(200), "bad": [code for code in codes if code != 200]}))
"""
CALL = 'curl -s -H "Authorization: Bearer $GENERIC_OAUTH_TOKEN" "$GENERIC_OAUTH_BASE_URL/me"'


@pytest.fixture(scope="module")
def secret(canaries):
    return canaries.new("git")


@pytest.fixture(scope="module")
def servers(suite_folder, environment, secret):
    logins = Logins(suite_folder / "logins", environment, secret)
    yield logins
    logins.stop()


@pytest.fixture
def logins(servers):
    servers.call("/release")
    servers.set(seconds=3600, fail=0, exchanges=[], revoked=[], uses=[])
    yield servers
    servers.call("/release")


@pytest.fixture
def room(suite_folder, logins, canaries, environment):
    folder = suite_folder / f"oauth-{len(list(suite_folder.iterdir()))}"
    folder.mkdir(mode=0o700)
    room = Room(folder, logins, canaries, environment)
    configure(room, logins)
    room.start().people(members=("alice", "bob"))
    yield room
    status = room.stop()
    assert status in (0, None), room.log()[-2000:]


@pytest.fixture
def client(room, logins):
    return set_up(room, logins, "standin", "--issuer", ISSUER, "--scope", "openid", "--scope", "offline_access")


def call(room):
    return room.run(["generic-oauth"], ["/bin/sh", "-c", CALL]).stdout


def test_a_member_logs_in_and_the_token_stays_in_the_vault(room, logins, client):
    shown = next(each for each in room.json("oauth", "client", "list") if each["name"] == client)
    assert shown["ready"] and shown["device"] and shown["revokes"] and shown["has_secret"]
    key = room.key(connect(room, logins, client))
    assert (key["service"], key["owner"], key["home"], key["state"]) == ("generic-oauth", "alice", "integration", "active")
    assert key["is_login"]
    assert '"sub":"alice"' in call(room)
    assert logins.state()["uses"] == [True]
    # It is hers alone, and renews itself.
    assert room.run(["generic-oauth"], ["true"], member="bob", expect=None).returncode != 0
    assert room.cli("key", "rotate", key["id"], input="x" * 20, expect=None).returncode != 0


def test_by_a_code_at_the_command_line(room, logins, client):
    connecting = subprocess.Popen(
        [str(PROGRAMS / "strongroom"), "key", "connect", client, "--tenant", "acme", "--member", "alice",
         "--set", f"host={API}", "--json", "--data", str(room.data)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=room.environment, cwd=room.folder,
    )
    line = connecting.stderr.readline()
    url, code = re.fullmatch(r"Go to (\S+) and type the code (\S+)\n", line).groups()
    Browser(logins).type_code(url, code)
    printed, errors = connecting.communicate(timeout=60)
    assert connecting.returncode == 0, errors
    assert '"sub":"alice"' in call(room)


def test_by_a_browser_of_this_machine(room, logins):
    set_up(room, logins, "standin", "--issuer", ISSUER, "--scope", "openid", identity="strongroom-native")
    connecting = subprocess.Popen(
        [str(PROGRAMS / "strongroom"), "key", "connect", "standin", "--tenant", "acme", "--member", "alice",
         "--set", f"host={API}", "--browser", "--data", str(room.data)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=room.environment, cwd=room.folder,
    )
    connecting.stderr.readline()
    back, _ = Browser(logins).go(connecting.stderr.readline().strip())
    assert re.match(r"http://127\.0\.0\.1:\d+/callback\?", back)
    subprocess.run(["curl", "-sf", "-o", "/dev/null", back], check=True)
    printed, errors = connecting.communicate(timeout=60)
    assert connecting.returncode == 0, errors
    assert '"sub":"alice"' in call(room)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_in_the_console(room, logins, client, environment):
    control = room.endpoints["control"].rsplit(":", 1)[1]
    rules = f"MAP vault.standin.test 127.0.0.1:{control}, MAP login.standin.test 127.0.0.1:{logins.port}"
    with chromium(environment, f"--host-resolver-rules={rules}") as (_, browser):
        tab = Console(browser.new_context(ignore_https_errors=True), room)
        tab.origin = CONSOLE.rstrip("/")
        tab.sign_in().go("connect", "generic-oauth")
        tab.page.get_by_label("host", exact=True).fill(API)
        assert tab.axe() == []
        tab.page.get_by_role("button", name="Log in by standin").click()
        tab.page.get_by_role("heading", level=1, name="Connected").wait_for()
        # The browser's own timeline names the page as the provider led to it, until it is closed: that code is used up.
        *kept, _ = json.loads(tab.everything_kept())
        assert "code=" not in str(kept).replace("user_code=", "") and "state=" not in str(kept)
        tab.page.get_by_role("link", name="See the key").click()
        tab.page.get_by_role("heading", level=1, name="Any HTTP API, by a login").wait_for()
        tab.sound()
    assert '"sub":"alice"' in call(room)


def test_m7_an_answer_is_good_once_and_for_who_asked(room, logins, client):
    others = room.json("token", "add", "--tenant", "acme", "--member", "bob", "other")["token"]
    hers = room.json("token", "add", "--tenant", "acme", "--member", "alice", "hers")["token"]
    # Nobody begins another's.
    assert begin(room, client, others)[0] == 403
    _, login = begin(room, client, hers)
    answer = Browser(logins).agree(login["url"])
    assert (finish(room, answer, others)[0], finish(room, answer)[0]) == (404, 404)
    assert finish(room, {**answer, "state": "x" * 43}, hers)[0] == 404
    assert finish(room, answer, hers)[1]["state"] == "done"
    assert finish(room, answer, hers)[0] == 404
    assert [each["grant"] for each in logins.state()["exchanges"]] == ["authorization_code"]


def test_m7_an_answer_of_another_server_is_not_taken(room, logins, client):
    for change in ({"iss": "https://other.standin.test"}, {"iss": ""}):
        _, login = begin(room, client)
        status, said = finish(room, {**Browser(logins).agree(login["url"]), **change})
        assert (status, said["error"]["code"]) == (403, "login_mixed_up")
    assert logins.state()["exchanges"] == []


def test_m7_a_code_without_its_verifier_is_of_no_use(room, logins, client):
    _, first = begin(room, client)
    _, second = begin(room, client, label="other")
    stolen = Browser(logins).agree(first["url"])["value"]
    mine = Browser(logins).agree(second["url"])
    status, said = finish(room, {**mine, "value": stolen})
    assert (status, said["error"]["code"]) == (409, "login_refused")
    assert room.json("key", "list", "--tenant", "acme") == []


def test_m7_where_a_browser_comes_back_is_not_the_requests_to_say(room, logins, client):
    done = subprocess.run(
        ["curl", "-s", "--unix-socket", str(room.data / "control.sock"), "-H", "X-Forwarded-Host: evil.test",
         "-H", "Content-Type: application/json", "-d",
         '{"client":"standin","way":"browser","tenant":"acme","member":"alice","settings":{"host":"%s"}}' % API,
         "http://localhost/api/v1/oauth/logins"], capture_output=True, text=True, check=True)
    assert CALLBACK.replace(":", "%3A").replace("/", "%2F") in done.stdout
    assert begin(room, client, way="loopback", port=80)[0] == 400


def test_m1_at_expiry_there_is_one_exchange_and_no_error(room, logins, client):
    logins.set(seconds=10)
    connect(room, logins, client)
    agents = [room.begin(["generic-oauth"], [sys.executable, "-c", CALLS, "8"]) for _ in range(3)]
    for agent in agents:
        assert agent.wait(90) == 0, agent.errors()
    said = [agent.line("{") for agent in agents]
    assert all('"bad": []' in "{" + line for line in said), said
    refreshes = logins.refreshes()
    assert refreshes and all(each["status"] == 200 for each in refreshes)
    kept = room.json("audit", "list", "--tenant", "acme", "--kind", "change", "--limit", "1000")
    renewed = [entry for entry in kept if entry.get("action") == "key.refresh"]
    assert abs(len(renewed) - len(refreshes)) <= 1
    assert logins.state()["uses"].count(False) == 0


def test_m2_a_crash_between_exchange_and_commit_loses_no_token(room, logins, client):
    logins.set(seconds=8, hold="answer")
    connect(room, logins, client)
    until(lambda: logins.state()["holding"] == 1, 60, "a refresh was exchanged and its answer is held")
    room.process.kill()
    room.process.wait(10)
    room.process = None
    # A vault that is there again waits for who still asks the provider.
    room.start()
    logins.set(seconds=3600)
    logins.call("/release")
    until(lambda: "refresh_taken_over" in room.log(), 60, "the next process has taken it over")
    until(lambda: '"sub":"alice"' in call(room), 30, "the token is of use")
    assert all(each["status"] == 200 for each in logins.refreshes())
    assert room.json("key", "list", "--tenant", "acme")[0]["state"] == "active"


def test_m2_what_is_left_of_a_refresh_is_not_written_over_by_the_next(room, logins, client):
    logins.set(seconds=8, hold="answer")
    connect(room, logins, client)
    until(lambda: logins.state()["holding"] == 1, 60, "a refresh was exchanged and its answer is held")
    room.process.kill()
    room.process.wait(10)
    room.process = None
    [left] = (room.data / "refresh").iterdir()
    logins.set(seconds=3600)
    logins.call("/release")
    # Locked as by whoever still works at it: it may end at any moment of the next vault's.
    with open(left) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = left.read_bytes()
        assert outcome
        room.start()
        time.sleep(3)  # some of its looks
        assert left.read_bytes() == outcome
    until(lambda: "refresh_taken_over" in room.log(), 60, "the next process has taken it over")
    until(lambda: '"sub":"alice"' in call(room), 30, "the token is of use")
    assert all(each["status"] == 200 for each in logins.refreshes())


def test_m2_a_token_that_a_full_disk_does_not_take_is_kept_until_it_does(room, logins, client):
    logins.set(seconds=8, hold="answer")
    key = connect(room, logins, client)
    until(lambda: logins.state()["holding"] == 1, 60, "a refresh was exchanged and its answer is held")
    logins.set(seconds=3600)
    with full_disk(room.process.pid):
        logins.call("/release")
        until(lambda: logins.state()["holding"] == 0, 60, "it is answered")
        time.sleep(3)  # the vault's looks
    until(lambda: room.key(key)["version"] == 2, 60, "the token that came is kept")
    assert '"sub":"alice"' in call(room)
    assert all(each["status"] == 200 for each in logins.refreshes())
    assert list((room.data / "refresh").iterdir()) == []


def test_m3_a_provider_that_fails_is_asked_again(room, logins, client):
    logins.set(seconds=6)
    connect(room, logins, client)
    logins.set(fail=2)
    # Not the first one, perhaps, where that has come before it was to fail.
    until(lambda: "login_not_refreshed" in room.log(), 60, "a refresh has failed")
    before = len(logins.refreshes())
    until(lambda: len(logins.refreshes()) > before, 60, "it was refreshed in the end")
    until(lambda: '"sub":"alice"' in call(room), 30, "the token is of use")


def test_m4_a_refused_grant_needs_a_login_and_gets_one(room, logins, client):
    logins.set(seconds=6)
    key = connect(room, logins, client)
    logins.call("/end")
    until(lambda: room.key(key)["state"] == "needs_login", 60, "the key needs a login")
    assert '"needs_login"' in room.run(["generic-oauth"], ["/bin/sh", "-c", CALL], expect=None).stdout
    logins.set(seconds=3600)
    status, login = room.api("POST", "/api/v1/oauth/logins", {"client": client, "way": "browser", "key": key})
    assert status == 201, login
    assert finish(room, Browser(logins).agree(login["url"]))[1]["key"] == key
    assert room.key(key)["state"] == "active"
    assert '"sub":"alice"' in call(room)


def test_a_revoke_ends_the_login_at_the_provider(room, logins, client):
    receipt = room.revoke(connect(room, logins, client))["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    tokens = logins.state()["revoked"]
    assert len(tokens) == 2 and not any(map(logins.is_active, tokens))
    assert room.cli("oauth", "client", "remove", client).returncode == 0


def test_a_login_that_comes_to_no_key_is_ended_at_the_provider(room, logins, client):
    _, first = begin(room, client)
    _, second = begin(room, client)
    assert finish(room, Browser(logins).agree(first["url"]))[1]["state"] == "done"
    # The label was free when it began.
    assert finish(room, Browser(logins).agree(second["url"]))[0] == 409
    until(lambda: len(logins.state()["revoked"]) == 2, 60, "both tokens of the second login were revoked")
    assert not any(map(logins.is_active, logins.state()["revoked"]))
    until(lambda: "unkept_login_ended" in room.log(), 60, "the vault has heard of it")
    assert '"sub":"alice"' in call(room)


def test_i7_a_revoke_during_a_refresh_ends_the_new_token_too(room, logins, client):
    logins.set(seconds=8, hold="answer")
    key = connect(room, logins, client)
    until(lambda: logins.state()["holding"] == 1, 60, "a refresh was exchanged and its answer is held")
    receipt = room.revoke(key)["receipt"]
    assert not receipt["r3"]["holds"] and logins.state()["revoked"] == []
    assert room.cli("oauth", "client", "remove", client, expect=None).returncode != 0
    logins.call("/release")
    until(lambda: len(logins.state()["revoked"]) == 2, 60, "both tokens that came were revoked")
    assert not any(map(logins.is_active, logins.state()["revoked"]))
    until(lambda: room.revoke(key)["receipt"]["r3"]["holds"], 30, "a second receipt says so")


def test_the_quirks_of_github(room, logins):
    set_up(room, logins, "github")
    logins.set(seconds=6)
    key = connect(room, logins, "github")
    logins.set(seconds=3600)  # refreshed once: not again while it is revoked
    assert begin(room, "github", label="other", settings={"host": "git.elsewhere.test"})[0] == 400
    until(lambda: "refresh_token" in logins.state()["quirks"]["github"]["exchanges"], 60, "its token is refreshed")
    until(lambda: room.key(key)["version"] > 1, 30, "and kept")
    receipt = room.revoke(key)["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    assert len(logins.state()["quirks"]["github"]["revoked"]) == 1


READS = """
import json, os, subprocess, sys, time
until = time.monotonic() + float(sys.argv[1])
failed, good, overtaken = [], 0, 0
def read():
    return subprocess.run(["git", "ls-remote", "https://github.com/acme/story.git"], capture_output=True, text=True)
while time.monotonic() < until or good < 6 and not failed:
    # A refresh may end the token between git's asking for it and its using it: then the next try is right.
    first = read()
    again = read() if first.returncode != 0 else first
    overtaken += again is not first
    good += again.returncode == 0
    if again.returncode != 0:
        failed.append(again.stderr[-300:])
    time.sleep(0.1)
for _ in range(3):  # there may be another one between the two
    asked = subprocess.run(["git", "credential", "fill"], input="protocol=https\\nhost=github.com\\n\\n", capture_output=True, text=True)
    fresh = dict(line.split("=", 1) for line in asked.stdout.split())["password"]
    given = subprocess.run([os.environ["STRONGROOM_INIT"], "exec", "--with", "github", "--", "/bin/sh", "-c", "echo $GH_TOKEN"], capture_output=True, text=True).stdout.strip()
    if given == fresh: break
print(json.dumps({"good": good, "failed": failed, "overtaken": overtaken, "is_renewed": fresh != os.environ.get("GH_TOKEN"), "given": given == fresh}))
print("old", os.environ.get("GH_TOKEN", "none"), "new", fresh, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("inject", ["session", "exec"])
def test_in_a_running_workroom_git_has_the_token_of_the_moment(room, logins, inject):
    """GitHub ends the old token with the refresh: what the session began with is of no use after it."""
    set_up(room, logins, "github")
    logins.set(seconds=10)
    key = connect(room, logins, "github")
    before = logins.state()["quirks"]["github"]
    agent = room.begin(["github"], [sys.executable, "-c", READS, "12"], flags=("--inject", inject))
    said = json.loads("{" + agent.line("{", 120))
    assert said["failed"] == [] and said["good"] > 5 and said["is_renewed"] and said["given"], said
    after = logins.state()["quirks"]["github"]
    refused = after["reads"][len(before["reads"]) :].count(False)
    # Each refresh may overtake one; git asks again by itself for some of them.
    assert max(refused, said["overtaken"]) <= len(after["exchanges"]) - len(before["exchanges"]), said
    # Neither the old one nor the new one gets out by a mistake.
    assert re.fullmatch(r"(\*+|none) new \*+", agent.line("old ").strip())
    acts = room.json("audit", "list", "--tenant", "acme", "--limit", "1000")
    assert {act["action"] for act in acts} >= {"key.inject", "key.refresh"}
    # And it ends as ever: with it the workroom.
    receipt = room.revoke(key)["receipt"]
    assert receipt["r2"]["holds"], receipt
    # Where a refresh was under way, a later receipt says so.
    ended = lambda: receipt["r3"]["holds"] or room.revoke(key)["receipt"]["r3"]["holds"]
    until(ended, 30, "the token has ended at the provider")
    assert agent.wait(30) != 0


def test_the_quirks_of_slack(room, logins):
    set_up(room, logins, "slack")
    key = connect(room, logins, "slack")
    receipt = room.revoke(key)["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    # The member's own token, not the bot's.
    assert all(token.startswith("xoxe.xoxp-") for token in logins.state()["quirks"]["slack"]["revoked"])
    _, login = begin(room, "slack")
    answer = Browser(logins).agree(login["url"])
    status, said = finish(room, {**answer, "value": "another"})
    assert (status, said["error"]["code"]) == (409, "login_refused")


def test_m8_the_quirks_of_notion_which_says_no_time(room, logins):
    set_up(room, logins, "notion")
    key = connect(room, logins, "notion")
    assert room.key(key)["state"] == "active"
    receipt = room.revoke(key)["receipt"]
    assert receipt["r3"]["holds"], receipt["r3"]
    assert len(logins.state()["quirks"]["notion"]["revoked"]) == 1


def test_where_the_provider_has_no_call_the_receipt_says_so(room, logins):
    set_up(room, logins, "atlassian")
    receipt = room.revoke(connect(room, logins, "atlassian"))["receipt"]
    assert not receipt["r3"]["holds"]
    assert "https://id.atlassian.com/" in receipt["r3"]["credentials"][0]["why"]


def test_g3_issuers_and_endpoints_at_private_addresses_are_not_asked(room, logins):
    for issuer, why in (("http://login.standin.test", "https"), ("https://127.0.0.1", "host"), ("https://localhost", "")):
        done = room.cli("oauth", "client", "set", "mine", "--id", "x", "--no-secret", "--issuer", issuer, expect=None)
        assert done.returncode != 0 and why in done.stderr, done.stderr
