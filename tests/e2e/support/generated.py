"""Requests made from the OpenAPI document: right ones, as far as the document says what is right, and wrong ones.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import json

TEXTS = ["", "a", "x" * 300, "../../etc/passwd", "a\u0000b", "\u202egnp.exe", "'; drop table keys; --", "💣" * 40, "-1", "\n\r", "<b>", "%00", "ten_", "k" * 70000]
NUMBERS = [0, -1, 1, 2**31, 2**53, -(2**63), 2**64, 1e308, 0.5, 10**30]
ODD = [None, True, [], {}, "text", 7, [[[[]]]], {"a": {"b": {"c": {}}}}, ["", None]]


class Generated:
    """`known`: words that mean something to this server, by the name of a member or parameter."""

    def __init__(self, document, chance, known):
        self.document, self.chance, self.known = document, chance, known

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def value(self, schema, name=""):
        """What the schema allows, and mostly what means something."""
        chance, schema = self.chance, self.resolved(schema)
        if "enum" in schema:
            return chance.choice(schema["enum"])
        kind = schema.get("type", "string")
        if isinstance(kind, list):
            kind = chance.choice(kind)
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self.value(schema["items"], name) for _ in range(chance.randrange(3))]
        if kind == "boolean":
            return chance.random() < 0.5
        if kind in ("integer", "number"):
            least = schema.get("minimum", 0)
            return chance.randint(least, min(schema.get("maximum", 100_000), least + 100_000))
        if kind == "null":
            return None
        if schema.get("format") == "date-time":
            return f"20{chance.randrange(20, 60)}-0{chance.randrange(1, 10)}-1{chance.randrange(10)}T00:00:00Z"
        if name in self.known and chance.random() < 0.9:
            return chance.choice(self.known[name])
        return chance.choice([text for text in TEXTS if len(text) < 400] + ["plain", "a-name", "0123456789abcdef"])

    def _object(self, schema):
        chance, members = self.chance, schema.get("properties", {})
        needed = schema.get("required", [])
        out = {name: self.value(each, name) for name, each in members.items() if name in needed or chance.random() < 0.4}
        if isinstance(schema.get("additionalProperties"), dict):
            for _ in range(chance.randrange(3)):
                name = chance.choice(self.known.get("settings", []) + ["host", "a", ""])
                out[name] = self.value(schema["additionalProperties"], name)
        return out

    def broken(self, value):
        """The same with something in it that is another thing."""
        chance, value = self.chance, copy.deepcopy(value)
        if not isinstance(value, dict) or not value or chance.random() < 0.2:
            return chance.choice(ODD)
        name = chance.choice(list(value))
        what = chance.randrange(6)
        if what == 0:
            del value[name]
        elif what == 1:
            value["no such member"] = chance.choice(ODD)
        elif what == 2 and isinstance(value[name], dict):
            value[name] = self.broken(value[name])
        elif what == 3:
            value[name] = chance.choice(NUMBERS)
        elif what == 4:
            value[name] = chance.choice(TEXTS)
        else:
            value[name] = chance.choice(ODD)
        return value

    def body(self, operation):
        """Octets and their content type, or none."""
        chance = self.chance
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return (None, None) if chance.random() < 0.8 else (b"{}", "application/json")
        value = self.value(content["application/json"]["schema"])
        if chance.random() < 0.5:
            value = self.broken(value)
        octets = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
        what = chance.randrange(14)
        if what == 0:
            return octets[: chance.randrange(len(octets) + 1)], "application/json"
        if what == 1:
            return b"[" * 5000, "application/json"
        if what == 2:
            return bytes(chance.randbytes(50)), "application/json"
        if what == 3:
            return octets, chance.choice(["text/plain", "application/json; charset=utf-16", "", "multipart/form-data"])
        if what == 4 and octets.startswith(b"{") and len(octets) > 2:
            return b'{"tenant":"acme",' + octets[1:], "application/json"  # perhaps a name twice
        return octets, "application/json"

    def parameters(self, operation):
        """(of the path, of the query, of the head)."""
        out = {"path": {}, "query": [], "header": {}}
        for each in operation.get("parameters", []):
            if each["in"] != "path" and not each["required"] and self.chance.random() < 0.5:
                continue
            value = self.value(each["schema"], each["name"])
            if self.chance.random() < 0.15:
                value = self.chance.choice(TEXTS[:-1])
            if each["in"] == "query":
                out["query"].append((each["name"], str(value)))
                if self.chance.random() < 0.05:
                    out["query"].append((each["name"], "again"))
            else:
                out[each["in"]][each["name"]] = str(value)
        if self.chance.random() < 0.1:
            out["query"].append(("no-such-parameter", "x"))
        return out["path"], out["query"], out["header"]
