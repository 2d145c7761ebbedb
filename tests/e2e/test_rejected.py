"""A key that its provider refuses is shown as rejected, and as active again when the provider takes it once more.

SPDX-License-Identifier: Apache-2.0
"""

import pytest

from support.waiting import until

CALLS = {
    "gemini": ("x-goog-api-key: $GEMINI_API_KEY", "$GOOGLE_GEMINI_BASE_URL/v1beta/models", 400),
    "elevenlabs": ("xi-api-key: $ELEVENLABS_API_KEY", "$ELEVENLABS_BASE_URL/v1/models", 401),
    "heygen": ("x-api-key: $HEYGEN_API_KEY", "$HEYGEN_API_BASE/v3/users/me", 401),
    "firecrawl": (
        "authorization: Bearer $FIRECRAWL_API_KEY",
        "$FIRECRAWL_API_URL/v2/team/credit-usage",
        401,
    ),
    "openai": ("authorization: Bearer $OPENAI_API_KEY", "$OPENAI_BASE_URL/models", 401),
    "anthropic": ("x-api-key: $ANTHROPIC_API_KEY", "$ANTHROPIC_BASE_URL/v1/models", 401),
}


def use(room, service, path=None):
    """One use from a workroom; the status that the agent saw."""
    header, url, _ = CALLS[service]
    url = url if path is None else url.split("/", 1)[0] + path
    done = room.run(
        [service],
        ["/bin/sh", "-c", f'curl -s -o /dev/null -w "%{{http_code}}" -H "{header}" "{url}"'],
    )
    return int(done.stdout)


@pytest.mark.parametrize("service", CALLS)
def test_rejected_and_back(room, standins, service):
    key_id, value = room.add_key(service)
    assert use(room, service) == 200 and room.key(key_id)["state"] == "active"

    standins.revoke(service, value)
    assert use(room, service) == CALLS[service][2], "the provider's own answer reaches the agent"
    until(
        lambda: room.key(key_id)["state"] == "rejected_by_provider",
        30,
        "the list shows the rejection",
    )

    standins.accept(service, value)
    assert use(room, service) == 200
    until(lambda: room.key(key_id)["state"] == "active", 30, "a success turns it back")


@pytest.mark.parametrize(
    "service, status, body",
    [
        (
            "gemini",
            400,
            {
                "error": {
                    "code": 400,
                    "status": "INVALID_ARGUMENT",
                    "message": "contents is not specified",
                }
            },
        ),
        (
            "gemini",
            429,
            {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota"}},
        ),
        (
            "elevenlabs",
            401,
            {
                "detail": {
                    "code": "quota_exceeded",
                    "status": "quota_exceeded",
                    "message": "This request exceeds your quota",
                }
            },
        ),
        (
            "elevenlabs",
            401,
            {
                "detail": {
                    "code": "missing_permissions",
                    "status": "missing_permissions",
                    "message": "no",
                }
            },
        ),
        (
            "openai",
            500,
            {"error": {"message": "invalid_api_key is what this text merely mentions"}},
        ),
    ],
    ids=[
        "gemini bad request",
        "gemini quota",
        "elevenlabs quota",
        "elevenlabs permissions",
        "openai server error",
    ],
)
def test_other_refusals_leave_the_key_alone(room, standins, service, status, body):
    """Status and body decide together: 401 with a good key, 400 with a bad request, a server's failure."""
    key_id, _ = room.add_key(service)
    standins.call(
        "PUT", "/failure", {"service": service, "times": 1, "status": status, "body": body}
    )
    assert use(room, service) == status
    # What a gateway noticed is on its way before the next use is answered.
    assert use(room, service) == 200
    assert room.key(key_id)["state"] == "active"


def test_check_finds_it_too(room, standins):
    key_id, value = room.add_key("anthropic")
    standins.revoke("anthropic", value)
    assert room.json("key", "check", key_id, expect=1)["verdict"] == "rejected"
    until(
        lambda: room.key(key_id)["state"] == "rejected_by_provider",
        30,
        "the check's verdict is in the list",
    )
    new = room.canaries.new("anthropic")
    standins.accept("anthropic", new)
    assert (
        room.json("key", "rotate", key_id, input=new + "\n")["state"] == "active"
    ), "a new version starts afresh"
    assert room.json("key", "check", key_id)["verdict"] == "accepted"
