"""One request over HTTP/2 whose body goes on when the test says so. SPDX-License-Identifier: Apache-2.0"""

import h2.config
import h2.connection

from support.ingresses import Answered, Asked, Http2Mixin


class SlowUpload:
    def __init__(self, ingress, headers, path="/v1/slow"):
        asked = Asked(path, method="POST", headers=headers)
        self._connection = ingress.connect(asked)
        self._connection.settimeout(60)
        config = h2.config.H2Configuration(header_encoding="latin1")
        self._session = h2.connection.H2Connection(config)
        self._session.initiate_connection()
        self._session.send_headers(1, ingress._fields(asked))
        self._flush()

    def send(self, octets):
        """Less than a window."""
        size = self._session.max_outbound_frame_size
        for start in range(0, len(octets), size):
            self._session.send_data(1, octets[start : start + size])
        self._flush()

    def end(self, trailers=()):
        if trailers:
            self._session.send_headers(1, list(trailers), end_stream=True)
        else:
            self._session.end_stream(1)
        self._flush()

    def answer(self):
        answered = Answered()
        while octets := self._connection.recv(65536):
            for event in self._session.receive_data(octets):
                if Http2Mixin._take(event, answered, self._session, None):
                    return answered
            self._flush()
        answered.reset = True
        return answered

    def leave(self):
        self._connection.close()

    def _flush(self):
        self._connection.sendall(self._session.data_to_send())
