"""Roles of databases made for one session and destroyed at its end, on a real PostgreSQL and a real MariaDB.
SPDX-License-Identifier: Apache-2.0"""

import os
import random
import re
import shutil
import subprocess
import time

import pytest

from support.authority import Authority
from support.mariadb import CLIENT, SERVER, MariaDB
from support.postgres import BINARIES, Cluster
from support.room import PROGRAMS, UNAVAILABLE
from support.waiting import until

PSQL = shutil.which("psql")
NAME = r"strongroom_[0-9a-f]{16}"
WHO = f'{PSQL} --no-psqlrc -q -t -A -c "select current_user"'
SLEEP = f'echo READY $PGUSER; {PSQL} --no-psqlrc -c "select pg_sleep(600)"'


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Postgres:
    """An administrator that is no superuser, and a table to read."""

    service = "postgres"
    who = WHO

    def __init__(self):
        self.cluster = Cluster()

    def prepare(self, password):
        self.cluster.sql("drop database if exists work with (force);")
        self.cluster.sql("drop role if exists keeper; drop role if exists readers")
        self.cluster.sql(f"create role keeper login createrole password {quoted(password)}; create role readers;")
        self.cluster.sql("create database work owner keeper")
        self.cluster.sql(
            "create table if not exists story (line text); truncate story; insert into story values ('once');"
            "grant select on story to readers; grant create, usage on schema public to public;", "work"
        )

    def settings(self, **more):
        return {"host": "127.0.0.1", "port": str(self.cluster.port), "user": "keeper", "database": "work",
                "sslmode": "disable", "dynamic": "yes", **more}

    def roles(self):
        return self.cluster.sql("select rolname from pg_roles where rolname like 'strongroom%'").split()

    def log(self):
        return (self.cluster.folder / "log").read_text(errors="replace")

    def stop(self):
        self.cluster.stop()


class Maria:
    service = "mysql"
    who = f'{CLIENT} --no-defaults -N -B -h "$MYSQL_HOST" -P "$MYSQL_TCP_PORT" -u "$MYSQL_USER" "$MYSQL_DATABASE" -e "select user()"'

    def __init__(self):
        self.server = MariaDB()
        self.server.sql("create database work; create table work.story (line text); insert into work.story values ('once')")

    def prepare(self, password):
        self.server.sql(
            "drop user if exists keeper@'%'; drop role if exists readers; create role readers; grant select on work.* to readers;"
            f"create user keeper@'%' identified by {quoted(password).replace(chr(92), chr(92) * 2)}; grant all on *.* to keeper@'%' with grant option; grant readers to keeper@'%' with admin option;"
        )

    def settings(self, **more):
        return {"host": "127.0.0.1", "port": str(self.server.port), "user": "keeper", "database": "work",
                "sslmode": "disable", "dynamic": "yes", **more}

    def roles(self):
        return self.server.sql("select user from mysql.user where user like 'strongroom%'").split()

    def log(self):
        return self.server.log()

    def stop(self):
        self.server.stop()


@pytest.fixture(scope="module")
def postgres():
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mariadb():
    if SERVER is None:
        pytest.skip("MariaDB is not installed")
    server = Maria()
    yield server
    server.stop()


@pytest.fixture(params=["postgres", "mariadb"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def keyed(room):
    """Stores the administrator's credential of a server; answers the key's id."""

    def store(server, **settings):
        password = room.canaries.new("password")
        server.prepare(password)
        return room.add_key(server.service, value=password, settings=server.settings(grant_role="readers", **settings))[0]

    return store


def sessions(room):
    return sorted(room.json("session", "list", "--tenant", "acme"), key=lambda each: each["started"])


def receipt_of(room, subject):
    def found():
        return [each for each in room.api("GET", "/api/v1/receipts")[1] if each["subject"] == subject]

    until(found, 60, "its receipt is written")
    row = found()[0]
    return room.api("GET", f"/api/v1/receipts/{row['id']}")[1]["receipt"]


def destroyed(room, session):
    shown = next(each for each in sessions(room) if each["id"] == session)
    return [each["state"] for each in shown["credentials"]] == ["destroyed"]


def test_each_session_has_a_role_of_its_own(room, server, keyed):
    keyed(server)
    names = [re.search(NAME, room.run([server.service], ["/bin/sh", "-c", server.who]).stdout)[0] for _ in range(2)]
    assert names[0] != names[1]
    until(lambda: server.roles() == [], 60, "no role is left")
    for session in sessions(room):
        until(lambda: destroyed(room, session["id"]), 60, "its role is gone")


def test_the_sessions_end_is_confirmed_by_the_source(room, server, keyed):
    keyed(server)
    room.run([server.service], ["/bin/sh", "-c", server.who])
    session = sessions(room)[-1]
    until(lambda: destroyed(room, session["id"]), 60, "its role is gone")
    r3 = receipt_of(room, session["id"])["r3"]
    assert r3["holds"] is True
    assert [each["state"] for each in r3["credentials"]] == ["destroyed"]


def test_the_administrator_is_not_in_the_workroom(room, server, keyed):
    keyed(server)
    environment = room.run([server.service], ["/usr/bin/env"], flags=("--no-output-filter",)).stdout
    assert "keeper" not in environment and "template" not in environment
    variable = "PGPASSWORD" if server.service == "postgres" else "MYSQL_PWD"
    password = re.search(f"{variable}=(.*)", environment)[1]
    assert len(password) == 43
    assert password not in server.log(), "the server was told a verifier, never the password"
    until(lambda: server.roles() == [], 60, "no role is left")


def test_a_template_gives_rights(room, postgres, keyed, tmp_path):
    keyed(postgres, template="GRANT INSERT ON story TO {{role}};\nCREATE SCHEMA AUTHORIZATION {{role}};")
    postgres.cluster.sql("grant insert on story to keeper with grant option; grant create on database work to keeper", "work")
    room.run(["postgres"], ["/bin/sh", "-c", f"{PSQL} --no-psqlrc -v ON_ERROR_STOP=1 -q -c \"insert into story values ('twice')\""])
    assert postgres.cluster.sql("select count(*) from story", "work") == "2"
    until(lambda: postgres.roles() == [], 60, "no role is left")


def test_a_template_knows_three_parameters(room, postgres):
    arguments = ["key", "add", "postgres", "--tenant", "acme"]
    for name, value in postgres.settings(template="GRANT x TO {{user}}").items():
        arguments += ["--set", f"{name}={value}"]
    done = room.cli(*arguments, input="a-password-of-nobody\n", expect=None)
    assert done.returncode == 2 or done.returncode == 1
    assert "{{role}}" in done.stderr


def test_what_a_role_made_stays_with_the_key(room, postgres, keyed):
    keyed(postgres)
    make = f'{PSQL} --no-psqlrc -v ON_ERROR_STOP=1 -q -c "create table made_by_agent (a int)"'
    room.run(["postgres"], ["/bin/sh", "-c", make])
    until(lambda: postgres.roles() == [], 60, "no role is left")
    assert postgres.cluster.sql("select tableowner from pg_tables where tablename = 'made_by_agent'", "work") == "keeper"
    postgres.cluster.sql("drop table made_by_agent", "work")


def test_i9_revoking_the_key_destroys_the_roles_of_live_sessions(room, postgres, keyed):
    key = keyed(postgres)
    workroom = room.begin(["postgres"], ["/bin/sh", "-c", SLEEP])
    workroom.line("READY strongroom_")
    until(lambda: postgres.cluster.sql("select count(*) from pg_stat_activity where usename like 'strongroom%'") == "1", 60, "psql has logged in")
    receipt = room.revoke(key)["receipt"]
    assert receipt["r2"]["holds"] is True
    assert [each["state"] for each in receipt["r3"]["credentials"]] == ["destroyed"]
    until(lambda: postgres.roles() == [], 60, "no role is left")
    workroom.wait()


def test_a_start_whose_role_cannot_be_made_is_none(room, postgres, keyed):
    keyed(postgres, template="GRANT INSERT ON no_such_table TO {{role}};")
    done = room.run(["postgres"], ["/bin/true"], expect=None)
    assert done.returncode != 0 and "42P01" in done.stderr
    until(lambda: postgres.roles() == [], 60, "no role is left")
    until(lambda: destroyed(room, sessions(room)[-1]["id"]), 60, "and that is known")
    assert sessions(room)[-1]["state"] == "ended"


def test_a_template_that_commits_by_itself_leaves_no_role(room, postgres, keyed):
    keyed(postgres, template="COMMIT; GRANT INSERT ON no_such_table TO {{role}};")
    assert room.run(["postgres"], ["/bin/true"], expect=None).returncode != 0
    until(lambda: postgres.roles() == [], 90, "no role is left")
    until(lambda: destroyed(room, sessions(room)[-1]["id"]), 90, "and that is known")


def serve_tls(cluster, chain, key):
    for name, text in (("chain", chain), ("key", key)):
        file = cluster.folder / name
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(text)
        if os.geteuid() == 0:
            shutil.chown(file, "postgres", "postgres")
        cluster.sql(f"alter system set ssl_{'cert' if name == 'chain' else 'key'}_file = '{file}'")
    cluster.sql("alter system set ssl = on; select pg_reload_conf()")
    until(lambda: cluster.sql("show ssl") == "on", 60, "it speaks TLS")


def test_the_server_is_known_by_its_certificate(make_room, standins):
    """By an authority of the installation's own, and for its name alone."""
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    server, authority = Postgres(), Authority()
    try:
        serve_tls(server.cluster, *authority.issue("localhost")[:2])
        room = make_room(start=False)
        both, file = room.folder / "authorities.pem", room.data / "strongroom.toml"
        both.write_text(standins.ca.read_text() + authority.pem)
        file.write_text(file.read_text().replace(str(standins.ca), str(both)))
        room.start().people()
        password = room.canaries.new("password")
        server.prepare(password)
        settings = server.settings(grant_role="readers", host="localhost")
        del settings["sslmode"]
        room.add_key("postgres", value=password, settings=settings)
        assert re.search(NAME, room.run(["postgres"], ["/bin/sh", "-c", WHO]).stdout)
        until(lambda: server.roles() == [], 60, "no role is left")
        serve_tls(server.cluster, *authority.issue("db.example.com")[:2])
        until(lambda: room.run(["postgres"], ["/bin/true"], expect=None).returncode == UNAVAILABLE, 60, "another's is refused")
    finally:
        server.stop()


def test_i9_revoke_while_the_database_is_away(room, keyed):
    """R1 and R2 hold at once; the role is named as exposed, until the database is back."""
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    try:
        key = keyed(server)
        workroom = room.begin(["postgres"], ["/bin/sh", "-c", "echo READY; exec sleep 600"])
        workroom.line("READY")
        server.cluster._run("pg_ctl", "--pgdata", server.cluster.data, "--mode", "immediate", "--wait", "stop")
        receipt = room.revoke(key)["receipt"]
        assert receipt["r1"]["holds"] is True and receipt["r2"]["holds"] is True
        assert receipt["r3"]["holds"] is False
        assert [each["state"] for each in receipt["r3"]["credentials"]] == ["still_exposed"]
        workroom.wait()
        session = sessions(room)[-1]
        assert session["credentials"][0]["state"] == "still_exposed"
        room.kill9()
        options = f"-c listen_addresses=127.0.0.1 -c port={server.cluster.port} -c unix_socket_directories={server.cluster.folder} -c fsync=off"
        server.cluster._run("pg_ctl", "--pgdata", server.cluster.data, "--options", options, "--log", server.cluster.folder / "log", "--wait", "start")
        assert len(server.roles()) == 1
        room.start()
        until(lambda: server.roles() == [], 60, "the role is destroyed when the database is back")
        until(lambda: destroyed(room, session["id"]), 60, "and shown as such")
    finally:
        server.stop()


@pytest.mark.timeout(600)
def test_i9_no_kill_of_the_vault_orphans_a_role(room, server, keyed):
    """kill -9 at random moments of starts and ends: after a restart no role is there that no live session has."""
    # These servers have finished a statement long before: nobody has to wait the usual minute for that.
    room.stop()
    file = room.data / "strongroom.toml"
    file.write_text("making_seconds = 5\n" + file.read_text())
    room.start()
    keyed(server)
    chance = random.Random(41)
    for _ in range(8):
        workroom = subprocess.Popen(
            [str(PROGRAMS / "strongroom"), "run", "--data", str(room.data), "--tenant", "acme", "--member", "alice",
             "--service", server.service, "--", "/bin/true"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=room.environment,
        )
        time.sleep(chance.uniform(0.0, 0.4))  # the moment of the kill, which waits for nothing
        room.kill9()
        workroom.wait(30)
        room.start()
        for session in sessions(room):
            if session["state"] == "open":
                room.cli("session", "end", session["id"])
    until(lambda: server.roles() == [], 120, "no role is left")
    until(lambda: all(each["state"] == "destroyed" for session in sessions(room) for each in session["credentials"]), 120, "all are confirmed")
    room.cli("audit", "verify")
