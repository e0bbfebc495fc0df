"""Connections to the files of a build, and the statements that make the archive (schema.sql)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

_SETTINGS = """
    pragma page_size = 4096;
    pragma journal_mode = off;
    pragma synchronous = off;
    pragma locking_mode = exclusive;
    pragma cache_size = -8192;
    pragma secure_delete = on;
"""
# A draft that is not finished is thrown away: a journal would protect nothing. What is deleted is
# overwritten: the file is given to others, and a removed text is not to be found in a free page.


def open_draft(path: Path, schema: str = "") -> sqlite3.Connection:
    """Open a file that this build writes, with a transaction begun, in which the statements of
    the schema were run. The connection is for one thread at a time, whichever."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.executescript(f"{_SETTINGS} begin; {schema}")
    return db


def reading(path: Path) -> closing[sqlite3.Connection]:
    """A connection that only reads and believes no schema, for a `with`. Raises
    sqlite3.DatabaseError as it is used."""
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    conn.execute("pragma trusted_schema = off")
    return closing(conn)


def archive_schema() -> tuple[str, list[str]]:
    """Return the statements of schema.sql that make tables, and each that makes an index."""
    statements = []
    text = ""
    for line in (files("clippings.database") / "schema.sql").read_text("utf-8").splitlines(True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text.strip())
            text = ""
    is_index = re.compile(r"^create (unique )?index", re.MULTILINE)
    tables = [sql for sql in statements if not is_index.search(sql)]
    return "\n".join(tables), [sql for sql in statements if is_index.search(sql)]
