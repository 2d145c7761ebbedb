"""openai: chat stream, file upload, models. Configured by OPENAI_API_KEY and OPENAI_BASE_URL alone.

SPDX-License-Identifier: Apache-2.0
"""

from openai import OpenAI

from report import equal, nonce, report


def work():
    client = OpenAI()
    word = nonce()
    stream = client.chat.completions.create(
        model="standin", stream=True, messages=[{"role": "user", "content": word}]
    )
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    equal(streamed, f"openai stand-in heard: {word}")

    octets = word.encode() * 200_000
    file = client.files.create(file=(f"{word}.jsonl", octets), purpose="batch")
    equal((file.bytes, file.filename), (len(octets), f"{word}.jsonl"))

    equal(client.models.list().data[0].id, "standin")
    return {"streamed": streamed, "uploaded": file.bytes}


report(["OPENAI_API_KEY"], work)
