"""Connections that only read, and only their own file: SQLite asks before each statement."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Container
from functools import partial

_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}
_PRAGMAS = set(
    "table_info table_xinfo table_list foreign_key_list index_list index_info index_xinfo "
    "database_list function_list compile_options data_version schema_version page_count "
    "page_size encoding recursive_triggers".split()
)
"""Those that describe a file, and the one that sqlite-utils sets on every connection; a value
given to one changes nothing of an immutable file."""

_READABLE = {"sqlite_master", "sqlite_schema", "json_each", "json_tree", "positions"}
"""What may be read besides the file's own tables and `pragma_…`; `positions` are those of the index
(clippings/search/occurrences.py). SQLite's other modules are not:
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
    is_allowed = action in _READS
    if action == sqlite3.SQLITE_READ:  # without a column: of what has a name in this statement
        is_allowed = first in tables or str(first).startswith("pragma_") or not second
    elif action == sqlite3.SQLITE_FUNCTION:
        is_allowed = second not in _REFUSED_FUNCTIONS
    elif action == sqlite3.SQLITE_PRAGMA:
        is_allowed = str(first).lower() in _PRAGMAS
    elif action == sqlite3.SQLITE_UPDATE:  # asked whenever a virtual table is opened; not done
        is_allowed = first == "sqlite_master"
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY
