"""An authenticator and its browser (WebAuthn Level 2) that do what they are told, wrong things too.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PRESENT, VERIFIED, MAY_SYNC, HAS_CREDENTIAL, HAS_EXTENSIONS = 1, 4, 8, 64, 128


def text(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value):
    def head(kind, number):
        for code, size in ((None, 0), (24, 1), (25, 2), (26, 4)):
            if number < (24 if code is None else 256**size):
                return bytes([kind << 5 | (number if code is None else code)]) + (number.to_bytes(size) if size else b"")
        raise ValueError(number)

    match value:
        case bool():
            return bytes([0xF5 if value else 0xF4])
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case dict():
            return head(5, len(value)) + b"".join(cbor(each) for pair in value.items() for each in pair)
    raise TypeError(value)


class Authenticator:
    def __init__(self, origin, algorithm="ES256"):
        self.origin, self.algorithm = origin, algorithm
        self.id, self.counter, self.user = os.urandom(32), 0, None
        match algorithm:
            case "ES256":
                self.key = ec.generate_private_key(ec.SECP256R1())
            case "EdDSA":
                self.key = ed25519.Ed25519PrivateKey.generate()
            case "RS256":
                self.key = rsa.generate_private_key(65537, 2048)

    def cose(self):
        public = self.key.public_key()
        if self.algorithm == "EdDSA":
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        if self.algorithm == "RS256":
            return {1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: numbers.e.to_bytes(3)}
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}

    def sign(self, message):
        if self.algorithm == "EdDSA":
            return self.key.sign(message)
        if self.algorithm == "RS256":
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def client_data(self, kind, challenge, **changes):
        data = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin, "crossOrigin": False} | changes
        return json.dumps({name: value for name, value in data.items() if value is not None}).encode()

    def data(self, party, flags, more=b""):
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4) + more

    def make(self, request, name="a key", flags=PRESENT | VERIFIED | HAS_CREDENTIAL, party=None, cose=None, trailing=b"", format="none", **changes):
        """What a browser sends to have a passkey added."""
        self.user = request["user"]
        key = cbor(self.cose()) if cose is None else cose
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + key
        data = self.data(party or request["relying_party"], flags, credential + trailing)
        return {
            "name": name,
            "client_data": text(self.client_data("create", request["challenge"], **changes)),
            "attestation": text(cbor({"fmt": format, "attStmt": {}, "authData": data})),
        }

    def get(self, request, flags=PRESENT | VERIFIED, party=None, user=None, more=b"", **changes):
        """What a browser sends to sign in."""
        client_data = self.client_data("get", request["challenge"], **changes)
        data = self.data(party or request["relying_party"], flags, more)
        return {
            "credential": text(self.id),
            "user": user or self.user,
            "client_data": text(client_data),
            "authenticator_data": text(data),
            "signature": text(self.sign(data + hashlib.sha256(client_data).digest())),
        }
