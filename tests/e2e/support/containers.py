"""What is tried in a container of whichever runtime. SPDX-License-Identifier: Apache-2.0"""

from pathlib import Path

#: Each way in, and some that lead nowhere.
CURL = """
set -e
printf 'header = "x-goog-api-key: %s"\\n' "$GEMINI_API_KEY" > /tmp/header
url=https://generativelanguage.googleapis.com/v1beta/models
echo "base $(curl -sS --noproxy '*' -K /tmp/header -o /dev/null -w '%{http_code}' $STRONGROOM_GATEWAY/gemini/v1beta/models)"
echo "transparent $(curl -sS --noproxy '*' -K /tmp/header -o /dev/null -w '%{http_code}' $url)"
echo "proxy $(curl -sS -K /tmp/header -o /dev/null -w '%{http_code}' $url)"
echo "other $(curl -s -K /tmp/header -o /dev/null -w '%{http_connect}' https://example.com/ || true)"
echo "unknown $(getent hosts example.com || echo none)"
echo "control $(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' $CONTROL || true)"
"""

#: What a workroom might try with its process 1.
LOOK = """
for file in /proc/1/environ /proc/1/mem /proc/1/maps /proc/1/fd/3; do
  if cat $file >/dev/null 2>&1; then echo "$file can be read"; fi
done
for file in /run/strongroom/strongroom-init /run/strongroom/gateway/s /run/strongroom/gateway/x /run/strongroom/x; do
  if (echo > $file) 2>/dev/null; then echo "$file can be written"; fi
done
if /run/strongroom/strongroom-init --order /run/strongroom/order.sock 2>/dev/null; then echo "ordered again"; fi
ls /run/strongroom
kill -9 1
grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status | tr -s '[:space:]' ' '
"""

#: Processes that would like to outlive their workroom.
ESCAPE = """
(setsid sh -c 'trap "" TERM HUP; (sleep 600 &) ; sleep 600' &)
sh -c 'nohup sleep 600 >/dev/null 2>&1 &'
echo ready
exec sleep 600
"""


def folders(room):
    """Where each session with a container has its own."""
    return Path(room.environment["XDG_RUNTIME_DIR"]) / "strongroom"
