"""What several stages need of an article's fields: its levels, the host of an address, how a text
begins. Cheap to import: a build that converts nothing needs it too."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SUMMARY_CHARACTERS = 140
"""How much of the text stands in for a summary: what a list of articles has room for."""

_USUAL = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")  # what need not be taken apart
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
_ENTITY = re.compile(r"&(?:#\w{2,8}|[A-Za-z]\w{1,31});")
_DASH = re.compile(r" -(?: |$)")
_POSTS = re.compile(r"(?:^|(?<=/))(?:(?:source|content)/)?_?posts?/")


class Levels(NamedTuple):
    """Where an article stands in the archive; None where it does not say."""

    section: str | None
    source: str | None
    feed: str | None


def category_levels(categories: Any, path: str) -> Levels:
    """Return section, source and feed: `categories`, or where they are missing the folders.

    Hexo's nested lists are alternative chains of categories: the first one counts. What lies
    below the third level belongs to the feed. Folders in which generators keep all of their
    articles (`source/_posts/`) are no level.
    """
    is_nested = isinstance(categories, list) and categories and isinstance(categories[0], list)
    chain = categories[0] if is_nested else categories
    levels = [name for leaf in leaves(chain) if (name := name_of(leaf))]
    levels = levels or _POSTS.sub("", path).split("/")[:-1]
    section, source, *feed = [*levels, None, None][: max(len(levels), 2)]
    return Levels(section, source, "/".join(filter(None, feed)) or None)


def split_levels(levels: Levels, author: str) -> Levels | None:
    """Return the levels of a header whose second and last category is its author and reads
    `site - feed`, as older generations of the archive have it; None for any other."""
    if levels.feed or not levels.source or levels.source != author:
        return None
    site, *feed = map(name_of, _DASH.split(author, maxsplit=1))
    return Levels(levels.section, site, feed[0] or None) if site and feed else None


def host_of(url: str) -> str | None:
    """Return the host of a web address in lower case without `www.`; None for any other address."""
    usual = _USUAL.match(url)
    try:
        host = usual[1] if usual else urlsplit(url).hostname
    except ValueError:  # "http://[": an address that is none
        return None
    return host.removeprefix("www.") if host else None


def opening(text: str) -> str:
    """Return how a text begins, on one line, cut to what a list of articles has room for."""
    from clippings.search.snippets import word_edge

    line = one_line(text[: SUMMARY_CHARACTERS * 3])
    if len(line) <= SUMMARY_CHARACTERS:
        return line
    return line[: word_edge(line, SUMMARY_CHARACTERS)].rstrip() + "…"


def leaves(value: Any) -> Iterator[str]:
    """Yield the strings of a value in document order, however it is nested: their entities are
    undone, as nothing in a header is HTML. Of what has a `name` only that counts."""
    if isinstance(value, str):
        if value not in ("~", "null"):
            yield _ENTITY.sub(lambda entity: html.unescape(entity[0]), value)
    elif isinstance(value, Mapping):
        for inner in [value["name"]] if "name" in value else value.values():
            yield from leaves(inner)
    else:
        for inner in value:
            yield from leaves(inner)


def one_line(text: str) -> str:
    """Return text with each run of white space as one space."""
    return " ".join(text.split())


def name_of(text: str) -> str:
    """Return a category's or author's name: of a Markdown link its text, without bars around."""
    return one_line(_LINK.sub(r"\1", text)).strip("| ")
