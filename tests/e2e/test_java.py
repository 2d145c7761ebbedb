"""Java with a workroom's variables alone: unmodified clients, which read no proxy variable and know no credential for one.

SPDX-License-Identifier: Apache-2.0
"""

import json
import shutil
import subprocess

import pytest

from support.room import AGENTS
from support.waiting import until

GEMINI = "generativelanguage.googleapis.com"


def has_compiler():
    """`java FILE.java` needs one."""
    if shutil.which("java") is None:
        return False
    modules = subprocess.run(["java", "--list-modules"], capture_output=True, text=True, timeout=60)
    return "jdk.compiler" in modules.stdout


pytestmark = pytest.mark.skipif(not has_compiler(), reason="no Java with a compiler is installed")


def test_javas_own_clients(room):
    room.add_key("gemini")
    ask = (
        f'java "{AGENTS}/Ask.java" https://{GEMINI}/v1beta/models '
        f'"wss://{GEMINI}/standin/ws?interval_ms=5" x-goog-api-key "$GEMINI_API_KEY"'
    )
    done = room.run(["gemini"], ["/bin/sh", "-c", ask])
    assert done.stdout.splitlines() == [
        "HttpURLConnection 200",
        "HttpClient HTTP_2 200",
        "WebSocket message",
    ], done.stdout + done.stderr


ONE = """
class One {
  public static void main(String[] a) throws Exception {
    System.out.println(System.getProperty("mine") + " " + System.getProperty("javax.net.ssl.trustStore"));
    var to = (java.net.HttpURLConnection) java.net.URI.create(a[0]).toURL().openConnection();
    System.out.println(to.getResponseCode());
  }
}
"""


def one(room, url, variables=None, **options):
    file = room.folder / "One.java"
    file.write_text(ONE)
    return room.run(
        ["gemini"], ["java", file, url], variables=variables, **options
    )


def test_what_is_not_granted_is_refused_and_named(room):
    room.add_key("gemini")
    done = one(room, "https://example.com/", expect=None)
    assert done.returncode != 0 and "403" in done.stderr, done.stderr
    until(lambda: "not_granted" in json.dumps(room.json("audit", "list", "--limit", "50")), what="it is in the record")


def test_a_base_url_still_goes_straight_to_the_gateway(room):
    room.add_key("gemini")
    done = one(room, f"{room.gateway}/gemini/v1beta/models")
    assert done.stdout.splitlines()[1] == "401", "no pass, but the gateway itself has answered"


H2C = """
import java.net.http.*;
class H2c {
  public static void main(String[] a) throws Exception {
    var request = HttpRequest.newBuilder(java.net.URI.create(a[0])).header(a[1], a[2]).build();
    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.version() + " " + answer.statusCode());
  }
}
"""


def test_its_client_asks_for_h2c_at_a_base_url_and_is_served(room):
    room.add_key("gemini")
    file = room.folder / "H2c.java"
    file.write_text(H2C)
    ask = f'java "{file}" "{room.gateway}/gemini/v1beta/models" x-goog-api-key "$GEMINI_API_KEY"'
    done = room.run(["gemini"], ["/bin/sh", "-c", ask])
    assert done.stdout.strip() == "HTTP_1_1 200", done.stdout + done.stderr


def test_options_of_the_callers_own_stay_and_the_store_is_the_sessions(room):
    room.add_key("gemini")
    done = one(
        room,
        f"https://{GEMINI}/v1beta/models",
        {"JAVA_TOOL_OPTIONS": "-Dmine=kept -Djavax.net.ssl.trustStore=/nowhere"},
    )
    first, status = done.stdout.splitlines()
    assert first.startswith("kept ") and first.endswith("/ca-bundle.p12") and status == "401"


def test_the_stores_path_may_have_blanks_and_quotes(room):
    room.add_key("gemini")
    odd = room.folder / "with 'quotes\" and blanks"
    odd.mkdir()
    done = one(
        room,
        f"https://{GEMINI}/v1beta/models",
        environment={**room.environment, "XDG_RUNTIME_DIR": str(odd)},
    )
    assert str(odd) in done.stdout and done.stdout.splitlines()[1] == "401"


def test_j8_java_finds_the_proxy_and_is_told_no_credential(room):
    """It prints which options it has picked up."""
    room.add_key("gemini")
    done = room.run(["gemini"], ["java", "-version"])
    assert "Picked up JAVA_TOOL_OPTIONS" in done.stderr and "-Dhttps.proxyPort=" in done.stderr
    assert "srx_" not in done.stderr
