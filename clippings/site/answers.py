"""How an answer is given: within the time that a query may take, and only once to who keeps it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import TypeVar

from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Base400, Request, Response

from clippings.site import DATABASE, archive, site_name, words_for

View = Callable[[Datasette, Request], Awaitable[Response]]
T = TypeVar("T")

MAX_AGE = 600
"""Seconds for which a client need not ask again."""


class TooSlow(Base400):  # type: ignore[misc]
    """A question that would take longer than `sql_time_limit_ms` allows."""

    status = 503


async def visit(datasette: Datasette, read: Callable[[sqlite3.Connection], T]) -> T:
    """Read from the archive in one go. Raises TooSlow when it takes too long."""

    def within_limit(conn: sqlite3.Connection) -> T:
        with sqlite_timelimit(conn, datasette.setting("sql_time_limit_ms")):
            return read(conn)

    try:
        found: T = await archive(datasette).execute_fn(within_limit)
    except sqlite3.OperationalError as error:
        if str(error) != "interrupted":
            raise
        raise TooSlow("this takes longer than sql_time_limit_ms allows") from None
    return found


def entity_tag(datasette: Datasette, request: Request) -> str | None:
    """Name what a request is answered with: the same database, address, language and settings
    give the same answer. None while the database may change."""
    digest = archive(datasette).hash
    if digest is None:
        return None
    settings = (site_name(datasette, words_for(request)), datasette.plugin_config(DATABASE))
    parts = (version("clippings"), digest, request.url, words_for(request).code, settings)
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:20]}"'


def revalidated(view: View) -> View:
    """A view whose successful answers carry an ETag; who has the answer already gets a 304."""

    @wraps(view)
    async def answer(datasette: Datasette, request: Request) -> Response:
        tag = entity_tag(datasette, request)
        if tag is None:
            return await view(datasette, request)
        headers = {"etag": tag, "cache-control": f"max-age={MAX_AGE}"}
        # Weak comparison, RFC 9110, 13.1.2.
        if tag[2:] in re.findall(r'"[^"]*"', request.headers.get("if-none-match", "")):
            return Response("", status=304, headers=headers)
        response = await view(datasette, request)
        response.headers.update(headers if response.status == 200 else {})
        return response

    return answer
