"""The database changed by hand: every column of every table, rows swapped, deleted and put back. Each is refused, none crashes.

A start verifies every row, so a change must end the start with a sentence; what a start does not read may only be refused
where it is used. SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import shutil
import sqlite3

import pytest

from support.authenticator import Authenticator
from support.identity import add_provider
from support.logins import ISSUER, SIGN_IN_CALLBACK, Logins, configure, connect, set_up
from support.logins import Browser as ProvidersBrowser
from support.provisioning import provisioned_by
from support.signed_in import Browser
from support.waiting import until

# Every table of the schema: test_these_are_all_tables holds this list against the database.
TABLES = [
    "schema_migrations",
    "state",
    "tenant_states",
    "seals",
    "root_secrets",
    "installation",
    "tenants",
    "epochs",
    "members",
    "keys",
    "key_versions",
    "skills",
    "sessions",
    "grants",
    "receipts",
    "policies",
    "spending",
    "policy_guards",
    "session_terms",
    "dynamic_credentials",
    "tickets",
    "tokens",
    "runner_credentials",
    "health",
    "notices",
    "passwords",
    "second_factors",
    "passkeys",
    "sign_ins",
    "invitations",
    "oauth_clients",
    "oauth_grants",
    "destructions",
    "identity_providers",
    "provisionings",
    "provisioned_users",
    "provisioned_groups",
    "provisioned_memberships",
    "identities",
    "provider_sign_ins",
]
CALL = (
    'curl -sf -o /dev/null -H "x-goog-api-key: $GEMINI_API_KEY" "$GOOGLE_GEMINI_BASE_URL/v1/models"'
)


@pytest.fixture(scope="module")
def logins(suite_folder, environment, canaries):
    servers = Logins(suite_folder / "tamper-logins", environment, canaries.new("git"))
    yield servers
    servers.stop()


@pytest.fixture
def filled(make_room, logins):
    """A stopped room whose tables all have at least two rows, with the state of an earlier moment beside."""
    room = make_room(start=False)
    configure(room, logins)
    room.start().people(members=("alice", "bob"))
    room.people("other", members=("carol",))
    for name in ("standin", "another"):
        set_up(room, logins, name, "--issuer", ISSUER, "--scope", "openid")
    for member in ("alice", "bob"):
        connect(room, logins, "standin", member=member)
    for name in ("corp", "more"):
        add_provider(room, logins.secret, "--scope", "openid", name=name, issuer=ISSUER)
    first, _ = room.add_key("gemini")
    room.add_key("openai")
    room.add_key("github", member="alice")
    room.add_key("github", member="bob")
    # Their provider is told, which says nothing of use here.
    for member in ("alice", "bob"):
        room.revoke(room.add_key("github", member=member, label="pasted")[0])
    gone, _ = room.add_key("anthropic")
    also, _ = room.add_key("heygen")
    for name in ("one", "two"):
        room.cli("skill", "add", name, "--tenant", "acme", "--service", "gemini")
    for member in ("alice", "bob"):
        room.cli(
            "session",
            "start",
            "--tenant",
            "acme",
            "--member",
            member,
            "--service",
            "gemini",
            "--service",
            "openai",
            "--label",
            f"of={member}",
        )
    # Credentials of sessions that never were: nobody answers at that port.
    nobody = {"host": "127.0.0.1", "port": "1", "user": "keeper", "database": "work", "dynamic": "yes"}
    room.add_key("postgres", shape="password", settings=nobody)
    for _ in range(2):
        room.cli("session", "start", "--tenant", "acme", "--member", "alice", "--service", "postgres", expect=5)
    for _ in range(2):
        ticket = room.json("ticket", "issue", "--tenant", "acme", "--member", "bob", "--service", "gemini")["ticket"]
        status, started = room.api("POST", "/api/v1/tickets/use", {"runner": True}, token=ticket)
        assert status == 201, started
    for member in ("alice", "bob"):
        signed_in = Browser(room).invited(member)
        assert signed_in.call("POST", "/api/v1/second-factor")[0] == 201
        request = signed_in.call("POST", "/api/v1/passkeys/request")[1]
        assert signed_in.call("POST", "/api/v1/passkeys", Authenticator(request["origin"]).make(request))[0] == 201
        logins.set(account=f"u-{member}")
        page = signed_in.call("POST", "/api/v1/identities/request", {"provider": "corp"})[1]
        back = ProvidersBrowser(logins).agree(page["url"], SIGN_IN_CALLBACK)
        assert signed_in.call("POST", "/api/v1/identities", back)[0] == 201
        comer = Browser(room)
        page = comer.call("POST", "/api/v1/sign-in/provider/request", {"tenant": "acme", "provider": "corp"})[1]
        back = ProvidersBrowser(logins).agree(page["url"], SIGN_IN_CALLBACK)
        assert comer.call("POST", "/api/v1/sign-in/provider", back)[0] == 201
        room.cli("token", "add", "--tenant", "acme", "--member", member, "laptop")
        room.cli("member", "invite", "--tenant", "acme", member)
    for name in ("corp", "more"):
        scim = provisioned_by(room, name)
        scim.group("engineering", scim.user(f"{name}@acme.test", f"external-{name}"))
    # Spending is counted under a policy with a limit a day.
    room.cli("policy", "set", "--tenant", "acme", "--bytes-per-day", "1000000000")
    room.cli("policy", "set", "--tenant", "acme", "--service", "gemini", "--rpm", "600")
    room.run(["gemini"], ["/bin/sh", "-c", CALL])
    # Notices that nobody takes: nothing listens there.
    secret = room.data / "hook.secret"
    secret.write_text("whsec_" + "QUJD" * 8)
    secret.chmod(0o600)
    toml = room.data / "strongroom.toml"
    hook = f'[[notice.webhook]]\nurl = "https://hooks.example/x"\nsecret_file = "{secret}"\n[[gateway.dial]]\nhost = "hooks.example:443"\nto = "127.0.0.1:1"\n'
    toml.write_text(toml.read_text() + hook)
    for label in ("soon", "too"):
        room.cli("key", "add", "gemini", "--tenant", "acme", "--label", label, "--expires", "3d", input=room.canaries.new("gemini"))
    room.stop()
    room.start()
    until(lambda: room.log().count("notice_not_taken") >= 2, 30, "two notices wait")
    room.stop()
    shutil.copytree(room.data, room.folder / "before")
    room.start()
    new = room.canaries.new("gemini")
    room.cli("key", "rotate", first, input=new)
    room.revoke(gone)
    room.revoke(also)
    room.stop()
    room.first, room.gone = first, gone
    return room


@contextlib.contextmanager
def changed(room):
    """A copy of the data directory, its database open for a change; the folder and the connection."""
    folder = room.folder / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(room.data, folder, ignore=shutil.ignore_patterns("*.sock"))
    database = sqlite3.connect(folder / "strongroom.db", isolation_level=None)
    database.execute("pragma ignore_check_constraints = on")
    yield folder, database
    database.close()


def other(value):
    """A value of the same type that is another one: one bit for octets and numbers, one character for text."""
    if value is None:
        return "00000000000000000000000000"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
    if isinstance(value, int):
        return value ^ 1
    return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"


OTHER_WORD = {
    "active": "revoked",
    "revoked": "active",
    "open": "ended",
    "ended": "open",
    "member": "owner",
    "removed": "active",
}


def attempts(database):
    """(what, table, rowid, column, new value) for every column of the first two rows of every table."""
    for table in TABLES:
        columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
        rows = database.execute(f"select rowid, * from {table} order by rowid limit 3").fetchall()
        assert rows, f"the room has no row in {table}"
        for rowid, *values in rows[-1:]:
            for column, value in zip(columns, values):
                if (table, column) == ("state", "id"):
                    continue  # the table has this one row, whatever its number
                yield table, rowid, column, OTHER_WORD.get(value, other(value))


def test_these_are_all_tables(filled):
    with changed(filled) as (_, database):
        found = database.execute("select name from sqlite_master where type = 'table'").fetchall()
    assert {name for (name,) in found} == set(TABLES)


@pytest.mark.timeout(600)
def test_every_column_of_every_table(filled):
    with changed(filled) as (_, database):
        every = list(attempts(database))
    assert len(every) > 95 and {table for table, *_ in every} == set(TABLES)
    accepted = []
    for table, rowid, column, value in every:
        with changed(filled) as (folder, database):
            try:
                database.execute(f"update {table} set {column} = ? where rowid = ?", (value, rowid))
            except sqlite3.IntegrityError:
                continue
        try:
            filled.refused_start(folder)
        except AssertionError as problem:
            accepted.append(f"{table}.{column}: {problem}")
    assert accepted == []


@pytest.mark.parametrize(
    "table, column",
    [
        ("keys", "mac"),
        ("keys", "settings"),
        ("key_versions", "record"),
        ("members", "role"),
        ("tenants", "wrapped_key"),
        ("epochs", "wrapped_seed"),
        ("grants", "key"),
        ("grants", "pass_hash"),
    ],
)
def test_columns_of_two_rows_swapped(filled, table, column):
    with changed(filled) as (folder, database):
        rows = database.execute(f"select rowid, {column} from {table} order by rowid").fetchall()
        pairs = [(a, b) for a in rows for b in rows if a[1] != b[1] and a[1] and b[1]]
        if not pairs:
            return
        (first, one), (second, two) = pairs[0]
        database.execute("drop index if exists grants_by_pass")
        database.execute(f"update {table} set {column} = ? where rowid = ?", (two, first))
        database.execute(f"update {table} set {column} = ? where rowid = ?", (one, second))
    filled.refused_start(folder)


def test_the_record_of_another_key_does_not_open(filled):
    """Record and MAC together moved from one key to another: the associated data names the key."""
    with changed(filled) as (folder, database):
        rows = database.execute(
            "select rowid, record, mac from key_versions order by rowid"
        ).fetchall()
        (first, *one), (second, *two) = rows[0], rows[1]
        database.execute(
            "update key_versions set record = ?, mac = ? where rowid = ?", (*two, first)
        )
        database.execute(
            "update key_versions set record = ?, mac = ? where rowid = ?", (*one, second)
        )
    filled.refused_start(folder)


def test_an_old_row_put_back_is_refused(filled):
    """The row of the time before the rotation, or before the revoke, whole and with its own right MAC."""
    for key_id in (filled.first, filled.gone):
        with changed(filled) as (folder, database):
            database.execute("attach ? as old", (str(filled.folder / "before" / "strongroom.db"),))
            database.execute("delete from keys where id = ?", (key_id,))
            database.execute("insert into keys select * from old.keys where id = ?", (key_id,))
            database.execute(
                "insert or ignore into key_versions select * from old.key_versions where key = ?",
                (key_id,),
            )
        filled.refused_start(folder)


def test_the_refusal_names_the_tenant_whose_row_was_put_back(filled):
    """Its row is right by itself: what differs is the tenant's state, and by it the root that is anchored."""
    with changed(filled) as (folder, database):
        database.execute("attach ? as old", (str(filled.folder / "before" / "strongroom.db"),))
        ((tenant,),) = database.execute("select tenant from keys where id = ?", (filled.gone,)).fetchall()
        database.execute("delete from keys where id = ?", (filled.gone,))
        database.execute("insert into keys select * from old.keys where id = ?", (filled.gone,))
    assert f"put back outside Strongroom, of the tenant {tenant}" in filled.refused_start(folder)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_deleted_is_refused(filled, table):
    with changed(filled) as (folder, database):
        database.execute(f"delete from {table} where rowid = (select max(rowid) from {table})")
    filled.refused_start(folder)


def test_a_file_of_rubbish_is_refused(filled):
    with changed(filled) as (folder, database):
        database.close()
        octets = bytearray((folder / "strongroom.db").read_bytes())
        for at in range(4096, len(octets), 1999):
            octets[at] ^= 0xFF
        (folder / "strongroom.db").write_bytes(octets)
        for name in ("strongroom.db-wal", "strongroom.db-shm"):
            (folder / name).unlink(missing_ok=True)
    filled.refused_start(folder)
