"""SQL of strangers: it only reads, no step of it runs away, and common functions stay right."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import pytest
from conftest import ROOT, SQL, Visitor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_guard import ask

from clippings.site.bounded_sql import MAX_RESULT, SHORTEST_LIMIT, bound

VECTORS = ROOT.parent / "shared" / "vectors" / "sql.jsonl"


@pytest.fixture
def bounded() -> Iterator[sqlite3.Connection]:
    """A writable connection that is bounded: what it may not do is not the file's doing."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("create table t (x unique); insert into t values (1), (2)")
        bound(connection)
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
    select json_patch('{}', '{}')""".splitlines(),
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


TEXTS = st.text(alphabet="ab雪 é", max_size=12) | st.none() | st.integers(-99, 99)
TEXTS |= st.binary(max_size=4).filter(lambda data: data.isascii() and b"\0" not in data)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, TEXTS)
def test_functions_say_what_sqlite_says(
    bounded: sqlite3.Connection, one: object, two: object, three: object
) -> None:
    """instr, replace and trim are ours, for their speed; their answers are SQLite's."""
    with closing(sqlite3.connect(":memory:")) as plain:
        for call, values in (
            ("instr(?, ?)", (one, two)),
            ("replace(?, ?, ?)", (one, two, three)),
            ("trim(?, ?)", (one, two)),
            ("ltrim(?, ?)", (one, two)),
            ("rtrim(?, ?)", (one, two)),
            ("printf('%s %5d %-3s', ?, ?, ?)", (one, two, three)),
            ("printf('%.*c', 3, ?)", (one,)),
        ):
            sql = f"select {call} as answer"
            expected = plain.execute(sql, values).fetchone()[0]
            assert bounded.execute(sql, values).fetchone()["answer"] == expected, call


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 cannot set SQLite's limits")
@pytest.mark.parametrize(
    "sql",
    """select randomblob(500000000)
    select hex(zeroblob(400000000))
    select printf('%.*c', 900000000, 'x')
    select printf('%900000000d', 1)
    select printf('%.*c', '2000000000', 'x')
    select replace(hex(zeroblob(500000)), '00', hex(zeroblob(100000)))
    with recursive c(x) as (select 'a' union all select x || x from c) select max(x) from c
    select 'x' like hex(zeroblob(1000))
    select trim('x', hex(randomblob(1000)) || 'yz')""".splitlines(),
)
def test_no_value_grows_without_end(bounded: sqlite3.Connection, sql: str) -> None:
    """One function call makes or searches no more than a few megabytes."""
    with pytest.raises(sqlite3.Error):
        bounded.execute(sql.strip()).fetchall()


def test_an_article_as_long_as_the_longest_can_be_read() -> None:
    """The bound on a value grows with the archive's longest text."""
    longest = SHORTEST_LIMIT  # characters, of four bytes each
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (x)")
        connection.execute("insert into t values (?)", ["𠮷" * (longest - 10)])
        bound(connection, longest)
        assert connection.execute("select length(x) as n from t").fetchone()["n"] == longest - 10


def test_result_is_bounded_as_a_whole(bounded: sqlite3.Connection) -> None:
    """Many rows of large values, or of many columns, are stopped; each query counts anew."""
    many = "with recursive c(x) as (select 1 union all select x + 1 from c limit 9000)"
    columns = ", ".join(f"x as c{number}" for number in range(100))
    for sql in (f"{many} select zeroblob(1000000) from c", f"{many} select {columns} from c"):
        with pytest.raises(sqlite3.OperationalError, match="too large"):
            bounded.execute(sql).fetchall()
    for _ in range(MAX_RESULT // 20_000_000 + 1):
        rows = bounded.execute(f"{many} select x from c").fetchall()
        assert len(rows) == 9000


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
