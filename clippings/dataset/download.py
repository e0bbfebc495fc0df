"""A database's address → a file in the cache folder: downloaded once, then only asked after.

    address ─► If-None-Match ─► 304 ─► the file that is there
                             └► 200 ─► a new file, whole and checked, in its place

Whole means as long as Content-Length says; checked means against the `SHA256SUMS` that lies
beside the address, where one does (as `sha256sum` writes it; a release has it).
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import warnings
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import Request, urlopen

from clippings.models import OpenError

ADDRESS = re.compile(r"https?://", re.IGNORECASE)

TIMEOUT = 30
"""Seconds that a server may be silent."""

MOST_SUMS = 1 << 20
"""Bytes of a SHA256SUMS that are read."""

_BLOCK = 1 << 20
_SUM = re.compile(r"^([0-9a-fA-F]{64}) [ *](?:\./)?(.+)$", re.MULTILINE)


def fetch(address: str, folder: Path | None = None) -> Path:
    """The file that `address` gives now, in the cache `folder` (by default the user's).

    Where the server cannot be reached, or fails, the copy that is there is taken, with a
    warning. Raises OpenError where there is none, and where the download is not what it should be.
    """
    folder = folder or cache_folder()
    address = quote(address, safe="%/:=&?~#+!$,;'@()*[]")  # 剪报.db as servers take it
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    kept, tag = folder / f"{name}.db", folder / f"{name}.etag"
    known = tag.read_text() if kept.exists() and tag.exists() else None
    try:
        with urlopen(Request(address, headers=_condition(known)), timeout=TIMEOUT) as answer:
            _replace(kept, tag, answer, address)
    except HTTPError as error:
        if error.code == 304:
            return kept
        if error.code < 500 or not kept.exists():
            raise OpenError(f"{address}: the server answers {error.code} {error.reason}") from None
        warnings.warn(f"{address}: {error}; the copy of before is used", stacklevel=2)
    except (OSError, HTTPException) as error:
        if not kept.exists():
            raise OpenError(f"{address}: {error}") from None
        warnings.warn(f"{address}: {error}; the copy of before is used", stacklevel=2)
    return kept


def cache_folder() -> Path:
    """Where downloads are kept: $XDG_CACHE_HOME/clippings, by default ~/.cache/clippings."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clippings"


def _condition(known: str | None) -> dict[str, str]:
    return {"If-None-Match": known} if known else {}


def _replace(kept: Path, tag: Path, answer: IO[bytes], address: str) -> None:
    """Write the answer beside the old file, check it, and put it in its place."""
    headers = answer.headers  # type: ignore[attr-defined]  # http.client.HTTPResponse
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as draft:
        try:
            digest, size = _copy(answer, draft)
            _check(address, digest, size, headers.get("Content-Length"))
            draft.close()
            # Without its tag a file is only downloaded again; with that of another it would stay.
            tag.unlink(missing_ok=True)
            os.replace(draft.name, kept)
            if headers.get("ETag"):
                tag.write_text(headers["ETag"])
        finally:
            Path(draft.name).unlink(missing_ok=True)


def _copy(answer: IO[bytes], draft: IO[bytes]) -> tuple[str, int]:
    """Copy to the end; the SHA-256 in hexadecimal and the bytes."""
    digest, size = hashlib.sha256(), 0
    while block := answer.read(_BLOCK):
        digest.update(block)
        size += draft.write(block)
    return digest.hexdigest(), size


def _check(address: str, digest: str, size: int, length: str | None) -> None:
    if length is not None and size != int(length):
        raise OpenError(f"{address}: broke off after {size} of {length} bytes; try again")
    if (wanted := _offered_digest(address)) not in (None, digest):
        raise OpenError(
            f"{address}: its SHA-256 is {digest}, SHA256SUMS beside it says {wanted}; "
            "the file was changed on the way, or is being replaced: try again"
        )


def _offered_digest(address: str) -> str | None:
    """The SHA-256 that the SHA256SUMS beside an address gives for it; None: it gives none."""
    try:
        with urlopen(urljoin(address, "SHA256SUMS"), timeout=TIMEOUT) as answer:
            sums = answer.read(MOST_SUMS).decode("utf-8", "replace")
    except HTTPError:
        return None
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    return next((found.lower() for found, of in _SUM.findall(sums) if of == name), None)
