"""The product's cryptographic functions against vectors of others (NIST CAVP, Wycheproof, RFCs), and its records against a second
implementation (tests/vectors/sealed.py) and the published tests/vectors/record.json.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from support.room import PROGRAMS

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))
import sealed  # noqa: E402

WYCHEPROOF = "github.com/c2sp/wycheproof"
WYCHEPROOF_VERSION = "v0.0.0-20260902155932-3fa63dd0344a"
WYCHEPROOF_SUM = "h1:pNbL2nztRsWfW/ispAwsvcDFxs9Id38uIsR2/Up5G2c="


def ours(calls):
    """What our functions answer to (function, arguments...): octets are given as bytes or hex."""

    def word(each):
        return each.hex() or "-" if isinstance(each, bytes) else str(each) or "-"

    lines = "".join(" ".join(word(each) for each in call) + "\n" for call in calls)
    program = PROGRAMS / "tests" / "vectors" / "strongroom_primitives"
    done = subprocess.run([program], input=lines, capture_output=True, text=True, timeout=170, check=True)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(calls)
    return answers


def wrong(calls, expected):
    """The calls that are not answered as expected, which are none."""
    return [(call, want, got) for call, want, got in zip(calls, expected, ours(calls), strict=True) if got != (want or "-")]


def packaged(*path):
    return (resources.files("cryptography_vectors").joinpath(*path)).read_text()


def response_file(text):
    """Each test of a file in the form of CAVP, the names in brackets before it included: one ends where a name comes again."""
    section, case = {}, {}
    for line in map(str.strip, text.splitlines()):
        in_brackets = re.fullmatch(r"\[(\w+)\s*=\s*(\w+)\]", line)
        named = re.fullmatch(r"(\w+)\s*=\s*(\S*).*", line)
        if case and (in_brackets or (named and named[1] in case)):
            yield {**section, **case}
            case = {}
        if in_brackets:
            section[in_brackets[1]] = in_brackets[2]
        elif named:
            case[named[1]] = named[2]
        elif line == "FAIL":
            case["FAIL"] = True
    if case:
        yield {**section, **case}


def is_ours(case):
    return case["IVlen"] == "96" and case["Taglen"] == "128"


def test_gcm_opens_as_cavp_says():
    cases = [each for each in response_file(packaged("ciphers", "AES", "GCM", "gcmDecrypt256.rsp")) if is_ours(each)]
    assert len(cases) > 300 and any("FAIL" in each for each in cases)
    calls = [("gcm-open", each["Key"], each["IV"], each["AAD"], each["CT"] + each["Tag"]) for each in cases]
    assert wrong(calls, ["refused" if "FAIL" in each else each["PT"] for each in cases]) == []


def test_gcm_seals_as_cavp_says():
    cases = [each for each in response_file(packaged("ciphers", "AES", "GCM", "gcmEncryptExtIV256.rsp")) if is_ours(each)]
    assert len(cases) > 300
    calls = [("gcm-seal", each["Key"], each["IV"], each["AAD"], each["PT"]) for each in cases]
    assert wrong(calls, [each["CT"] + each["Tag"] for each in cases]) == []


def test_sha256_as_cavp_says():
    cases = []
    for name in ("SHA256ShortMsg.rsp", "SHA256LongMsg.rsp"):
        cases += [each for each in response_file(packaged("hashes", "SHA2", name)) if "MD" in each]
    assert len(cases) > 100
    calls = [("sha256", each["Msg"] if each["Len"] != "0" else "") for each in cases]
    assert wrong(calls, [each["MD"] for each in cases]) == []


def test_hmac_and_hkdf_of_the_rfcs():
    blocks = [each for each in response_file(packaged("HMAC", "rfc-4231-sha256.txt")) if "MD" in each]
    calls = [("hmac-sha256", each["Key"], each["Msg"]) for each in blocks]
    assert len(blocks) >= 5 and wrong(calls, [each["MD"] for each in blocks]) == []
    cases = [each for each in response_file(packaged("KDF", "rfc-5869-HKDF-SHA256.txt")) if "IKM" in each]
    calls = [("hkdf-sha256", each["IKM"], each.get("salt", ""), each.get("info", ""), each["L"]) for each in cases]
    assert len(cases) >= 3 and wrong(calls, [each["OKM"] for each in cases]) == []


def test_ed25519_of_its_authors():
    """sign.input: secret and public key, public key, message, signature and message."""
    lines = [line.split(":")[:4] for line in packaged("asymmetric", "Ed25519", "sign.input").splitlines()]
    assert len(lines) == 1024
    signing = [("ed25519-sign", secret[:64], message) for secret, _, message, _ in lines]
    assert wrong(signing, [signed[:128] for *_, signed in lines]) == []
    verifying = [("ed25519-verify", public, message, signed[:128]) for _, public, message, signed in lines]
    assert wrong(verifying, ["right"] * len(lines)) == []


@pytest.fixture(scope="module")
def wycheproof(tmp_path_factory):
    """Name of a file to its groups of tests. From Go's module proxy, held against the sum that is written here."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, which gets Wycheproof's files")
    folder = tmp_path_factory.mktemp("go")
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw"}
    command = ["go", "mod", "download", "-json", f"{WYCHEPROOF}@{WYCHEPROOF_VERSION}"]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=170)
    told = json.loads(done.stdout)
    assert told.get("Sum") == WYCHEPROOF_SUM, told
    files = Path(told["Dir"]) / "testvectors_v1"
    return lambda name: json.loads((files / name).read_text())["testGroups"]


def cases_of(groups):
    return [(group, test) for group in groups for test in group["tests"]]


def test_wycheproof_aes_gcm(wycheproof):
    cases = [
        (group, test)
        for group, test in cases_of(wycheproof("aes_gcm_test.json"))
        if (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)
    ]
    assert len(cases) > 50
    calls = [("gcm-open", test["key"], test["iv"], test["aad"], test["ct"] + test["tag"]) for _, test in cases]
    assert wrong(calls, [test["msg"] if test["result"] == "valid" else "refused" for _, test in cases]) == []
    valid = [test for _, test in cases if test["result"] == "valid"]
    calls = [("gcm-seal", test["key"], test["iv"], test["aad"], test["msg"]) for test in valid]
    assert wrong(calls, [test["ct"] + test["tag"] for test in valid]) == []


def test_wycheproof_hmac(wycheproof):
    cases = [(group, test) for group, test in cases_of(wycheproof("hmac_sha256_test.json")) if group["tagSize"] == 256]
    assert len(cases) > 50
    answers = ours([("hmac-sha256", test["key"], test["msg"]) for _, test in cases])
    for (_, test), answer in zip(cases, answers, strict=True):
        assert (answer == test["tag"]) == (test["result"] == "valid"), test


def test_wycheproof_hkdf(wycheproof):
    cases = [test for _, test in cases_of(wycheproof("hkdf_sha256_test.json")) if test["result"] == "valid"]
    assert len(cases) > 50
    calls = [("hkdf-sha256", test["ikm"], test["salt"], test["info"], test["size"]) for test in cases]
    assert wrong(calls, [test["okm"] for test in cases]) == []


def test_wycheproof_ed25519(wycheproof):
    cases = cases_of(wycheproof("ed25519_test.json"))
    assert len(cases) > 100
    calls = [("ed25519-verify", group["publicKey"]["pk"], test["msg"], test["sig"]) for group, test in cases]
    assert wrong(calls, ["right" if test["result"] == "valid" else "wrong" for _, test in cases]) == []


def judged(calls, cases):
    """Right where the vectors say valid, and never where they say otherwise; what they leave open may be either."""
    for call, (_, test), answer in zip(calls, cases, ours(calls), strict=True):
        assert test["result"] == "acceptable" or (answer == "right") == (test["result"] == "valid"), (call, test, answer)


def test_wycheproof_keys_of_passkeys_and_identity_providers(wycheproof):
    cases = cases_of(wycheproof("ed25519_test.json"))
    judged([("eddsa-verify", group["publicKey"]["pk"], test["msg"], test["sig"]) for group, test in cases], cases)
    cases = cases_of(wycheproof("ecdsa_secp256r1_sha256_test.json"))
    assert len(cases) > 300
    keys = [group["publicKey"]["uncompressed"][2:] for group, _ in cases]
    judged([("es256-verify", key[:64], key[64:], test["msg"], test["sig"]) for key, (_, test) in zip(keys, cases, strict=True)], cases)
    cases = [case for size in (2048, 3072, 4096) for case in cases_of(wycheproof(f"rsa_signature_{size}_sha256_test.json"))]
    assert len(cases) > 500
    numbers = [(group["publicKey"]["modulus"], group["publicKey"]["publicExponent"]) for group, _ in cases]
    judged([("rs256-verify", *key, test["msg"], test["sig"]) for key, (_, test) in zip(numbers, cases, strict=True)], cases)


def test_argon2id_as_another_library():
    calls, expected = [], []
    for i, (memory, passes, lanes) in enumerate(((8192, 1, 1), (8192, 3, 2), (16384, 2, 4), (65536, 3, 1))):
        passphrase, salt = b"correct horse %d" % i, bytes(range(i, i + 16))
        calls.append(("argon2id", passphrase, salt, memory, passes, lanes))
        made = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
        expected.append(made.derive(passphrase).hex())
    assert wrong(calls, expected) == []


def test_what_is_published_is_what_the_second_implementation_makes():
    assert json.loads((VECTORS / "record.json").read_text()) == sealed.vectors()


def by_the_other(function, *arguments):
    try:
        return function(*arguments).hex()
    except sealed.Refused:
        return "refused"


def test_published_records_and_segments_open_or_do_not_in_both():
    published = json.loads((VECTORS / "record.json").read_text())
    calls, expected, others = [], [], []
    for each in published["records"]:
        calls.append(("record-open", each["key"], each["context"], each["record"]))
        expected.append("refused" if each["plain"] is None else each["plain"])
        others.append(by_the_other(sealed.open_record, *(bytes.fromhex(each[name]) for name in ("key", "context", "record"))))
    for each in published["segments"]:
        calls.append(("segments-open", each["key"], *each["segments"]))
        expected.append("refused" if each["plain"] is None else each["plain"])
        others.append(by_the_other(sealed.open_segments, bytes.fromhex(each["key"]), [bytes.fromhex(one) for one in each["segments"]]))
    assert wrong(calls, expected) == [] and others == expected


def test_what_either_seals_the_other_opens():
    chance = random.Random(20261128)
    cases = [
        (chance.randbytes(32), chance.randbytes(chance.randrange(80)), chance.randbytes(chance.choice((0, 1, 16, 39, 500, 4096))))
        for _ in range(300)
    ]
    for (key, context, plain), record in zip(cases, ours([("record-seal", *each) for each in cases]), strict=True):
        assert sealed.open_record(key, context, bytes.fromhex(record)) == plain
    records = [sealed.seal(*each, chance.randbytes(32), chance.randbytes(12)) for each in cases]
    calls = [("record-open", key, context, record) for (key, context, _), record in zip(cases, records, strict=True)]
    assert wrong(calls, [plain.hex() for *_, plain in cases]) == []
