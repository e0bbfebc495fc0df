"""Files that are downloaded: opened once an answer, named by their digest, sent by parts.

    release/SHA256SUMS ─► open_released ──┐
    the edition that is served (plugin) ──┴─► Opened ─► FileAnswer: 200, 206, 304, 412, 416

An answer reads from one open descriptor: a file that is replaced meanwhile goes on being sent as
it was. Only names that SHA256SUMS lists are opened, below one open folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.utils.asgi import Request

from clippings.dataset.checksums import NAME, read_checksums
from clippings.dataset.description import File
from clippings.dataset.formats import OURS
from clippings.site.limits import visitor_left
from clippings.site.ranges import Part, decide

PIECE = 256 * 1024
"""Bytes that are read and sent at once."""

DESCRIPTIONS = ("datapackage.json", "croissant.json", "CITATION.cff")
"""Files of a release that describe the others."""

TAG_LENGTH = 12
"""Digits of the SHA-256 that stand in a file's lasting address."""

_MEDIA_TYPES = {
    ".db": "application/vnd.sqlite3",
    ".zst": "application/zstd",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".json": "application/json",
    ".cff": "application/yaml",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open: whoever gets it closes it. `tag` is strong, without quotes: the
    SHA-256 where it is known."""

    name: str
    descriptor: int
    size: int
    tag: str


def release_folder(database: Path) -> Path:
    """Where the release of a database lies: in `release` beside it."""
    return database.with_name("release")


def open_released(folder: Path, name: str) -> Opened | None:
    """A file of the release; None: the release has none of that name, or there is no release."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:  # below one descriptor: the sums are those of the very files, whatever is swapped
        digest = _checksums(place).get(name)
        if digest is None or "/" in name:
            return None
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=place)
        except OSError:  # gone, or a link: not what the release wrote
            return None
        return Opened(name, descriptor, os.fstat(descriptor).st_size, digest)
    finally:
        os.close(place)


def downloads(folder: Path, name: str, size: int, digest: str) -> tuple[File, ...]:
    """What can be downloaded, as the datapackage.json of the release in `folder` says it; the
    served database alone, of which the rest is told, where there is no release."""
    package = _read(open_released(folder, DESCRIPTIONS[0]))
    if package is None:
        return (File(name, _MEDIA_TYPES[".db"], size, digest, None, None),)
    return tuple(File(**resource[OURS]) for resource in json.loads(package)["resources"])


class FileAnswer:
    """An answer of Datasette's kind: the part of an open file that a request asks for."""

    def __init__(self, opened: Opened, request: Request) -> None:
        self._opened = opened
        given = {name.lower(): value for name, value in request.headers.items()}
        self._method, self._receive = request.method, request.receive
        self.part = decide(request.method, given, opened.size, f'"{opened.tag}"')
        self.headers = _headers(opened, self.part)

    async def asgi_send(self, send: Any) -> None:
        """Send it, and close the file; no further once the visitor has left."""
        gone = asyncio.ensure_future(visitor_left(self._receive))
        try:
            await send(_start(self.part.status, self.headers))
            left = self.part.length if self._method == "GET" else 0
            place = self.part.first
            while left and not gone.done():
                piece = await self._read(place, left)
                place, left = place + len(piece), left - len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            os.close(self._opened.descriptor)

    async def _read(self, place: int, left: int) -> bytes:
        size = min(PIECE, left)
        piece = await asyncio.to_thread(os.pread, self._opened.descriptor, size, place)
        if not piece:  # cut short on the disk: the visitor must see that it is
            raise OSError(f"{self._opened.name} ends before its size")
        return piece


def _headers(opened: Opened, part: Part) -> dict[str, str]:
    headers = {"etag": f'"{opened.tag}"', "accept-ranges": "bytes", "cache-control": "no-cache"}
    if part.status in (200, 206):
        headers |= {
            "content-type": _MEDIA_TYPES.get(os.path.splitext(opened.name)[1], "text/plain"),
            "content-disposition": f'attachment; filename="{opened.name}"',
            "content-length": str(part.length),
        }
    elif part.status != 304:
        headers["content-length"] = "0"
    if part.status == 206:
        last = part.first + part.length - 1
        headers["content-range"] = f"bytes {part.first}-{last}/{opened.size}"
    if part.status == 416:
        headers["content-range"] = f"bytes */{opened.size}"
    return headers


def _start(status: int, headers: dict[str, str]) -> MutableMapping[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


def _checksums(place: int) -> dict[str, str]:
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=place)
    except FileNotFoundError:
        return {}
    with open(descriptor, "rb") as file:
        text = file.read()
    return {**read_checksums(text.decode()), NAME: hashlib.sha256(text).hexdigest()}


def _read(opened: Opened | None) -> bytes | None:
    if opened is None:
        return None
    with open(opened.descriptor, "rb") as file:
        return file.read()
