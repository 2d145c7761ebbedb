"""Passkeys: members sign in with what their device signs; nothing else is signed for them, and nothing twice.

SPDX-License-Identifier: Apache-2.0
"""

import itertools

import pytest
from support.authenticator import HAS_CREDENTIAL, HAS_EXTENSIONS, MAY_SYNC, PRESENT, VERIFIED, Authenticator, cbor, octets, text
from support.room import Room
from support.signed_in import PASSWORD, Browser, code_of

count = itertools.count()


@pytest.fixture(scope="module")
def house(suite_folder, standins_process, canaries, environment):
    folder = suite_folder / "passkeys"
    folder.mkdir(mode=0o700)
    room = Room(folder, standins_process, canaries, environment).start()
    room.first_link = room.first_invitation()
    room.origin = f"http://localhost:{room.endpoints['control'].rsplit(':', 1)[1]}"
    room.founder_key = Authenticator(room.origin)
    founder = Browser(room)
    room.founding = invited(founder, room.first_link, room.founder_key, tenant="acme", member="founder")
    room.founder = founder
    room.people("globex", ())
    yield room
    room.stop()


def invited(browser, invitation, key, **names):
    bearer = f"Bearer {invitation}"
    status, request = browser.call("POST", "/api/v1/invitations/passkey/request", Authorization=bearer)
    assert status == 201, request
    return browser.call("POST", "/api/v1/invitations/passkey", key.make(request) | names, Authorization=bearer)


@pytest.fixture
def member(house):
    """Somebody new, signed in with a password."""
    return somebody(house)


def somebody(house, tenant="acme"):
    browser = Browser(house)
    browser.name = f"m{next(count)}"
    house.cli("member", "add", "--tenant", tenant, browser.name)
    return browser.invited(browser.name, tenant)


def ask(browser):
    status, request = browser.call("POST", "/api/v1/passkeys/request")
    assert status == 201, request
    return request


def add(browser, answer):
    return browser.call("POST", "/api/v1/passkeys", answer)


def with_key(browser, algorithm="ES256"):
    key = Authenticator(browser.room.origin, algorithm)
    status, added = add(browser, key.make(ask(browser)))
    assert status == 201, added
    return key


def begin(browser):
    return browser.call("POST", "/api/v1/sign-in/passkey/request")[1]


def come_in(house, key, browser=None, **how):
    browser = browser or Browser(house)
    return browser.call("POST", "/api/v1/sign-in/passkey", key.get(begin(browser), **how))


def code(answer):
    return answer[0], answer[1]["error"]["code"]


REFUSED = (401, "sign_in_refused")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_signs_in_and_is_both_factors(house, member, algorithm):
    key = with_key(member, algorithm)
    member.call("POST", "/api/v1/second-factor")
    key.counter = 1
    browser = Browser(house)
    status, answer = come_in(house, key, browser)
    assert status == 201, answer
    assert browser.me()[1]["member"] == member.name
    [listed] = browser.call("GET", "/api/v1/passkeys")[1]
    assert listed["name"] == "a key" and not listed["may_sync"] and listed["last_used"]
    told = house.json("audit", "list", "--tenant", "acme", "--limit", "1000")
    assert any(each["action"] == "member.sign_in" and each["detail"].endswith(listed["id"]) for each in told)


def test_several_are_named_and_removed_and_one_way_in_stays(house, member):
    first, second = with_key(member), with_key(member, "EdDSA")
    listed = member.call("GET", "/api/v1/passkeys")[1]
    assert len(listed) == 2
    other = somebody(house)
    assert other.call("DELETE", f"/api/v1/passkeys/{listed[0]['id']}")[0] == 404, "somebody else's"
    assert other.call("GET", "/api/v1/passkeys")[1] == []
    assert member.call("DELETE", f"/api/v1/passkeys/{listed[0]['id']}")[0] == 204
    assert code(come_in(house, first)) == REFUSED
    assert come_in(house, second)[0] == 201
    assert member.call("DELETE", f"/api/v1/passkeys/{listed[1]['id']}")[0] == 204, "there is a password"
    [only] = house.founder.call("GET", "/api/v1/passkeys")[1]
    assert code(house.founder.call("DELETE", f"/api/v1/passkeys/{only['id']}")) == (409, "last_way_in")
    assert code(add(member, {"name": "", **{k: v for k, v in first.make(ask(member)).items() if k != "name"}}))[0] == 400


def test_the_first_owner_and_who_is_invited_come_in_by_a_passkey(house):
    assert house.founding[0] == 201, house.founding
    assert house.founder.me()[1]["role"] == "owner"
    assert come_in(house, house.founder_key)[0] == 201
    house.cli("member", "add", "--tenant", "acme", "ina")
    invitation = lambda: house.json("member", "invite", "--tenant", "acme", "ina")["invitation"]
    key, used = Authenticator(house.origin), invitation()
    assert invited(Browser(house), used, key)[0] == 201
    assert come_in(house, key)[0] == 201
    again = Browser(house)
    answer = again.call("POST", "/api/v1/invitations/passkey/request", Authorization=f"Bearer {used}")
    assert code(answer) == (401, "invitation_unknown"), "good once"
    assert Browser(house).accept(invitation())[0] == 201
    assert code(come_in(house, key)) == REFUSED, "who was this member before is so no longer"


def test_h17_an_invitation_taken_by_a_passkey_ends_the_password_before_it(house, member):
    invitation = house.json("member", "invite", "--tenant", "acme", member.name)["invitation"]
    assert invited(Browser(house), invitation, Authenticator(house.origin))[0] == 201
    assert member.me()[0] == 401 and Browser(house).sign_in(member.name)[0] == 401


def test_h19_what_was_signed_is_good_once_and_from_one_browser(house, member):
    key = with_key(member)
    browser, thief = Browser(house), Browser(house)
    answer = key.get(begin(browser))
    assert code(thief.call("POST", "/api/v1/sign-in/passkey", answer)) == REFUSED, "another browser's"
    begin(thief)
    assert code(thief.call("POST", "/api/v1/sign-in/passkey", answer)) == REFUSED
    ceremony = dict(browser.cookies)
    assert browser.call("POST", "/api/v1/sign-in/passkey", answer)[0] == 201
    thief.cookies = ceremony
    assert code(thief.call("POST", "/api/v1/sign-in/passkey", answer)) == REFUSED, "used already"
    assert code(Browser(house).call("POST", "/api/v1/sign-in/passkey", key.get({"challenge": "AAAA", "relying_party": "localhost"}))) == REFUSED
    # One that was asked for to add a passkey signs nobody in, and the other way round.
    assert code(member.call("POST", "/api/v1/sign-in/passkey", key.get(ask(member)))) == REFUSED
    wrong = {"user": key.user, **begin(member)}
    assert code(add(member, Authenticator(house.origin).make(wrong))) == (400, "passkey_refused")


def test_h19_nothing_that_another_page_has_had_signed_is_taken(house, member):
    key = with_key(member)
    for origin in ("http://localhost:1", "https://localhost", "http://attacker.example", "http://localhost.attacker.example", f"{house.origin}/", None):
        assert code(come_in(house, key, origin=origin)) == REFUSED, origin
    for changes in ({"crossOrigin": True}, {"crossOrigin": "false"}, {"topOrigin": house.origin}, {"type": "webauthn.create"}, {"type": None}):
        assert code(come_in(house, key, **changes)) == REFUSED, changes
    for party in ("attacker.example", "127.0.0.1", ""):
        assert code(come_in(house, key, party=party or " ")) == REFUSED, party
    for flags in (0, PRESENT, VERIFIED):
        assert code(come_in(house, key, flags=flags)) == REFUSED, flags
    browser = Browser(house)
    answer = key.get(begin(browser))
    signature = bytearray(octets(answer["signature"]))
    signature[-1] ^= 1
    for change in ({"signature": text(bytes(signature))}, {"signature": text(b"x")}, {"authenticator_data": text(octets(answer["authenticator_data"]) + b"x")},
                   {"credential": text(b"unknown")}, {"client_data": text(b"[]")}):  # fmt: skip
        assert code(browser.call("POST", "/api/v1/sign-in/passkey", answer | change)) == REFUSED, change
    assert browser.call("POST", "/api/v1/sign-in/passkey", answer)[0] == 201


def test_h19_a_passkey_is_of_one_member_of_one_tenant(house, member):
    stranger = somebody(house, "globex")
    key = with_key(stranger)
    theirs = with_key(member)
    assert code(come_in(house, key, user=theirs.user)) == REFUSED, "it says that it is somebody else's"
    browser = Browser(house)
    assert come_in(house, key, browser)[0] == 201
    assert browser.me()[1]["tenant"] == "globex"
    assert code(add(member, key.make(ask(member)))) == (409, "passkey_known"), "the credential of another tenant's member"
    assert code(add(stranger, Authenticator(house.origin).make(ask(member)))) == (400, "passkey_refused"), "what somebody else was asked"


def test_h19_a_copied_authenticator_is_noticed(house, member):
    key = with_key(member)
    for counter in (5, 6):
        key.counter = counter
        assert come_in(house, key)[0] == 201
    for counter in (6, 3, 0):
        key.counter = counter
        assert code(come_in(house, key)) == REFUSED
    told = house.json("audit", "list", "--tenant", "acme", "--limit", "1000")
    assert sum(each.get("member") == member.name and each["detail"].endswith("copied?") for each in told) == 3
    key.counter = 7
    assert come_in(house, key)[0] == 201
    assert code(come_in(house, key, flags=PRESENT | VERIFIED | MAY_SYNC)) == REFUSED, "one that cannot be copied never becomes one that can"


def test_h19_what_is_malformed_is_refused_and_ends_nothing(house, member):
    key = Authenticator(house.origin)
    good = key.make(ask(member))
    attestation = octets(good["attestation"])
    cose = cbor(key.cose())
    broken = [key.make(ask(member), cose=each) for each in (
        b"", b"\xa0", cose[:-1], cose.replace(b"\x03\x26", b"\x03\x27"), b"\xbf" + cose[1:] + b"\xff", cbor(key.cose() | {-4: 1}),
        cbor({3: -7, 1: 2}), cbor(key.cose() | {-2: bytes(32)}), cbor({1: 4, 3: 5, -1: b"k" * 32}),
    )]  # fmt: skip
    broken += [key.make(ask(member), trailing=b"x"), key.make(ask(member), flags=PRESENT | HAS_CREDENTIAL), key.make(ask(member), flags=PRESENT | VERIFIED)]
    broken += [key.make(ask(member), trailing=each, flags=PRESENT | VERIFIED | HAS_CREDENTIAL | HAS_EXTENSIONS) for each in (b"", b"\xa1", b"\x80", b"\xd8")]
    broken += [key.make(ask(member), **each) for each in ({"type": "webauthn.get"}, {"origin": "http://attacker.example"}, {"party": "attacker.example"})]
    for each in (b"", b"\xa3", attestation[:-1], attestation + b"\0", b"\x9f" * 20_000, b"\x5b" + b"\xff" * 8, attestation.replace(b"attStmt", b"authData")):
        broken.append(key.make(ask(member)) | {"attestation": text(each or b"\0")})
    for each in broken:
        status, answer = add(member, each)
        assert (status, answer["error"]["code"]) == (400, "passkey_refused"), (each, answer)
    assert add(member, good | {"client_data": "not base64url!"})[0] == 400
    assert add(member, good)[0] == 201, "and what was asked first is good all the same"
    extended = Authenticator(house.origin)
    answer = extended.make(ask(member), trailing=cbor({"credProtect": 2}), flags=PRESENT | VERIFIED | HAS_CREDENTIAL | HAS_EXTENSIONS, format="packed")
    assert add(member, answer)[0] == 201


def test_it_is_shown_again_who_somebody_is(house, member):
    """As for what adds a way to come in, once a sign-in is older than a few minutes (sign_in_test.cpp has the clock)."""
    key, others = with_key(member), with_key(somebody(house))
    ask_again = lambda browser: browser.call("POST", "/api/v1/sign-in/confirmation/passkey/request")[1]
    show = lambda browser, answer: browser.call("POST", "/api/v1/sign-in/confirmation/passkey", answer)
    answer = key.get(ask_again(member))
    elsewhere = Browser(house)
    assert elsewhere.sign_in(member.name)[0] == 201
    refused = (400, "confirmation_refused")
    assert code(show(elsewhere, answer)) == refused, "of another browser"
    assert show(member, answer)[0] == 204
    assert code(show(member, answer)) == refused, "good once"
    assert code(show(member, others.get(ask_again(member)))) == refused, "another's"
    assert code(show(member, key.get(begin(member)))) == refused, "asked for a sign-in"
    assert code(elsewhere.call("POST", "/api/v1/sign-in/passkey", key.get(ask_again(elsewhere)))) == (401, "sign_in_refused")
    by = lambda browser, **what: browser.call("POST", "/api/v1/sign-in/confirmation", what)
    assert by(member, password=PASSWORD)[0] == 204
    assert code(by(member, password="another password")) == (403, "password_wrong")
    assert by(member, password=PASSWORD)[0] == 204
    assert code(by(member, code="000000")) == (409, "no_second_factor")
    assert by(member)[0] == by(member, password=PASSWORD, code="000000")[0] == 400
    factor = member.call("POST", "/api/v1/second-factor")[1]["secret"]
    assert member.call("POST", "/api/v1/second-factor/confirm", {"code": code_of(factor)})[0] == 200
    assert code(by(member, code="000000")) == (400, "code_wrong")
    right = code_of(factor, 1)
    assert by(member, code=right)[0] == 204
    assert code(by(member, code=right)) == (400, "code_wrong"), "good once"
    told = [each["detail"] for each in house.json("audit", "list", "--tenant", "acme", "--limit", "1000") if each["action"] == "member.confirm" and each.get("member") == member.name]
    assert [each.split()[1] for each in told[:3]] == ["a", "the", "the"], told


def test_tokens_and_the_operator_have_none(house, member):
    token = member.call("POST", "/api/v1/tokens", {"tenant": "acme", "member": member.name, "name": "x"})[1]["token"]
    assert house.api("POST", "/api/v1/passkeys/request", token=token)[1]["error"]["code"] == "sign_in_needed"
    assert house.api("GET", "/api/v1/passkeys")[1] == []
    assert house.api("POST", "/api/v1/passkeys/request")[0] in (400, 403)

