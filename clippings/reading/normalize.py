"""ParsedArticle and Conversion → Article: which front matter key fills which column.

The keys are those that Hexo, Hugo, Jekyll and feed archives write; each column
takes the first of its keys that says something. Nothing here reads a file or a
clock, so the same input gives the same article anywhere.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from posixpath import basename, dirname, splitext
from typing import Any
from urllib.parse import urljoin

from clippings.markdown.media import is_real_address
from clippings.markdown.rendering import plain_text
from clippings.models import Article, Conversion, Diagnostic, ParsedArticle, Severity
from clippings.reading.dates import day_of, parse_date, suspect_date
from clippings.reading.fields import (
    category_levels,
    host_of,
    leaves,
    name_of,
    one_line,
    opening,
    split_levels,
)
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

MAX_TITLE = 500
"""Characters of a title; what is longer was a text, and stays whole in the front matter."""

_HEADING = re.compile(
    r"^ {0,3}(?:#{1,6}[ \t]+(?P<atx>.+?)[ \t]*#*"
    r"|(?P<setext>[^\s>*+|-].*)\n {0,3}(?:=+|-{2,})[ \t]*)$",
    re.MULTILINE,
)
_HTML_TITLE = re.compile(r"<title[^>]*>([^<]+)</title", re.IGNORECASE)
# As a browser reads it: blanks and control characters before and inside a scheme do not count.
_OTHER_SCHEME = re.compile(r"[\x00-\x20]*(?!https?:)[a-z][a-z0-9+.\s-]*:", re.IGNORECASE)
_NAME_DATE = re.compile(r"(?P<date>\d{4}-\d{1,2}-\d{1,2})(?:-(?=.)|(?=\.\w+$))")
_EMOTICON = re.compile(r"\[[^\[\]]{1,9}\]")  # [鲜花], as Weibo writes them
# A picture that says it is as high as a line or two: an icon, a smiley, somebody's face.
_SMALL = re.compile(
    r"""<img\b(?=[^<>]*[\s"';](?:width|height)[=:] ?["']?(?:[1-4]?\d(?:px)?|[12]r?em)[\s"';>])"""
    r"""[^<>]*\ssrc=["']?([^"'\s<>]+)"""
)
# Smileys, icons, badges and formulas, by the folder or service that they come from.
_NO_LEAD = re.compile(
    r"/(?:smil(?:ey|ie)s?|emo(?:ji|te|tion|ticon)s?)/|/icons?[/_-]|\.ico$|//img\.shields\.io/"
    r"|/equation\?tex=|/latex\.php\?|codecogs\.com/"
)
_FLAGS = frozenset({"true", "false", "yes", "no"})
_WRITTEN_AS_LINE = re.compile(r"[:/\\?*“”<>|\[\]]")
_SEPARATOR = re.compile(r"[,，、;；]")


def normalize_article(
    parsed: ParsedArticle, conversion: Conversion, text: str, split_categories: bool = True
) -> tuple[Article, tuple[Diagnostic, ...]]:
    """Fill the columns of an article from its front matter, its body and its path.

    `text` is the plain text of the Markdown; `split_categories` says whether a category
    `site - feed` is two levels. Returns the article and what was odd about its fields.
    The rules are listed, with examples, in docs/reading.md.
    """
    header = _Header(parsed.front_matter)
    notes: list[Diagnostic] = []
    levels = category_levels(header.value("categories"), parsed.path)
    author = ", ".join(map(name_of, header.lines("author")))
    if split_categories and (split := split_levels(levels, author)):
        notes.append(_note("info", "categories-split", f"{author!r} was read as site - feed"))
        levels, author = split, split.source or author
    title = own_title(header.line("title"), parsed.path)
    if not any(map(str.isprintable, title.replace(" ", ""))):  # zero-width characters are none
        title = fallback_title(parsed.path, parsed.body, conversion.markdown, text)
    language = detect(f"{title}\n{conversion.markdown}", header.line("language") or None)
    is_chinese = language is not None and language.startswith("zh")
    published = _date(header, "published", is_chinese, notes) or date_of_name(parsed.path)
    where = " ".join(filter(None, (levels.source, (published or "")[:10])))
    title = title or where or parsed.path
    if len(title) > MAX_TITLE:
        notes.append(_note("warning", "title-cut", f"title: cut to {MAX_TITLE} characters"))
        title = title[: MAX_TITLE - 1] + "…"
    url = article_url(parsed.front_matter)
    article = Article(
        id=path_id(parsed.path),
        title=title,
        summary=header.line("summary") or opening(text),
        author=author or None,
        section=levels.section,
        source=levels.source,
        feed=levels.feed,
        published=published,
        updated=_date(header, "updated", is_chinese, notes),
        language=language,
        url=url,
        image=lead_image(header.lines("image"), conversion, url, parsed.body),
        characters=len("".join(text.split())),
        features=conversion.features,
        tags=tuple(dict.fromkeys(header.lines("tags"))),
        links=conversion.links,
        images=conversion.images,
        digest=text_digest(_title_key(title), conversion.markdown or f"\n{published}"),
        front_matter=json.dumps(parsed.front_matter, ensure_ascii=False),
        markdown=conversion.markdown,
    )
    return article, tuple(notes)


class _Header:
    """Front matter as the columns see it: by the first key that says something."""

    def __init__(self, front_matter: Mapping[str, Any]) -> None:
        self._values = {key.lower(): value for key, value in reversed([*front_matter.items()])}

    def value(self, column: str) -> Any:
        """Return the value of the first filled key of a column, else the empty string."""
        filled = (self._values[key] for key in KEYS[column] if self._values.get(key))
        if column == "published":  # Jekyll's `published: true` is no date
            filled = (value for value in filled if str(value).lower() not in _FLAGS)
        return next(filled, "")

    def lines(self, column: str) -> list[str]:
        """Return a column's value as lines of text: a list's items, or a string's parts."""
        value = self.value(column)
        parts = _SEPARATOR.split(value) if column == "tags" and isinstance(value, str) else value
        return [line for leaf in leaves(parts) if (line := one_line(leaf))]

    def line(self, column: str) -> str:
        """Return a column's value as one line of text; empty where there is none."""
        return " ".join(self.lines(column))


def article_url(front_matter: Mapping[str, Any]) -> str | None:
    """Return where an article first appeared: the first absolute http(s) address of its keys."""
    lowered = {key.lower(): value for key, value in front_matter.items()}
    candidates = (lowered.get(key) for key in KEYS["url"])
    return next((url for url in candidates if isinstance(url, str) and _is_web(url)), None)


def own_title(title: str, path: str) -> str:
    """Return the title of the front matter, with the quotes around it that the file's name has too:
    they were taken for YAML's, and are its own."""
    stem = splitext(basename(path))[0]
    quote = stem[:1]
    is_quoted = len(stem) > 2 and quote in "'\"" and quote == stem[-1] and quote not in stem[1:2]
    if is_quoted and title[:1] != quote and _letters(title) == _letters(stem):
        return f"{quote}{title}{quote}"
    return title


def fallback_title(path: str, body: str, markdown: str, text: str) -> str:
    """Return the title of an article whose front matter has none: its first heading, the title of
    an HTML page, the file's name without a date before it. A file without a name has the first
    line of its text, which may be empty."""
    stem = splitext(basename(path))[0].strip("\"'")
    if not _letters(stem.removesuffix(".md")):
        return opening(text.lstrip().partition("\n")[0])
    if heading := _HEADING.search(markdown):
        title = plain_text(heading["atx"] or heading["setext"])
    elif named := _HTML_TITLE.search(body):
        title = html.unescape(named[1])
    else:
        title = ""
    if stem in ("index", "_index"):  # the folder has the name
        stem = basename(dirname(path)) or stem
    return one_line(title) or _NAME_DATE.sub("", stem) or stem


def lead_image(
    headers: Sequence[str], conversion: Conversion, base: str | None, body: str = ""
) -> str | None:
    """Return the picture of a list entry: the front matter's, unless it is a placeholder or a lazy
    loader's, else the first one of the body; None where there is neither. Only an http(s)
    or a relative address counts: a picture's bytes (`data:`) or a script are no address.

    A lazy loader's is written in the body and still none of its pictures.
    """
    small = set(_SMALL.findall(body))
    small.update(image.url for image in conversion.images if _EMOTICON.fullmatch(image.alt))
    shown = [image.url for image in conversion.images]
    own = (address for address in headers if address in shown or address not in body or not shown)
    for address in (*own, *shown):
        url = urljoin(base, address) if base else address
        is_picture = is_real_address(url) and not (_OTHER_SCHEME.match(url) or _NO_LEAD.search(url))
        if is_picture and address not in small and host_of(url) not in PLACEHOLDER_HOSTS:
            return url
    return None


def date_of_name(path: str) -> str | None:
    """Return the date with which a file's name begins, as Jekyll has it: `2022-01-11-title.md`."""
    match = _NAME_DATE.match(basename(path))
    return parse_date(match["date"]) if match else None


def _date(header: _Header, column: str, is_chinese: bool, notes: list[Diagnostic]) -> str | None:
    """Return the date of a column; what is odd about it goes to `notes`."""
    written = header.line(column)
    if not written:
        return None
    date = parse_date(written, is_chinese)
    if date is None:
        message = f"{column}: {written[:80]!r} is no date; write it like 2022-01-11 22:12"
        notes.append(_note("warning", "date-invalid", message))
    elif day_of(date) is None:
        notes.append(suspect_date(date))
    return date


def _note(severity: Severity, code: str, message: str) -> Diagnostic:
    return Diagnostic(severity, "normalize", code, message)


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://")) and host_of(url) is not None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _title_key(title: str) -> str:
    """Return a title as all generations of the archive have it: without white space, and with
    `_` for what they wrote so."""
    return _WRITTEN_AS_LINE.sub("_", "".join(title.split()))
