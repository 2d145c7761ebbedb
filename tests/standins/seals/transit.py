"""A stand-in of the transit engine of OpenBao and Vault, for tests. **This is neither.**

Written from the public documentation of their HTTP API (transit: encrypt, decrypt, key versions and min_decryption_version; logins by
AppRole; namespaces) as far as Strongroom needs it; every answer carries `x-strongroom-standin: 1`. It really encrypts (AES-256-GCM, one
key a version), and knows its tokens. SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Transit:
    def __init__(self, key="strongroom", mount="transit", namespace=""):
        self.key, self.mount, self.namespace = key, mount, namespace
        self.versions = {1: AESGCM(AESGCM.generate_key(256))}
        self.min_decryption_version = 1
        self.tokens = {"hvs." + secrets.token_urlsafe(24)}
        self.roles = {}  # role id -> secret id
        self.is_sealed = False
        self.echo = None  # an answer to give instead of any other
        self.calls = []

    @property
    def token(self):
        return next(iter(self.tokens))

    def rotate(self):
        self.versions[max(self.versions) + 1] = AESGCM(AESGCM.generate_key(256))

    def answer(self, request):
        method, path, headers, body = request
        self.calls.append((method, path))
        status, document = self.echo or self._answer(method, path, headers, body)
        said = document if isinstance(document, bytes) else json.dumps(document).encode()
        return status, {"Content-Type": "application/json", "x-strongroom-standin": "1"}, said

    def _answer(self, method, path, headers, body):
        if self.is_sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if headers.get("x-vault-namespace", "") != self.namespace:
            return 404, {"errors": ["no handler for route"]}
        if method not in ("POST", "PUT") or headers.get("x-vault-request") != "true":
            return 400, {"errors": ["missing required header"]}
        asked = json.loads(body)
        if path == "/v1/auth/approle/login":
            return self._log_in(asked)
        if headers.get("x-vault-token") not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if path == f"/v1/{self.mount}/encrypt/{self.key}":
            return self._encrypt(base64.b64decode(asked["plaintext"], validate=True))
        if path == f"/v1/{self.mount}/decrypt/{self.key}":
            return self._decrypt(asked["ciphertext"])
        if path.startswith(f"/v1/{self.mount}/"):
            return 400, {"errors": ["encryption key not found"]}
        return 404, {"errors": []}

    def _log_in(self, asked):
        if self.roles.get(asked.get("role_id")) != asked.get("secret_id") or not asked.get("role_id"):
            return 400, {"errors": ["invalid role or secret ID"]}
        token = "hvs." + secrets.token_urlsafe(24)
        self.tokens.add(token)
        return 200, {"auth": {"client_token": token, "lease_duration": 60}}

    def _encrypt(self, plain):
        version, nonce = max(self.versions), os.urandom(12)
        sealed = base64.b64encode(nonce + self.versions[version].encrypt(nonce, plain, None)).decode()
        return 200, {"data": {"ciphertext": f"vault:v{version}:{sealed}", "key_version": version}}

    def _decrypt(self, text):
        start, version, sealed = text.split(":")
        version = int(version[1:])
        if start != "vault" or version not in self.versions:
            return 400, {"errors": ["invalid ciphertext: no prefix"]}
        if version < self.min_decryption_version:
            return 400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]}
        octets = base64.b64decode(sealed)
        try:
            plain = self.versions[version].decrypt(octets[:12], octets[12:], None)
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}
