"""Which names are articles, what kind a source is by how it is written, what a name is as text."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Literal

from clippings.models import SourceFile

Reason = Literal["hidden", "ending", "link", "vanished", "repeated"]
"""Why something is passed over: its name is hidden or has another ending, it is a link that leads
out of the source or no ordinary file, it was gone when looked at, it was read by another name."""

PassedOver = Counter[Reason]

Keyed = tuple[str, SourceFile]
"""What tells a file from any other, by whatever way it is reached; and the file itself."""

ARTICLE_SUFFIXES = (".md", ".markdown", ".html", ".htm", ".xhtml", ".txt")

ARCHIVE_FILE = "archive.yml"
"""What an owner says of the archive, at the top of its articles: none of them."""

GIT = "git+"
ARCHIVE = re.compile(r"(?s)(?P<kind>zip|tar)://(?:(?P<folder>.*?)::)?(?P<file>(?:(?!://).)+)\Z")
ARCHIVE_ENDING = re.compile(r"\.(?:zip|tar|tar\.(?:gz|bz2|xz)|tgz|tbz2|txz)$", re.IGNORECASE)


def is_git(source: str) -> bool:
    """Return whether a source or store is written as a git repository."""
    return source.startswith(GIT)


def is_archive(source: str) -> bool:
    """Return whether a source is an archive here: written as one, or a file that ends like one."""
    if ARCHIVE.match(source):
        return True
    return not (is_url(source) or os.path.isdir(source)) and bool(ARCHIVE_ENDING.search(source))


def is_url(source: str) -> bool:
    """Return whether a source or store is written as a URL."""
    return "://" in source


def why_no_article(name: str) -> Reason | None:
    """Return why a file of this name (without its folders) is no article; None: it is one.

    A name that begins with a dot is hidden, unless it is nothing but an ending (`.md`): such are
    files named after a title of which no letter could be in a name.
    """
    lower = name.lower()
    if is_hidden(name) and lower not in ARTICLE_SUFFIXES:
        return "hidden"
    return None if lower.endswith(ARTICLE_SUFFIXES) else "ending"


def is_hidden(folder: str) -> bool:
    """Return whether a folder of this name is hidden: nothing in it is an article."""
    return folder[:1] == "."


def article_below(path: str, folder: str, passed_over: PassedOver) -> str:
    """Return the path below `folder` (empty: the whole) of an article that a repository, an archive
    or a server names; empty for what lies elsewhere, or is passed over and counted.

    The name is only ever a name: `..`, `.` and a leading `/` mean nothing in it and go.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    above = folder.split("/") if folder else []
    if parts[: len(above)] != above or not parts:
        return ""
    below = parts[len(above) :] or parts[-1:]  # a folder that is a file gives that file
    why = "hidden" if any(map(is_hidden, below[:-1])) else why_no_article(below[-1])
    if why:
        passed_over[why] += 1
    return "" if why else "/".join(below)


def source_name(source: str) -> str:
    """Return the last part of a source's path or URL, without an archive's ending."""
    return as_text(ARCHIVE_ENDING.sub("", source.rstrip("/").rpartition("/")[2]))


def as_text(path: str) -> str:
    """Return a path as text that any database holds: bytes that are no UTF-8 become `\\xff`."""
    if path.isascii():
        return path
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path
