"""Zip and tar archives: `x.zip`, `zip://x.zip`, `tar://FOLDER::x.tar.gz`.

Nothing is unpacked into a folder, so a hostile name leads nowhere: it is only a name. What is
no ordinary file (a link, a device) is passed over; reads are bounded whatever a header says.
fsspec's own zip and tar know members by name alone (of two with one name the first is lost), read
names in GB18030 as CP437, and inflate a compressed tar without a limit.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import IO, cast

from clippings.models import BuildError, SourceFile
from clippings.reading.sources import local
from clippings.reading.sources.names import ARCHIVE, Keyed, PassedOver, article_below, as_text

MAX_INFLATION = 200
"""A compressed tar that grows to more than so many times its size is not unpacked."""

_COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error,
    EOFError, OverflowError, RuntimeError, ValueError, OSError,
)  # fmt: skip
"""What the standard library raises for an archive that is damaged, encrypted or made to harm."""
_BLOCK = 2**20


def members(source: str, passed_over: PassedOver) -> Iterator[Keyed]:
    """Yield each article of an archive. Raises BuildError for one that cannot be read."""
    kind, folder, file = _parts(source)
    store = f"{kind}://{folder}::{file}"
    try:
        stamp = local.stamp(os.stat(file))
        found = list(_members(store))
    except _DAMAGED as error:
        raise BuildError(f"{file}: no archive that can be read: {error}") from None
    for number, (name, location) in enumerate(found):
        if not (path := article_below(name, folder, passed_over)):
            continue
        if location:
            own = f"{stamp}-{location}" if stamp else ""
            yield f"{file}#{number:08d}", SourceFile(as_text(path), location, own, store)
        else:
            passed_over["link"] += 1


def read_member(store: str, location: str, limit: int) -> tuple[bytes, int]:
    """Return the first `limit` bytes of a member, and how many it has. Raises OSError."""
    try:
        return _read(store, location, limit)
    except _DAMAGED as error:
        raise OSError(errno.EIO, f"{error} (in the archive)") from error


def _parts(source: str) -> tuple[str, str, str]:
    """Return kind, folder inside, and the archive's own path."""
    if match := ARCHIVE.match(source):
        kind, folder, file = match["kind"], (match["folder"] or "").strip("/"), match["file"]
    else:
        kind, folder, file = "zip" if source.lower().endswith(".zip") else "tar", "", source
    return kind, folder, os.path.realpath(file)


@lru_cache(maxsize=4)
def _opened(store: str, process: int) -> zipfile.ZipFile | IO[bytes]:
    """Return the zip archive of a store, or its tar archive as a plain file: each process opens
    its own, to share no file position."""
    kind, _, place = _parts(store)
    if kind == "zip":
        return zipfile.ZipFile(place)  # closes its file when it is forgotten
    return _decompressed(open(place, "rb"))


def _members(store: str) -> Iterator[tuple[str, str]]:
    """Yield (name, location) of all but folders; no location for what is no ordinary file.

    A zip's location is the member's number, as names may stand there twice; a tar's is offset
    and size, and a hard link has that of the member it is linked to.
    """
    archive = _opened(store, os.getpid())
    if isinstance(archive, zipfile.ZipFile):
        for number, info in enumerate(archive.infolist()):
            kind = stat.S_IFMT(info.external_attr >> 16)
            if not info.is_dir():
                yield _real_name(info), str(number) if kind in (0, stat.S_IFREG) else ""
        return
    places: dict[str, str] = {}
    reached = -1
    archive.seek(0)
    with tarfile.open(fileobj=archive, mode="r:", encoding="utf-8") as tar:
        for member in tar:
            if member.offset <= reached:
                raise tarfile.ReadError("its members run backwards")
            reached = member.offset
            is_ordinary = member.isreg() and not member.issparse()
            place = f"{member.offset_data}+{member.size}" if is_ordinary else ""
            place = places.get(member.linkname, "") if member.islnk() else place
            places[member.name] = place
            if not member.isdir():
                yield member.name, place


def _read(store: str, location: str, limit: int) -> tuple[bytes, int]:
    archive = _opened(store, os.getpid())
    if isinstance(archive, zipfile.ZipFile):
        info = archive.infolist()[int(location)]
        with archive.open(info) as member:
            data = member.read(limit)
        return data, max(info.file_size, len(data))
    offset, size = map(int, location.split("+"))
    archive.seek(offset)
    return archive.read(min(size, limit)), size


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    """Return the file itself, or what it holds compressed, in a temporary file without a name."""
    start = file.read(6)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    inflate = next((inflate for magic, inflate in _COMPRESSED if start.startswith(magic)), None)
    if inflate is None:
        return file
    plain = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the archive
    with cast("IO[bytes]", inflate(file)) as stream:
        while block := stream.read(_BLOCK):
            plain.write(block)
            if plain.tell() > max(size * MAX_INFLATION, _BLOCK):
                raise ValueError(f"it inflates to more than {MAX_INFLATION} times its size")
    plain.seek(0)
    return cast("IO[bytes]", plain)


def _real_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; without the UTF-8 mark it is the first of UTF-8, GB18030, CP437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:  # a name that an extra field gave, in Unicode
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return info.filename
