"""Where articles come from: folders, files, git repositories, archives and URLs → the files to
read, in one fixed order. Only `read_bytes` opens one.

What reads a repository, an archive or a URL is imported where there is one: a build that finds
nothing new in a folder spends most of its time on imports.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain, count
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from clippings.models import BuildError, SourceFile
from clippings.reading.sources import local
from clippings.reading.sources.names import (
    ARCHIVE_FILE,
    ARTICLE_SUFFIXES,
    Keyed,
    PassedOver,
    is_archive,
    is_git,
    is_url,
    source_name,
)

__all__ = [
    "ARCHIVE_FILE", "ARTICLE_SUFFIXES", "find_articles", "is_address", "is_git", "is_readable",
    "read_archive_file", "read_bytes",
]  # fmt: skip

_LOCAL = "file://"


class Found(NamedTuple):
    """The articles of some sources, and how many other things were passed over, by reason."""

    files: list[SourceFile]
    passed_over: PassedOver


def find_articles(sources: Iterable[Path | str], with_history: bool = False) -> Found:
    """Return the articles below each source, sorted by path, source after source.

    A folder gives its files by their path below it, a file itself by its name; so does a
    git repository (with `with_history` every file that ever was), an archive and a URL.
    Hidden files and folders, other kinds of files, and links that lead out of
    the source are passed over and counted. A file given twice is read once; two files that
    would have the same path are told apart by the name of their source. Raises BuildError
    for a source that cannot be opened.
    """
    found: dict[str, SourceFile] = {}
    passed_over = PassedOver()
    read: set[str] = set()
    for source in sources:
        name, files = _open(source, with_history, passed_over)
        by_key = sorted(files, key=itemgetter(0))  # of two with one path, the first by that
        for key, file in sorted(by_key, key=lambda found: found[1].path):
            if key in read:
                passed_over["repeated"] += 1
                continue
            read.add(key)
            if file.path in found:
                file = file._replace(path=_free_name(file.path, name, found))
            found[file.path] = file
    return Found(list(found.values()), passed_over)


def read_archive_file(source: Path | str) -> bytes | None:
    """Return archive.yml at the top of a folder or repository; None where there is none.

    In archives and behind URLs it is not looked for.
    """
    written = _as_written(source)
    if is_git(written):
        from clippings.reading.sources.git import Repository

        return Repository(written).archive_file()
    file = Path(written) / ARCHIVE_FILE
    return file.read_bytes() if file.is_file() else None


def read_bytes(source: SourceFile, limit: int) -> tuple[bytes, int]:
    """Return the first `limit` bytes of a file, and how many it has.

    Raises OSError where it cannot be read.
    """
    store, location = source.store, source.location
    if not store:
        with open(location, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            return file.read(min(size, limit)), size  # `limit` bytes of room are costly to get
    if is_git(store):
        from clippings.reading.sources.git import read_blob as read
    elif is_archive(store):
        from clippings.reading.sources.archives import read_member as read
    else:
        from clippings.reading.sources.remote import read_url as read
    return read(store, location, limit)


def is_readable(source: SourceFile) -> bool:
    """Return whether a file can be read on this machine."""
    try:
        read_bytes(source, 1)
    except (OSError, BuildError):
        return False
    return True


def is_address(source: str) -> bool:
    """Return whether a source is written as an address (`git+…`, `zip://…`, `https://…`)."""
    return is_git(source) or is_url(source)


def _open(
    source: Path | str, with_history: bool, passed_over: PassedOver
) -> tuple[str, Iterable[Keyed]]:
    """Return the name of a source, and its files in any order."""
    written = _as_written(source)
    if is_git(written):
        from clippings.reading.sources import git, history

        repository = git.Repository(written)
        files = history.files_of_history if with_history else git.Repository.files
        return repository.name, files(repository, passed_over)
    if is_archive(written):
        from clippings.reading.sources.archives import members

        return source_name(written), members(written, passed_over)
    if is_url(written):
        from clippings.reading.sources.remote import files_at

        return source_name(written), files_at(written, passed_over)
    return source_name(written), local.files_below(written, passed_over)


def _as_written(source: Path | str) -> str:
    written = os.fspath(source)
    if written.startswith(_LOCAL):  # our own walk does not follow links that lead out
        return unquote(written.removeprefix(_LOCAL))
    return written


def _free_name(path: str, source: str, taken: Iterable[str]) -> str:
    """Return the path with the source's name before it, numbered where that is taken too."""
    names = (f"{source}{suffix}/{path}" for suffix in chain([""], (f"-{n}" for n in count(2))))
    return next(name for name in names if name not in taken)
