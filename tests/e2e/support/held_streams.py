"""Many streams of one HTTP/2 connection of an agent, held open. SPDX-License-Identifier: Apache-2.0"""

import ssl

import h2.config
import h2.connection
import h2.events

from support.ingresses import Asked


class HeldStreams:
    """`count` requests at once over one connection of `ingress`; their answers stay open.

    With a `body`, of less than a frame, they are POSTs.
    """

    def __init__(self, ingress, count, headers, path="/v1/held", body=None):
        asked = Asked(path, "GET" if body is None else "POST", headers, body)
        self._connection = ingress.connect(asked)
        self._connection.settimeout(60)
        config = h2.config.H2Configuration(header_encoding="latin1")
        self._session = h2.connection.H2Connection(config)
        self._session.initiate_connection()
        self._fields, self._body = ingress._fields(asked), body
        self.streams, self.statuses, self.ended = [], {}, {}
        self.begin(count)

    def begin(self, count):
        """So many more."""
        for _ in range(count):
            stream = 1 + 2 * len(self.streams)
            self._session.send_headers(stream, self._fields, end_stream=self._body is None)
            if self._body is not None:
                self._session.send_data(stream, self._body, end_stream=True)
            self.streams.append(stream)
        self._connection.sendall(self._session.data_to_send())

    def go_on(self, total):
        """Until so many were begun: a new one for each that ends."""
        most = len(self.streams)
        under_way = lambda: len(self.streams) - len(self.ended)
        while len(self.streams) < total:
            self._read_until(lambda: under_way() < most)
            self.begin(min(most - under_way(), total - len(self.streams)))

    def wait_for_heads(self):
        self._read_until(lambda: len(self.statuses) == len(self.streams))
        return list(self.statuses.values())

    def wait_for_ends(self):
        """How each ended: the code of its reset, or None."""
        self._read_until(lambda: len(self.ended) == len(self.streams))
        return list(self.ended.values())

    def _read_until(self, is_done):
        while not is_done():
            octets = self._connection.recv(65536)
            assert octets, "the gateway has ended the connection"
            for event in self._session.receive_data(octets):
                self._take(event)
            self._connection.sendall(self._session.data_to_send())

    def _take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.statuses[event.stream_id] = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.StreamReset):
            self.ended[event.stream_id] = int(event.error_code)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended[event.stream_id] = None

    def is_ended(self):
        """Has the gateway ended the connection? Does not wait."""
        self._connection.setblocking(False)
        try:
            while self._connection.recv(65536):
                pass
            return True
        except ssl.SSLWantReadError:
            return False
        except OSError:
            return True

    def close(self):
        try:
            self._connection.close()
        except ssl.SSLError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
