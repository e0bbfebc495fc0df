"""The statements that make the tables of the archive (schema.sql)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path


def reading(path: Path) -> closing[sqlite3.Connection]:
    """A connection that only reads and believes no schema, for a `with`. Raises
    sqlite3.DatabaseError as it is used."""
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    conn.execute("pragma trusted_schema = off")
    return closing(conn)


def archive_schema() -> tuple[list[str], list[str]]:
    """Return the statements of schema.sql: those that make tables, those that make indexes."""
    statements = []
    text = ""
    for line in (files("clippings.database") / "schema.sql").read_text("utf-8").splitlines(True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text.strip())
            text = ""
    is_index = re.compile(r"^create (unique )?index", re.MULTILINE)
    tables = [sql for sql in statements if not is_index.search(sql)]
    return tables, [sql for sql in statements if is_index.search(sql)]
