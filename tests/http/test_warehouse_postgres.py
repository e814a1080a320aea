"""`mockseg warehouse --to postgresql://…`: a schema of a real server, as Segment writes it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from warehouse_sample import ASSERTIONS, CALLS

from mockseg.cli.main import run

# A machine that is busy takes its time to make a cluster.
pytestmark = pytest.mark.timeout(600)


def find_programs():
    """Return the folder of the server's programs, or None."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    # Debian keeps them off the path.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@pytest.fixture(name="server_url", scope="session")
def _server_url():
    """Start a cluster of its own, reachable over a Unix socket only; return its URL."""
    programs = find_programs()
    if programs is None:
        reason = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # The server refuses to run as root; and the path of a socket must be short.
    user = None
    if os.geteuid() == 0:
        names = {each.pw_name for each in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    with tempfile.TemporaryDirectory(
        prefix="mockseg-pg-",
        dir="/tmp",
        ignore_cleanup_errors=True,
    ) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"

        def call(program, *arguments):
            done = subprocess.run(
                [programs / program, "-D", data, *arguments],
                user=user,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr

        call("initdb", "--no-sync", "-A", "trust", "-U", "mockseg", "-E", "UTF8", "--locale", "C")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-w", "-t", "300", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://mockseg@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-w", "-t", "300", "-m", "immediate", "stop")


@pytest.fixture(name="url")
def _url(server_url, request):
    """Return the URL of an empty database."""
    name = f"test_{abs(hash(request.node.name))}"
    with closing(psycopg.connect(server_url, autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server_url.replace("/postgres?", f"/{name}?")


@pytest.fixture(name="source")
def _source(cli_server):
    """Return a source that has the sample."""
    source = cli_server.source("warehouse-key", name="My App")
    source.send(*CALLS)
    return source


@pytest.fixture(name="warehouse")
def _warehouse(source, capsys):
    """Return a function that runs the command; it returns status, output and remarks."""

    def warehouse(*arguments):
        status = run(["warehouse", "--source", source.write_key, *map(str, arguments)])
        out, err = capsys.readouterr()
        return status, out, err

    return warehouse


def rows(url, sql, schema="my_app"):
    """Ask a database."""
    with closing(psycopg.connect(url, options=f"-c search_path={schema} -c timezone=UTC")) as asked:
        return asked.execute(sql).fetchall()


def test_a_schema_has_segments_tables(warehouse, url, source):
    """The same questions have the same answers; types are those of Segment's own warehouses."""
    status, _, err = warehouse("--to", url)
    assert (status, "13 calls loaded" in err) == (0, True)
    for sql in ASSERTIONS.values():
        assert rows(url, sql) == [(True,)], sql
    types = dict(
        rows(
            url,
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'my_app' AND table_name = 'order_completed'",
        )
    )
    assert types == {
        "_id": "bigint",
        "_user": "text",
        "at": "timestamp with time zone",
        "event": "text",
        "event_text": "text",
        "id": "character varying",
        "products": "text",
        "received_at": "timestamp with time zone",
        "timestamp": "timestamp with time zone",
        "total": "bigint",
        "user_id": "text",
        "uuid_ts": "timestamp with time zone",
    }
    source.send(
        {
            "type": "track",
            "userId": "u2",
            "event": "Order Completed",
            "properties": {"total": 1.5, "rate": 0.1, "gift": True, "note": "a\0b", "xmin": "x"},
        }
    )
    status, out, _ = warehouse("--to", url, "--json")
    written = json.loads(out)
    assert (status, written["calls"], written["evicted"]) == (0, 14, 0)
    ((total, rate, gift, note, taken),) = rows(
        url, "SELECT total, rate, gift, note, _xmin FROM order_completed WHERE user_id = 'u2'"
    )
    assert (total, float(rate), gift, note, taken) == (1, 0.1, True, "ab", "x")
    assert rows(url, "SELECT COUNT(*) FROM order_completed") == [(3,)]


def test_a_long_name_is_cut_and_reported(warehouse, url, source):
    """PostgreSQL's names have 63 characters."""
    source.send(
        {"type": "track", "userId": "u", "event": "Long " * 20, "properties": {"p" * 70: 1}}
    )
    status, _, err = warehouse("--to", url)
    assert (status, "cut_name" in err) == (0, True)
    table = ("long_" * 20)[:63]
    assert rows(url, f'SELECT "{"p" * 63}" FROM {table}') == [(1,)]  # noqa: S608  (ours)


def test_a_schema_belongs_to_one_source(warehouse, url, cli_server, capsys):
    """It is never shared, and nothing else's is taken; the name can be chosen."""
    assert warehouse("--to", url)[0] == 0
    cli_server.source("other-key", name="my-app")
    command = ["warehouse", "--source", "other-key", "--to", url]
    assert run(command) == 2
    assert "choose another name with --schema" in capsys.readouterr().err
    assert run([*command, "--schema", "other_app"]) == 0
    assert run([*command, "--schema", "public"]) == 2
    assert run([*command, "--schema", "No Name"]) == 2
    assert 'invalid schema name "No Name"' in capsys.readouterr().err
    cli_server.source("3doctors", name="3 Doctors")
    assert run(["warehouse", "--source", "3doctors", "--to", url]) == 0
    found = rows(url, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|inf|pub)'")
    assert sorted(found) == [("_3_doctors",), ("my_app",), ("other_app",)]


def test_what_fails_leaves_nothing(warehouse, url, source):
    """All calls are written, or none."""
    # More text than fits on a page, in values that are too short to be stored elsewhere.
    wide = {f"column_number_{number}": "x" * 15 for number in range(600)}
    source.send({"type": "track", "userId": "u", "event": "Wide", "properties": wide})
    status, _, err = warehouse("--to", url)
    assert (status, "cannot write to postgresql://" in err) == (2, True)
    assert "row is too big" in err
    assert rows(url, "SELECT 1 FROM pg_namespace WHERE nspname = 'my_app'") == []


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (
            "postgresql://me:secret@127.0.0.1:1/db",
            "cannot write to postgresql://[redacted]@127.0.0.1:1/db",
        ),
        ("postgresql://localhost/db?nope=1", "cannot write to postgresql://localhost/db"),
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(warehouse, target, says):
    """The reason is the library's own."""
    status, _, err = warehouse("--to", target)
    assert status == 2
    assert says in err
    assert "secret" not in err


def test_a_schema_needs_a_server(warehouse, tmp_path):
    """In a file there is none."""
    for arguments in (("--schema", "x"), ("--schema", "x", "--to", tmp_path / "x.sqlite")):
        status, _, err = warehouse(*arguments)
        assert (status, "--schema needs --to postgresql://" in err) == (2, True)
