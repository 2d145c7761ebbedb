"""kill -9 of vault and gateway at random points during add, rotate, revoke and run, again and again.

After each restart: what was acknowledged is there, what was revoked stays revoked, and what was in flight is either wholly
done or not at all. STRONGROOM_KILLS says how often (200); STRONGROOM_SEED repeats a run. SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import os
import random
import subprocess
import time

import pytest

from support.room import PROGRAMS
from support.waiting import until

KILLS = int(os.environ.get("STRONGROOM_KILLS", "200"))
CALL = (
    'curl -sf -o /dev/null -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"'
)


class Model:
    """What must be true of every key, from the acknowledgements alone."""

    def __init__(self):
        self.keys = (
            {}
        )  # id -> {"label", "least": acknowledged version, "most": with what was in flight, "revoked", "versions"}
        self.acknowledged = collections.Counter()
        self.interrupted = collections.Counter()
        self.taken = set()  # ids that an operation of the current round changes
        self.in_doubt = {}  # label -> value, of adds that were not acknowledged

    def active(self):
        return [key_id for key_id, key in self.keys.items() if key["revoked"] == "no"]

    def check(self, listed):
        seen = {key["id"]: key for key in listed}
        for key_id, wanted in self.keys.items():
            assert key_id in seen, f"an acknowledged key is gone: {wanted}"
            found = seen[key_id]
            assert wanted["least"] <= found["version"] <= wanted["most"], (wanted, found)
            if wanted["revoked"] == "yes":
                assert found["state"] == "revoked", f"a revoked key has come back: {found}"
            elif wanted["revoked"] == "no":
                assert found["state"] == "active", (wanted, found)
            else:
                wanted["revoked"] = "yes" if found["state"] == "revoked" else "no"
            wanted["least"] = wanted["most"] = found["version"]
        for key_id, found in seen.items():
            if key_id in self.keys:
                continue
            assert found["label"] in self.in_doubt, f"nobody asked for this key: {found}"
            value = self.in_doubt.pop(found["label"])
            assert (found["version"], found["state"]) == (1, "active"), f"half an add: {found}"
            self.keys[key_id] = {
                "label": found["label"],
                "least": 1,
                "most": 1,
                "revoked": "no",
                "versions": {1: value},
            }
        self.in_doubt.clear()


class Operation:
    """One command under way; `done` tells the model what came of it."""

    def __init__(self, room, model, kind, chance):
        self.model, self.kind, self.value, self.key_id = model, kind, None, None
        arguments, text = getattr(self, f"_{kind}")(room, chance)
        at = arguments.index("--") if "--" in arguments else len(arguments)
        command = [
            str(PROGRAMS / "strongroom"),
            *arguments[:at],
            "--json",
            "--data",
            str(room.data),
            *arguments[at:],
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=room.environment,
            cwd=room.folder,
        )
        self.process.stdin.write(text.encode())
        self.process.stdin.close()
        self.process.stdin = None

    def _add(self, room, chance):
        self.label, self.value = f"k{chance.getrandbits(48):012x}", room.canaries.new("gemini")
        self.model.in_doubt[self.label] = self.value
        room.standins.accept("gemini", self.value)
        return [
            "key",
            "add",
            "gemini",
            "--tenant",
            "acme",
            "--label",
            self.label,
        ], self.value + "\n"

    def _take(self, chance):
        """A key that no other operation of this round changes: what two concurrent changes leave is another matter."""
        chosen = chance.choice([key for key in self.model.active() if key not in self.model.taken])
        self.model.taken.add(chosen)
        return chosen

    def _rotate(self, room, chance):
        self.key_id, self.value = self._take(chance), room.canaries.new("gemini")
        room.standins.accept("gemini", self.value)
        key = self.model.keys[self.key_id]
        key["most"] += 1
        key["versions"][key["most"]] = self.value
        return ["key", "rotate", self.key_id], self.value + "\n"

    def _revoke(self, room, chance):
        self.key_id = self._take(chance)
        self.model.keys[self.key_id]["revoked"] = "maybe"
        return ["key", "revoke", self.key_id], ""

    def _run(self, room, chance):
        label = self.model.keys[chance.choice(self.model.active())]["label"]
        return [
            "run",
            "--tenant",
            "acme",
            "--member",
            "alice",
            "--service",
            f"gemini:{label}",
            "--",
            "/bin/sh",
            "-c",
            CALL,
        ], ""

    def finish(self):
        output, _ = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            self.model.interrupted[self.kind] += 1
            return
        self.model.acknowledged[self.kind] += 1
        if self.kind == "add":
            key_id = json.loads(output)["id"]
            self.model.in_doubt.pop(self.label, None)
            self.model.keys[key_id] = {
                "label": self.label,
                "least": 1,
                "most": 1,
                "revoked": "no",
                "versions": {1: self.value},
            }
        elif self.kind == "rotate":
            key = self.model.keys[self.key_id]
            key["least"] = key["most"]
        elif self.kind == "revoke":
            self.model.keys[self.key_id]["revoked"] = "yes"


def strike(room, chance):
    """Kills without a warning after a random while; now and then already while the server starts."""
    time.sleep(chance.uniform(0, chance.choice([0.02, 0.04, 0.12])))
    room.kill9()


def one_round(room, model, chance):
    kinds = ["add"]
    model.taken.clear()
    for kind in ("rotate", "revoke", "run", "add"):
        if len(model.active()) > 4 and chance.random() < 0.6:
            kinds.append(kind)
    chance.shuffle(kinds)
    operations = [Operation(room, model, kind, chance) for kind in kinds[:4]]
    # On a busy machine a moment picked from the clock alone comes before most of them have begun: now and then one that is of
    # the kind that was done least comes first.
    if chance.random() < 0.4:
        rarest = min(operations, key=lambda each: model.acknowledged[each.kind])
        rarest.process.wait(timeout=60)
    strike(room, chance)
    for operation in operations:
        operation.finish()


@pytest.mark.timeout(1200)
def test_kill9_at_random_points(make_room, standins):
    seed = int(os.environ.get("STRONGROOM_SEED", time.time_ns() % 1_000_000))
    print(f"STRONGROOM_SEED={seed}")
    chance = random.Random(seed)
    room = make_room().people()
    model = Model()
    for _ in range(KILLS):
        one_round(room, model, chance)
        if chance.random() < 0.1:
            room.launch()
            strike(room, chance)
        room.start()
        model.check(room.json("key", "list", "--tenant", "acme"))
    print(f"acknowledged {dict(model.acknowledged)}, interrupted {dict(model.interrupted)}")
    for kind in ("add", "rotate", "revoke", "run") if KILLS >= 100 else ():
        assert model.acknowledged[kind] > 5 and model.interrupted[kind] > 5, "the kills hit nothing"
    room.cli("audit", "verify")
    prove_values(room, model, standins, chance)


def prove_values(room, model, standins, chance):
    """The surviving version of a key opens to the value that was acknowledged for it; a revoked one to nothing."""
    for key_id in chance.sample(model.active(), min(10, len(model.active()))):
        key = model.keys[key_id]
        standins.keys("gemini", accepted=[key["versions"][key["least"]]])
        room.run([f"gemini:{key['label']}"], ["/bin/sh", "-c", CALL])
    revoked = [key for key in model.keys.values() if key["revoked"] == "yes"]
    assert revoked
    for key in revoked[:10]:
        done = room.run([f"gemini:{key['label']}"], ["/bin/sh", "-c", CALL], expect=None)
        assert done.returncode in (3, 4), done.stderr
    until(lambda: standins.violations() == [], 1, "nothing wrong was sent")
