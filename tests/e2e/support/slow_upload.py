"""One request over HTTP/2 whose body goes on when the test says so. SPDX-License-Identifier: Apache-2.0"""

import h2.config
import h2.connection

from support.ingresses import Answered, Asked, Http2Mixin


class SlowUpload:
    def __init__(self, ingress, headers, path="/v1/slow"):
        asked = Asked(path, method="POST", headers=headers)
        self._connection = ingress.connect(asked)
        self._connection.settimeout(60)
        self._answered = Answered()
        config = h2.config.H2Configuration(header_encoding="latin1")
        self._session = h2.connection.H2Connection(config)
        self._session.initiate_connection()
        self._session.send_headers(1, ingress._fields(asked))
        self._flush()

    def send(self, octets):
        """As the gateway opens its window, so before any answer."""
        while octets:
            size = min(
                self._session.local_flow_control_window(1), self._session.max_outbound_frame_size
            )
            if size == 0:
                assert not self._take(), "an answer came while the body was not whole"
                continue
            self._session.send_data(1, octets[:size])
            octets = octets[size:]
            self._flush()

    def end(self, trailers=()):
        if trailers:
            self._session.send_headers(1, list(trailers), end_stream=True)
        else:
            self._session.end_stream(1)
        self._flush()

    def answer(self):
        while not self._take():
            pass
        return self._answered

    def leave(self):
        self._connection.close()

    def _take(self):
        """What comes next; true at the answer's end."""
        octets = self._connection.recv(65536)
        if not octets:
            self._answered.reset = True
            return True
        events = self._session.receive_data(octets)
        ended = [Http2Mixin._take(each, self._answered, self._session, None) for each in events]
        self._flush()
        return any(ended)

    def _flush(self):
        self._connection.sendall(self._session.data_to_send())
