"""ParsedArticle and Conversion → Article: which front matter key fills which column.

The keys are those that Hexo, Hugo, Jekyll and feed archives write; each column
takes the first of its keys that says something. Nothing here reads a file or a
clock, so the same input gives the same article anywhere.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from clippings.markdown.rendering import plain_text
from clippings.models import Article, Conversion, Diagnostic, ParsedArticle
from clippings.reading.dates import parse_date
from clippings.reading.identity import path_id, text_digest
from clippings.reading.language import detect

KEYS = {
    "title": ("title", "headline"),
    "summary": ("summary", "description", "excerpt", "abstract", "subtitle"),
    "author": ("author", "authors", "creator", "byline"),
    "published": ("date", "published", "publishdate", "pubdate", "datepublished", "created"),
    "updated": ("updated", "lastmod", "modified", "last_modified", "datemodified"),
    "language": ("lang", "language"),
    "url": ("url", "link", "canonical_url", "canonical", "original_url", "source_url", "permalink"),
    "image": ("headimg", "thumbnail", "image", "cover", "featured_image", "banner"),
    "tags": ("tags", "tag", "keywords", "topics"),
    "categories": ("categories", "category"),
}
"""Column → the front matter keys that may fill it, lower case, best first."""

PLACEHOLDER_HOSTS = frozenset({"picsum.photos", "via.placeholder.com", "placehold.it"})
"""Hosts of random pictures that generators put where an article has none."""

SUMMARY_CHARACTERS = 140
"""How much of the text stands in for a summary: what a list of articles has room for."""

_HEADING = re.compile(
    r"^ {0,3}(?:#{1,6}[ \t]+(?P<atx>.+?)[ \t]*#*"
    r"|(?P<setext>[^\s>*+|-].*)\n {0,3}(?:=+|-{2,})[ \t]*)$",
    re.MULTILINE,
)
_HTML_TITLE = re.compile(r"<title[^>]*>([^<]+)</title", re.IGNORECASE)
# As a browser reads it: blanks and control characters before and inside a scheme do not count.
_OTHER_SCHEME = re.compile(r"[\x00-\x20]*(?!https?:)[a-z][a-z0-9+.\s-]*:", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_SEPARATOR = re.compile(r"[,，、;；]")


def normalize_article(
    parsed: ParsedArticle, conversion: Conversion, text: str
) -> tuple[Article, tuple[Diagnostic, ...]]:
    """Fill the columns of an article from its front matter, its body and its path.

    `text` is the plain text of the Markdown. Gives the article and what was odd
    about its fields.
    """
    header = _Header(parsed.front_matter)
    title = header.line("title") or fallback_title(parsed.path, parsed.body, conversion.markdown)
    section, source, feed = category_levels(header.value("categories"), parsed.path)
    published, published_trouble = _date(header, "published")
    updated, updated_trouble = _date(header, "updated")
    url = article_url(parsed.front_matter)
    article = Article(
        id=path_id(parsed.path),
        title=title,
        summary=header.line("summary") or opening(text),
        author=", ".join(header.lines("author")) or None,
        section=section,
        source=source,
        feed=feed,
        published=published,
        updated=updated,
        language=detect(f"{title}\n{conversion.markdown}", header.line("language") or None),
        url=url,
        image=lead_image(header.lines("image"), conversion, url),
        characters=len("".join(text.split())),
        features=conversion.features,
        tags=tuple(dict.fromkeys(header.lines("tags"))),
        links=conversion.links,
        images=conversion.images,
        digest=text_digest(title, conversion.markdown or f"\n{published}"),
        front_matter=json.dumps(parsed.front_matter, ensure_ascii=False),
        markdown=conversion.markdown,
    )
    return article, published_trouble + updated_trouble


class _Header:
    """Front matter as the columns see it: by the first key that says something."""

    def __init__(self, front_matter: Mapping[str, Any]) -> None:
        self._values = {key.lower(): value for key, value in reversed([*front_matter.items()])}

    def value(self, column: str) -> Any:
        """The value of the first filled key of a column, else the empty string."""
        filled = (self._values[key] for key in KEYS[column] if self._values.get(key))
        return next(filled, "")

    def lines(self, column: str) -> list[str]:
        """A column's value as lines of text: a list's items, or a string's parts."""
        value = self.value(column)
        parts = _SEPARATOR.split(value) if column == "tags" and isinstance(value, str) else value
        return [line for leaf in _leaves(parts) if (line := _one_line(leaf))]

    def line(self, column: str) -> str:
        """A column's value as one line of text; empty where there is none."""
        return " ".join(self.lines(column))


def article_url(front_matter: Mapping[str, Any]) -> str | None:
    """Where an article was first published: the first absolute http(s) address of its keys."""
    lowered = {key.lower(): value for key, value in front_matter.items()}
    candidates = (lowered.get(key) for key in KEYS["url"])
    return next((url for url in candidates if isinstance(url, str) and _is_web(url)), None)


def fallback_title(path: str, body: str, markdown: str) -> str:
    """The title of an article whose front matter has none: its first heading, the title of
    an HTML page, else the file's name."""
    if heading := _HEADING.search(markdown):
        title = plain_text(heading["atx"] or heading["setext"])
    elif named := _HTML_TITLE.search(body):
        title = html.unescape(named[1])
    else:
        title = ""
    return _one_line(title) or PurePosixPath(path).stem


def category_levels(categories: Any, path: str) -> tuple[str | None, str | None, str | None]:
    """Section, source and feed: `categories`, or where they are missing the folders.

    Hexo's nested lists are alternative chains of categories: the first one counts.
    What lies below the third level belongs to the feed.
    """
    chain = categories[0] if _is_nested(categories) else categories
    levels = [line for leaf in _leaves(chain) if (line := _one_line(leaf))]
    levels = levels or list(PurePosixPath(path).parts[:-1])
    section, source, *feed = [*levels, None, None][: max(len(levels), 2)]
    return section, source, "/".join(filter(None, feed)) or None


def lead_image(headers: Sequence[str], conversion: Conversion, base: str | None) -> str | None:
    """The picture of a list entry: the front matter's, unless it is a random placeholder,
    else the first one of the body; None where there is neither. Only an http(s) or a relative
    address counts: a picture's bytes (`data:`) or a script are no address."""
    for address in (*headers, *(image.url for image in conversion.images)):
        url = urljoin(base, address) if base else address
        if _OTHER_SCHEME.match(url) is None and host_of(url) not in PLACEHOLDER_HOSTS:
            return url
    return None


def host_of(url: str) -> str | None:
    """The host of a web address in lower case without `www.`; None for any other address."""
    try:
        host = urlsplit(url).hostname
    except ValueError:  # "http://[": an address that is none
        return None
    return host.removeprefix("www.") if host else None


def opening(text: str) -> str:
    """How a text begins, on one line, cut to what a list of articles has room for."""
    line = _one_line(text[: SUMMARY_CHARACTERS * 3])
    return line if len(line) <= SUMMARY_CHARACTERS else line[:SUMMARY_CHARACTERS].rstrip() + "…"


def _date(header: _Header, column: str) -> tuple[str | None, tuple[Diagnostic, ...]]:
    written = header.line(column)
    date = parse_date(written) if written else None
    if date or not written:
        return date, ()
    message = f"{column}: {written[:80]!r} is no date; write it like 2022-01-11 22:12"
    return None, (Diagnostic("warning", "normalize", "date-invalid", message),)


def _leaves(value: Any) -> Iterator[str]:
    """The strings of a value in document order, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        for inner in value:
            yield from _leaves(inner)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://")) and host_of(url) is not None


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
