"""Any filtered table or search as a whole file: /export/<table>.csv, .parquet, .zip, .bib …

    /export/articles.csv?source=…&_search=… ─► the table page's SQL, without its limit
        ─► a connection of its own ─► rows ─► clippings.dataset.encoding ─► pieces

The arguments are those of the table page. Behind `.sha256` stands the digest of the same file, as
`sha256sum -c` reads it; the header Clippings-Rows says how many rows there are. The connection
reads the database that the request began with. The first piece is made before an answer is begun,
so that what cannot be asked gets its status; what goes wrong later breaks the connection off, and
no client takes the rest for the whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import BadRequest, Base400, Forbidden, NotFound, Request, Response

from clippings.dataset.encoding import FORMATS, Format, Row
from clippings.dataset.tables import Column, kind_of, open_readonly
from clippings.site.addresses import DATABASE, archive
from clippings.site.answers import in_time
from clippings.site.limits import MAX_VALUE
from clippings.site.live_database import LiveDatabase
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for

ROWS = "clippings-rows"
"""The header that says how many rows an export has."""

FETCHED = 500
"""Rows that are read at once, within `sql_time_limit_ms`."""

REFUSED = {"_where", "_next", "_through", "_trace", "_searchmode", "_fts_table", "_fts_pk"}
"""Arguments that are SQL, or name a page."""

FIRST_ROW = "_size=1&_nofacet=1&_nocount=1&_labels=off&_shape=objects&_extra=query,columns,table"
"""Arguments of the JSON that says how a table is asked; `_extra` only Datasette 1.0 needs."""

KNOWN_BY = ("cookie", "authorization")
"""Headers by which Datasette knows who asks, and so what they may see."""

TABLE = r"(?P<table>[a-z_]+)"
LIMIT = re.compile(r" limit 2$")


class Selection(NamedTuple):
    """What is exported: SQL of Datasette's making, its parameters, and the columns it gives."""

    table: str
    sql: str
    params: dict[str, Any]
    columns: tuple[Column, ...]


class Replaced(Base400):  # type: ignore[misc]
    """Another file lies where that of the request did; the next request gets its."""

    status = 503


async def read_selection(datasette: Datasette, request: Request, table: str) -> Selection:
    """Return the rows that the table page of the same arguments has, on all its pages.

    Raises what Datasette raises for arguments that make no sense, and BadRequest for REFUSED.
    """
    if refused := REFUSED & set(request.args):
        raise BadRequest(f"{min(refused)} cannot be exported; filter by columns and _search")
    if table not in archive(datasette).cached_table_counts:
        raise NotFound(f"{table} is no table, or one of the search index")
    if any(len(value) > MAX_VALUE for name in request.args for value in request.args.getlist(name)):
        raise BadRequest(f"A filter of an export has {MAX_VALUE} characters at most")
    filters = quote(request.query_string.encode("latin-1"), safe="%&=+")
    path = f"/{DATABASE}/{table}.json?{FIRST_ROW}&{filters}"
    who = {name: request.headers[name] for name in KNOWN_BY if name in request.headers}
    answer = await datasette.client.get(path, headers=who)
    if answer.status_code == 302:  # a filter form's way of asking
        raise BadRequest("Give filters as column=value or column__operator=value")
    if answer.status_code == 403:
        raise Forbidden(f"{table} is not for everyone")
    data = answer.json()
    if answer.status_code != 200:
        refusal = Base400(data["error"])
        refusal.status = answer.status_code
        raise refusal
    if data.get("table") != table or not LIMIT.search(data["query"]["sql"]):
        raise BadRequest(f"{table} is no table")
    details = await archive(datasette).table_column_details(table)
    types = {column.name: column.type for column in details}
    columns = (Column(name, kind_of(name, types[name]), False, "") for name in data["columns"])
    query = data["query"]
    return Selection(table, LIMIT.sub("", query["sql"]), query["params"], tuple(columns))


async def asked_for(datasette: Datasette, request: Request) -> tuple[Selection, Format]:
    """Return the rows and the format that an address names."""
    table, form = request.url_vars["table"], FORMATS[request.url_vars["ending"]]
    if not form.is_available:
        raise NotFound(f"This site has no {form.needs}, so it cannot make {form.ending} files")
    if form.articles and table != "articles":
        raise BadRequest(f"Only articles can be exported as {form.ending}")
    selection = await read_selection(datasette, request, table)
    if form.articles:
        articles = datasette.absolute_url(request, datasette.urls.table(DATABASE, "articles"))
        sql = f"{form.articles} where id in (select id from ({selection.sql})) order by docid"
        known = {"articles": f"{articles}/", "accessed": date.today().isoformat()}
        selection = selection._replace(sql=sql, params={**selection.params, **known})
    return selection, form


class Export:
    """A running export, and the answer of Datasette's kind that sends it; closed when it is sent.

    `rows` is the number of its rows. Its first piece is made.
    """

    def __init__(self, datasette: Datasette, selection: Selection, form: Format) -> None:
        """Count the rows and make the first piece. Raises TooSlow, and Replaced."""
        self._limit = datasette.setting("sql_time_limit_ms")
        live = archive(datasette)
        self._conn = open_readonly(Path(live.path))
        try:
            if isinstance(live, LiveDatabase) and live.is_replaced():
                raise Replaced("The archive was replaced at this moment; ask again")
            datasette._prepare_connection(self._conn, DATABASE)
            # A row with names weighs more, and an export may have many.
            self._conn.row_factory = sqlite3.Row if form.articles else None
            self.rows = self._count(selection)
            self._pieces = form.encode(selection.columns, self._read(selection))
            self._first = next(self._pieces, b"")
        except BaseException:
            self.close()
            raise
        name = f"{selection.table}.{form.ending}"
        self.headers = {
            "content-type": form.media_type,
            "content-disposition": f'attachment; filename="{name}"',
            ROWS: str(self.rows),
        }

    def pieces(self) -> Iterator[bytes]:
        """Yield the file."""
        yield self._first
        yield from self._pieces

    def close(self) -> None:
        """Let go of the database."""
        self._conn.close()

    async def asgi_send(self, send: Any) -> None:
        """Send piece after piece; an exception on the way breaks the connection off."""
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        pieces = self.pieces()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": raw})
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.close()

    def _count(self, selection: Selection) -> int:
        sql = f"select count(*) from ({selection.sql})"
        with in_time(self._conn, self._limit):
            return int(self._conn.execute(sql, selection.params).fetchone()[0])

    def _read(self, selection: Selection) -> Iterator[Row]:
        with in_time(self._conn, self._limit):
            cursor = self._conn.execute(selection.sql, selection.params)
        while True:
            with in_time(self._conn, self._limit):
                rows = cursor.fetchmany(FETCHED)
            if not rows:
                return
            yield from rows


async def export(datasette: Datasette, request: Request) -> Export | Response:
    """Answer /export/<table>.<ending>."""
    selection, form = await asked_for(datasette, request)
    running = await asyncio.to_thread(Export, datasette, selection, form)
    if request.method != "HEAD":
        return running
    running.close()
    return Response("", headers=running.headers)


def digest(datasette: Datasette, selection: Selection, form: Format) -> tuple[str, int]:
    """Return the SHA-256 of an export in hexadecimal, and its rows."""
    found = hashlib.sha256()
    with closing(Export(datasette, selection, form)) as running:
        for piece in running.pieces():
            found.update(piece)
        return found.hexdigest(), running.rows


async def export_digest(datasette: Datasette, request: Request) -> Response:
    """Answer /export/<table>.<ending>.sha256, before or after the file itself was fetched."""
    selection, form = await asked_for(datasette, request)
    sha256, rows = await asyncio.to_thread(digest, datasette, selection, form)
    text = f"{sha256}  {selection.table}.{form.ending}\n"
    return Response.text(text, headers={ROWS: str(rows)})


def export_path(datasette: Datasette, request: Request, table: str, ending: str) -> str | None:
    """Return the address of all pages of the table page that is asked for; None: it has none."""
    given = parse_qsl(request.query_string, keep_blank_values=True)
    kept = [(name, value) for name, value in given if name != "_next"]
    if REFUSED & {name for name, _ in kept} or not re.fullmatch(TABLE, table):
        return None
    query = f"?{urlencode(kept)}" if kept else ""
    return str(datasette.urls.path(f"/export/{table}.{ending}{query}"))


@hookimpl
def table_actions(
    datasette: Datasette, database: str, table: str, request: Request
) -> list[dict[str, str]]:
    """Lead from a table to all pages of what it shows, in each format that can be made."""
    if database != DATABASE or export_path(datasette, request, table, "csv") is None:
        return []
    t = translator_for(request)
    return [
        {
            "href": export_path(datasette, request, table, ending) or "",
            "label": t.strings["export.formats"][ending],
        }
        for ending, form in FORMATS.items()
        if form.is_available and (table == "articles" or not form.articles)
    ]


@hookimpl
def extra_template_vars(
    datasette: Datasette, request: Request, database: str, table: str | None, view_name: str
) -> dict[str, str]:
    """Make the CSV link of a table page lead to the whole; Datasette's own stops at 1,000 rows."""
    if (database, view_name) != (DATABASE, "table") or not table:  # a query's page has no table
        return {}
    path = export_path(datasette, request, table, "csv")
    return {"url_csv": path} if path else {}


@hookimpl
def register_routes() -> list[Route]:
    """Add the addresses."""
    name = rf"^/export/{TABLE}\.(?P<ending>{'|'.join(map(re.escape, FORMATS))})"
    filters = None
    return routes(
        Page(
            rf"{name}$",
            export,
            parameters=filters,
            disallow=("/export/",),
            is_cached=False,
            cost="stream",
        ),
        Page(
            rf"{name}\.sha256$",
            export_digest,
            parameters=filters,
            is_cached=False,
            cost="stream",
        ),
    )
