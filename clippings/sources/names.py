"""Which names are articles, and what a name is as text."""

from __future__ import annotations

import os

ARTICLE_SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt")


def is_article(name: str) -> bool:
    """Whether a file of this name (without its folders) is an article: not hidden, its ending."""
    return name[:1] != "." and name.lower().endswith(ARTICLE_SUFFIXES)


def as_text(path: str) -> str:
    """A path as text that any database holds: bytes that are no UTF-8 become `\\xff`."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path
