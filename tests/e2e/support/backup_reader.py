"""A second reader of backups, written from docs/formats/backup.md alone, with another library than the vault's.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.attacker import blob, derived, opened, raw_id, text

MAGIC = b"strongroom-backup-1\n"
SEGMENT = 65536


class Damaged(Exception):
    pass


def pieces(octets):
    """(head, the content's sealed key, [(the last?, segment)]); nothing is opened."""
    at = 0

    def take(size):
        nonlocal at
        if at + size > len(octets):
            raise Damaged("cut off")
        at += size
        return octets[at - size : at]

    number = lambda: struct.unpack(">I", take(4))[0]
    if take(len(MAGIC)) != MAGIC:
        raise Damaged("no backup")
    head, key, segments = take(number()), take(number()), []
    while not (segments and segments[-1][0]):
        mark = number()
        segments.append((bool(mark >> 31), take(mark & 0x7FFFFFFF)))
    if at != len(octets):
        raise Damaged("something follows")
    return head, key, segments


def joined(head, key, segments):
    frames = b"".join(struct.pack(">I", last << 31 | len(segment)) + segment for last, segment in segments)
    return MAGIC + blob(head) + blob(key) + frames


def root_of(head, file_keys):
    for seal in json.loads(head)["seals"]:
        context = text("seal") + raw_id(seal["id"]) + text(seal["kind"]) + text(seal["parameters"])
        for key in file_keys:
            if root := opened(key, context, base64.b64decode(seal["wrapped_root"])):
                return root
    raise Damaged("no seal opens")


def content(octets, file_keys):
    """The database."""
    head, sealed, segments = pieces(octets)
    context = text("backup") + blob(hashlib.sha256(head).digest())
    key = opened(derived(root_of(head, file_keys), "backup"), context, sealed)
    if key is None:
        raise Damaged("the head was changed")
    aead, database = AESGCM(key), b""
    for number, (last, segment) in enumerate(segments):
        database += aead.decrypt(bytes(7) + struct.pack(">IB", number, last), segment, None)
    if len(database) != json.loads(head)["octets"]:
        raise Damaged("another length")
    return database
