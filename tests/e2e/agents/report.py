"""What every agent script prints: one JSON line with what it got; exit code 0 only if all of it was right.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import secrets
import sys
import traceback


def report(held, work):
    """Runs `work`; `held` names the variables whose values (passes) the tests look for at the stand-ins."""
    line = {"ok": False, "held": {name: os.environ.get(name) for name in held}}
    try:
        line["results"] = work()
        line["ok"] = True
    except Exception:  # noqa: BLE001 - whatever went wrong is the report
        line["error"] = traceback.format_exc()
    print(json.dumps(line), flush=True)
    sys.exit(0 if line["ok"] else 1)


def nonce():
    return secrets.token_hex(5)


def equal(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"{seen!r} is not {wanted!r}")
