"""elevenlabs: voices, text to speech stream; websocket input by `websockets`.

The SDK reads no base-URL variable: this script hands over ELEVENLABS_BASE_URL. (Its own helper for the socket forces
TLS on the base URL's port; the same exchange goes over the plain port here.)
SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import json
import os

from elevenlabs.client import ElevenLabs
from websockets.sync.client import connect

from report import equal, nonce, report

BASE = os.environ["ELEVENLABS_BASE_URL"]


def starts(text):
    return hashlib.sha256(text.encode()).digest()[4:32]


def speak(voice, text):
    url = (
        BASE.replace("http", "ws", 1)
        + f"/v1/text-to-speech/{voice}/stream-input?model_id=eleven_standin"
    )
    audio, final = b"", False
    with connect(
        url, additional_headers={"xi-api-key": os.environ["ELEVENLABS_API_KEY"]}, proxy=None
    ) as socket:
        socket.send(json.dumps({"text": " ", "voice_settings": {"stability": 0.5}}))
        for word in text.split(" "):
            socket.send(json.dumps({"text": word + " "}))
        socket.send(json.dumps({"text": ""}))
        for message in socket:
            said = json.loads(message)
            audio += base64.b64decode(said["audio"] or "")
            final = final or said["isFinal"] is True
    equal(final, True)
    return audio


def work():
    client = ElevenLabs(base_url=BASE)
    word = nonce()
    voice = client.voices.get_all().voices[0].voice_id
    equal(voice, "standinvoice0000001")

    spoken = b"".join(
        client.text_to_speech.stream(voice_id=voice, text=word, model_id="eleven_standin")
    )
    equal(len(spoken), 48 * 1024)
    equal(spoken[4:32], starts(word))

    socket = speak(voice, f"over a socket {word}")
    equal(socket[4:32], starts(f"over a socket {word}"))
    return {"voice": voice, "spoken": len(spoken), "socket": len(socket)}


report(["ELEVENLABS_API_KEY"], work)
