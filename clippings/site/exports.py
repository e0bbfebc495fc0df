"""Any table or search, whole, as a file: Datasette's own filters, streamed from one connection.

    /export/articles.csv?source=…&_search=… ─► the table page's SQL, without its limit
        ─► a connection of its own ─► rows ─► clippings.dataset.encoding ─► pieces

The connection reads the file of the request's edition, whatever is swapped in meanwhile. The
first piece is made before an answer is begun, so that what cannot be asked gets its status; what
goes wrong later breaks the connection off, and no client takes the rest for the whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasette.app import Datasette
from datasette.utils.asgi import BadRequest, Base400, Forbidden, NotFound, Request

from clippings.dataset.encoding import MARKDOWN_COLUMNS, MARKDOWN_QUERY, Format, Row
from clippings.dataset.tables import Column, kind_of, open_readonly
from clippings.site import DATABASE, archive
from clippings.site.answers import in_time
from clippings.site.limits import MAX_VALUE
from clippings.site.live_database import LiveDatabase

ROWS = "clippings-rows"
"""The header that says how many rows an export has."""

FETCHED = 500
"""Rows that are read at once, within `sql_time_limit_ms`."""

_REFUSED = ("_where", "_next", "_through", "_trace", "_searchmode", "_fts_table", "_fts_pk")
_LIMIT = re.compile(r" limit 2$")
_FIRST_ROW = "_size=1&_nofacet=1&_nocount=1&_labels=off&_shape=objects&_extra=query,columns,table"
"""Arguments of the JSON that says how a table is asked; `_extra` only Datasette 1.0 needs."""

_KNOWN_BY = ("cookie", "authorization")
"""Headers by which Datasette knows who asks, and so what they may see."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is exported: SQL that Datasette made, its parameters, and the columns it gives."""

    table: str
    sql: str
    params: dict[str, Any]
    columns: tuple[Column, ...]


async def read_question(datasette: Datasette, request: Request, table: str) -> Question:
    """The rows that the table page of the same address has, on all its pages.

    Raises what Datasette raises for an address that makes no sense, and BadRequest for
    arguments that are SQL or name a page.
    """
    if refused := next((name for name in _REFUSED if name in request.args), None):
        raise BadRequest(f"{refused} cannot be exported; filter by columns and _search")
    if table not in archive(datasette).cached_table_counts:
        raise NotFound(f"{table} is no table, or one of the search index")
    if any(len(value) > MAX_VALUE for name in request.args for value in request.args.getlist(name)):
        raise BadRequest(f"A filter of an export has {MAX_VALUE} characters at most")
    filters = quote(request.query_string.encode("latin-1"), safe="%&=+")
    path = f"/{DATABASE}/{table}.json?{_FIRST_ROW}&{filters}"
    who = {name: request.headers[name] for name in _KNOWN_BY if name in request.headers}
    answer = await datasette.client.get(path, headers=who)
    if answer.status_code == 302:  # a filter form's way of asking
        raise BadRequest("Give filters as column=value or column__operator=value")
    if answer.status_code == 403:
        raise Forbidden(f"{table} is not for everyone")
    data = answer.json()
    if answer.status_code != 200:
        raise _refusal(answer.status_code, data["error"])
    if data.get("table") != table or not _LIMIT.search(data["query"]["sql"]):
        raise BadRequest(f"{table} is no table")
    return Question(
        table=table,
        sql=_LIMIT.sub("", data["query"]["sql"]),
        params=data["query"]["params"],
        columns=await _columns(datasette, table, data["columns"]),
    )


def _refusal(status: int, message: str) -> Base400:
    """What the table page of the same filters was refused with."""
    refusal = Base400(message)
    refusal.status = status
    return refusal


async def _columns(datasette: Datasette, table: str, names: Sequence[str]) -> tuple[Column, ...]:
    details = await archive(datasette).table_column_details(table)
    declared = {column.name: column.type for column in details}
    return tuple(Column(name, kind_of(name, declared.get(name, "")), False, "") for name in names)


def as_markdown(question: Question) -> Question:
    """The articles of a question as what their Markdown files are made of."""
    if question.table != "articles":
        raise BadRequest("Only articles can be exported as Markdown")
    sql = f"{MARKDOWN_QUERY} where id in (select id from ({question.sql})) order by docid"
    return Question("articles", sql, question.params, MARKDOWN_COLUMNS)


class Replaced(Base400):  # type: ignore[misc]
    """Another file lies where that of the request's edition did; the next request gets its."""

    status = 503


class Export:
    """A running export: `rows` is how many it will have; close it in the end."""

    def __init__(self, datasette: Datasette, question: Question, form: Format) -> None:
        """Count the rows and make the first piece. Raises TooSlow, and Replaced."""
        self._limit = datasette.setting("sql_time_limit_ms")
        live = archive(datasette)
        self._conn = open_readonly(Path(live.path))
        try:
            if isinstance(live, LiveDatabase) and live.is_replaced():
                raise Replaced("The archive was replaced at this moment; ask again")
            datasette._prepare_connection(self._conn, DATABASE)
            self._conn.row_factory = None  # an export may weigh more than a page
            self.rows = self._count(question)
            self._pieces = form.encode(question.columns, self._read(question))
            self._first = next(self._pieces, b"")
        except BaseException:
            self.close()
            raise

    def pieces(self) -> Iterator[bytes]:
        """The file."""
        yield self._first
        yield from self._pieces

    def close(self) -> None:
        """Let go of the database."""
        self._conn.close()

    def _count(self, question: Question) -> int:
        sql = f"select count(*) from ({question.sql})"
        with in_time(self._conn, self._limit):
            return int(self._conn.execute(sql, question.params).fetchone()[0])

    def _read(self, question: Question) -> Iterator[Row]:
        with in_time(self._conn, self._limit):
            cursor = self._conn.execute(question.sql, question.params)
        while True:
            with in_time(self._conn, self._limit):
                rows = cursor.fetchmany(FETCHED)
            if not rows:
                return
            yield from rows


class ExportAnswer:
    """An export as an answer of Datasette's kind."""

    def __init__(self, export: Export, form: Format, table: str, is_head: bool) -> None:
        self._export = export
        self._is_head = is_head
        self.headers = {
            "content-type": form.media_type,
            "content-disposition": f'attachment; filename="{table}.{form.ending}"',
            ROWS: str(export.rows),
        }

    async def asgi_send(self, send: Any) -> None:
        """Send piece after piece; an exception on the way breaks the connection off."""
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": raw})
            pieces = iter(()) if self._is_head else self._export.pieces()
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._export.close()


def checksum(datasette: Datasette, question: Question, form: Format) -> tuple[str, int]:
    """The SHA-256 of an export in hexadecimal, and its rows: the same database gives the same."""
    digest = hashlib.sha256()
    with closing(Export(datasette, question, form)) as export:
        for piece in export.pieces():
            digest.update(piece)
        return digest.hexdigest(), export.rows
