"""What must hold of a database before it is published, and what is said of it then."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from clippings.database.inspect import accounting_of
from clippings.database.schema import reading
from clippings.reading.identity import digest_of_file

_TABLES = "select name from sqlite_master where type = 'table'"
_IN_INDEX = "select count(*) from articles_fts where articles_fts match 'facts : \"all\"'"


def check(draft: Path, with_index: bool) -> str | None:
    """Return what is wrong with a finished database; None: nothing is.

    `with_index` also has FTS5 read all of its index. The checks run side by side: SQLite does
    not hold Python up meanwhile.
    """
    checks = [_pages, _references, _counts, *([_index] if with_index else [])]
    with ThreadPoolExecutor(len(checks)) as threads:
        return next(filter(None, threads.map(lambda one: one(draft), checks)), None)


def inspect_data(path: Path) -> dict[str, Any]:
    """Return what `datasette inspect` would say of a finished database, under its name.

    Datasette serves a database that it knows this of as immutable, and does not
    count its tables again. Hidden index tables are left out.
    """
    with reading(path) as db:
        names = [name for (name,) in db.execute(_TABLES) if "_fts" not in name]
        tables = {
            name: {"count": db.execute(f"select count(*) from [{name}]").fetchone()[0]}
            for name in names
        }
    return {"hash": digest_of_file(path), "size": path.stat().st_size, "tables": tables}


def _pages(draft: Path) -> str | None:
    with reading(draft) as db:
        found = db.execute("pragma integrity_check").fetchall()
    return None if found == [("ok",)] else f"the new database is damaged: {found[:3]}"


def _references(draft: Path) -> str | None:
    with reading(draft) as db:
        found = db.execute("pragma foreign_key_check").fetchmany(3)
    return f"rows of the new database name rows that it has not: {found}" if found else None


def _counts(draft: Path) -> str | None:
    a = accounting_of(draft)
    if a.files_seen != a.placements + a.quarantined + a.withheld:
        return f"files were lost on the way: {a}"
    with reading(draft) as db:
        if db.execute(_IN_INDEX).fetchone()[0] != a.articles:
            return "the search index does not hold each article once"
    return None


def _index(draft: Path) -> str | None:
    try:
        with closing(sqlite3.connect(draft)) as db:
            db.execute("insert into articles_fts (articles_fts) values ('integrity-check')")
    except sqlite3.DatabaseError as error:
        return f"the search index fails its check: {error}"
    return None
