"""Following the events of sessions, as a platform's own program would. SPDX-License-Identifier: Apache-2.0"""

import json
import urllib.request


class Follower:
    """A stream of `/api/v1/sessions/events`, or of one session; comments are left out."""

    def __init__(self, room, path="/api/v1/sessions/events", after=None, token=None):
        token = token or (room.data / "operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        if after is not None:
            headers["Last-Event-ID"] = after
        request = urllib.request.Request(f"http://{room.endpoints['control']}{path}", headers=headers)
        self._answer = urllib.request.urlopen(request, timeout=60)
        assert self._answer.headers["content-type"] == "text/event-stream"
        self.last_id = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._answer.close()

    def next(self):
        """The next event's document; None where the stream has ended in order."""
        fields = {}
        while line := self._answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            elif not line.strip() and "data" in fields:
                document = json.loads(fields["data"])
                assert fields["event"] == document["event"] and fields.get("id") == document.get("id")
                self.last_id = fields.get("id", self.last_id)
                return document
            elif not line.strip():
                fields = {}
        return None

    def until(self, kind):
        """All up to the next event of that kind, by their kinds; and that one."""
        seen = []
        while document := self.next():
            seen.append(document["event"])
            if document["event"] == kind:
                return seen, document
        raise AssertionError(f"the stream ended without {kind}: {seen}")

    def rest(self):
        """All that comes until the stream ends."""
        return list(iter(self.next, None))
