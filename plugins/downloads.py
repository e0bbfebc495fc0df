"""The archive as a dataset: files to take away, in parts too, and the pages that describe them.

/downloads  /dictionary  /datasheet                 for people
/croissant.json  /datapackage.json  /CITATION.cff   for programs
/clippings.db                             the database as it is served
/downloads/articles.parquet               the newest file of that name
/downloads/0f3a…/articles.parquet         this very one: 412 once it was replaced, so that what is
                                          resumed is never put together of two
/downloads/SHA256SUMS, datapackage.json…  what the release says of itself
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Forbidden, Request, Response

from clippings.dataset.formats import citation, croissant, datapackage
from clippings.site.addresses import DATABASE, Missing, archive
from clippings.site.answers import View
from clippings.site.compatibility import ensure_download
from clippings.site.dataset import DESCRIPTIONS, description, open_released, release_folder
from clippings.site.downloads import FileResponse, OpenFile
from clippings.site.live_database import LiveDatabase
from clippings.site.pages import Page, Route, routes
from clippings.site.templates import page

TAG_LENGTH = 12
"""Digits of the SHA-256 that stand in a file's lasting address."""


async def may_download(datasette: Datasette, request: Request) -> LiveDatabase:
    """Return the served database. Raises Forbidden where Datasette would not give it away."""
    database = archive(datasette)
    await ensure_download(datasette, request.actor, DATABASE)
    if not datasette.setting("allow_download") or not isinstance(database, LiveDatabase):
        raise Forbidden("Database download is forbidden")
    return database


def open_served(database: LiveDatabase) -> OpenFile:
    """Open the file that the request began with, whatever has come into its place."""
    snapshot = database.snapshot
    descriptor = os.dup(snapshot.descriptor)
    return OpenFile(f"{DATABASE}.db", descriptor, snapshot.identity.size, snapshot.hash)


async def served_file(datasette: Datasette, request: Request) -> FileResponse:
    """Answer /clippings.db."""
    return FileResponse(open_served(await may_download(datasette, request)), request)


async def released_file(datasette: Datasette, request: Request) -> FileResponse | Response:
    """Answer /downloads/…: a file of the release, or the database where there is no release."""
    database, name = await may_download(datasette, request), request.url_vars["name"]
    file = await asyncio.to_thread(open_released, release_folder(Path(database.path)), name)
    if file is None and name == f"{DATABASE}.db":
        file = open_served(database)
    if file is None:
        raise Missing("error.404")
    wanted = request.url_vars["tag"]
    if wanted and file.sha256[:TAG_LENGTH] != wanted:
        os.close(file.descriptor)
        return Response.text("This file was replaced by a newer one. Begin anew.\n", status=412)
    return FileResponse(file, request)


def site_root(datasette: Datasette, request: Request) -> str:
    """Return the absolute address of the site, with a slash at its end."""
    return str(datasette.absolute_url(request, datasette.urls.path("/")))


def about(template: str) -> View:
    """Return the view of a template that shows the description."""

    async def view(datasette: Datasette, request: Request) -> Response:
        context = {
            "dataset": await description(datasette),
            "descriptions": DESCRIPTIONS,
            "tag_length": TAG_LENGTH,
            "root": site_root(datasette, request),
        }
        return await page(datasette, request, template, context)

    return view


def described(write: Callable[..., dict[str, Any]]) -> View:
    """Return the view of a format that is JSON."""

    async def view(datasette: Datasette, request: Request) -> Response:
        root = site_root(datasette, request)
        found = write(await description(datasette), root, f"{root}downloads/")
        return Response.json(found, headers={"access-control-allow-origin": "*"})

    return view


async def cff(datasette: Datasette, request: Request) -> Response:
    """Answer /CITATION.cff."""
    text = citation(await description(datasette), site_root(datasette, request))
    return Response(text, content_type="application/yaml; charset=utf-8")


@hookimpl
def register_routes() -> list[Route]:
    """Add the addresses; the first takes the place of Datasette's own, which knows no parts."""
    released = r"^/downloads/(?:(?P<tag>[0-9a-f]{12})/)?(?P<name>[A-Za-z0-9._-]+)$"
    return routes(
        Page(rf"^/{DATABASE}\.db$", served_file, is_cached=False),
        Page(released, released_file, is_cached=False),
        Page(r"^/downloads$", about("downloads.html"), sitemap=True, is_cached=False),
        Page(r"^/dictionary$", about("dictionary.html"), sitemap=True),
        Page(r"^/datasheet$", about("datasheet.html"), sitemap=True),
        Page(r"^/croissant\.json$", described(croissant), is_cached=False),
        Page(r"^/datapackage\.json$", described(datapackage), is_cached=False),
        Page(r"^/CITATION\.cff$", cff, is_cached=False),
    )
