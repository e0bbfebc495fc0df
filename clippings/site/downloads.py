"""Sending a file that is open: whole, in parts, or not at all (RFC 9110, sections 13 and 14).

    method, headers, size, entity tag ─► select ─► Selected ─► FileResponse

An answer reads from one open descriptor: a file that is replaced meanwhile goes on being sent as
it was. Starlette's FileResponse opens a path anew after looking at it, knows neither If-Match nor
If-None-Match, and answers 400 to a Range that is to be passed over; so this is our own.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from datasette.utils.asgi import Request

from clippings.site.limits import visitor_left

PIECE = 256 * 1024
"""Bytes that are read and sent at once."""

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)
_TAGS = re.compile(r'(W/)?("[^"]*")')
_MEDIA_TYPES = {
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


class Selected(NamedTuple):
    """What a request gets: 200, 206, 304, 412 or 416, and `length` bytes from `first` on."""

    status: int
    first: int = 0
    length: int = 0


def select(method: str, headers: Mapping[str, str], size: int, tag: str) -> Selected:
    """Return what a request gets of a file of `size` bytes; `tag` is strong, with its quotes.

    `headers` has names in lower case. Several ranges at once are answered with the whole file,
    as section 14.2 allows: no program that resumes a download asks for them. So is a range of
    another file (If-Range).
    """
    if "if-match" in headers and not _matches(tag, headers["if-match"], weak=False):
        return Selected(412)
    if "if-none-match" in headers and _matches(tag, headers["if-none-match"], weak=True):
        return Selected(304)
    asked = _RANGE.fullmatch(headers.get("range", ""))
    unchanged = headers.get("if-range", tag).strip() == tag
    if method != "GET" or not asked or not unchanged or not any(asked.groups()):
        return Selected(200, 0, size)
    if not asked[1]:  # the last so many bytes
        length = min(int(asked[2]), size)
        return Selected(206, size - length, length) if length else Selected(416)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if asked[2] and int(asked[2]) < first:
        return Selected(200, 0, size)  # no range at all: to be passed over
    return Selected(206, first, last - first + 1) if first < size else Selected(416)


class FileResponse:
    """An answer of Datasette's kind: what a request gets of an open file, closed when sent."""

    def __init__(self, file: OpenFile, request: Request) -> None:
        given = {name.lower(): value for name, value in request.headers.items()}
        self._file, self._request = file, request
        self._selected = select(request.method, given, file.size, f'"{file.sha256}"')

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        status, first, length = self._selected
        name, size = self._file.name, self._file.size
        found = {
            "etag": f'"{self._file.sha256}"',
            "accept-ranges": "bytes",
            "cache-control": "no-cache",
        }
        if status != 304:
            found["content-length"] = str(length)
        if status in (200, 206):
            found["content-type"] = _MEDIA_TYPES.get(os.path.splitext(name)[1], "text/plain")
            found["content-disposition"] = f'attachment; filename="{name}"'
        if status == 206:
            found["content-range"] = f"bytes {first}-{first + length - 1}/{size}"
        elif status == 416:
            found["content-range"] = f"bytes */{size}"
        return found

    async def asgi_send(self, send: Any) -> None:
        """Send it, and close the file; no further once the visitor has left.

        Raises OSError where the file was cut short: the visitor must see that it is not whole.
        """
        gone = asyncio.ensure_future(visitor_left(self._request.receive))
        status, place, left = self._selected
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        try:
            await send({"type": "http.response.start", "status": status, "headers": raw})
            while left and self._request.method == "GET" and not gone.done():
                piece = await asyncio.to_thread(
                    os.pread, self._file.descriptor, min(PIECE, left), place
                )
                if not piece:
                    raise OSError(f"{self._file.name} ends before its size")
                place, left = place + len(piece), left - len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            os.close(self._file.descriptor)


def _matches(tag: str, condition: str, *, weak: bool) -> bool:
    if condition.strip() == "*":
        return True
    return any(given == tag and (weak or not mark) for mark, given in _TAGS.findall(condition))
