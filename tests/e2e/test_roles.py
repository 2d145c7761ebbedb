"""Every operation as everybody: docs/roles.md says what is allowed, the document of the API what there is.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest

from support import identity
from support.authenticator import Authenticator
from support.canary import kept_in
from support.logins import configure
from support.room import DONE, PROGRAMS, REFUSED, Room
from support.signed_in import PASSWORD, Browser

ROW = re.compile(r"^\| `([a-z_.]+)` \|" + r" ([^|]+?) \|" * 4 + "$", re.M)
PAGE = Path(__file__).resolve().parents[2] / "docs/roles.md"
ROLES = ("owner", "admin", "member", "auditor")
TABLE = {name: dict(zip(ROLES, cells)) for name, *cells in ROW.findall(PAGE.read_text())}
VALUE = "AIza-a-canary-is-not-needed-here-{}"
count = itertools.count()


class World:
    """A tenant with somebody of each role, somebody else who owns things, and another tenant's owner; each is signed in and has a token."""

    def __init__(self, room, identities):
        self.room, self.identities = room, identities
        room.people("globex", ())
        self.tokens, self.browsers = {}, {}
        for name, role in [(role, role) for role in ROLES] + [("else", "member")]:
            self._person("acme", name, role)
        self._person("globex", "stranger", "owner")
        self.operations = {
            each["operationId"]: (method.upper(), path)
            for path, item in room.api("GET", "/api/v1/openapi.json")[1]["paths"].items()
            for method, each in item.items()
        }

    def _person(self, tenant, name, role):
        self.room.cli("member", "add", "--tenant", tenant, name, "--role", role)
        self.browsers[name] = Browser(self.room).invited(name, tenant)
        self.tokens[name] = self.room.json("token", "add", "--tenant", tenant, "--member", name, "test")["token"]

    def made(self, path, **body):
        status, answer = self.room.api("POST", path, body)
        assert status in (200, 201), (path, answer)
        return answer

    # What a call is aimed at: always new, as some calls destroy it.

    def key(self, owner=None):
        service = "github" if owner else "gemini"
        number = next(count)
        more = {"member": owner} if owner else {}
        return self.made(
            "/api/v1/keys", tenant="acme", service=service, label=f"k{number}", value=VALUE.format(number), **more
        )["id"]

    def session(self, member):
        label = f"s{next(count)}"
        self.made("/api/v1/keys", tenant="acme", service="gemini", label=label, value=VALUE.format(label))
        return self.made("/api/v1/sessions", tenant="acme", member=member, services=[f"gemini:{label}"])["session"]["id"]

    def login(self, member):
        """Under way, in that member's browser."""
        body = {"client": "github", "way": "browser", "tenant": "acme", "member": member, "label": f"l{next(count)}"}
        status, answer = self.browsers[member].call("POST", "/api/v1/oauth/logins", body)
        assert status == 201, answer
        return answer

    @staticmethod
    def state_of(login):
        return re.search(r"[?&]state=([^&]+)", login["url"]).group(1)

    def receipt(self):
        return self.made(f"/api/v1/keys/{self.key()}/revoke")["receipt"]["id"]

    def token(self, member):
        return self.made("/api/v1/tokens", tenant="acme", member=member, name="x")["id"]

    def sign_in(self, member):
        status, answer = Browser(self.room).sign_in(member)
        assert status == 201, answer
        return answer["id"]

    def passkey(self, member):
        browser = self.browsers[member]
        key = Authenticator(f"http://localhost:{self.room.endpoints['control'].rsplit(':', 1)[1]}")
        answer = key.make(browser.call("POST", "/api/v1/passkeys/request")[1])
        return browser.call("POST", "/api/v1/passkeys", answer)[1]["id"]

    def provisioning(self):
        """A provider that provisions: one, as a tenant has ten at most."""
        self.made("/api/v1/identity-providers", tenant="acme", name="scim", issuer=identity.ISSUER, client_id="x")
        self.room.cli("provisioning", "start", "--tenant", "acme", "scim")
        return "scim"

    def identity(self, member):
        return identity.link(self.browsers[member], self.identities, f"u{next(count)}")

    def provider(self):
        name = f"p{next(count)}"
        return self.made(
            "/api/v1/identity-providers", tenant="acme", name=name, issuer=identity.ISSUER, client_id="x"
        )["name"]

    def member(self, role="member"):
        name = f"m{next(count)}"
        self.made("/api/v1/members", tenant="acme", name=name, role=role)
        return name

    def skill(self):
        name = f"skill{next(count)}"
        self.made("/api/v1/skills", tenant="acme", name=name, services=["gemini"])
        return name

    def policy_of(self, key):
        self.made("/api/v1/policies", tenant="acme", key=key, requests_per_minute=5)
        return f"?key={key}"

    def call(self, who, operation, path_value="", query="", body=None, signed_in=False):
        """(status, answer) with their token, or as who has signed in; of a stream or a change of protocol the status alone."""
        method, path = self.operations[operation]
        path = re.sub(r"\{\w+\}", path_value, path) + query
        if signed_in:
            return self.browsers[who].call(method, path, body)
        if operation.startswith("session.events"):
            return self._opened(who, path), None
        return self.room.api(method, path, body, token=self.tokens[who])

    def _opened(self, who, path):
        connection = http.client.HTTPConnection(self.room.endpoints["control"], timeout=60)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.tokens[who]}"})
        status = connection.getresponse().status
        connection.close()
        return status


def aims(world, operation, who):
    """{"yes"|"own"|"skill"|"owner": (path_value, query, body)}: the same call at a thing of somebody else's, one's own, the tenant's."""
    new_key = lambda **more: {"tenant": "acme", "label": f"n{next(count)}", "value": VALUE.format(next(count)), **more}
    each_key = {"yes": "else", "own": who, "skill": None}
    of_keys = lambda: {how: (world.key(owner), "", None) for how, owner in each_key.items()}
    plain = {"yes": ("", "", None)}
    start = lambda member: ("", "", {"tenant": "acme", "member": member, "services": ["gemini:shared"]})
    login = lambda member: {"client": "github", "way": "browser", "tenant": "acme", "member": member, "label": f"l{next(count)}"}
    logins = {"yes": "else"} if who == "auditor" else {"yes": "else", "own": who}
    match operation:
        case "key.add":
            return {
                "yes": ("", "", new_key(service="github", member="else")),
                "own": ("", "", new_key(service="github", member=who)),
                "skill": ("", "", new_key(service="gemini")),
            }
        case "key.show" | "key.revoke":
            return of_keys()
        case "key.rotate":
            return {how: (key, "", {"value": VALUE.format("new")}) for how, (key, _, _) in of_keys().items()}
        case "key.checks":
            return {how: (key, "", {"scheduled": True}) for how, (key, _, _) in of_keys().items()}
        case "tenant.checks":
            return {"yes": ("acme", "", {"scheduled": True})}
        case "key.check":  # asks the provider where there is one to ask: a database's key has none
            return {how: (key, "", None) for how, (key, _, _) in of_keys().items()}
        case "oauth.client.set":
            return {"yes": ("", "", {"name": "github", "client_id": "x"})}
        case "oauth.client.remove":
            return {"yes": ("github", "", None)}
        case "login.begin":
            return {"yes": ("", "", login("else")), "own": ("", "", login(who))}
        case "login.poll":
            return {how: (world.login(of)["id"], "", {}) for how, of in logins.items()}
        case "login.finish":  # whatever the provider says, it is looked at
            return {
                how: ("", "", {"state": world.state_of(world.login(of)), "error": "access_denied"})
                for how, of in logins.items()
            }
        case "policy.show" | "policy.remove":
            return {"skill": ("acme", world.policy_of(world.key()), None)}
        case "policy.set":
            return {"yes": ("", "", {"tenant": "acme", "key": world.key(), "requests_per_minute": 7})}
        case "service.check":
            return {"yes": ("", "", {"text": "id = 1"})}  # let in to be told that it is none
        case "member.add":
            name = lambda: f"m{next(count)}"
            return {
                "yes": ("", "", {"tenant": "acme", "name": name()}),
                "owner": ("", "", {"tenant": "acme", "name": name(), "role": "owner"}),
            }
        case "member.remove":
            return {
                "yes": (world.member(), "?tenant=acme", None),
                "owner": (world.member("owner"), "?tenant=acme", None),
            }
        case "skill.add":
            return {"yes": ("", "", {"tenant": "acme", "name": f"s{next(count)}", "services": ["gemini"]})}
        case "skill.remove":
            return {"yes": (world.skill(), "?tenant=acme", None)}
        case "session.start" | "ticket.issue":
            return {"yes": start("else"), "own": start(who)}
        case "session.show" | "session.end" | "session.events.one" | "session.attach":
            aimed = {"yes": (world.session("else"), "", None)}
            if who != "auditor":  # runs none
                aimed["own"] = (world.session(who), "", None)
            return aimed
        case "session.report":
            return {"yes": (world.session("else"), "", {"supervisor": "x", "dead": [], "exposed": []})}
        case "member.invite":
            return {
                "yes": ("", "", {"tenant": "acme", "member": world.member()}),
                "owner": ("", "", {"tenant": "acme", "member": world.member("owner")}),
            }
        case "sign_in.start":
            return {"yes": ("", "", {"tenant": "acme", "member": f"m{next(count)}", "password": PASSWORD})}
        case "sign_in.end.one":
            return {"yes": (world.sign_in("else"), "", None), "own": (world.sign_in(who), "", None)}
        case "password.change":
            return {"own": ("", "", {"current_password": PASSWORD, "password": "short"})}  # let in to be told so
        case "sign_in.provider.begin":
            return {"yes": ("", "", {"tenant": "acme", "provider": "corp"})}
        case "sign_in.provider":
            return {"yes": ("", "", {"state": "x", "error": "access_denied"})}
        case "sign_in.provider.end":  # anybody may send one
            return {"yes": ("corp", "", {"logout_token": "a.b.c"})}
        case "sign_in.confirm":
            return {"own": ("", "", {"code": "000000"})}  # let in to be told that there is no second factor
        case "sign_in.confirm.begin":
            return {"own": ("", "", None)}
        case "sign_in.confirm.passkey":  # let in to be told that it is none
            return {"own": ("", "", dict.fromkeys(("credential", "user", "client_data", "authenticator_data", "signature"), "e30"))}
        case "identity_provider.set":
            name = f"p{next(count)}"
            return {"yes": ("", "", {"tenant": "acme", "name": name, "issuer": identity.ISSUER, "client_id": "x"})}
        case "identity_provider.check":
            return {"yes": ("corp", "?tenant=acme", {})}
        case "identity_provider.remove":
            return {"yes": (world.provider(), "?tenant=acme", None)}
        case "provisioning.begin":
            return {"yes": (world.provisioning(), "?tenant=acme", {})}
        case "provisioning.end":
            return {"yes": (world.provisioning(), "?tenant=acme", None)}
        case "identity.begin":
            return {"own": ("", "", {"provider": "corp"})}
        case "identity.add":
            return {"own": ("", "", identity.linking(world.browsers[who], world.identities, f"u{next(count)}"))}
        case "identity.remove":
            return {
                "yes": (world.identity("else"), "", None),
                "own": (world.identity(who), "", None),
                "owner": (world.identity("owner"), "", None),
            }
        case "passkey.begin" | "sign_in.begin" | "invitation.begin":
            return {"own": ("", "", None)}
        case "passkey.add" | "invitation.passkey":
            return {"own": ("", "", {"name": "x", "client_data": "e30", "attestation": "oA"})}  # let in to be told that it is none
        case "passkey.remove":
            return {"yes": (world.passkey("else"), "", None), "own": (world.passkey(who), "", None)}
        case "sign_in.passkey":
            return {"yes": ("", "", dict.fromkeys(("credential", "user", "client_data", "authenticator_data", "signature"), "e30"))}
        case "second_factor.confirm" | "second_factor.remove":
            return {"own": ("", "", {"code": "000000"})}  # wrong, or too early: let in to be told so
        case "second_factor.show" | "second_factor.begin":
            return {"own": ("", "", None)}
        case "sign_in.end":
            return plain
        case "invitation.use":
            return {"yes": ("", "", {"password": PASSWORD})}
        case "token.add":
            return {"own": ("", "", {"tenant": "acme", "member": who, "name": "x"})}
        case "token.revoke":
            return {"yes": (world.token("else"), "", None), "own": (world.token(who), "", None)}
        case "receipt.show":
            return {"yes": (world.receipt(), "", None)}
        case "tenant.add":
            return {"yes": ("", "", {"name": f"t{next(count)}"})}
        case "tenant.rewrap" | "tenant.shred":
            return {"yes": ("acme", "", {})}
        case "root.rotate":
            return {"yes": ("", "", {})}
        case "tenant.remove" | "tenant.scan" | "tenant.rewrap.show":
            return {"yes": ("acme", "", None)}
        case "seal.add":
            return {"yes": ("", "", {"kind": "passphrase", "value": "a passphrase of some length"})}
        case "seal.prepare":
            return {"yes": (world.room.api("GET", "/api/v1/seals")[1][0]["id"], "", {})}
        case "seal.remove":
            return {"yes": (world.room.api("GET", "/api/v1/seals")[1][0]["id"], "", None)}
        case "backup.make":
            return {"yes": ("", "", None)}
        case "seal.open":
            return {"yes": ("", "", {})}
        case "audit.verify" | "installation.inspect":
            return plain
        case "audit.view":
            return {"yes": ("", "?tenant=acme", None)}
    assert world.operations[operation][0] == "GET" or operation == "ticket.use", f"{operation} is not aimed at anything here"
    return plain


def may(cell, how):
    words = [word.strip() for word in cell.split(",")]
    if how == "owner":
        return "but no owner" not in words and "yes" in words
    return "yes" in words or how in words


def is_list(operation):
    return operation.endswith((".list", ".events"))


@pytest.fixture(scope="module")
def world(suite_folder, standins_process, canaries, environment):
    folder = suite_folder / "roles"
    folder.mkdir(mode=0o700)
    room = Room(folder, standins_process, canaries, environment)
    provider = identity.IdentityProvider(suite_folder / "roles-identities", "not-looked-at")
    provider.describe()
    configure(room, provider, provider.hosts, console=None)
    room.start().people("acme", ())
    identity.add_provider(room, "not-looked-at")
    room.cli("key", "add", "gemini", "--tenant", "acme", "--label", "shared", input=VALUE.format("shared"))
    room.cli("oauth", "client", "set", "github", "--id", "x", "--no-secret")
    yield World(room, provider)
    room.stop()
    provider.stop()


def test_the_table_tells_of_every_operation(world):
    assert set(TABLE) == set(world.operations), set(TABLE) ^ set(world.operations)


@pytest.mark.parametrize("operation", sorted(TABLE))
def test_h9_everybody_may_what_the_table_says(world, operation):
    for role in ROLES:
        cell = TABLE[operation][role]
        if is_list(operation):
            # A list is answered; what stands in it is looked at below.
            for signed_in in (True, False):
                answered = world.call(role, operation, signed_in=signed_in)[0] == 200
                assert answered == (cell != "no"), (role, operation, signed_in)
            continue
        for how, aimed in aims(world, operation, role).items():
            # Who signs out is out: by a token, which that leaves alone.
            status, answer = world.call(role, operation, *aimed, signed_in=operation != "sign_in.end")
            is_let_in = status not in (401, 403, 404)
            assert is_let_in == may(cell, how), (role, operation, how, status, answer)


def test_h9_lists_hold_what_one_may_see(world):
    keys = {"else": world.key("else"), "member": world.key("member"), None: world.key()}
    sessions = {each: world.session(each) for each in ("else", "member")}
    tokens = {each: world.token(each) for each in ("else", "member")}
    sign_ins = {each: world.sign_in(each) for each in ("else", "member")}
    tickets = {
        each: world.made("/api/v1/tickets", tenant="acme", member=each, services=["gemini:shared"])["id"]
        for each in ("else", "member")
    }
    listed = lambda who, operation: {each["id"] for each in world.call(who, operation)[1]}
    for role in ROLES:
        sees_all = role != "member"
        for operation, things in [
            ("key.list", keys),
            ("session.list", sessions),
            ("token.list", tokens),
            ("sign_in.list", sign_ins),
            ("ticket.list", tickets),
        ]:
            there = listed(role, operation)
            assert things["member"] in there or role != "member", (role, operation)
            assert (things["else"] in there) == sees_all, (role, operation)
    assert keys[None] in listed("member", "key.list")
    acts = world.call("member", "audit.list", query="?limit=10000")[1]
    assert acts and {each["member"] for each in acts} == {"member"}, "of a member's own doings alone"
    everything = world.call("auditor", "audit.list", query="?limit=10000")[1]
    assert {"else", "member"} <= {each.get("member") for each in everything}


def test_h9_another_tenants_things_read_like_what_never_was(world):
    """The same answer, but for the name that was asked for: of each operation that takes a name or an id."""
    nobody = {
        "key": "key_" + "a" * 26, "session": "ses_" + "a" * 26, "receipt": "rcp_" + "a" * 26, "token": "tok_" + "a" * 26,
        "sign_in": "sgn_" + "a" * 26, "identity": "idn_" + "a" * 26, "passkey": "psk_" + "a" * 26,
        "member": "nobody", "skill": "nothing",
    }  # fmt: skip
    asked = 0
    for operation, (method, path) in world.operations.items():
        if "{" not in path or operation in ("session.report", "sign_in.provider.end"):  # let in by what they bring
            continue
        for how, (value, query, body) in aims(world, operation, "else").items():
            wrong = nobody.get(operation.split(".")[0], "nowhere")
            status, answer = world.call("stranger", operation, value, query, body)
            other_query = query.replace("acme", "nowhere")
            other = world.call("stranger", operation, wrong, other_query, body)
            asked += 1
            assert status == other[0] and status in (403, 404), (operation, how, status, answer)
            if answer is not None and "key=" not in query:
                said = json.dumps(answer).replace(value, "X").replace("acme", "X")
                assert said == json.dumps(other[1]).replace(wrong, "X").replace("nowhere", "X"), operation
    assert asked > 20
    for operation in world.operations:
        if is_list(operation) and not operation.startswith(("session.events", "service", "seal", "tenant")):
            held = json.dumps(world.call("stranger", operation)[1])
            assert "acme" not in held, operation
    for query in ("?tenant=acme", "?tenant=nowhere"):
        for operation in ("key.list", "member.list", "session.list", "session.events", "audit.list", "token.list"):
            assert world.call("stranger", operation, query=query)[0] == 404, (operation, query)


def test_h9_lists_by_the_id_of_another_tenant_hold_nothing_of_it(world):
    acme = next(each["id"] for each in world.room.json("tenant", "list") if each["name"] == "acme")
    assert world.call("stranger", "audit.list", query=f"?tenant={acme}")[0] == 404
    key = world.key()
    assert world.call("stranger", "audit.list", query=f"?key={key}")[1] == []


def test_machines_have_the_rights_of_their_token(world):
    machine = lambda *flags: world.room.json("token", "add", "--tenant", "acme", "ci", *flags)["token"]
    world.tokens["reader"] = machine("--machine", "auditor")
    world.tokens["starter"] = machine("--machine", "member", "--scope", "sessions", "--for-any-member")
    world.tokens["plain"] = machine("--machine", "admin")
    body = {"tenant": "acme", "member": "else", "services": ["gemini:shared"]}
    assert world.call("reader", "session.start", body=body)[0] == 403
    assert world.call("plain", "session.start", body=body)[0] == 403, "nobody said that it may for others"
    status, started = world.call("starter", "session.start", body=body)
    assert status == 201
    assert world.call("starter", "session.show", started["session"]["id"])[0] == 200
    assert world.call("starter", "session.end", started["session"]["id"])[0] == 200
    assert world.call("starter", "skill.add", body={"tenant": "acme", "name": "no", "services": ["gemini"]})[0] == 403
    refused = world.room.api(
        "POST", "/api/v1/tokens", {"tenant": "acme", "name": "x", "role": "admin"}, token=world.tokens["owner"]
    )
    assert refused[1]["error"]["code"] == "sign_in_needed", "a token makes no token"
    assert world.call("member", "token.add", body={"tenant": "acme", "member": "member", "name": "x"})[0] == 403


def test_h1_a_token_is_nothing_once_it_is_revoked(world):
    room = world.room
    issued = room.json("token", "add", "--tenant", "acme", "--member", "else", "brief")
    token = issued["token"]
    assert room.api("GET", "/api/v1/access", token=token)[1]["member"] == "else"
    stream = http.client.HTTPConnection(room.endpoints["control"], timeout=60)
    stream.request("GET", "/api/v1/sessions/events", headers={"Authorization": f"Bearer {token}"})
    answer = stream.getresponse()
    assert answer.status == 200
    room.cli("token", "revoke", issued["id"])
    status, refused = room.api("GET", "/api/v1/access", token=token)
    assert (status, refused["error"]["message"]) == (401, "no or unknown credential")
    never = room.api("GET", "/api/v1/access", token="sra_" + "a" * 43)[1]
    assert refused == never, "revoked reads like never made"
    world.session("else")  # which it would have been told of
    assert b"started" not in answer.read(), "its stream ends without a word"
    stream.close()
    [mine] = [each for each in room.json("token", "list") if each["id"] == issued["id"]]
    assert mine["state"] == "revoked" and "token" not in mine
    assert kept_in(room, token) == [], "the token itself"


def test_commands_act_with_a_token(world):
    room = world.room
    elsewhere = {
        **room.environment,
        "STRONGROOM_URL": f"http://{room.endpoints['control']}",
        "STRONGROOM_TOKEN": world.tokens["member"],
    }
    elsewhere.pop("STRONGROOM_DATA", None)

    def command(*arguments, expect=DONE):
        done = subprocess.run(
            [str(PROGRAMS / "strongroom"), *arguments], env=elsewhere, cwd=room.folder, capture_output=True, timeout=60
        )
        assert done.returncode == expect, done
        return done

    assert json.loads(command("whoami", "--json").stdout)["role"] == "member"
    refused = command("skill", "add", "--tenant", "acme", "no", "--service", "gemini", expect=REFUSED)
    assert b"may not do that" in refused.stderr
    assert {each["owner"] for each in json.loads(command("key", "list", "--json").stdout)} <= {"", "member"}
