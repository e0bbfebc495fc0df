"""Downloading a database: fetched once into the cache folder, then only asked after.

address ─► If-None-Match ─► 304 ─► the file that is there
                         └► 200 ─► a new file, a database and whole, in its place
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import warnings
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import quote, urljoin
from urllib.request import Request, urlopen

from clippings.models import OpenError

ADDRESS = re.compile(r"https?://", re.IGNORECASE)

TIMEOUT = 30
"""Seconds that a server may be silent."""

_BLOCK = 1 << 20
_SQLITE = b"SQLite format 3\0"


def fetch(address: str) -> Path:
    """Return the file that `address` gives now, in $XDG_CACHE_HOME/clippings or
    ~/.cache/clippings.

    Where the server cannot be reached, or fails, the copy that is there is taken, with a
    warning. Raises OpenError where there is none, and where the download is not what it should be.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "clippings"
    address = quote(address, safe="%/:=&?~#+!$,;'@()*[]")  # 剪报.db as servers take it
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    kept, tag = folder / f"{name}.db", folder / f"{name}.etag"
    known = tag.exists() and kept.exists()
    headers = {"If-None-Match": tag.read_text()} if known else {}
    try:
        with urlopen(Request(address, headers=headers), timeout=TIMEOUT) as answer:
            _replace(kept, tag, answer, address)
    except (OSError, HTTPException) as error:
        status = error.code if isinstance(error, HTTPError) else 500
        if status != 304 and (status < 500 or not kept.exists()):
            raise OpenError(f"{address}: {error}") from None
        if status != 304:
            warnings.warn(f"{address}: {error}; the copy of before is used", stacklevel=2)
    return kept


def _replace(kept: Path, tag: Path, answer: HTTPResponse, address: str) -> None:
    """Write the answer beside the old file, check it, and put it in its place."""
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as draft:
        try:
            _copy(answer, draft, address)
            draft.close()
            # Without its tag a file is only downloaded again; with that of another it would stay.
            tag.unlink(missing_ok=True)
            os.replace(draft.name, kept)
            if answer.headers.get("ETag"):
                tag.write_text(answer.headers["ETag"])
        finally:
            Path(draft.name).unlink(missing_ok=True)


def _copy(answer: HTTPResponse, draft: IO[bytes], address: str) -> None:
    """Copy to the end. Raises OpenError for what is no database, or not whole."""
    size = 0
    while block := answer.read(_BLOCK):
        if not size and not block.startswith(_SQLITE):
            there = urljoin(address, "clippings.db")
            raise OpenError(
                f"{address}: what is there is no database; a site of Clippings offers its own at "
                f"{there}, so try clippings.open({there!r})"
            )
        size += draft.write(block)
    length = answer.headers.get("Content-Length")
    if length is not None and size != int(length):
        raise OpenError(f"{address}: broke off after {size} of {length} bytes; try again")
