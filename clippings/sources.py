"""Where articles come from: folders and files → the files to read, in one fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from clippings.models import SourceFile

ARTICLE_SUFFIXES = frozenset({".md", ".markdown", ".html", ".htm", ".txt"})


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
        for path, location in sorted(_below(source)):
            real = os.path.realpath(location)
            if real in read:
                continue
            read.add(real)
            name = _free_name(path, source, found)
            found[name] = SourceFile(name, location)
    return list(found.values())


def _below(source: Path) -> Iterator[tuple[str, str]]:
    """(path in the archive, location) of each article of one source, in any order."""
    if source.is_file():
        yield _as_text(source.name), os.path.abspath(source)
        return
    root = os.path.realpath(source)
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            location = os.path.join(folder, name)
            if _is_article(name) and _is_inside(location, root):
                yield _as_text(os.path.relpath(location, root)), location


def _is_article(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in ARTICLE_SUFFIXES


def _is_inside(location: str, root: str) -> bool:
    """Whether a file is an ordinary one that lies in the source, also when reached by a link."""
    if not os.path.islink(location):
        return os.path.isfile(location)
    real = os.path.realpath(location)
    return os.path.isfile(real) and os.path.commonpath([real, root]) == root


def _as_text(path: str) -> str:
    """A path as text that any database holds: bytes that are no UTF-8 become `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def _free_name(path: str, source: Path, taken: Iterable[str]) -> str:
    """The path itself, or with the source's name before it, numbered if that is taken too."""
    name, number = path, 1
    while name in taken:
        suffix = "" if number == 1 else f"-{number}"
        name = f"{_as_text(source.name)}{suffix}/{path}"
        number += 1
    return name
