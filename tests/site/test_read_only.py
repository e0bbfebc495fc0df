"""SQL only reads, and only the tables of its own file."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clippings.database.schema import reading as reading_of
from clippings.dataset.tables import open_readonly
from clippings.search.functions import register
from clippings.site.read_only import only_read


@pytest.fixture
def reading() -> Iterator[sqlite3.Connection]:
    """A writable connection that is reading: what it may not do is not the file's doing."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("create table t (x unique); insert into t values (1), (2)")
        only_read(connection)
        yield connection


@pytest.mark.parametrize(
    "sql",
    """insert into t values (3)
    update t set x = 3
    delete from t
    with a as (select 1) delete from t
    create table u (x)
    create temp table u (x)
    drop table t
    attach ':memory:' as other
    attach '/tmp/other.db' as other
    detach main
    begin
    savepoint s
    vacuum
    vacuum into '/tmp/copy.db'
    reindex
    analyze
    pragma journal_mode = wal
    pragma writable_schema = 1
    pragma cache_size = -1000000
    pragma user_version = 7
    select * from pragma_cache_size
    select * from pragma_integrity_check
    select load_extension('/tmp/x.so')
    select sql from sqlite_stmt
    select * from dbstat
    select * from pragma_module_list""".splitlines(),
)
def test_nothing_but_reading_is_allowed(reading: sqlite3.Connection, sql: str) -> None:
    """No write, no other file, no setting, whatever Datasette's own check lets through."""
    with pytest.raises(
        sqlite3.DatabaseError,
        match=r"not authorized|prohibited|authorization denied|too many attached",
    ):
        reading.execute(sql.strip()).fetchall()
    assert reading.execute("select sum(x) from t").fetchone()[0] == 3


@pytest.mark.parametrize(
    "sql",
    """with recursive c(x) as (select 1 union all select x + 1 from c limit 9) select x from c
    select * from pragma_table_info('t')
    select name from sqlite_master
    select value from json_each('[1, 2]')
    select x, row_number() over (order by x) from t
    explain query plan select x from t
    pragma table_info(t)""".splitlines(),
)
def test_reading_is_allowed(reading: sqlite3.Connection, sql: str) -> None:
    """Recursion, windows, JSON, the schema: researchers need them."""
    assert reading.execute(sql.strip()).fetchall()


def test_a_schema_calls_no_function_of_ours(tmp_path: Path) -> None:
    """A view or a trigger that somebody put into a file gets no function that the program adds,
    whichever way the file is opened (trusted_schema)."""
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("create view v as select search_query('a') as q")
    with closing(open_readonly(path)) as home, reading_of(path) as build:
        site = sqlite3.connect(path)
        only_read(site)
        for conn in (home, build, site):
            register(conn)
            with pytest.raises(sqlite3.OperationalError, match="unsafe use of search_query"):
                conn.execute("select q from v").fetchall()
            assert conn.execute("select search_query('a')").fetchone()
        site.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has no setconfig before")
def test_the_file_is_defended(reading: sqlite3.Connection) -> None:
    """No shadow table of an index and no schema can be written by SQL (SQLITE_DBCONFIG_DEFENSIVE).
    On Python 3.10 and 3.11 the authorizer alone refuses it."""
    assert sys.version_info >= (3, 12)
    assert reading.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
