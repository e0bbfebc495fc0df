"""The archive as a dataset: files to take away, in parts too, and the pages that describe them.

/downloads  /dictionary  /datasheet  /about         for people
/croissant.json  /datapackage.json  /CITATION.cff   for programs
/clippings.db                             the database as it is served
/downloads/articles.parquet               the newest file of that name
/downloads/0f3a…/articles.parquet         this very one: 412 once it was replaced, so that what is
                                          resumed is never put together of two
/downloads/SHA256SUMS, README.md…         what the release says of itself

A file is sent from one open descriptor, so that one that is replaced meanwhile goes on as it was.
Starlette's FileResponse opens a path anew after looking at it, knows neither If-Match nor
If-None-Match, and answers 400 to a Range that is to be passed over (RFC 9110); so this is our own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Forbidden, Request, Response

from clippings.dataset.checksums import NAME, read_checksums
from clippings.dataset.formats import DESCRIPTIONS, description_file
from clippings.site.addresses import DATABASE, Missing, archive, site_root
from clippings.site.answers import page
from clippings.site.compatibility import ensure_download
from clippings.site.dataset import description, release_folder
from clippings.site.pages import Page, Route, View, routes
from clippings.site.streaming import StreamedResponse

TAG_LENGTH = 12
"""Digits of the SHA-256 that stand in a file's lasting address."""

PIECE = 256 * 1024
"""Bytes that are read and sent at once."""

RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)
MEDIA_TYPES = {
    ".db": "application/vnd.sqlite3",
    ".zst": "application/zstd",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".json": "application/json",
    ".cff": "application/yaml",
}


class OpenFile(NamedTuple):
    """A file that is open: whoever gets it closes it. `sha256` is in hexadecimal."""

    name: str
    descriptor: int
    size: int
    sha256: str


def matches(tag: str, condition: str) -> bool:
    """Return whether a strong entity tag is among those of If-Match."""
    return bool({tag, "*"} & set(re.split(r"\s*,\s*", condition.strip())))


def select(method: str, headers: Mapping[str, str], size: int, tag: str) -> tuple[int, int, int]:
    """Return what a request gets of a file of `size` bytes (RFC 9110, sections 13 and 14): the
    status 200, 206, 304, 412 or 416, the first byte, and how many from there on.

    `headers` has names in lower case; `tag` is strong, with its quotes. Several ranges at once
    are answered with the whole file, as section 14.2 allows: no program that resumes a download
    asks for them. So is a range of another file (If-Range).
    """
    if not matches(tag, headers.get("if-match", "*")):
        return 412, 0, 0
    if matches(tag, headers.get("if-none-match", "").replace("W/", "")):
        return 304, 0, 0
    asked = RANGE.fullmatch(headers.get("range", ""))
    unchanged = headers.get("if-range", tag).strip() == tag
    if method != "GET" or not asked or not unchanged or not any(asked.groups()):
        return 200, 0, size
    if not asked[1]:  # the last so many bytes
        length = min(int(asked[2]), size)
        return (206, size - length, length) if length else (416, 0, 0)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if asked[2] and int(asked[2]) < first:
        return 200, 0, size  # no range at all: to be passed over
    return (206, first, last - first + 1) if first < size else (416, 0, 0)


def read_pieces(file: OpenFile, first: int, length: int) -> Iterator[bytes]:
    """Yield a part of a file. Raises OSError where the file was cut short meanwhile."""
    while length:
        piece = os.pread(file.descriptor, min(PIECE, length), first)
        if not piece:
            raise OSError(f"{file.name} ends before its size")
        yield piece
        first, length = first + len(piece), length - len(piece)


def send_file(file: OpenFile, request: Request) -> StreamedResponse:
    """Return what a request gets of an open file, which is closed when it is sent."""
    tag = f'"{file.sha256}"'
    status, first, length = select(request.method, request.headers, file.size, tag)
    headers = {"etag": tag, "accept-ranges": "bytes", "cache-control": "no-cache"}
    if status != 304:
        headers["content-length"] = str(length)
    if status in (200, 206):
        headers["content-type"] = MEDIA_TYPES.get(Path(file.name).suffix, "text/plain")
        headers["content-disposition"] = f'attachment; filename="{file.name}"'
    if status == 206:
        headers["content-range"] = f"bytes {first}-{first + length - 1}/{file.size}"
    elif status == 416:
        headers["content-range"] = f"bytes */{file.size}"
    pieces = read_pieces(file, first, length)
    return StreamedResponse(request, status, headers, pieces, lambda: os.close(file.descriptor))


def open_released(folder: Path, name: str) -> OpenFile | None:
    """Open a file that SHA256SUMS of the release in `folder` lists; None: it lists none."""
    try:
        sums = (folder / NAME).read_bytes()
        digests = {**read_checksums(sums.decode()), NAME: hashlib.sha256(sums).hexdigest()}
        if name not in digests:
            return None
        descriptor = os.open(folder / name, os.O_RDONLY)
        if (folder / NAME).read_bytes() != sums:  # another release was swapped in meanwhile
            os.close(descriptor)
            return open_released(folder, name)
    except FileNotFoundError:  # no release, or one that is being removed
        return None
    return OpenFile(name, descriptor, os.fstat(descriptor).st_size, digests[name])


async def file(datasette: Datasette, request: Request) -> StreamedResponse | Response:
    """Answer /clippings.db and /downloads/…: where there is no release the database is all."""
    await ensure_download(datasette, request.actor, DATABASE)
    if not datasette.setting("allow_download"):
        raise Forbidden("Database download is forbidden")
    name, wanted = request.url_vars.get("name"), request.url_vars.get("tag")
    found = open_released(release_folder(datasette), name) if name else None
    served = f"{DATABASE}.db"
    if found is None and name in (None, served):
        snapshot = archive(datasette).snapshot  # the file that the request began with
        descriptor = os.dup(snapshot.descriptor)
        found = OpenFile(served, descriptor, snapshot.stat.st_size, snapshot.hash)
    if found is None:
        raise Missing("error.404")
    if wanted and found.sha256[:TAG_LENGTH] != wanted:
        os.close(found.descriptor)
        return Response.text("This file was replaced by a newer one. Begin anew.\n", status=412)
    return send_file(found, request)


def about(template: str) -> View:
    """Return the view of a template that shows the description."""

    async def view(datasette: Datasette, request: Request) -> Response:
        context = {
            "dataset": await description(datasette),
            "descriptions": [NAME, "README.md", *DESCRIPTIONS],
            "tag_length": TAG_LENGTH,
            "root": site_root(datasette, request),
        }
        return await page(datasette, request, template, context)

    return view


async def described(datasette: Datasette, request: Request) -> Response:
    """Answer /croissant.json and the like."""
    root, name = site_root(datasette, request), request.url_vars["description"]
    text = description_file(name, await description(datasette), root, f"{root}downloads/")
    media_type = f"{MEDIA_TYPES[Path(name).suffix]}; charset=utf-8"
    return Response(text, headers={"access-control-allow-origin": "*"}, content_type=media_type)


@hookimpl
def register_routes() -> list[Route]:
    """Add the addresses; the first takes the place of Datasette's own, which knows no parts."""
    released = r"^/downloads/(?:(?P<tag>[0-9a-f]{12})/)?(?P<name>[A-Za-z0-9._-]+)$"
    names = "|".join(map(re.escape, DESCRIPTIONS))
    return routes(
        Page(rf"^/{DATABASE}\.db$", file, is_cached=False),
        Page(released, file, is_cached=False),
        Page(r"^/downloads$", about("downloads.html"), sitemap=True, is_cached=False),
        Page(r"^/about$", about("about.html"), sitemap=True),
        Page(r"^/dictionary$", about("dictionary.html"), sitemap=True),
        Page(r"^/datasheet$", about("datasheet.html"), sitemap=True),
        Page(rf"^/(?P<description>{names})$", described, is_cached=False),
    )
