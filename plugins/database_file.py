"""clippings.db to take away: the edition that the request began with, to its last byte."""

import asyncio
import os
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Forbidden, Request, Response

from clippings.site import DATABASE, archive
from clippings.site.editions import Edition, LiveDatabase

PIECE = 1 << 18
"""Bytes that are read at once."""


class EditionFile:
    """An answer with the bytes of an edition, which stays open as long as its request."""

    def __init__(self, edition: Edition, name: str, *, with_body: bool) -> None:
        self.edition = edition
        self.with_body = with_body
        self.headers = {
            "etag": f'"{edition.hash}"',
            "content-type": "application/octet-stream",
            "content-length": str(edition.identity.size),
            "content-disposition": f'attachment; filename="{name}"',
        }

    async def asgi_send(self, send: Any) -> None:
        """Send the file a piece at a time, read in a thread."""
        headers = [(key.encode(), value.encode()) for key, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        offset, size = 0, self.edition.identity.size if self.with_body else 0
        while offset < size:
            piece = await asyncio.to_thread(os.pread, self.edition.descriptor, PIECE, offset)
            if not piece:
                raise OSError("the database was cut short while it was sent")
            offset += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": offset < size})
        if not size:
            await send({"type": "http.response.body", "body": b""})


async def download(datasette: Datasette, request: Request) -> Response | EditionFile:
    """Answer /clippings.db under Datasette's rules for downloads."""
    for_database = [("view-database-download", DATABASE), ("view-database", DATABASE)]
    await datasette.ensure_permissions(request.actor, [*for_database, "view-instance"])
    live = archive(datasette)
    if not datasette.setting("allow_download") or not isinstance(live, LiveDatabase):
        raise Forbidden("Database download is forbidden")
    file = EditionFile(live.edition, f"{DATABASE}.db", with_body=request.method != "HEAD")
    if request.headers.get("if-none-match") == file.headers["etag"]:
        return Response("", status=304, headers={"etag": file.headers["etag"]})
    return file


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Take the place of Datasette's download, which opens the file by its name."""
    return [(rf"^/{DATABASE}\.db$", download)]
