"""Whoever has copies of the database and the keys of today: opens what opens, by docs/formats/keys-at-rest.md alone.

Written from the format, with another library than the vault's. SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import hmac
import sqlite3
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(key, salt, info, size):
    extracted = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    out, block, number = b"", b"", 0
    while len(out) < size:
        number += 1
        block = hmac.new(extracted, block + info + bytes([number]), hashlib.sha256).digest()
        out += block
    return out[:size]


def blob(octets):
    return struct.pack(">I", len(octets)) + octets


def text(words):
    return blob(words.encode())


def raw_id(words):
    """The 16 octets of `ten_...`."""
    letters = words.split("_")[1].upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def derived(root, purpose):
    return hkdf(root, b"", text("strongroom root v1") + text(purpose), 32)


def opened(key, context, record):
    """The plaintext, or nothing where this key and place are not the record's."""
    if len(record) < 94 or record[:2] != b"\x01\x01":
        return None
    keys = hkdf(key, record[2:34], text("strongroom record v1") + blob(context), 64)
    if keys[32:] != record[34:66]:
        return None
    try:
        return AESGCM(keys[:32]).decrypt(record[66:78], record[78:], blob(record[:66]) + blob(context))
    except InvalidTag:
        return None


class Copy:
    """One copy of the database, and what opens of it with the keys that are known."""

    def __init__(self, path):
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        database.row_factory = sqlite3.Row
        self.rows = {
            table: database.execute(f"select * from {table}").fetchall()
            for table in ("seals", "tenants", "epochs", "keys", "key_versions")
        }
        database.close()

    def open(self, file_keys, roots=(), tenant_keys=(), seeds=()):
        """Every key and value that opens, starting with these; keys of other copies may be given beside."""
        roots, tenant_keys, seeds = set(roots), set(tenant_keys), set(seeds)
        for seal in self.rows["seals"]:
            context = text("seal") + raw_id(seal["id"]) + text(seal["kind"]) + text(seal["parameters"])
            roots |= {opened(key, context, seal["wrapped_root"]) for key in file_keys} - {None}
        wrapping = [derived(root, "tenant keys") for root in roots]
        for tenant in self.rows["tenants"]:
            context = text("tenant key") + raw_id(tenant["id"])
            tenant_keys |= {opened(key, context, tenant["wrapped_key"]) for key in wrapping} - {None}
        for epoch in self.rows["epochs"]:
            context = text("epoch seed") + raw_id(epoch["tenant"]) + struct.pack(">q", epoch["number"])
            seeds |= {opened(key, context, epoch["wrapped_seed"]) for key in tenant_keys} - {None}
        values = {}
        keys = {key["id"]: key for key in self.rows["keys"]}
        for version in self.rows["key_versions"]:
            context = self._context(keys[version["key"]], version)
            for seed in seeds:
                value = opened(seed, context, version["record"])
                if value is not None:
                    values[version["key"], version["version"]] = value.decode()
        return {"roots": roots, "tenant_keys": tenant_keys, "seeds": seeds, "values": values}

    @staticmethod
    def _context(key, version):
        def number(value):
            return struct.pack(">Iq", 8, value)

        return (
            text("key version")
            + number(1)
            + blob(raw_id(key["tenant"]))
            + blob(raw_id(key["id"]))
            + number(version["version"])
            + number(key["home"])
            + blob(raw_id(key["owner"]) if key["owner"] else bytes(16))
            + text(key["service"])
            + number(key["delivery"])
            + number(version["epoch"])
            + number(version["not_after"])
        )


def file_key(path):
    """The key in a seal's file."""
    return bytes.fromhex(path.read_text().removeprefix("strongroom-seal-1 ").strip())
