"""An identity provider of a test's own, which says what the test wants, signed as the test wants.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hmac
import http.client
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.https_server import HttpsServer

HOST = "identity.standin.test"
ISSUER = f"https://{HOST}"
CLIENT = "strongroom"


def encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value, size=None):
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Keys:
    """One of each kind, and how each signs."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.pss = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()

    def published(self):
        numbers, point = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        raw = self.ed.public_key().public_bytes_raw()
        pss = self.pss.public_key().public_numbers()
        return [
            {"kty": "RSA", "kid": "r", "use": "sig", "n": number(numbers.n), "e": number(numbers.e)},
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)},
            {"kty": "OKP", "kid": "d", "crv": "Ed25519", "x": encoded(raw)},
            {"kty": "RSA", "kid": "p", "alg": "PS256", "n": number(pss.n), "e": number(pss.e)},
        ]

    def sign(self, algorithm, message):
        match algorithm:
            case "RS256":
                return self.rsa.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case "PS256":
                return self.pss.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
            case "ES256":
                r, s = decode_dss_signature(self.ec.sign(message, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case "EdDSA":
                return self.ed.sign(message)
            case "HS256":  # the public key taken for a secret
                public = self.rsa.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
                return hmac.digest(public, message, "sha256")
        return b""


class IdentityProvider:
    """Its host, port and authority are what a Room wants of stand-ins."""

    hosts = (HOST,)

    def __init__(self, folder, secret):
        self.secret, self.keys, self.tokens = secret, Keys(), {}
        self.description = {}
        self.holds, self.holding, self.released = False, 0, threading.Event()
        self.server = HttpsServer(folder, HOST, answer=self._answer)
        self.port, self.ca = self.server.port, self.server.ca

    def stop(self):
        self.server.stop()

    def accept(self, service, key):
        """Nobody shows it keys."""

    def describe(self, **changes):
        """What it says of itself from now on, with these differences; None leaves out."""
        said = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **changes,
        }
        self.description = {name: value for name, value in said.items() if value is not None}

    def _answer(self, request):
        method, path, _, body = request
        json_type = {"Content-Type": "application/json"}
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                return 200, json_type, json.dumps(self.description).encode()
            case "GET", "/keys":
                return 200, json_type, json.dumps({"keys": self.keys.published()}).encode()
            case "POST", "/token":
                form = dict(urllib.parse.parse_qsl(body.decode()))
                if self.holds:  # until the test says otherwise, or nobody waits any more
                    self.holding += 1
                    self.released.wait(60)
                token, asked = self.tokens.pop(form.get("code"), (None, None))
                digest = hashes.Hash(hashes.SHA256())
                digest.update(form.get("code_verifier", "").encode())
                proof = (encoded(digest.finalize()), form.get("redirect_uri"))
                if not token or proof != (asked["code_challenge"], asked["redirect_uri"]):
                    return 400, json_type, b'{"error":"invalid_grant"}'
                return 200, json_type, json.dumps({"access_token": "at", "token_type": "Bearer", "id_token": token}).encode()
        return 404, json_type, b"{}"

    def token(self, subject, algorithm="ES256", signer=None, header=None, **claims):
        now = int(time.time())
        said = {"iss": ISSUER, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, **claims}
        names = {"ES256": "e", "EdDSA": "d", "PS256": "p"}
        head = {"alg": algorithm, "typ": "JWT", "kid": names.get(algorithm, "r"), **(header or {})}
        parts = [
            encoded(json.dumps({name: value for name, value in part.items() if value is not None}).encode())
            for part in (head, said)
        ]
        message = ".".join(parts).encode()
        return f"{message.decode()}.{encoded((signer or self.keys).sign(algorithm, message))}"

    def logout_token(self, algorithm="ES256", signer=None, header=None, **claims):
        """Of a Back-Channel Logout; None leaves a claim out."""
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        said = {"jti": secrets.token_hex(8), "events": event, **claims}
        subject = said.pop("sub", None)
        return self.token(subject, algorithm, signer, {"typ": "logout+jwt", **(header or {})}, **said)

    def come(self, url, subject, **token):
        """What a browser brings back that went to `url` and is `subject` there."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert url.startswith(f"{ISSUER}/authorize?") and asked["code_challenge_method"] == "S256", url
        assert asked["redirect_uri"].endswith("/sign-in/callback") and asked["client_id"] == CLIENT, url
        code = f"code-{len(self.server.seen)}-{len(self.tokens)}-{asked['state'][:8]}"
        self.tokens[code] = (self.token(subject, **{"nonce": asked["nonce"], **token}), asked)
        return {"state": asked["state"], "value": code}


def add_provider(room, secret, *flags, name="corp", issuer=ISSUER, tenant="acme", expect=0):
    return room.cli(
        "identity-provider", "add", name, "--tenant", tenant, "--issuer", issuer, "--id", CLIENT, *flags,
        input=secret + "\n", expect=expect,
    )  # fmt: skip


def begin(browser, provider="corp", tenant="acme"):
    status, page = browser.call("POST", "/api/v1/sign-in/provider/request", {"tenant": tenant, "provider": provider})
    assert status == 201, page
    return page["url"]


def finish(browser, answer):
    return browser.call("POST", "/api/v1/sign-in/provider", answer)


def linking(browser, provider, subject):
    """What comes back, of who has signed in, from the page where an account there is linked."""
    status, page = browser.call("POST", "/api/v1/identities/request", {"provider": "corp"})
    assert status == 201, page
    return provider.come(page["url"], subject)


def link(browser, provider, subject):
    """An account there, of who has signed in; its id here."""
    status, identity = browser.call("POST", "/api/v1/identities", linking(browser, provider, subject))
    assert status == 201, identity
    return identity["id"]


def log_out(room, token, tenant="acme", provider="corp", kind="application/x-www-form-urlencoded"):
    """(status, answer) of what a provider sends by itself."""
    connection = http.client.HTTPConnection(room.endpoints["control"], timeout=60)
    form = urllib.parse.urlencode({"logout_token": token})
    body = form if kind.endswith("urlencoded") else json.dumps({"logout_token": token})
    connection.request("POST", f"/api/v1/sign-in/provider/logout/{tenant}/{provider}", body, {"Content-Type": kind})
    answer = connection.getresponse()
    document = json.loads(answer.read() or b"null")
    connection.close()
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, document
