"""Reading for a page, within the time that a query may take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Base400

from clippings.site.addresses import archive

T = TypeVar("T")


class TooSlow(Base400):  # type: ignore[misc]
    """A question that would take longer than `sql_time_limit_ms` allows."""

    status = 503


async def visit(datasette: Datasette, read: Callable[[sqlite3.Connection], T]) -> T:
    """Read from the archive in one go. Raises TooSlow when it takes too long."""

    def within_limit(conn: sqlite3.Connection) -> T:
        with in_time(conn, datasette.setting("sql_time_limit_ms")):
            return read(conn)

    found: T = await archive(datasette).execute_fn(within_limit)
    return found


@contextmanager
def in_time(conn: sqlite3.Connection, milliseconds: int) -> Iterator[None]:
    """Raise TooSlow where what the block reads takes longer."""
    try:
        with sqlite_timelimit(conn, milliseconds):
            yield
    except sqlite3.OperationalError as error:
        if str(error) != "interrupted":
            raise
        raise TooSlow("this takes longer than sql_time_limit_ms allows") from None
