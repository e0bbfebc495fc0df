"""How a page of ours reads from the archive, within the time that a query may take, and answers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Base400, Request, Response

from clippings.dataset.encoding import FORMATS, Row
from clippings.dataset.tables import Column
from clippings.site.addresses import DATABASE, archive, local_path
from clippings.site.compatibility import described
from clippings.site.i18n import Translator

T = TypeVar("T")

WHAT_IS_SHOWN = ("q", "before", "after", "page")
"""Arguments of an address that make it another page, not the same in another look."""


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


def site_name(datasette: Datasette, t: Translator) -> str:
    """Return what the archive is called: the title of metadata.yml, or ours."""
    return t.pick(described(datasette).get("title")) or t("site.name")


def wanted_pictures(datasette: Datasette) -> bool:
    """Return whether pictures are shown, or only linked (`pictures: links` in metadata.yml)."""
    settings = datasette.plugin_config(DATABASE) or {}
    return bool(settings.get("pictures", "show") != "links")


async def in_turns(rows: Iterable[T]) -> AsyncIterator[T]:
    """Yield the rows of a long page to its template, and let others be answered in between."""
    for row in rows:
        yield row
        await asyncio.sleep(0)


def rows_file(
    name: str, ending: str, columns: Sequence[str], rows: Iterable[Row], **headers: str
) -> Response:
    """Answer with a few thousand rows as a file in one of FORMATS."""
    form = FORMATS[ending]
    headers["content-disposition"] = f'attachment; filename="{name}.{ending}"'
    described = [Column(column, "text", False, "") for column in columns]
    body = b"".join(form.encode(described, rows)).decode()
    return Response(body, headers=headers, content_type=form.media_type)


async def page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response:
    """Answer with one of our pages: a template that extends `page.html`, with what it shows.

    Its one address for others to know it by is given to it as `canonical`.
    """
    path = datasette.urls.path(local_path(datasette, request.path))
    wanted = [(name, request.args[name]) for name in WHAT_IS_SHOWN if name in request.args]
    shown = f"{path}?{urlencode(wanted)}" if wanted else path
    canonical = datasette.absolute_url(request, shown)
    html = await datasette.render_template(
        template, {"canonical": canonical, **context}, request=request
    )
    return Response.html(html, status=status)
