"""Which names are articles, and what a name is as text."""

from __future__ import annotations

import os

ARTICLE_SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt")


def is_article(name: str) -> bool:
    """Whether a file of this name (without its folders) is an article: not hidden, its ending."""
    return name.lower().endswith(ARTICLE_SUFFIXES) and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden: nothing in it is an article."""
    return name[:1] == "."


def article_below(path: str, folder: str) -> str:
    """The path below `folder` (empty: the whole) of an article that a repository, an archive or
    a server names; empty for what is no article there, or hidden.

    The name is only ever a name: `..`, `.` and a leading `/` mean nothing in it and go.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    above = folder.split("/") if folder else []
    if parts[: len(above)] != above or not parts:
        return ""
    below = parts[len(above) :] or parts[-1:]  # a folder that is a file gives that file
    is_shown = is_article(below[-1]) and not any(map(is_hidden, below))
    return "/".join(below) if is_shown else ""


def as_text(path: str) -> str:
    """A path as text that any database holds: bytes that are no UTF-8 become `\\xff`."""
    if path.isascii():
        return path
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path
