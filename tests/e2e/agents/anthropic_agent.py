"""anthropic: messages, whole and streamed. Configured by ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL alone.

SPDX-License-Identifier: Apache-2.0
"""

import anthropic

from report import equal, nonce, report


def work():
    client = anthropic.Anthropic()
    word = nonce()
    ask = {
        "model": "claude-standin",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": word}],
    }
    whole = client.messages.create(**ask)
    equal(whole.content[0].text, f"anthropic stand-in heard: {word}")

    with client.messages.stream(**ask) as stream:
        streamed = "".join(stream.text_stream)
    equal(streamed, f"anthropic stand-in heard: {word}")
    return {"whole": whole.content[0].text, "streamed": streamed}


report(["ANTHROPIC_API_KEY"], work)
