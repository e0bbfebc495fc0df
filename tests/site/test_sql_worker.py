"""SQL of strangers: it only reads, no step of it runs away, and common functions stay right."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import pytest
from conftest import ROOT, SQL, Visitor
from test_validation import ask

from clippings.site.sql_worker import only_read

VECTORS = ROOT.parent / "shared" / "vectors" / "sql.jsonl"


@pytest.fixture
def bounded() -> Iterator[sqlite3.Connection]:
    """A writable connection that is bounded: what it may not do is not the file's doing."""
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
def test_nothing_but_reading_is_allowed(bounded: sqlite3.Connection, sql: str) -> None:
    """No write, no other file, no setting, whatever Datasette's own check lets through."""
    with pytest.raises(
        sqlite3.DatabaseError,
        match=r"not authorized|prohibited|authorization denied|too many attached",
    ):
        bounded.execute(sql.strip()).fetchall()
    assert bounded.execute("select sum(x) as s from t").fetchone()["s"] == 3


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
def test_reading_is_allowed(bounded: sqlite3.Connection, sql: str) -> None:
    """Recursion, windows, JSON, the schema: researchers need them."""
    assert bounded.execute(sql.strip()).fetchall()


def test_published_queries_get_an_answer(site: Visitor) -> None:
    """Every query of the vectors ends, as a page and as JSON, in what it may get."""
    if not VECTORS.exists():
        pytest.skip("../shared/vectors does not stand beside this checkout")
    statuses: dict[str, int] = {}
    for line in VECTORS.read_text().splitlines():
        vector = json.loads(line)
        for suffix in ("", ".json"):
            parameters = urlencode({"sql": vector["sql"], "_timelimit": "300"})
            statuses[vector["expect"]], _, _ = ask(site, f"{SQL}{suffix}?{parameters}")
            assert statuses[vector["expect"]] in {200, 400, 403}, vector["sql"][:200]
    assert statuses["refused"] == statuses["readonly"] == statuses["timeout"] == 400
