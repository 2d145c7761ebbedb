"""Members sign in with a password: by an invitation once, then by name; what a browser holds is good in two halves alone.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import itertools
import json
import threading
import time

import pytest

from support.canary import files_with, kept_in
from support.room import REFUSED, Room
from support.signed_in import PASSWORD, Browser, code_of

OTHER = "another long enough password"
GITHUB = "ghp_" + "a" * 36
count = itertools.count()


@pytest.fixture(scope="module")
def house(suite_folder, standins_process, canaries, environment):
    """One server for all tests here; each makes members of its own."""
    folder = suite_folder / "sign_in"
    folder.mkdir(mode=0o700)
    room = Room(folder, standins_process, canaries, environment).start()
    room.first_link = room.first_invitation()
    founder = Browser(room)
    room.founding = founder.call(
        "POST",
        "/api/v1/invitations/use",
        {"tenant": "acme", "member": "founder", "password": PASSWORD},
        Authorization=f"Bearer {room.first_link}",
    )
    room.founder = founder
    yield room
    room.stop()


@pytest.fixture
def member(house):
    """Somebody new, with a browser in which they have taken their invitation."""
    browser = Browser(house)
    browser.name = f"m{next(count)}"
    house.cli("member", "add", "--tenant", "acme", browser.name)
    return browser.invited(browser.name)


def invite(room, name):
    return room.json("member", "invite", "--tenant", "acme", name)["invitation"]


def code(answer):
    return answer[0], answer[1]["error"]["code"]


def test_the_first_owner_begins_with_the_link_that_the_start_printed(house):
    assert house.founding[0] == 201, house.founding
    assert [each["name"] for each in house.json("tenant", "list")] == ["acme"]
    assert house.founder.me()[1]["role"] == "owner"
    assert Browser(house).sign_in("founder")[0] == 201
    bearer = f"Bearer {house.first_link}"
    again = {"tenant": "globex", "member": "founder", "password": PASSWORD}
    for method, path, body in [("POST", "/use", again), ("GET", "/mine", None)]:
        answer = Browser(house).call(method, f"/api/v1/invitations{path}", body, Authorization=bearer)
        assert code(answer) == (401, "invitation_unknown"), "good once"


def test_the_first_owners_link_ends_with_the_first_tenant(make_room):
    room = make_room()
    first = {"Authorization": "Bearer " + room.first_invitation()}
    browser = Browser(room)
    assert browser.call("GET", "/api/v1/invitations/mine", **first)[1]["tenant"] is None
    for names in ({}, {"tenant": "", "member": "x"}, {"tenant": "acme"}, {"tenant": "acme", "member": "\n"}):
        status, _ = browser.call("POST", "/api/v1/invitations/use", {"password": PASSWORD, **names}, **first)
        assert status in (400, 401), names
    assert room.json("tenant", "list") == []
    room.stop()
    room.start()
    assert code(browser.call("GET", "/api/v1/invitations/mine", **first)) == (401, "invitation_unknown")
    second = {"Authorization": "Bearer " + room.first_invitation(start=2)}
    assert browser.call("GET", "/api/v1/invitations/mine", **second)[0] == 200, "each start has its own, while there is nobody"
    room.people("acme", ())
    assert code(browser.call("GET", "/api/v1/invitations/mine", **second)) == (401, "invitation_unknown")
    room.stop()
    room.start()
    assert room.log().count("#/invitation/") == 2, "there is somebody now"


def test_a_member_signs_in_and_out(house):
    house.cli("member", "add", "--tenant", "acme", "alice")
    issued = house.json("member", "invite", "--tenant", "acme", "alice")
    assert issued["link"] == f"{house.console_url()}#/invitation/{issued['invitation']}"
    browser = Browser(house)
    bearer = f"Bearer {issued['invitation']}"
    assert browser.call("GET", "/api/v1/invitations/mine", Authorization=bearer)[1]["member"] == "alice"
    assert browser.accept(issued["invitation"], "short")[0] == 400
    assert browser.accept(issued["invitation"])[0] == 201
    status, me = browser.me()
    assert (status, me["tenant"], me["member"], me["role"]) == (200, "acme", "alice", "member")
    assert code(browser.accept(issued["invitation"], OTHER)) == (401, "invitation_unknown"), "good once"
    elsewhere = Browser(house)
    assert elsewhere.sign_in("alice")[0] == 201
    status, sign_ins = elsewhere.call("GET", "/api/v1/sign-ins")
    assert status == 200 and [each["from"] for each in sign_ins] == ["127.0.0.1"] * 2
    assert elsewhere.call("POST", "/api/v1/sign-out")[0] == 200
    assert "__Host-strongroom" not in elsewhere.cookies and elsewhere.me()[0] == 401
    assert browser.me()[0] == 200
    assert browser.call("DELETE", f"/api/v1/sign-ins/{sign_ins[1]['id']}")[0] == 204
    assert browser.me()[0] == 401, "ended from the list"
    acts = [each["action"] for each in house.json("audit", "list", "--tenant", "acme") if each.get("member") == "alice"]
    assert {"member.invite", "member.password", "member.sign_in", "member.sign_out"} <= set(acts)


def test_nothing_that_lets_anybody_in_is_kept(house, member):
    secrets = [PASSWORD, member.page_half, *member.cookies.values(), invite(house, member.name)]
    assert kept_in(house, *secrets) == []


def test_a_sign_in_lasts_through_a_restart_of_the_server(house, member):
    house.stop()
    house.start()
    assert member.me()[1]["member"] == member.name
    assert Browser(house).sign_in(member.name)[0] == 201


def test_a_member_keeps_an_integration_and_a_token_of_their_own(member):
    body = {"tenant": "acme", "service": "github", "member": member.name, "value": GITHUB}
    assert member.call("POST", "/api/v1/keys", body)[0] == 201
    assert member.call("POST", "/api/v1/keys", {**body, "service": "gemini", "member": None})[0] in (400, 403)
    wanted = {"tenant": "acme", "member": member.name, "name": "laptop"}
    status, made = member.call("POST", "/api/v1/tokens", wanted)
    assert status == 201 and made["token"].startswith("sra_")
    by_token = {"Authorization": f"Bearer {made['token']}", "Cookie": None, "X_CSRF_Token": None}
    assert member.call("GET", "/api/v1/access", **by_token)[1]["member"] == member.name
    assert member.call("POST", "/api/v1/tokens", wanted, **by_token)[1]["error"]["code"] == "sign_in_needed"


def test_h12_wrong_ones_read_alike_and_are_slowed_down_but_lock_nobody_else_out(house, member):
    attacker = Browser(house)
    answers = [attacker.sign_in(who, OTHER) for who in (member.name, "nobody", "root")]
    answers.append(attacker.sign_in(member.name, OTHER, tenant="nowhere"))
    assert {status for status, _ in answers} == {401} and len({json.dumps(each) for _, each in answers}) == 1
    tries = [attacker.sign_in(member.name, OTHER) for _ in range(6)]
    assert code(tries[0])[0] == 401 and code(tries[-1]) == (429, "too_many_tries")
    assert attacker.sign_in(member.name)[0] == 429, "not from there, for a while"
    tries = [attacker.sign_in("nobody", OTHER) for _ in range(6)]
    assert code(tries[-1]) == (429, "too_many_tries"), "who is not known is slowed down like everybody"
    assert attacker.sign_in("somebody", OTHER)[0] == 401, "others are not kept out"
    assert member.sign_in(member.name)[0] == 201, "nor is who was here before, from the same address"
    [told] = [
        each
        for each in house.json("audit", "list", "--tenant", "acme", "--limit", "1000")
        if each["action"] == "member.sign_in" and each["outcome"] == "refused" and each.get("member") == member.name
        and each["detail"].startswith("4 wrong")
    ]  # fmt: skip
    assert told["detail"] == "4 wrong from 127.0.0.1"


def test_h5_a_try_costs_the_same_whether_or_not_there_is_such_a_member(house, member):
    """Argon2id is computed for nobody as well; without it an answer would take a hundredth of the time."""

    def taken(who):
        begun = time.monotonic()
        assert Browser(house).sign_in(who, OTHER)[0] == 401
        return time.monotonic() - begun

    # In turns, and the least of each: a machine that is busy for a while makes some of them longer, and none shorter.
    both = [(taken(member.name), taken(f"nobody{each}")) for each in range(3)]
    known, unknown = map(min, zip(*both))
    assert unknown > known / 5


def test_h12_a_flood_of_tries_holds_nobody_up(house, member):
    """Passwords are hashed apart from the loop that renews leases, and few at once."""
    answers, done = [], threading.Event()

    def flood(each):
        answers.append(Browser(house).sign_in(f"flood{each}", OTHER)[0])

    def look():
        while not done.is_set():
            looked.append(member.me()[0])

    looked = []
    threads = [threading.Thread(target=flood, args=(each,)) for each in range(24)]
    looker = threading.Thread(target=look)
    looker.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    looker.join()
    assert set(answers) <= {401, 429} and 429 in answers and 401 in answers, answers
    assert len(looked) > answers.count(401) and set(looked) == {200}, "calls were answered meanwhile"


def test_h6_a_forged_call_is_refused(member):
    make = {"tenant": "acme", "service": "github", "member": member.name, "value": GITHUB}

    def forged(**headers):
        return code(member.call("POST", "/api/v1/keys", make, **headers))

    assert forged(X_CSRF_Token=None) == (403, "csrf_refused")
    assert forged(X_CSRF_Token="") == (403, "csrf_refused")
    assert forged(X_CSRF_Token="srw_" + "a" * 43) == (403, "csrf_refused")
    assert forged(Origin="http://attacker.example") == (403, "cross_site_refused")
    assert forged(Sec_Fetch_Site="cross-site") == (403, "cross_site_refused")
    assert forged(Sec_Fetch_Site="same-site") == (403, "cross_site_refused"), "another port is another site's page"
    login = {"tenant": "acme", "member": member.name, "password": PASSWORD}
    for headers in ({"Origin": "http://attacker.example"}, {"Sec_Fetch_Site": "cross-site"}):
        assert code(member.call("POST", "/api/v1/sign-in", login, **headers)) == (403, "cross_site_refused")
    assert code(member.call("POST", "/api/v1/sign-in", login, Content_Type="text/plain"))[0] == 400, "no form can send it"
    assert member.call("GET", "/api/v1/keys")[1] == [], "nothing was stored"


def test_h16_another_server_of_this_host_gets_half_of_a_sign_in(member):
    """Browsers send a host's cookies to all its ports; one may be what an agent has just started."""
    thief = Browser(member.room)
    thief.cookies = dict(member.cookies)
    for method, path in [("GET", "/api/v1/access"), ("GET", "/api/v1/keys"), ("POST", "/api/v1/sign-out")]:
        assert code(thief.call(method, path)) == (403, "csrf_refused")
    own = Browser(member.room).invited(member.name)  # which ends the others
    thief.page_half = own.page_half
    assert thief.me()[0] == 401
    assert own.me()[0] == 200


def test_h15_a_cookie_that_was_there_before_is_not_taken_over(house, member):
    planted = "src_" + "a" * 43
    victim = Browser(house)
    victim.cookies["__Host-strongroom"] = planted
    assert victim.sign_in(member.name)[0] == 201
    assert victim.cookies["__Host-strongroom"] != planted
    attacker = Browser(house)
    attacker.cookies["__Host-strongroom"] = planted
    attacker.page_half = victim.page_half
    assert attacker.me()[0] == 401
    twice = Browser(house)
    assert twice.sign_in(member.name)[0] == 201
    assert set(twice.cookies.values()).isdisjoint(victim.cookies.values()) and twice.page_half != victim.page_half


def test_h18_a_second_factor_is_asked_for_and_a_code_is_good_once(house, member):
    call = lambda path="", body=None, method="POST": member.call(method, f"/api/v1/second-factor{path}", body)
    assert call(method="GET")[1] == {"state": "none", "recovery_codes": 0}
    status, made = call()
    assert status == 201 and made["link"].startswith(f"otpauth://totp/Strongroom:{member.name}?secret={made['secret']}")
    assert Browser(house).sign_in(member.name)[0] == 201, "not before it is confirmed"
    assert code(call("/confirm", {"code": "0"})) == (400, "code_wrong")
    used = code_of(made["secret"])
    status, recovery = call("/confirm", {"code": used})
    assert status == 200 and len(set(recovery["codes"])) == 10
    assert call(method="GET")[1] == {"state": "active", "recovery_codes": 10}

    def sign_in(*codes, password=PASSWORD):
        body = {"tenant": "acme", "member": member.name, "password": password}
        return member.call("POST", "/api/v1/sign-in", body | {"code": each for each in codes})

    assert code(sign_in()) == (401, "code_needed")
    assert code(sign_in(code_of(made["secret"]), password=OTHER)) == (401, "sign_in_refused"), "nothing is said of the code"
    assert code(sign_in(used)) == (401, "code_wrong"), "used already"
    following = code_of(made["secret"], 1)
    assert sign_in(following)[0] == 201
    assert code(sign_in(following)) == (401, "code_wrong")
    assert sign_in(recovery["codes"][0])[0] == 201
    assert code(sign_in(recovery["codes"][0])) == (401, "code_wrong")
    assert kept_in(house, made["secret"], *recovery["codes"]) == []
    assert files_with([("raw", base64.b32decode(made["secret"]))], house.data, house.folder / "serve.log") == []
    assert call("/remove", {"code": recovery["codes"][1]})[0] == 204
    assert sign_in()[0] == 201


def test_h1_a_removed_member_is_out_at_once(house, member):
    house.cli("member", "remove", "--tenant", "acme", member.name)
    assert member.me()[0] == 401
    assert Browser(house).sign_in(member.name)[0] == 401


def test_a_new_password_ends_what_the_old_one_began(house, member):
    again = invite(house, member.name)
    fresh = Browser(house)
    assert fresh.accept(again, OTHER)[0] == 201
    assert member.me()[0] == 401 and fresh.me()[0] == 200
    assert Browser(house).sign_in(member.name)[0] == 401
    assert Browser(house).sign_in(member.name, OTHER)[0] == 201


def test_a_password_of_ones_own_is_changed_by_who_knows_it(house, member):
    change = lambda current, next, browser=member: browser.call("POST", "/api/v1/password", {"current_password": current, "password": next})
    elsewhere = Browser(house)
    assert elsewhere.sign_in(member.name)[0] == 201
    open_invitation = invite(house, member.name)
    token = member.call("POST", "/api/v1/tokens", {"tenant": "acme", "member": member.name, "name": "x"})[1]["token"]
    assert code(change(OTHER, PASSWORD)) == (403, "password_wrong")
    assert code(change(PASSWORD, "short")) == (400, "password_short")
    assert member.me()[0] == 200 and elsewhere.me()[0] == 200, "nothing has changed yet"
    before = dict(member.cookies)
    assert change(PASSWORD, OTHER)[0] == 201
    assert member.me()[0] == 200 and member.cookies["__Host-strongroom"] != before["__Host-strongroom"]
    assert elsewhere.me()[0] == 401, "other sign-ins have ended"
    thief = Browser(house)
    thief.cookies, thief.page_half = before, member.page_half
    assert thief.me()[0] == 401, "and so has the one that asked"
    assert code(Browser(house).accept(open_invitation)) == (401, "invitation_unknown")
    assert Browser(house).sign_in(member.name)[0] == 401
    assert Browser(house).sign_in(member.name, OTHER)[0] == 201
    assert code(member.call("POST", "/api/v1/password", {"current_password": OTHER, "password": PASSWORD}, Cookie=None, X_CSRF_Token=None,
                            Authorization=f"Bearer {token}")) == (403, "sign_in_needed")  # fmt: skip
    assert house.api("POST", "/api/v1/password", {"current_password": OTHER, "password": PASSWORD})[0] == 400, "the operator has none"
    told = house.json("audit", "list", "--tenant", "acme", "--limit", "1000")
    assert any(each["action"] == "member.password" and each["detail"] == "changed" and each.get("member") == member.name for each in told)


def test_h12_who_has_somebodys_browser_guesses_no_faster_than_at_the_way_in(member):
    change = lambda: member.call("POST", "/api/v1/password", {"current_password": OTHER, "password": OTHER})
    tries = [change() for _ in range(7)]
    assert code(tries[0]) == (403, "password_wrong") and code(tries[-1]) == (429, "too_many_tries")


def test_h17_an_owner_does_not_become_a_member_with_integrations(house, member):
    name = f"owner{next(count)}"
    house.cli("member", "add", "--tenant", "acme", name, "--role", "owner")
    owner = Browser(house).invited(name)
    status, kept = owner.call("POST", "/api/v1/invitations", {"tenant": "acme", "member": member.name})
    assert status == 201
    body = {"tenant": "acme", "service": "github", "member": member.name, "value": GITHUB}
    assert member.call("POST", "/api/v1/keys", body)[0] == 201
    assert code(Browser(house).accept(kept["invitation"])) == (401, "invitation_unknown")
    again = owner.call("POST", "/api/v1/invitations", {"tenant": "acme", "member": member.name})
    assert code(again) == (409, "has_integrations")


def test_a_cookie_of_another_shape_is_none(member):
    good = member.cookies.pop("__Host-strongroom")
    for cookie in (
        f"__Host-strongroom={good}x",
        f"strongroom={good}",
        f"__Host-strongroom={good}; __Host-strongroom={good}",
        f"__Host-strongroom-browser={good}",
        "__Host-strongroom=",
        "__Host-strongroom",
        ";;=; =",
        "",
    ):
        assert member.call("GET", "/api/v1/access", Cookie=cookie)[0] == 401, cookie
    assert member.call("GET", "/api/v1/access", Cookie=f"a=b;  __Host-strongroom={good}; c")[0] == 200


def test_commands_say_why(house):
    house.cli("member", "invite", "--tenant", "acme", "nobody", expect=4)
    house.cli("member", "add", "--tenant", "acme", "plain")
    token = house.json("token", "add", "--tenant", "acme", "--member", "plain", "x")["token"]
    status, refused = house.api("POST", "/api/v1/invitations", {"tenant": "acme", "member": "plain"}, token=token)
    assert (status, refused["error"]["code"]) == (403, "role_not_allowed")
    assert REFUSED == 3
