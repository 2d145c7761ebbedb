#!/usr/bin/env python3
"""Records and segments as docs/formats say, written a second time, in Python with `cryptography`, for vectors and their test.

Run it to print record.json anew. SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Refused(Exception):
    pass


def blob(octets):
    return struct.pack(">I", len(octets)) + octets


def _keys(key, salt, context):
    """Subkey and commitment."""
    info = blob(b"strongroom record v1") + blob(context)
    both = HKDF(hashes.SHA256(), 64, salt, info).derive(key)
    return both[:32], both[32:]


def seal(key, context, plain, salt, nonce):
    subkey, commitment = _keys(key, salt, context)
    head = b"\x01\x01" + salt + commitment
    return head + nonce + AESGCM(subkey).encrypt(nonce, plain, blob(head) + blob(context))


def open_record(key, context, record):
    if len(record) < 94 or record[:2] != b"\x01\x01":
        raise Refused
    subkey, commitment = _keys(key, record[2:34], context)
    if commitment != record[34:66]:
        raise Refused
    try:
        return AESGCM(subkey).decrypt(record[66:78], record[78:], blob(record[:66]) + blob(context))
    except InvalidTag as wrong:
        raise Refused from wrong


def _nonce(number, is_last):
    return bytes(7) + struct.pack(">IB", number, is_last)


def seal_segments(key, pieces):
    return [AESGCM(key).encrypt(_nonce(i, i + 1 == len(pieces)), piece, b"") for i, piece in enumerate(pieces)]


def open_segments(key, segments):
    try:
        return b"".join(
            AESGCM(key).decrypt(_nonce(i, i + 1 == len(segments)), piece, b"") for i, piece in enumerate(segments)
        )
    except InvalidTag as wrong:
        raise Refused from wrong


def _some(what, size):
    """Octets that are the same each time."""
    return hashlib.shake_256(what.encode()).digest(size)


def _flipped(octets, place):
    return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]


def _records():
    key, context = _some("key", 32), blob(b"key") + blob(_some("tenant", 16)) + blob(_some("id", 16))
    other_key, other_context = _some("other key", 32), blob(b"key") + blob(_some("tenant", 16)) + blob(_some("other", 16))
    salt, nonce = _some("salt", 32), _some("nonce", 12)

    def case(what, record, plain, key=key, context=context):
        plain = None if plain is None else plain.hex()
        return {"what": what, "key": key.hex(), "context": context.hex(), "record": record.hex(), "plain": plain}

    for size in (0, 1, 15, 16, 17, 39, 256, 4096):
        plain = _some(f"plain {size}", size)
        yield case(f"{size} octets", seal(key, context, plain, _some(f"salt {size}", 32), _some(f"nonce {size}", 12)), plain)
    good = seal(key, context, _some("plain", 39), salt, nonce)
    yield case("no context", seal(key, b"", b"x", salt, nonce), b"x", context=b"")
    yield case("another key", good, None, key=other_key)
    yield case("another place", good, None, context=other_context)
    yield case("no place", good, None, context=b"")
    for name, place in (("format", 0), ("suite", 1), ("salt", 2), ("commitment", 34), ("nonce", 66), ("ciphertext", 78), ("tag", len(good) - 1)):
        yield case(f"a bit of the {name} changed", _flipped(good, place), None)
    for place in (0, 1, 93, len(good) - 1):
        yield case(f"cut off after {place} octets", good[:place], None)
    yield case("an octet more", good + b"\0", None)
    # All of it right under one key, with the commitment to another: it must open under neither.
    foreign = seal(other_key, context, _some("plain", 39), salt, nonce)
    mixed = good[:66] + foreign[66:]
    yield case("the commitment of one key, the text of another", mixed, None)
    yield case("the commitment of one key, the text of another; by the other", mixed, None, key=other_key)
    subkey, _ = _keys(other_key, salt, context)
    head = good[:66]
    twice = head + nonce + AESGCM(subkey).encrypt(nonce, b"a second meaning", blob(head) + blob(context))
    yield case("a text that authenticates under the other key's subkey and this head", twice, None, key=other_key)
    yield case("the same by the key that the commitment is to", twice, None)


def _segments():
    key = _some("key of segments", 32)
    pieces = [_some("one", 70), _some("two", 70), b""]
    good = seal_segments(key, pieces)

    def case(what, segments, plain):
        return {"what": what, "key": key.hex(), "segments": [each.hex() for each in segments], "plain": plain and plain.hex()}

    yield case("one", seal_segments(key, pieces[:1]), pieces[0])
    yield case("three, the last one empty", good, b"".join(pieces))
    yield case("the last one cut off", good[:2], None)
    yield case("two in another order", [good[1], good[0], good[2]], None)
    yield case("one left out", [good[0], good[2]], None)
    yield case("one more behind the last", [*good, good[0]], None)
    yield case("a bit changed", [_flipped(good[0], 3), *good[1:]], None)


def vectors():
    return {
        "about": "Sealed records (src/crypto/record.h) and segments (src/crypto/segments.h) of Strongroom; octets in hex. plain null: must be refused.",
        "records": list(_records()),
        "segments": list(_segments()),
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1))
