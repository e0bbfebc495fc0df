"""Any filtered table or search as a whole file: /export/<table>.csv, .jsonl, .parquet or .zip.

The arguments are those of the table page. Behind `.sha256` stands the digest of the same file,
as `sha256sum -c` reads it; the header Clippings-Rows says how many rows there are.
"""

from __future__ import annotations

import asyncio

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from clippings.dataset.encoding import FORMATS, Format
from clippings.site.exports import (
    ROWS,
    Export,
    ExportAnswer,
    Question,
    as_markdown,
    checksum,
    read_question,
)
from clippings.site.pages import Page, Route, routes


async def asked_for(datasette: Datasette, request: Request) -> tuple[Question, Format]:
    """The rows and the format that an address names."""
    form = FORMATS[request.url_vars["ending"]]
    if not form.is_available:
        raise NotFound(f"This site has no {form.needs}, so it cannot make {form.ending} files")
    question = await read_question(datasette, request, request.url_vars["table"])
    return (as_markdown(question) if form.ending == "zip" else question), form


async def export(datasette: Datasette, request: Request) -> ExportAnswer:
    """The file."""
    question, form = await asked_for(datasette, request)
    running = await asyncio.to_thread(Export, datasette, question, form)
    return ExportAnswer(running, form, question.table, request.method == "HEAD")


async def export_checksum(datasette: Datasette, request: Request) -> Response:
    """Its digest, before or after the file itself was fetched."""
    question, form = await asked_for(datasette, request)
    digest, rows = await asyncio.to_thread(checksum, datasette, question, form)
    return Response.text(f"{digest}  {question.table}.{form.ending}\n", headers={ROWS: str(rows)})


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    name = rf"(?P<table>[a-z_]+)\.(?P<ending>{'|'.join(FORMATS)})"
    return routes(
        Page(
            rf"^/export/{name}$",
            export,
            parameters=None,  # the filters of a table
            disallow=("/export/",),
            is_cached=False,
            cost="stream",
        ),
        Page(
            rf"^/export/{name}\.sha256$",
            export_checksum,
            parameters=None,
            is_cached=False,
            cost="stream",
        ),
    )
