"""A stand-in of AWS KMS, for tests. **This is not KMS.**

Written from the public documentation (Encrypt and Decrypt by JSON 1.1, Signature Version 4) as far as Strongroom needs it; every answer
carries `x-strongroom-standin: 1`. It really encrypts, bound to the encryption context, and really verifies each signature: by botocore's
signer, which is AWS's own and nothing of ours. SPDX-License-Identifier: Apache-2.0
"""

import base64
import datetime
import json
import os
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w{64})")
MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-target", "content-type"}


class Kms:
    def __init__(self, region="eu-central-1"):
        self.region = region
        self.access_key, self.secret_key, self.session_token = "AKIAIOSFODNN7STANDIN", "wJalrXUtnFEMI/K7MDENG/bPxRfiSTANDINKEY1", None
        self.key = f"arn:aws:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        self._material = AESGCM(AESGCM.generate_key(256))
        self.failure = None  # (status, type)
        self.echo = None  # octets to answer instead of any other
        self.offset = datetime.timedelta()  # of its clock
        self.calls, self.contexts = [], []

    def credentials(self, profile="default"):
        token = f"aws_session_token = {self.session_token}\n" if self.session_token else ""
        return (
            f"[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n\n# of the test\n[{profile}]\n"
            f"aws_access_key_id = {self.access_key}\naws_secret_access_key = {self.secret_key}\n{token}"
        )

    def answer(self, request):
        method, path, headers, body = request
        status, document = self.failure or self._answer(method, path, headers, body)
        if status != 200:
            document = {"__type": document, "message": "said by the stand-in"}
        said = self.echo if self.echo is not None else json.dumps(document).encode()
        return status, {"Content-Type": "application/x-amz-json-1.1", "x-strongroom-standin": "1"}, said

    def _signature_is_right(self, method, path, headers, body):
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if not found:
            return "IncompleteSignature"
        access_key, day, region, service, names, signature = found.groups()
        if access_key != self.access_key or headers.get("x-amz-security-token") != self.session_token:
            return "UnrecognizedClientException"
        date = headers["x-amz-date"]
        time = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + self.offset
        signed = names.split(";")
        wanted = MUST_BE_SIGNED | ({"x-amz-security-token"} if self.session_token else set())
        if (region, service) != (self.region, "kms") or abs(now - time) > datetime.timedelta(minutes=5) or day != date[:8]:
            return "InvalidSignatureException"
        if not wanted <= set(signed) or signed != sorted(signed):
            return "InvalidSignatureException"
        theirs = AWSRequest(method, f"https://{headers['host']}{path}", {name: headers[name] for name in signed}, body)
        theirs.context["timestamp"] = date
        signer = SigV4Auth(Credentials(access_key, self.secret_key, self.session_token), service, region)
        right = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
        return None if right == signature else "InvalidSignatureException"

    def _answer(self, method, path, headers, body):
        if wrong := self._signature_is_right(method, path, headers, body):
            return 400, wrong
        target, asked = headers.get("x-amz-target", ""), json.loads(body)
        self.calls.append(target)
        if (method, path) != ("POST", "/") or headers.get("content-type") != "application/x-amz-json-1.1":
            return 400, "SerializationException"
        if asked["KeyId"] != self.key:
            return 400, "NotFoundException"
        self.contexts.append(asked["EncryptionContext"])
        context = json.dumps(asked["EncryptionContext"], sort_keys=True).encode()
        if target == "TrentService.Encrypt":
            nonce = os.urandom(12)
            blob = nonce + self._material.encrypt(nonce, base64.b64decode(asked["Plaintext"], validate=True), context)
            return 200, {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": self.key}
        if target == "TrentService.Decrypt":
            blob = base64.b64decode(asked["CiphertextBlob"], validate=True)
            try:
                plain = self._material.decrypt(blob[:12], blob[12:], context)
            except InvalidTag:
                return 400, "InvalidCiphertextException"
            return 200, {"Plaintext": base64.b64encode(plain).decode(), "KeyId": self.key}
        return 400, "UnknownOperationException"
