"""psql against a real PostgreSQL, with nothing but the injected variables. SPDX-License-Identifier: Apache-2.0"""

import shutil
import sys

import pytest

from support.postgres import BINARIES, Cluster
from support.waiting import until

pytestmark = pytest.mark.skipif(BINARIES is None, reason="PostgreSQL is not installed")
PSQL = shutil.which("psql")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def key(room, cluster):
    """A role of its own whose password, full of awkward characters, is stored as acme's postgres key."""
    password = room.canaries.new("password")
    cluster.sql("drop database if exists work; drop role if exists agent;")
    cluster.sql(f"create role agent login password {quoted(password)};")
    cluster.sql("create database work owner agent;")
    key_id, _ = room.add_key(
        "postgres",
        value=password,
        settings={
            "host": "127.0.0.1",
            "port": str(cluster.port),
            "user": "agent",
            "database": "work",
        },
    )
    return key_id, password


def test_psql_with_injected_variables(room, cluster, key):
    script = "create table story (line text); insert into story values ('written by an agent'); select line, current_user from story;"
    done = room.run(["postgres"], [PSQL, "--no-psqlrc", "-q", "-t", "-A", "-c", script])
    assert done.stdout.strip() == "written by an agent|agent"
    assert cluster.sql("select count(*) from story", "work") == "1"


def test_database_url(room, key):
    done = room.run(
        ["postgres"],
        [
            "/bin/sh",
            "-c",
            f'unset PGPASSWORD PGHOST PGPORT PGUSER PGDATABASE; {PSQL} --no-psqlrc -t -A -c "select current_database()" "$DATABASE_URL"',
        ],
    )
    assert done.stdout.strip() == "work"


def test_the_password_is_in_the_workroom_only(room, key):
    _, password = key
    show = [sys.executable, "-c", "import os; print(os.environ['PGPASSWORD'])"]
    done = room.run(["postgres"], show, flags=("--no-output-filter",))
    assert done.stdout == password + "\n"
    room.add_key("gemini")
    assert "PGPASSWORD" not in room.run(["gemini"], ["/usr/bin/env"]).stdout


def test_revoke_ends_psql(room, cluster, key):
    """R2: a psql that sits in its session is dead when revoke returns, and the receipt names it."""
    key_id, _ = key
    workroom = room.begin(
        ["postgres"], ["/bin/sh", "-c", f'echo READY; {PSQL} --no-psqlrc -c "select pg_sleep(600)"']
    )
    workroom.line("READY")
    until(
        lambda: cluster.sql("select count(*) from pg_stat_activity where usename = 'agent'") == "1",
        60,
        "psql has logged in",
    )
    document = room.revoke(key_id)
    assert workroom.wait() != 0
    assert document["receipt"]["r2"]["holds"] is True
