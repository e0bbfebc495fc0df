"""Any filtered table or search as a whole file: /export/<table>.csv, .parquet, .zip, .bib …

    /export/articles.csv?source=…&_search=… ─► the table page's SQL, without its limit
        ─► a connection of its own ─► rows ─► clippings.dataset.encoding ─► pieces

The arguments are those of the table page. Behind `.sha256` stands the digest of the same file, as
`sha256sum -c` reads it; the header Clippings-Rows says how many rows there are. All is read from
one file. The first piece is made before an answer is begun, so that what cannot be asked gets its
status; what goes wrong later breaks the connection off, and no client takes a part for the whole.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import path_with_removed_args
from datasette.utils.asgi import BadRequest, Base400, Forbidden, NotFound, Request, Response

from clippings.dataset.encoding import FORMATS, Format, Row, joined
from clippings.dataset.tables import Column, kind_of, open_readonly
from clippings.site.addresses import DATABASE, archive
from clippings.site.answers import in_time
from clippings.site.limits import MAX_VALUE
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for
from clippings.site.streaming import EXPORTING, StreamedResponse, in_turn

ROWS = "clippings-rows"
"""The header that says how many rows an export has."""

FETCHED = 500
"""Rows that are read at once, within `sql_time_limit_ms`."""

REFUSED = {"_where", "_next", "_through", "_trace", "_searchmode", "_fts_table", "_fts_pk"}
"""Arguments that are SQL, or name a page."""

FIRST_ROW = "_size=1&_nofacet=1&_nocount=1&_labels=off&_shape=objects&_extra=query,columns"
"""Arguments of the JSON that says how a table is asked; `_extra` only Datasette 1.0 needs."""

KNOWN_BY = ("cookie", "authorization")
"""Headers by which Datasette knows who asks, and so what they may see."""

TABLE = r"(?P<table>[a-z_]+)"


class Selection(NamedTuple):
    """What is exported: SQL of Datasette's making, its parameters, and the columns it gives."""

    sql: str
    params: dict[str, Any]
    columns: tuple[Column, ...]


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
    details = await archive(datasette).table_column_details(table)
    types = {column.name: column.type for column in details}
    columns = (Column(name, kind_of(name, types[name]), False, "") for name in data["columns"])
    query = data["query"]
    return Selection(query["sql"].removesuffix(" limit 2"), query["params"], tuple(columns))


async def select(datasette: Datasette, request: Request, table: str, form: Format) -> Selection:
    """Return what an address asks for: the rows of a table, or what a format has of articles."""
    if form.articles and table != "articles":
        raise BadRequest(f"Only articles can be exported as {form.ending}")
    selection = await read_selection(datasette, request, table)
    if not form.articles:
        return selection
    articles = datasette.absolute_url(request, datasette.urls.table(DATABASE, "articles"))
    sql = f"{form.articles} where id in (select id from ({selection.sql})) order by docid"
    known = {"articles": f"{articles}/", "accessed": date.today().isoformat()}
    return selection._replace(sql=sql, params={**selection.params, **known})


class Export:
    """A running export: the number of its `rows`, and its `pieces`, of which the first is made."""

    def __init__(self, datasette: Datasette, selection: Selection, form: Format) -> None:
        """Raises TooSlow."""
        self._limit = datasette.setting("sql_time_limit_ms")
        self._conn = open_readonly(Path(archive(datasette).path))
        try:
            datasette._prepare_connection(self._conn, DATABASE)
            # A row with names weighs more, and an export may have many.
            self._conn.row_factory = sqlite3.Row if form.articles else None
            with in_time(self._conn, self._limit):
                counted = f"select count(*) from ({selection.sql})"
                (self.rows,) = self._conn.execute(counted, selection.params).fetchone()
            pieces = joined(form.encode(selection.columns, self._read(selection)))
            self.pieces = chain((next(pieces, b""),), pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._conn.close()

    def digest(self) -> str:
        """Return the SHA-256 of the pieces in hexadecimal, and let go of the database."""
        found = hashlib.sha256()
        with closing(self):
            for piece in self.pieces:
                found.update(piece)
        return found.hexdigest()

    def _read(self, selection: Selection) -> Iterator[Row]:
        with in_time(self._conn, self._limit):
            cursor = self._conn.execute(selection.sql, selection.params)
        while True:
            with in_time(self._conn, self._limit):
                rows = cursor.fetchmany(FETCHED)
            if not rows:
                return
            yield from rows


async def answer(datasette: Datasette, request: Request) -> StreamedResponse | Response:
    """Answer /export/<table>.<ending>, or with `.sha256` behind it its digest."""
    table, form = request.url_vars["table"], FORMATS[request.url_vars["ending"]]
    selection = await select(datasette, request, table, form)
    export = await in_turn(Export, datasette, selection, form)
    name, rows = f"{table}.{form.ending}", {ROWS: str(export.rows)}
    if request.url_vars["digest"]:
        sha256 = await in_turn(export.digest)
        return Response.text(f"{sha256}  {name}\n", headers=rows)
    disposition = f'attachment; filename="{name}"'
    headers = {"content-type": form.media_type, "content-disposition": disposition, **rows}
    return StreamedResponse(request, 200, headers, export.pieces, export.close, EXPORTING)


@hookimpl
def table_actions(
    datasette: Datasette, database: str, table: str, request: Request
) -> list[dict[str, str]]:
    """Lead from a table to all pages of what it shows, in each format that can be made."""
    is_known = database == DATABASE and re.fullmatch(TABLE, table)
    if not is_known or (REFUSED - {"_next"}) & set(request.args):
        return []
    labels = translator_for(request).strings["export.formats"]
    paths = {
        ending: path_with_removed_args(request, {"_next"}, f"/export/{table}.{ending}")
        for ending, form in FORMATS.items()
        if table == "articles" or not form.articles
    }
    return [
        {"href": datasette.urls.path(path), "label": labels[ending]}
        for ending, path in paths.items()
    ]


@hookimpl
def register_routes() -> list[Route]:
    """Add the address."""
    endings = "|".join(map(re.escape, FORMATS))
    pattern = rf"^/export/{TABLE}\.(?P<ending>{endings})(?P<digest>\.sha256)?$"
    rules = ("/export/",)
    return routes(Page(pattern, answer, None, disallow=rules, is_cached=False, cost="stream"))
