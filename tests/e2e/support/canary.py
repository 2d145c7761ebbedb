"""Canaries: random keys in the providers' shapes, and the search for them in every encoding.

All keys of the whole suite are canaries; `test_canary.py` looks for each of them in all that Strongroom leaves behind.
SPDX-License-Identifier: Apache-2.0
"""

import base64
import json
import os
import re
import secrets
import string
import urllib.parse
import uuid
from pathlib import Path

ALNUM = string.ascii_letters + string.digits


def _random(alphabet, length):
    return "".join(secrets.choice(alphabet) for _ in range(length))


SHAPES = {
    "gemini": lambda: "AIza" + _random(ALNUM + "_-", 35),
    "elevenlabs": lambda: "sk_" + secrets.token_hex(24),
    "heygen": lambda: f"sk_V2_hgu_{_random(ALNUM, 11)}_{_random(ALNUM, 32)}",
    "firecrawl": lambda: "fc-" + secrets.token_hex(16),
    "openai": lambda: "sk-proj-" + _random(ALNUM + "_-", 120),
    "anthropic": lambda: "sk-ant-api03-" + _random(ALNUM + "_-", 93) + "AA",
    "generic": lambda: "standin_" + _random(ALNUM, 40),
    "github": lambda: "ghp_" + _random(ALNUM, 36),
    "slack": lambda: "xoxp-" + _random(ALNUM, 40),
    "gitlab": lambda: "glpat-" + _random(ALNUM + "_-", 20),
    "npm": lambda: "npm_" + _random(ALNUM, 36),
    "pypi": lambda: "pypi-" + _random(ALNUM + "_-", 150),
    "docker": lambda: "dckr_pat_" + _random(ALNUM + "_-", 27),
    "gcp": lambda: "ya29." + _random(ALNUM + "_-", 120),
    "aws": lambda: _random(ALNUM + "+/", 40),
    "azure": lambda: _random(ALNUM, 3) + "8Q~" + _random(ALNUM + "_~.-", 34),
    "bitbucket": lambda: "ATATT3" + _random(ALNUM + "_=-", 180),
    "linear": lambda: "lin_api_" + _random(ALNUM, 40),
    "linear-login": lambda: "lin_oauth_" + _random(ALNUM, 64),
    "vertex": lambda: "AIza" + _random(ALNUM + "_-", 35),
    "mistral": lambda: _random(ALNUM, 32),
    "groq": lambda: "gsk_" + _random(ALNUM, 52),
    "replicate": lambda: "r8_" + _random(ALNUM + "_-", 37),
    "stability": lambda: "sk-" + _random(ALNUM, 48),
    "deepgram": lambda: secrets.token_hex(20),
    "assemblyai": lambda: secrets.token_hex(16),
    "runway": lambda: "key_" + secrets.token_hex(64),
    "luma": lambda: "luma-" + _random(ALNUM, 48),
    "fal": lambda: f"{uuid.uuid4()}:{secrets.token_hex(16)}",
    "perplexity": lambda: "pplx-" + _random(ALNUM, 48),
    "tavily": lambda: "tvly-" + _random(ALNUM, 32),
    "exa": lambda: str(uuid.uuid4()),
    "serpapi": lambda: secrets.token_hex(32),
    "brave": lambda: "BSA" + _random(ALNUM + "_-", 28),
    "cohere": lambda: _random(ALNUM, 40),
    "together": lambda: "tgp_v1_" + _random(ALNUM + "_-", 43),
    "openrouter": lambda: "sk-or-v1-" + secrets.token_hex(32),
    "xai": lambda: "xai-" + _random(ALNUM + "_", 80),
    "deepseek": lambda: "sk-" + secrets.token_hex(16),
    "git": lambda: "tok_" + _random(ALNUM, 40),
    "tailscale": lambda: "tskey-auth-" + _random(ALNUM, 40),
    "tailscale-client": lambda: f"tskey-client-k{_random(ALNUM, 10)}CNTRL-{_random(ALNUM, 32)}",
    # Passwords with characters that JSON, URLs and shells write in other ways.
    "password": lambda: f'{_random(ALNUM, 14)}"%/+\\ {_random(ALNUM, 14)}',
}


class Canaries:
    """Makes keys and remembers them until the end of the suite."""

    def __init__(self):
        self.all = {}
        self._patterns = []

    def new(self, shape):
        return self.watch(shape, SHAPES[shape]())

    def watch(self, shape, value):
        """One that was made elsewhere."""
        self.all[value] = shape
        # Added whole: the watcher reads the list from a thread of its own.
        self._patterns += [
            (f"{shape} as {encoding}", octets) for encoding, octets in encodings(value)
        ]
        return value

    def patterns(self):
        """[(name, octets)] of every encoding of every canary."""
        return list(self._patterns)


def encodings(value):
    """Every way in which `value` may have been written down; what stands around it is unknown."""
    raw = value.encode()
    found = {"raw": raw}
    for offset in range(3):
        # Only the characters that the value alone decides: others hold bits of its neighbours.
        first, last = -(-8 * offset // 6), 8 * (offset + len(raw)) // 6
        stable = base64.b64encode(b"\0" * offset + raw)[first:last]
        found[f"base64 at offset {offset}"] = stable
        found[f"base64url at offset {offset}"] = stable.translate(bytes.maketrans(b"+/", b"-_"))
    found["hex"] = raw.hex().encode()
    found["HEX"] = raw.hex().upper().encode()
    found["percent"] = urllib.parse.quote(value, safe="").encode()
    found["percent, form"] = urllib.parse.quote_plus(value, safe="").encode()
    found["percent, lower"] = re.sub(
        r"%..", lambda m: m[0].lower(), urllib.parse.quote(value, safe="")
    ).encode()
    found["percent, every octet"] = "".join(f"%{octet:02X}" for octet in raw).encode()
    found["JSON"] = json.dumps(value)[1:-1].encode()
    found["JSON, slashes escaped"] = json.dumps(value)[1:-1].replace("/", "\\/").encode()
    found["JSON, every character"] = "".join(f"\\u{ord(c):04x}" for c in value).encode()
    seen, unique = set(), []
    for encoding, octets in found.items():
        if octets not in seen:
            seen.add(octets)
            unique.append((encoding, octets))
    return unique


def search(octets, patterns):
    """Names of the patterns that stand in `octets`."""
    return [name for name, pattern in patterns if pattern in octets]


def files_with(patterns, *places):
    """Files, read while others write, rename and remove them, that hold one of the patterns."""
    found = []
    for place in map(Path, places):
        # Folders may vanish as well: Path.rglob() does not bear that.
        below = (Path(folder, name) for folder, _, names in os.walk(place) for name in names)
        for path in [place] if place.is_file() else below:
            try:
                if path.is_file() and not path.is_symlink() and search(path.read_bytes(), patterns):
                    found.append(path)
            except OSError:
                continue
    return found


def kept_in(room, *texts):
    """Files of a server, of its data directory and its log, that hold one of these as it is."""
    return files_with([("raw", text.encode()) for text in texts], room.data, room.folder / "serve.log")
