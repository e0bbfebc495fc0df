"""SQL of strangers on the archive's connections: reading only, each step of it bounded."""

import sqlite3

from datasette import hookimpl

from clippings.site import DATABASE
from clippings.site.bounded_sql import bound

LONGEST = "select characters from articles order by characters desc limit 1"


def longest_text(conn: sqlite3.Connection) -> int:
    """Characters of the longest article; 0 where there are none."""
    row = conn.execute(LONGEST).fetchone()
    return row[0] if row else 0


@hookimpl(trylast=True)  # after the plugins that use the connection without bounds
def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
    """Bound a connection to the archive."""
    if database == DATABASE:
        bound(conn, longest_text(conn))
