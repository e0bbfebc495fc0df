"""The process in which the SQL of strangers runs, killed by the kernel at its limits.

    Query ──► only reads, limited in time, memory and files ──► Answer or an exception

It is started by this file's path and imports next to nothing, so that it is there within a tenth
of a second: what search_query and search_snippet need is loaded when a query calls them.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Container
from functools import partial
from pathlib import Path
from typing import Any

READY = b"ready"

MEMORY = 2**30
"""Bytes of address space that a worker may have, its Python included; a sort stays in it too."""

OPEN_FILES = 32

GRACE = 1.0
"""Seconds over its time limit after which a query that SQLite cannot interrupt is killed."""

MAX_RESULT = 64 * 2**20
"""Bytes that a result may weigh: the lengths of its values, and CELL for each."""

CELL = 1000
"""A value weighs at least this: on a page, that is what it costs."""

Query = tuple[str, Any, "int | None", float]
"""SQL, its parameters, the most rows that are wanted (None: all), the seconds that it may take."""

Answer = tuple["list[str] | None", "list[tuple[Any, ...]]", bool]
"""The columns, the rows, and whether there are more rows than were wanted."""

_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_PRAGMAS = set(
    "table_info table_xinfo table_list foreign_key_list index_list index_info index_xinfo "
    "database_list function_list compile_options data_version schema_version page_count "
    "page_size encoding recursive_triggers".split()
)
"""Those that describe a file, and the one that sqlite-utils sets on every connection; a value
given to one changes nothing of an immutable file."""

_READABLE = {"sqlite_master", "sqlite_schema", "json_each", "json_tree", "positions"}
"""What may be read besides the file's own tables and `pragma_…`; `positions` are the index's, which
connections of strangers do not have. SQLite's other modules are not:
sqlite_stmt shows what others ask, dbstat reads the whole file."""

_REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer"}


def only_read(conn: sqlite3.Connection) -> None:
    """Let a connection only read, and only the tables of its own file."""
    conn.execute("pragma trusted_schema = off")
    if sys.version_info >= (3, 12):
        conn.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    found = conn.execute("select name from sqlite_master where type in ('table', 'view')")
    conn.set_authorizer(partial(_authorize, _READABLE.union(name for (name,) in found)))


def _authorize(
    tables: Container[str],
    action: int,
    first: str | None,
    second: str | None,
    database: str | None,
    source: str | None,
) -> int:
    """Answer what SQLite asks before it prepares a statement (sqlite3_set_authorizer)."""
    if action == sqlite3.SQLITE_READ:  # without a column: of what has a name in this statement
        is_known = first in tables or str(first).startswith("pragma_") or not second
        return sqlite3.SQLITE_OK if is_known else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second in _REFUSED_FUNCTIONS else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if str(first).lower() in _PRAGMAS else sqlite3.SQLITE_DENY
    if (action, first) == (sqlite3.SQLITE_UPDATE, "sqlite_master"):
        return sqlite3.SQLITE_OK  # asked whenever a virtual table is opened; never carried out
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def main(path: str, identity: str) -> None:
    """Answer queries of the file at `path` until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # who reads a page goes first
    conn = sqlite3.connect(f"{Path(path).as_uri()}?immutable=1", uri=True)
    conn.execute("pragma temp_store = memory")
    conn.text_factory = partial(str, encoding="utf-8", errors="replace")
    only_read(conn)
    found = os.stat(path)
    if repr((found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)) != identity:
        return
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while True:
        try:
            query = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_answer(conn, query), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _answer(conn: sqlite3.Connection, query: Query) -> Answer | Exception:
    if "search_" in query[0] or "escape_fts" in query[0]:
        from clippings.search.functions import register

        register(conn)
    signal.setitimer(signal.ITIMER_REAL, query[-1] + GRACE)  # unhandled, SIGALRM kills
    try:
        return _read(conn, *query)
    except MemoryError:
        return sqlite3.OperationalError("the query needs more memory than one may have")
    except Exception as error:  # noqa: BLE001 — it is raised again in the site
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(
    conn: sqlite3.Connection, sql: str, parameters: Any, most: int | None, seconds: float
) -> Answer:
    deadline = time.monotonic() + seconds
    conn.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    cursor = conn.execute(sql, parameters)
    columns = [column[0] for column in cursor.description] if cursor.description else None
    rows: list[tuple[Any, ...]] = []
    weight = 0
    for row in cursor:
        if len(rows) == most:
            return columns, rows, True
        rows.append(row)
        weight += CELL * len(row) + sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if weight > MAX_RESULT:
            raise sqlite3.OperationalError("the result is too large; ask for fewer rows or columns")
    return columns, rows, False


if __name__ == "__main__":
    main(*sys.argv[2:])
