"""What a browser and the console's page hold of a sign-in, without either: two cookies, and the page's half.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hmac
import http.client
import json
import time

PASSWORD = "correct horse battery staple"
ATTRIBUTES = {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"}


class Browser:
    def __init__(self, room):
        self.room, self.cookies, self.page_half = room, {}, None

    def call(self, method, path, body=None, **headers):
        """(status, answer). Headers by their names with underscores; None leaves out what would be sent."""
        sent = {"Content-Type": "application/json"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.page_half:
            sent["X-CSRF-Token"] = self.page_half
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        connection = http.client.HTTPConnection(self.room.endpoints["control"], timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        if answer.headers.get_content_type() == "text/event-stream":
            connection.close()
            return answer.status, None
        document = json.loads(answer.read() or b"null")
        connection.close()
        for given in answer.headers.get_all("Set-Cookie", []):
            self._keep(given)
        if answer.status == 201 and "csrf_token" in document:
            self.page_half = document["csrf_token"]
        return answer.status, document

    def _keep(self, given):
        pair, *attributes = given.split("; ")
        name, value = pair.split("=", 1)
        assert name.startswith("__Host-strongroom") and ATTRIBUTES <= set(attributes), given
        assert not any(each.startswith("Domain") for each in attributes), given
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def sign_in(self, member, password=PASSWORD, tenant="acme"):
        return self.call("POST", "/api/v1/sign-in", {"tenant": tenant, "member": member, "password": password})

    def accept(self, invitation, password=PASSWORD):
        return self.call("POST", "/api/v1/invitations/use", {"password": password}, Authorization=f"Bearer {invitation}")

    def invited(self, member, tenant="acme"):
        """Signed in by an invitation of the operator's."""
        invitation = self.room.json("member", "invite", "--tenant", tenant, member)["invitation"]
        status, answer = self.accept(invitation)
        assert status == 201, answer
        return self

    def me(self):
        return self.call("GET", "/api/v1/access")


def code_of(secret, steps=0):
    """RFC 6238, as an authenticator computes it."""
    message = (int(time.time()) // 30 + steps).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), message, "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
