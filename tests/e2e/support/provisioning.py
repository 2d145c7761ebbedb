"""An identity provider's SCIM client: what Okta, Entra ID and the like send, as they send it.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import urllib.parse

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Scim:
    def __init__(self, room, token):
        self.room, self.token = room, token

    def call(self, method, path, body=None, **headers):
        """(status, document). Headers by their names with underscores; None leaves one out."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.room.endpoints["control"], timeout=60)
        connection.request(method, f"/scim/v2/{path}", octets, sent)
        answer = connection.getresponse()
        content = answer.read()
        self.headers = answer.headers
        connection.close()
        return answer.status, json.loads(content) if content else None

    def done(self, method, path, body=None, **headers):
        status, document = self.call(method, path, body, **headers)
        assert status < 300, (method, path, status, document)
        return document

    def refused(self, method, path, body=None, **headers):
        """(status, scimType)"""
        status, document = self.call(method, path, body, **headers)
        assert status >= 400 and document["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"], document
        assert document["status"] == str(status) and document["detail"]
        return status, document.get("scimType")

    def user(self, user_name, external_id=None, **more):
        body = {"schemas": [USER], "userName": user_name, "active": True, **more}
        if external_id:
            body["externalId"] = external_id
        return self.done("POST", "Users", body)

    def group(self, name, *members, **more):
        return self.done("POST", "Groups", {"schemas": [GROUP], "displayName": name, "members": [{"value": each["id"]} for each in members], **more})

    def patch(self, path, *operations):
        return self.done("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def join(self, group, *users):
        self.patch(f"Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": each["id"]} for each in users]})

    def leave(self, group, user):
        self.patch(f"Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{user["id"]}"]'})

    def found(self, resources, wanted):
        return self.done("GET", f"{resources}?filter={urllib.parse.quote(wanted)}")["Resources"]


def provisioned_by(room, name="corp", tenant="acme"):
    """Its client, with a token that has just been made."""
    return Scim(room, room.json("provisioning", "start", "--tenant", tenant, name)["token"])
