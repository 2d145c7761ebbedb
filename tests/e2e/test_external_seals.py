"""Seals whose key is held outside: PKCS#11 tokens, transit engines, KMS. SPDX-License-Identifier: Apache-2.0"""

import base64
import datetime
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from support.authority import Authority
from support.https_server import HttpsServer
from support.processes import name_of
from support.room import PROGRAMS
from support.token import Token
from support.tpm import Tpm
from support.waiting import until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "standins" / "seals"))
from kms import Kms  # noqa: E402
from transit import Transit  # noqa: E402


def seals(room):
    return room.json("seal", "status")["seals"]


def works(room, key_id):
    assert room.json("key", "check", key_id)["verdict"] == "accepted"


def configure(room, text):
    file = room.data / "strongroom.toml"
    file.write_text(file.read_text() + text)


def replace(room, old, new):
    file = room.data / "strongroom.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def hide_seal_file(room):
    (room.data / "seal.key").rename(room.folder / "seal.key.away")


def sealed_start(room):
    room.start()
    assert room.endpoints.get("sealed") is True, room.log()[-2000:]


def opened(room, seconds=60):
    def look():
        room.endpoints = json.loads((room.data / "endpoints.json").read_text())
        return len(room.endpoints.get("gateway_pids", [])) > 0

    until(look, seconds, "the server is open")


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    token = Token(tmp_path_factory.mktemp("token"))
    token.make_aes("seal-aes")
    token.make_aes("seal-wrap", "--usage-wrap", "--allowed-mechanisms", "AES-KEY-WRAP")
    token.make_rsa("seal-rsa")
    return token


@pytest.fixture
def own_token(tmp_path):
    token = Token(tmp_path / "token")
    token.make_aes("seal-aes")
    return token


@pytest.mark.parametrize("key", ["seal-aes", "seal-rsa"])
def test_a_token_opens_and_is_added_without_a_stop(room, token, key):
    key_id, _ = room.add_key("gemini")
    pid = room.process.pid
    configure(room, token.section("hsm", key))
    added = room.json("seal", "add", "external", "--name", "hsm")
    assert (added["kind"], added["detail"], added["state"]) == ("pkcs11", "hsm", "opens")
    assert room.process.pid == pid
    works(room, key_id)
    room.stop()
    hide_seal_file(room)
    room.start()
    works(room, key_id)
    # The file's seal is told to fail, the token's not, and the doctor says what the next start could not use.
    states = lambda: {s["kind"]: s["state"] for s in seals(room)}
    until(lambda: states() == {"file": "fails", "pkcs11": "opens"}, 60, "both were looked at")
    told = {each["id"]: each for each in room.json("doctor", expect=1)}
    assert "seal.key" in told["seals"]["what"]
    [by_file] = [s["id"] for s in seals(room) if s["kind"] == "file"]
    room.json("seal", "remove", by_file)
    told = {each["id"]: each for each in room.json("doctor", expect=None)}
    assert "pkcs11" in told["seals"]["what"] and "seal.key" not in told["seals"]["what"]
    room.stop()
    room.start()
    works(room, key_id)
    # The PIN is on no command line, in no environment and no log.
    assert token.PIN not in room.log()


def kept_of(room, kind):
    """What the database keeps of the seal of that kind."""
    database = sqlite3.connect(room.data / "strongroom.db")
    [parameters] = [json.loads(row[0]) for row in database.execute("select parameters from seals where kind = ?", (kind,))]
    database.close()
    return base64.b64decode(parameters["wrapped"])


@pytest.mark.parametrize("key, way", [("seal-aes", 1), ("seal-wrap", 2), ("seal-rsa", 4)])
def test_a_token_is_used_in_the_way_that_its_key_is_good_for(room, token, key, way):
    """AES-GCM; AES key wrap (RFC 3394) where the key is for wrapping alone; OAEP, with SHA-1 where the token has no other."""
    key_id, _ = room.add_key("gemini")
    configure(room, token.section("hsm", key))
    room.json("seal", "add", "external", "--name", "hsm")
    room.stop()
    kept = kept_of(room, "pkcs11")
    assert kept[0] == way, kept[:2]
    if way == 2:
        assert len(kept) == 2 + 40, "32 octets, wrapped"
    hide_seal_file(room)
    room.start()
    works(room, key_id)
    room.stop()
    # Changed by one bit: the token refuses it, and the seal stays shut.
    changed = base64.b64encode(kept[:-1] + bytes([kept[-1] ^ 1])).decode()
    database = sqlite3.connect(room.data / "strongroom.db")
    database.execute("update seals set parameters = json_set(parameters, '$.wrapped', ?) where kind = 'pkcs11'", (changed,))
    database.commit()
    database.close()
    sealed_start(room)
    assert "the key" in waits_for(room) or "seal's key" in waits_for(room)


def test_a_first_start_by_a_token_has_no_seal_file(make_room, token):
    room = make_room(flags=["--seal", "hsm"], start=False)
    configure(room, token.section("hsm", "seal-aes"))
    room.start().people()
    key_id, _ = room.add_key("gemini")
    assert not (room.data / "seal.key").exists()
    room.stop()
    room.start()
    works(room, key_id)


def test_a_backup_opens_by_the_token_on_another_machine(room, make_room, token):
    key_id, _ = room.add_key("gemini")
    configure(room, token.section("hsm", "seal-aes"))
    room.json("seal", "add", "external", "--name", "hsm")
    backup = room.folder / "backup"
    room.json("backup", str(backup))
    room.stop()
    hide_seal_file(room)
    room.json("backup", "verify", str(backup))
    elsewhere = make_room(start=False)
    settings = elsewhere.folder / "reach.toml"
    settings.write_text(token.section("hsm", "seal-aes"))
    elsewhere.json("restore", str(backup), "--config", str(settings))
    assert elsewhere.cli("restore", str(backup), expect=None).returncode != 0, "it holds a database"


def sealed_by(room, own_token):
    """Sealed by the token alone, and stopped."""
    configure(room, own_token.section("hsm", "seal-aes"))
    room.json("seal", "add", "external", "--name", "hsm")
    [by_file] = [s["id"] for s in seals(room) if s["kind"] == "file"]
    room.json("seal", "remove", by_file)
    room.stop()


def waits_for(room):
    return room.json("seal", "status")["waits_for"]


def test_l6_a_wrong_pin_is_said_and_not_tried_twice(room, own_token):
    key_id, _ = room.add_key("gemini")
    sealed_by(room, own_token)
    own_token.write_pin("000000")
    sealed_start(room)
    assert "The PIN is not that of the token 'rack'" in waits_for(room)
    # A wrong PIN that is tried again and again locks a token: by itself it is tried once.
    assert room.log().count('"still_sealed"') == 0
    own_token.write_pin(own_token.PIN)
    room.json("unseal")
    opened(room)
    works(room, key_id)


def test_a_token_that_comes_back_opens_by_itself(room, own_token):
    key_id, _ = room.add_key("gemini")
    sealed_by(room, own_token)
    away = own_token.folder / "tokens-away"
    (own_token.folder / "tokens").rename(away)
    (own_token.folder / "tokens").mkdir()
    sealed_start(room)
    assert "There is no token 'rack'" in waits_for(room)
    (own_token.folder / "tokens").rmdir()
    away.rename(own_token.folder / "tokens")
    opened(room)
    works(room, key_id)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('key = "seal-aes"', 'key = "other"', "has no key 'other'"),
        ('token = "rack"', 'token = "shelf"', "There is no token 'shelf'"),
        ("libsofthsm2.so", "libnone.so", "cannot be loaded"),
        ('name = "hsm"', 'name = "hsm2"', "no [[external_seal]] of the name 'hsm'"),
        ('kind = "pkcs11"', 'kind = "nothing"', "'kind' is one of"),
    ],
)
def test_what_is_wrong_is_said(room, token, old, new, said):
    configure(room, token.section("hsm", "seal-aes"))
    replace(room, old, new)
    done = room.cli("seal", "add", "external", "--name", "hsm", expect=None)
    assert done.returncode != 0 and said in done.stderr, done.stderr
    assert [s["kind"] for s in seals(room)] == ["file"]


def test_a_key_of_the_token_that_was_replaced_does_not_open(room, own_token):
    sealed_by(room, own_token)
    own_token.remove("secrkey", "seal-aes")
    own_token.make_aes("seal-aes")
    sealed_start(room)
    assert "decrypt the seal's key" in waits_for(room)


def test_a_pin_that_others_may_read_is_refused(room, own_token):
    own_token.pin_file.chmod(0o644)
    configure(room, own_token.section("hsm", "seal-aes"))
    done = room.cli("seal", "add", "external", "--name", "hsm", expect=None)
    assert "chmod 600" in done.stderr


def test_the_pin_may_be_a_credential_of_systemd(make_room, own_token):
    room = make_room(start=False)
    folder = room.folder / "credentials"
    folder.mkdir(mode=0o700)
    own_token.pin_file.rename(folder / "hsm-pin")
    configure(room, own_token.section("hsm", "seal-aes").replace(str(own_token.pin_file), "credential:hsm-pin"))
    room.start()
    assert "systemd has handed over none" in room.cli("seal", "add", "external", "--name", "hsm", expect=None).stderr
    room.stop()
    room.environment["CREDENTIALS_DIRECTORY"] = str(folder)
    room.start()
    room.json("seal", "add", "external", "--name", "hsm")


#: A module that never answers: what a hung HSM looks like.
HUNG = """
#include <unistd.h>
unsigned long C_GetFunctionList(void **list) { (void)list; for (;;) pause(); }
"""

#: One that tries to be the operator, to start a program, to read the database and to write beside it.
HOSTILE = """
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
unsigned long C_GetFunctionList(void **list) {
  (void)list;
  char text[512];
  int reads = open("DATA/strongroom.db", O_RDONLY);
  int writes = open("DATA/evil", O_WRONLY | O_CREAT, 0600);
  int joins = socket(AF_UNIX, SOCK_STREAM, 0);
  char *none[] = {0};
  int runs = execve("/bin/true", none, none);
  snprintf(text, sizeof text, "reads %d writes %d joins %d runs %d\\n", reads >= 0, writes >= 0, joins >= 0, runs >= 0);
  int out = open("TOLD/told", O_WRONLY | O_CREAT, 0600);
  if (out >= 0) (void)!write(out, text, strlen(text));
  return 5;
}
"""


def module(folder, source):
    folder.mkdir(exist_ok=True)
    (folder / "module.c").write_text(source)
    built = folder / "module.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, folder / "module.c"], check=True, timeout=60)
    return built


def test_l6_a_module_that_hangs_holds_up_nothing(room, token):
    key_id, _ = room.add_key("gemini")
    hung = module(room.folder / "hung", HUNG)
    configure(room, token.section("hsm", "seal-aes").replace("/usr/lib/softhsm/libsofthsm2.so", str(hung)))
    adding = subprocess.Popen(
        [PROGRAMS / "strongroom", "seal", "add", "external", "--name", "hsm", "--data", room.data],
        stderr=subprocess.PIPE, text=True, env=room.environment,
    )
    until(lambda: sealers(room), 60, "the module is asked")
    works(room, key_id)  # leases are renewed meanwhile
    _, said = adding.communicate(timeout=90)
    assert adding.returncode != 0 and "did not answer within 10 s" in said
    until(lambda: not sealers(room), 60, "it has been ended")


def sealers(room):
    return [pid for pid in room._children() if name_of(pid) == "strongroom-seal"]


def test_seals_are_asked_side_by_side_and_whichever_answers_opens(room, token, tmp_path):
    key_id, _ = room.add_key("gemini")
    service = TransitService(tmp_path / "service")
    configure(room, token.section("hsm-a", "seal-aes") + token.section("hsm-b", "seal-rsa") + service.section())
    for name in ("hsm-a", "hsm-b", "outside"):
        room.json("seal", "add", "external", "--name", name)
    room.stop()
    hide_seal_file(room)
    hung = module(room.folder / "hung", HUNG)
    replace(room, "/usr/lib/softhsm/libsofthsm2.so", str(hung))
    room.start()
    assert room.endpoints.get("sealed") is None
    works(room, key_id)
    room.stop()
    # None of them answers: both hang at the same time, at the start and when somebody asks for it again.
    service.forbid()
    room.launch()
    until(lambda: len(sealers(room)) == 2, 60, "both are asked")
    until((room.data / "endpoints.json").exists, 30, "the server waits")
    service.allow()
    until(lambda: "gateway_pids" in (room.data / "endpoints.json").read_text(), 60, "it is open")
    room.endpoints = json.loads((room.data / "endpoints.json").read_text())
    opened(room)
    works(room, key_id)
    service.stop()


def test_backup_verify_and_the_doctor_ask_seals_side_by_side_too(room, token, tmp_path):
    service = TransitService(tmp_path / "service")
    configure(room, token.section("hsm-a", "seal-aes") + token.section("hsm-b", "seal-rsa") + service.section())
    for name in ("hsm-a", "hsm-b", "outside"):
        room.json("seal", "add", "external", "--name", name)
    backup = str(tmp_path / "backup")
    room.json("backup", backup)
    room.stop()
    hide_seal_file(room)
    hung = module(room.folder / "hung", HUNG)
    replace(room, "/usr/lib/softhsm/libsofthsm2.so", str(hung))
    # One that answers is enough for a backup; the doctor tells of each.
    assert room.json("backup", "verify", backup)["revision"] > 0
    told = asked_side_by_side(room, "doctor", "--json")
    (seals,) = [each for each in json.loads(told) if each["id"] == "seals"]
    assert "opens by transit" in seals["what"] and seals["what"].count("did not answer") == 2, seals
    service.forbid()
    assert "The seal 'outside'" in asked_side_by_side(room, "backup", "verify", backup)
    service.stop()


def asked_side_by_side(room, *command):
    """What it says, once both modules that hang have been seen to be asked at the same time."""
    asking = subprocess.Popen(
        [PROGRAMS / "strongroom", *command, "--data", room.data],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=room.environment,
    )
    children = Path(f"/proc/{asking.pid}/task/{asking.pid}/children")
    until(lambda: len(children.read_text().split()) == 2, 60, "both are asked")
    said, _ = asking.communicate(timeout=90)
    return said


def test_a_module_is_not_the_operator_and_sees_no_database(room, token):
    told = room.folder / "told"
    told.mkdir()
    source = HOSTILE.replace("DATA", str(room.data)).replace("TOLD", str(told))
    hostile = module(room.folder / "hostile", source)
    section = token.section("hsm", "seal-aes").replace("/usr/lib/softhsm/libsofthsm2.so", str(hostile))
    configure(room, section.replace(f'folders = ["{token.folder}"]', f'folders = ["{told}"]'))
    done = room.cli("seal", "add", "external", "--name", "hsm", expect=None)
    assert "is no PKCS#11 module" in done.stderr
    landlock = "landlock" in Path("/sys/kernel/security/lsm").read_text() if Path("/sys/kernel/security/lsm").exists() else None
    words = dict(zip(*[iter((told / "told").read_text().split())] * 2))
    assert words["joins"] == "0" and words["runs"] == "0", words
    if landlock is not False:
        assert words["reads"] == "0" and words["writes"] == "0", words


def test_l3_a_row_names_no_module_and_no_place(room, token):
    """Whoever can write to the database can lead the start to no other module: it is not in the row."""
    configure(room, token.section("hsm", "seal-aes"))
    room.json("seal", "add", "external", "--name", "hsm")
    room.stop()
    database = sqlite3.connect(room.data / "strongroom.db")
    [parameters] = [json.loads(row[0]) for row in database.execute("select parameters from seals where kind = 'pkcs11'")]
    database.close()
    assert sorted(parameters) == ["name", "wrapped"]


# Over HTTP: what OpenBao, Vault and AWS KMS do is done by stand-ins (tests/standins/seals)


class Service:
    def __init__(self, folder, standin):
        self.standin, self.secret = standin, folder / "secret"
        self.server = HttpsServer(folder, "localhost", answer=standin.answer)
        self.url = f"https://localhost:{self.server.port}"

    def write_secret(self, text):
        self.secret.write_text(text + "\n")
        self.secret.chmod(0o600)

    def section(self, name="outside"):
        return f'[[external_seal]]\nname = "{name}"\nurl = "{self.url}"\nca = "{self.server.ca}"\n{self.more()}'

    def stop(self):
        self.server.stop()


class TransitService(Service):
    kind = "transit"

    def __init__(self, folder, **settings):
        super().__init__(folder, Transit(**settings))
        self.write_secret(self.standin.token)

    def more(self):
        return f'kind = "transit"\nkey = "strongroom"\ntoken_file = "{self.secret}"\n'

    def forbid(self):
        self.standin.tokens.clear()

    def allow(self):
        self.standin.tokens.add(self.secret.read_text().strip())


class KmsService(Service):
    kind = "aws-kms"

    def __init__(self, folder):
        super().__init__(folder, Kms())
        self.write_secret(self.standin.credentials())

    def more(self):
        return (
            f'kind = "aws-kms"\nregion = "{self.standin.region}"\nkey = "{self.standin.key}"\n'
            f'credentials_file = "{self.secret}"\ncontext = ["installation=main"]\n'
        )

    def forbid(self):
        self.standin.failure = (400, "AccessDeniedException")

    def allow(self):
        self.standin.failure = None


@pytest.fixture(params=[TransitService, KmsService], ids=["transit", "kms"])
def service(request, tmp_path):
    service = request.param(tmp_path / "service")
    yield service
    service.stop()


@pytest.fixture
def transit(tmp_path):
    service = TransitService(tmp_path / "service", key="strongroom", mount="engines/transit", namespace="team-a")
    yield service
    service.stop()


def test_a_service_opens_and_is_added_without_a_stop(room, service):
    key_id, _ = room.add_key("gemini")
    configure(room, service.section())
    added = room.json("seal", "add", "external", "--name", "outside")
    assert (added["kind"], added["detail"], added["state"]) == (service.kind, "outside", "opens")
    backup = room.folder / "backup"
    room.json("backup", str(backup))
    room.stop()
    hide_seal_file(room)
    room.json("backup", "verify", str(backup))
    room.start()
    works(room, key_id)
    secret = service.secret.read_text().split()[-1]
    assert secret not in room.log()
    if service.kind == "aws-kms":
        assert service.standin.contexts[-1] == {"strongroom": "outside", "installation": "main"}


def test_l6_a_service_that_fails_is_told_and_tried_again(room, service):
    key_id, _ = room.add_key("gemini")
    configure(room, service.section())
    room.json("seal", "add", "external", "--name", "outside")
    room.stop()
    hide_seal_file(room)
    service.forbid()
    sealed_start(room)
    assert "use the" in waits_for(room) and "key" in waits_for(room)
    told = {each["id"]: each for each in room.json("doctor", expect=1)}
    assert told["server"]["what"].startswith("sealed: ")
    service.allow()
    opened(room)  # by itself
    works(room, key_id)


def test_what_answers_for_a_service_must_show_its_certificate(room, service, make_authority):
    section = service.section().replace(str(service.server.ca), make_authority())
    configure(room, section)
    done = room.cli("seal", "add", "external", "--name", "outside", expect=None)
    assert done.returncode != 0 and "certificate" in done.stderr
    assert service.standin.calls == [] and service.secret.read_text().split()[-1] not in done.stderr


@pytest.fixture
def make_authority(tmp_path):
    def make():
        other = tmp_path / "other-ca.pem"
        other.write_text(Authority().pem)
        return str(other)

    return make


def test_a_service_that_answers_nonsense_is_not_believed(room, service):
    configure(room, service.section())
    for said in (b"", b"{", b"[]", b'{"data": {"ciphertext": "vault:v1:x", "plaintext": "AAAA"}}', b"x" * 100_000):
        service.standin.echo = (200, said) if service.kind == "transit" else said
        done = room.cli("seal", "add", "external", "--name", "outside", expect=None)
        assert done.returncode != 0, said
    assert [s["kind"] for s in seals(room)] == ["file"]


def test_a_service_without_tls_is_asked_nothing(room, service):
    configure(room, service.section().replace("https://", "http://"))
    done = room.cli("seal", "add", "external", "--name", "outside", expect=None)
    assert "https://HOST" in done.stderr and service.server.seen == []


def test_a_transit_key_may_rotate_until_its_old_version_is_closed(room, tmp_path):
    service = TransitService(tmp_path / "service")
    configure(room, service.section())
    room.json("seal", "add", "external", "--name", "outside")
    service.standin.rotate()
    room.stop()
    hide_seal_file(room)
    room.start()
    assert room.endpoints.get("sealed") is None
    room.stop()
    service.standin.min_decryption_version = 2
    sealed_start(room)
    assert "min_decryption_version" in waits_for(room)
    service.standin.min_decryption_version = 1
    room.json("unseal")
    opened(room)
    service.stop()


def test_transit_by_a_role_in_a_namespace(room, transit):
    transit.standin.roles["role-1"] = transit.standin.token
    configure(
        room,
        transit.section().replace("token_file", 'mount = "engines/transit"\nnamespace = "team-a"\nrole_id = "role-1"\nsecret_id_file'),
    )
    room.json("seal", "add", "external", "--name", "outside")
    assert ("POST", "/v1/auth/approle/login") in transit.standin.calls
    room.stop()
    hide_seal_file(room)
    room.start()
    assert room.endpoints.get("sealed") is None


def test_kms_credentials_of_a_session_and_a_wrong_clock(room, tmp_path):
    service = KmsService(tmp_path / "service")
    service.standin.session_token = "FwoGZXIvYXdzEXAMPLE"
    service.write_secret(service.standin.credentials("vault"))
    configure(room, service.section() + 'profile = "vault"\n')
    room.json("seal", "add", "external", "--name", "outside")
    service.standin.offset = datetime.timedelta(hours=1)
    done = room.cli("seal", "add", "external", "--name", "outside", expect=None)
    assert "the clock" in done.stderr
    service.standin.offset = datetime.timedelta()
    service.standin.secret_key = "another"
    assert "signature" in room.cli("seal", "add", "external", "--name", "outside", expect=None).stderr
    service.stop()


# Handed over by systemd


def test_a_secret_that_systemd_hands_over_opens(make_room, canaries):
    room = make_room(flags=["--seal", "machine"], start=False)
    configure(room, '[[external_seal]]\nname = "machine"\nkind = "credential"\nsecret_file = "credential:strongroom-seal"\n')
    folder = room.folder / "credentials"
    folder.mkdir(mode=0o700)
    secret = folder / "strongroom-seal"
    assert "systemd has handed over none" in room.refused_start()
    room.environment["CREDENTIALS_DIRECTORY"] = str(folder)
    secret.write_text("short")
    secret.chmod(0o400)
    assert "at least 32" in room.refused_start()
    secret.chmod(0o600)
    secret.write_text(canaries.new("password") * 3)
    room.start().people()
    key_id, _ = room.add_key("gemini")
    room.stop()
    room.start()
    works(room, key_id)
    room.stop()
    secret.write_text("another one, of more than thirty-two octets")
    assert "not the key of this database's seal" in room.refused_start()


# A TPM


def looked_at(room):
    """A sealer that is killed at its work leaves objects in a TPM that no kernel manages."""
    until(lambda: [s["state"] for s in seals(room) if s["kind"] == "tpm2"] == ["opens"], 60, "the seal was looked at")


def test_a_tpm_opens_while_its_pcrs_are_the_same_and_no_other_tpm_does(room, tmp_path):
    key_id, _ = room.add_key("gemini")
    tpm = Tpm(tmp_path / "tpm")
    pin = tmp_path / "pin"
    pin.write_text("840516\n")
    pin.chmod(0o600)
    section = f'[[external_seal]]\nname = "tpm"\nkind = "tpm2"\npcrs = "7"\npin_file = "{pin}"\ntcti = "{tpm.place}"\n'
    configure(room, section)
    added = room.json("seal", "add", "external", "--name", "tpm")
    assert (added["kind"], added["state"]) == ("tpm2", "opens")
    room.stop()
    hide_seal_file(room)
    room.start()
    works(room, key_id)
    looked_at(room)
    room.stop()
    # What was started is another: the seal stays shut until the machine is what it was.
    tpm.extend(7)
    sealed_start(room)
    assert "has measured of this machine" in waits_for(room)
    tpm.stop()
    first = tpm.place
    tpm.start()
    replace(room, first, tpm.place)
    room.json("unseal")
    opened(room)
    works(room, key_id)
    looked_at(room)
    room.stop()
    pin.write_text("000000\n")
    sealed_start(room)
    assert "The PIN is not the one" in waits_for(room)
    room.stop()
    pin.write_text("840516\n")
    other = Tpm(tmp_path / "other")
    replace(room, tpm.place, other.place)
    sealed_start(room)
    assert "made by another TPM" in waits_for(room)
    tpm.stop()
    other.stop()


# A new root key


def test_a_new_root_key_has_new_keys_made_outside(room, token, service):
    key_id, _ = room.add_key("gemini")
    configure(room, token.section("hsm", "seal-aes") + service.section())
    for name in ("hsm", "outside"):
        room.json("seal", "add", "external", "--name", name)
    before = {s["id"] for s in seals(room)}
    done = room.json("rewrap", "--root")
    assert sorted(s["detail"] for s in done["seals"]) == ["", "hsm", "outside"]
    assert not before & {s["id"] for s in done["seals"]}
    works(room, key_id)
    # What they opened before they open still, so R4 is not claimed.
    receipt = json.loads(room.cli("shred", "--tenant", "acme", "--json", expect=1).stdout)
    assert "held outside" in json.dumps(receipt)
    room.stop()
    hide_seal_file(room)
    service.forbid()
    room.start()  # by the token
    works(room, key_id)
