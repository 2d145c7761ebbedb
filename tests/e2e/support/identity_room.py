"""A room whose tenant `acme` signs in through an identity provider of the test's own, and what is asked of it.

SPDX-License-Identifier: Apache-2.0"""

import contextlib

from support.identity import IdentityProvider, add_provider, begin, finish
from support.logins import configure
from support.room import Room
from support.signed_in import Browser

ROLES = ("--group", "engineering=member", "--group", "security=admin", "--group", "founders=owner")


@contextlib.contextmanager
def identity_provider(folder, secret):
    provider = IdentityProvider(folder, secret)
    provider.describe()
    yield provider
    provider.stop()


@contextlib.contextmanager
def identity_room(folder, provider, canaries, environment, secret):
    """Its only member is the owner olga; what the provider's groups give is in ROLES."""
    folder.mkdir(mode=0o700)
    room = Room(folder, provider, canaries, environment)
    configure(room, provider, provider.hosts)
    room.start()
    room.people(members=())
    room.cli("member", "add", "--tenant", "acme", "olga", "--role", "owner")
    add_provider(room, secret, *ROLES)
    yield room
    assert room.stop() in (0, None), room.log()[-2000:]


def come_in(room, provider, subject, browser=None, **token):
    """(status, answer) of a sign-in as `subject`."""
    browser = browser or Browser(room)
    return finish(browser, provider.come(begin(browser), subject, **token))


def members(room):
    return {each["name"]: each["role"] for each in room.json("member", "list", "--tenant", "acme")}


def acts(room, action):
    listed = room.json("audit", "list", "--tenant", "acme", "--limit", "1000")
    return [each for each in listed if each["action"] == action]
