"""A witness of the record: signs a checkpoint only where the tree has grown from the one before (C2SP tlog-witness), by an
implementation of its own of all that it checks. SPDX-License-Identifier: Apache-2.0
"""

import base64
import hashlib
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.https_server import HttpsServer

DASH = "\u2014 "


def _node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(old, old_root, size, root, proof):
    """By the definition, from the top: the proof's hashes are used up from its end."""
    proof = list(proof)

    def walk(first, count, is_whole):
        """(root of the old part, root of all) of a subtree that the old tree ends in."""
        if first == count:
            node = old_root if is_whole else proof.pop()
            return node, node
        split = 1 << ((count - 1).bit_length() - 1)
        if first <= split:
            right = proof.pop()
            before, after = walk(first, split, is_whole)
            return before, _node(after, right)
        left = proof.pop()
        before, after = walk(first - split, count - split, False)
        return _node(left, before), _node(left, after)

    if old == 0:
        return not proof
    try:
        return walk(old, size, True) == (old_root, root) and not proof
    except IndexError:
        return False


class Witness:
    def __init__(self, folder, name="witness.example/w1"):
        self._key = Ed25519PrivateKey.generate()
        self.name = name
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        typed = b"\x04" + public
        self._id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.verifier_key = f"{name}+{self._id.hex()}+{base64.b64encode(typed).decode()}"
        self.seen, self.signed, self.asked, self.broken, self.clock = {}, [], 0, None, 0
        self._server = HttpsServer(folder, "localhost", answer=self._answer)
        self.ca, self.url = self._server.ca, f"https://localhost:{self._server.port}/w"

    def trust(self, log_key):
        """The record's verifier key."""
        self._log_name, _, rest = log_key.strip().split("+", 2)
        self._log_id = bytes.fromhex(_)
        self._log_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(rest)[1:])

    def _answer(self, request):
        method, path, _, body = request
        self.asked += 1
        if (method, path) != ("POST", "/w/add-checkpoint"):
            return 404, {}, b""
        if self.broken is not None:
            return self.broken
        head, _, note = body.decode().partition("\n\n")
        first, *proof = head.split("\n")
        assert first.startswith("old ")
        return self._judge(int(first[4:]), [base64.b64decode(line) for line in proof], note)

    def _judge(self, old, proof, note):
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        origin, size, root, *_ = text.split("\n")
        if not self._is_signed(text, signatures):
            return 403, {}, b""
        size, root = int(size), base64.b64decode(root)
        if old > size:
            return 400, {}, b""
        known, known_root = self.seen.get(origin, (0, b""))
        if old != known:
            return 409, {"Content-Type": "text/x.tlog.size"}, f"{known}\n".encode()
        if known == size and known_root != root:
            return 409, {"Content-Type": "text/x.tlog.size"}, f"{known}\n".encode()
        if not is_consistent(known, known_root, size, root, proof):
            return 422, {}, b""
        self.seen[origin] = (size, root)
        self.signed.append(note)
        return 200, {}, self.cosignature(text).encode()

    def _is_signed(self, text, signatures):
        for line in signatures.splitlines():
            name, _, signature = line.removeprefix(DASH).partition(" ")
            octets = base64.b64decode(signature)
            if name == self._log_name and octets[:4] == self._log_id:
                try:
                    self._log_key.verify(octets[4:], text.encode())
                except InvalidSignature:
                    return False
                return True
        return False

    def cosignature(self, text):
        now = int(time.time()) + self.clock
        signature = self._key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        return f"{DASH}{self.name} {base64.b64encode(self._id + now.to_bytes(8, 'big') + signature).decode()}\n"

    def stop(self):
        self._server.stop()
