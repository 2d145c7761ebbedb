"""What a Git LFS server answers: the batch call, and each object by itself, all for one login.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json


class Lfs:
    def __init__(self, pair):
        self.wanted, self.objects, self.base = f"Basic {pair}", {}, ""

    def __call__(self, request):
        method, path, headers, body = request
        if headers.get("authorization") != self.wanted:
            return 401, {"LFS-Authenticate": 'Basic realm="lfs"'}, b"{}"
        if path.endswith("/objects/batch"):
            return self._batch(json.loads(body))
        if path.startswith("/locks") or path.endswith("/locks/verify"):
            return 404, {}, b"{}"
        name = path.rsplit("/", 1)[-1]
        if method == "PUT":
            assert hashlib.sha256(body).hexdigest() == name
            self.objects[name] = body
            return 200, {}, b""
        return 200, {"Content-Type": "application/octet-stream"}, self.objects[name]

    def _batch(self, asked):
        action = asked["operation"]
        answer = [
            {**each, "actions": {action: {"href": f"{self.base}/objects/{each['oid']}"}}}
            for each in asked["objects"]
        ]
        return (
            200,
            {"Content-Type": "application/vnd.git-lfs+json"},
            json.dumps({"transfer": "basic", "objects": answer}).encode(),
        )
