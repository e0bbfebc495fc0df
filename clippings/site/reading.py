"""An article made ready to be read: its body for the page, its contents, its files, its citation.

markdown ─► clippings.markdown.rendering.render_html ─► page_html ─► the article page, ─► contents
front matter and markdown ─► as_markdown_file, as_text_file
title, source, date, address ─► cite, bibtex, news_article
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import yaml
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

from clippings.markdown.rendering import plain_text, render_html
from clippings.site.i18n import Wording

LONGEST_CODE = 20_000
"""Characters of a code block that are coloured; a longer one is left as it is."""

_PER_MINUTE = {"zh": 400, "ja": 450, "ko": 450}
_LATIN_PER_MINUTE = 1100
"""Characters read in a minute: Brysbaert 2019 (238 English words, some 260 Chinese ones),
rounded to what hurries nobody."""

LEAST_COMMON = 0.3
"""Of two titles that are more different than this, every word would be marked."""

_WORDS = re.compile(r"[a-zA-Z0-9]+|.", re.S)
_TAG = r"<{}((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*/?>"
_IMAGE = re.compile(_TAG.format("img"))
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_WORDLESS_LINK = re.compile(rf"{_TAG.format('a')}((?:\s|{_TAG.format('img')})*)</a>")
_HOST = re.compile(r"(?:https?:)?//([^/?#]+)", re.I)
_HEADING = re.compile(r"<h([1-6])\s[^>]*?id=\"([^\"]+)\"[^>]*>(.*?)</h\1>", re.S)
_CODE = re.compile(r"<code class=\"language-([\w+#.-]{1,40})\">([^<]*)</code>")
_ANY_TAG = re.compile(r"<[^>]*>")
_LOCAL = re.compile(r"\A/(?!/)")
_NOT_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_BIBTEX = str.maketrans({c: f"\\{c}" for c in "{}%&#_$"} | {"\\": r"\textbackslash "})


class Heading(NamedTuple):
    """A heading of an article: its level from 1 to 6, its anchor, and its text."""

    level: int
    anchor: str
    text: str


def page_html(markdown: str, say: Wording, *, pictures: bool, prefix: str) -> str:
    """The body as safe HTML for our page, its code coloured, its wide tables in reach of keys.

    Pictures of ours get the site's `prefix` (base_url) before their address; without
    `pictures` each becomes a link that says what it shows.
    """

    def image(tag: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(tag.group(1)))
        source = _LOCAL.sub(prefix, attributes.get("src", ""), count=1)
        if not source:
            return ""
        if not pictures:
            label = " · ".join(filter(None, (say("picture"), attributes.get("alt"))))
            return (
                f'<a class="picture" rel="nofollow noopener noreferrer" href="{source}">{label}</a>'
            )
        attributes["src"] = source
        return "<img " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + ">"

    region = f'<div class="table" tabindex="0" role="region" aria-label="{say("table")}">'
    body = render_html(markdown).replace('<div class="table">', region)
    body = body.replace("<pre>", '<pre tabindex="0">')
    body = _WORDLESS_LINK.sub(_named, body)
    return _CODE.sub(_coloured, _IMAGE.sub(image, body))


def _named(link: re.Match[str]) -> str:
    """A link around a picture that says nothing, named by where it leads; none around nothing."""
    attributes, inside = dict(_ATTRIBUTE.findall(link.group(1))), link.group(2)
    if "href" not in attributes or not inside.strip():
        return link.group(0) if "id" in attributes else inside
    if any(alt.strip() for name, alt in _ATTRIBUTE.findall(inside) if name == "alt"):
        return link.group(0)
    host = _HOST.match(attributes["href"])
    name = host.group(1) if host else attributes["href"]
    return f'<a{link.group(1)} aria-label="{name}">{inside}</a>'


def _coloured(block: re.Match[str]) -> str:
    """A code block with its words classed by Pygments; unknown languages stay plain."""
    language, code = block.group(1), html.unescape(block.group(2))
    try:
        lexer = find_lexer_class_by_name(language)
    except ClassNotFound:
        return block.group(0)
    if len(code) > LONGEST_CODE:
        return block.group(0)
    spans = highlight(code, lexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f'<code class="language-{language}">{spans}</code>'


def contents(body: str, least: int = 3) -> list[Heading]:
    """The headings of a body that has at least so many of them, in order; else none."""
    found = [
        Heading(int(level), html.unescape(anchor), html.unescape(_ANY_TAG.sub("", text)).strip())
        for level, anchor, text in _HEADING.findall(body)
    ]
    return found if len(found) >= least else []


def minutes(characters: int, language: str | None) -> int:
    """How long an article takes to read, in whole minutes, at least one."""
    rate = _PER_MINUTE.get((language or "").partition("-")[0], _LATIN_PER_MINUTE)
    return max(1, round(characters / rate))


def changed_title(title: str, other: str) -> list[tuple[str, bool]]:
    """The other title in pieces, each with whether it is not in `title`.

    Words of letters and digits are not cut; titles with little in common are one piece each.
    """
    here, there = _WORDS.findall(title), _WORDS.findall(other)
    match = SequenceMatcher(None, here, there, autojunk=False)
    if match.ratio() < LEAST_COMMON:
        return [(other, False)]
    return [
        ("".join(there[start:end]), how != "equal")
        for how, _, _, start, end in match.get_opcodes()
        if end > start
    ]


def as_markdown_file(front_matter: str, markdown: str) -> str:
    """An article as a Markdown file: its own front matter (given as JSON) and its body."""
    header = yaml.safe_dump(json.loads(front_matter), allow_unicode=True, sort_keys=False)
    return f"---\n{header}---\n\n{markdown.strip()}\n"


def as_text_file(title: str, byline: str, markdown: str) -> str:
    """An article as plain text: title, byline, and the words of its body."""
    return "\n\n".join(filter(None, (title, byline, plain_text(markdown)))) + "\n"


def cite(article: Mapping[str, Any], address: str) -> str:
    """A citation after GB/T 7714 (an online document), which both languages can read."""
    author = article["author"] or article["source"]
    where = "" if article["source"] in (None, author) else f"{article['source']}, "
    day = f"({article['day']}). " if article["day"] else ""
    return f"{author + '. ' if author else ''}{article['title']}[EB/OL]. {where}{day}{address}"


def bibtex(article: Mapping[str, Any], address: str) -> str:
    """The same for BibTeX; titles keep their capitals, and what TeX would read is escaped."""
    names = {
        "title": article["title"],
        "author": article["author"] or article["source"],
        "organization": article["source"],
    }
    dates = {"year": (article["day"] or "")[:4], "date": article["day"]}
    lines = [
        f"  {field} = {{{{{_one_line(name).translate(_BIBTEX)}}}}},"
        for field, name in names.items()
        if name
    ]
    lines += [f"  {field} = {{{value}}}," for field, value in dates.items() if value]
    return "\n".join((f"@online{{clippings{article['id']},", *lines, f"  url = {{{address}}}", "}"))


def news_article(article: Mapping[str, Any], address: str, image: str | None) -> str:
    """The article as schema.org NewsArticle in JSON that is safe inside a script element."""
    author = article["author"] or article["source"]
    found = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article["title"],
        "description": article["summary"],
        "datePublished": article["published"],
        "dateModified": article["updated"],
        "inLanguage": article["language"],
        "articleSection": article["section"],
        "author": {"@type": "Organization", "name": author} if author else None,
        "publisher": {"@type": "Organization", "name": article["source"]}
        if article["source"]
        else None,
        "image": image,
        "url": address,
        "isBasedOn": article["url"],
    }
    known = {key: value for key, value in found.items() if value}
    return json.dumps(known, ensure_ascii=False).translate(_NOT_IN_SCRIPT)


def _one_line(text: str) -> str:
    return " ".join(text.split())
