"""The tables of a finished database that are published, their columns and their types."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

__all__ = [
    "Column",
    "Connection",
    "Table",
    "kind_of",
    "open_readonly",
    "read_table",
    "read_tables",
    "typed",
]

DATES = {"day": "date", "published": "datetime", "updated": "datetime"}
"""Columns that SQLite keeps as text and that are more than text."""

OFFSET = "_offset"
"""How the column is called that holds the offset of a moment, after the moment's own name."""

_OFFSET_DESCRIPTION = "写明的时差 · The offset from UTC that the file states"
_TYPES = {"integer": "integer", "text": "text", "real": "number", "blob": "bytes"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `kind` is integer, number, text, bytes, date or datetime.

    `description` is that of metadata.yml, in both languages; '' where nobody wrote one.
    """

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its number of rows; `key` names the columns that tell its rows apart."""

    name: str
    title: str
    description: str
    rows: int
    key: tuple[str, ...]
    references: Mapping[str, str]  # column → the table whose id it holds
    columns: tuple[Column, ...]


def open_readonly(path: Path) -> Connection:
    """A connection on which nothing can be written; any thread may use it, one at a time."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def read_tables(conn: Connection, metadata: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables that `metadata` (that of the database in metadata.yml) shows, in its order."""
    shown = {
        name: about
        for name, about in metadata.get("tables", {}).items()
        if not about.get("hidden") and _has_table(conn, name)
    }
    return tuple(read_table(conn, name, about) for name, about in shown.items())


def read_table(conn: Connection, name: str, about: Mapping[str, Any]) -> Table:
    """One table. `name` is one that the database has: it is put into SQL."""
    found = [tuple(row) for row in conn.execute(f'pragma table_info("{name}")')]
    described = about.get("columns", {})
    return Table(
        name=name,
        title=about.get("title", name),
        description=about.get("description", ""),
        rows=conn.execute(f'select count(*) from "{name}"').fetchone()[0],
        key=tuple(row[1] for row in sorted(found, key=lambda row: row[5]) if row[5]),
        references={
            row[3]: row[2] for row in map(tuple, conn.execute(f'pragma foreign_key_list("{name}")'))
        },
        columns=tuple(
            Column(
                column, kind_of(column, declared), bool(required or key), described.get(column, "")
            )
            for _, column, declared, required, _, key in found
        ),
    )


def kind_of(column: str, declared: str) -> str:
    """What a column holds, by its name and the type that its table declares for it."""
    return DATES.get(column) or _TYPES.get(declared.lower(), "text")


def typed(columns: Iterable[Column]) -> list[Column]:
    """The columns as Parquet has them: beside a moment stands the offset that its text states."""
    found = []
    for column in columns:
        found.append(column)
        if column.kind == "datetime":
            found.append(Column(f"{column.name}{OFFSET}", "text", False, _OFFSET_DESCRIPTION))
    return found


def _has_table(conn: Connection, name: str) -> bool:
    found = conn.execute("select 1 from sqlite_master where type = 'table' and name = ?", [name])
    return found.fetchone() is not None
