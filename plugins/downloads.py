"""Files to take away, in parts too: /clippings.db as it is served, and the release's.

/downloads/articles.parquet               the newest of that name
/downloads/0f3a…/articles.parquet         this very one: 412 once it was replaced, so that what is
                                          resumed is never put together of two
/downloads/SHA256SUMS, datapackage.json…  what the release says of itself
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Forbidden, Request, Response

from clippings.site import DATABASE, Missing, archive
from clippings.site.compatibility import ensure_download
from clippings.site.downloads import (
    TAG_LENGTH,
    FileAnswer,
    Opened,
    open_released,
    release_folder,
)
from clippings.site.live_database import LiveDatabase
from clippings.site.pages import Page, Route, routes


async def may_download(datasette: Datasette, request: Request) -> LiveDatabase:
    """The served database; Forbidden where Datasette would not give it to this visitor."""
    database = archive(datasette)
    await ensure_download(datasette, request.actor, DATABASE)
    if not datasette.setting("allow_download") or not isinstance(database, LiveDatabase):
        raise Forbidden("Database download is forbidden")
    return database


def open_served(database: LiveDatabase) -> Opened:
    """The snapshot that the request began with, whatever has come into its place."""
    snapshot = database.snapshot
    descriptor = os.dup(snapshot.descriptor)
    return Opened(f"{DATABASE}.db", descriptor, snapshot.identity.size, snapshot.hash)


def opened(database: LiveDatabase, name: str) -> Opened | None:
    """A file of the release, or the served database where the release has none."""
    found = open_released(release_folder(Path(database.path)), name)
    return open_served(database) if found is None and name == f"{DATABASE}.db" else found


async def live(datasette: Datasette, request: Request) -> FileAnswer:
    """The database that is served at this moment."""
    return FileAnswer(open_served(await may_download(datasette, request)), request)


async def released(datasette: Datasette, request: Request) -> FileAnswer | Response:
    """A file of the release."""
    database = await may_download(datasette, request)
    file = await asyncio.to_thread(opened, database, request.url_vars["name"])
    if file is None:
        raise Missing("error.404")
    wanted = request.url_vars["tag"]
    if wanted and file.tag[:TAG_LENGTH] != wanted:
        os.close(file.descriptor)
        return Response.text("This file was replaced by a newer one. Begin anew.\n", status=412)
    return FileAnswer(file, request)


@hookimpl
def register_routes() -> list[Route]:
    """The first takes the place of Datasette's own download, which knows no parts."""
    released_file = r"^/downloads/(?:(?P<tag>[0-9a-f-]{12})/)?(?P<name>[A-Za-z0-9._-]+)$"
    return routes(
        Page(rf"^/{DATABASE}\.db$", live, is_cached=False),
        Page(released_file, released, is_cached=False),
    )
