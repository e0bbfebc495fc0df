"""What must hold of a database before it is published, and what is said of it then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from clippings.database.inspect import accounting_of
from clippings.database.schema import reading
from clippings.reading.identity import digest_of_file

_TABLES = "select name from sqlite_master where type = 'table'"
_IN_INDEX = "select count(*) from articles_fts where articles_fts match 'facts : \"all\"'"


def check(draft: Path) -> str | None:
    """Return what is wrong with a finished database; None: nothing is.

    The checks run side by side: SQLite does not hold Python up meanwhile. From 3.44 on its own
    check reads the search index too.
    """
    checks = (_pages, _references, _counts)
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
