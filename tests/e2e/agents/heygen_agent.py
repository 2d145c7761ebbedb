"""HeyGen has no Python SDK: its REST API by the standard library, with HEYGEN_API_KEY and HEYGEN_API_BASE.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import os
import urllib.request

from report import equal, nonce, report

BASE = os.environ["HEYGEN_API_BASE"]


def call(url, data=None, kind=None):
    request = urllib.request.Request(
        url, data=data, headers={"X-Api-Key": os.environ["HEYGEN_API_KEY"]}
    )
    if kind:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def work():
    word = nonce()
    equal(call(f"{BASE}/v3/users/me")["data"]["username"], "standin")

    body = json.dumps({"title": word, "video_inputs": []}).encode()
    begun = call(f"{BASE}/v2/video/generate", body, "application/json")
    video = {}
    for _ in range(10):
        video = call(f"{BASE}/v1/video_status.get?video_id={begun['data']['video_id']}")["data"]
        if video["status"] == "completed":
            break
    equal((video["status"], video["title"]), ("completed", word))

    octets = (word * 40_000).encode()
    asset = call(
        BASE.removesuffix("/heygen") + "/heygen@upload.heygen.com/v1/asset", octets, "image/png"
    )
    equal(asset["data"]["meta"], hashlib.sha256(octets).hexdigest())
    return {"video": video["status"], "asset": asset["data"]["id"]}


report(["HEYGEN_API_KEY"], work)
