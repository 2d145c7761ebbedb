"""google-genai: generate, stream, embed, file upload. Configured by GEMINI_API_KEY and GOOGLE_GEMINI_BASE_URL alone.

SPDX-License-Identifier: Apache-2.0
"""

import io

from google import genai

from report import equal, nonce, report


def work():
    client = genai.Client()
    word = nonce()
    model = "gemini-standin"

    whole = client.models.generate_content(model=model, contents=f"whole {word}")
    equal(whole.text, f"gemini stand-in heard: whole {word}")

    chunks = [
        chunk.text or ""
        for chunk in client.models.generate_content_stream(model=model, contents=f"stream {word}")
    ]
    equal("".join(chunks), f"gemini stand-in heard: stream {word}")
    equal(len(chunks) > 1, True)

    embedded = client.models.embed_content(model="embedding-standin", contents=[word])
    equal(embedded.embeddings[0].values[0], len(word))

    # Over 8 MiB, so that the SDK sends more than one chunk; this SDK sends no key at all with them.
    octets = (f"upload {word} ".encode() * 600_000)[: 9 * 1024 * 1024]
    file = client.files.upload(
        file=io.BytesIO(octets), config={"mime_type": "text/plain", "display_name": word}
    )
    equal(file.size_bytes, len(octets))
    equal(client.files.get(name=file.name).display_name, word)
    return {"whole": whole.text, "chunks": len(chunks), "uploaded": file.size_bytes}


report(["GEMINI_API_KEY"], work)
