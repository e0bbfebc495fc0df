"""Where articles come from: folders and files → the files to read, in one fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from clippings.models import SourceFile
from clippings.sources.local import files_below
from clippings.sources.names import ARTICLE_SUFFIXES, as_text

__all__ = ["ARTICLE_SUFFIXES", "find_articles", "read_bytes"]


def find_articles(sources: Iterable[Path]) -> list[SourceFile]:
    """The articles below each source, sorted by path, source after source.

    A folder gives its files by their path below it, a file itself by its name.
    Hidden files and folders, other kinds of files, and links that lead out of
    the source are passed over. A file given twice is read once; two files that
    would have the same path are told apart by the name of their source.
    """
    found: dict[str, SourceFile] = {}
    read: set[str] = set()
    for source in sources:
        for path, location, stamp in sorted(files_below(source)):
            if location not in read:
                read.add(location)
                name = _free_name(path, source, found)
                found[name] = SourceFile(name, location, stamp)
    return list(found.values())


def read_bytes(source: SourceFile, limit: int) -> tuple[bytes, int]:
    """The first `limit` bytes of a file, and how many it has.

    Raises OSError where it cannot be read.
    """
    with open(source.location, "rb") as file:
        return file.read(limit), os.fstat(file.fileno()).st_size


def _free_name(path: str, source: Path, taken: Iterable[str]) -> str:
    """The path itself, or with the source's name before it, numbered if that is taken too."""
    name, number = path, 1
    while name in taken:
        suffix = "" if number == 1 else f"-{number}"
        name = f"{as_text(source.name)}{suffix}/{path}"
        number += 1
    return name
