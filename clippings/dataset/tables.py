"""The tables of a finished database that are published, their columns and their types."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATES = {"day": "date", "published": "datetime", "updated": "datetime"}
"""Columns that SQLite keeps as text and that are more than text."""

OFFSET = "_offset"
"""What the column of a moment's offset is called, after the moment's own name."""

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


def open_readonly(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads and believes no schema; any thread may use it, one at a
    time."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    conn = sqlite3.connect(uri, uri=True, check_same_thread=False)
    conn.execute("pragma trusted_schema = off")
    return conn


def read_tables(conn: sqlite3.Connection, metadata: Mapping[str, Any]) -> tuple[Table, ...]:
    """Return the tables that `metadata` (that of the database in metadata.yml) shows, in order."""
    there = {name for (name,) in conn.execute("select name from sqlite_master")}
    return tuple(
        read_table(conn, name, about)
        for name, about in metadata.get("tables", {}).items()
        if name in there and not about.get("hidden")
    )


def read_table(conn: sqlite3.Connection, name: str, about: Mapping[str, Any]) -> Table:
    """Return one table, with what metadata.yml says `about` it."""
    from sqlite_utils import Database  # loads pandas where that is installed

    found = Database(conn).table(name)
    described = about.get("columns", {})
    return Table(
        name=name,
        title=about.get("title", name),
        description=about.get("description", ""),
        rows=found.count,
        key=() if found.use_rowid else tuple(found.pks),
        references={key.column: key.other_table for key in found.foreign_keys if key.column},
        columns=tuple(
            Column(
                column.name,
                kind_of(column.name, column.type),
                bool(column.notnull or column.is_pk),
                described.get(column.name, ""),
            )
            for column in found.columns
        ),
    )


def kind_of(column: str, declared: str) -> str:
    """Return what a column holds, by its name and the type that its table declares for it."""
    return DATES.get(column) or _TYPES.get(declared.lower(), "text")


def parquet_columns(columns: Iterable[Column]) -> list[Column]:
    """Return the columns as Parquet has them: behind a moment the offset that its text states."""
    found = []
    for column in columns:
        found.append(column)
        if column.kind == "datetime":
            found.append(Column(f"{column.name}{OFFSET}", "text", False, _OFFSET_DESCRIPTION))
    return found
