"""The body of an article for its page.

markdown ─► clippings.markdown.rendering.render_html ─► page_html ─► contents
"""

from __future__ import annotations

import html
import re
from itertools import count

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

from clippings.markdown.rendering import render_html
from clippings.site.addresses import picture_address
from clippings.site.i18n import Translator

LONGEST_CODE = 20_000
"""Characters of a code block that are coloured; a longer one is left as it is."""

_PER_MINUTE = {"zh": 400, "ja": 450, "ko": 450}
_LATIN_PER_MINUTE = 1100
"""Characters read in a minute: Brysbaert 2019 (238 English words, some 260 Chinese ones),
rounded to what hurries nobody."""

_TAG = r"<{}((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*/?>"
_IMAGE = re.compile(_TAG.format("img"))
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_WORDLESS_LINK = re.compile(rf"{_TAG.format('a')}((?:\s|{_TAG.format('img')})*)</a>")
_HOST = re.compile(r"(?:https?:)?//([^/?#]+)", re.I)
_TABLE = re.compile('<div class="table">')
_REGION = '<div class="table" tabindex="0" role="region" aria-label="{}">'
_HEADING = re.compile(r"<h([1-6])\s[^>]*?id=\"([^\"]+)\"[^>]*>(.*?)</h\1>", re.S)
_CODE = re.compile(r"<code class=\"language-([\w+#.-]{1,40})\">([^<]*)</code>")
_ANY_TAG = re.compile(r"<[^>]*>")


def page_html(markdown: str, t: Translator, *, pictures: bool, prefix: str, title: str = "") -> str:
    """Return the body as safe HTML: its code coloured, its wide tables in reach of the keyboard.

    `prefix` is the site's base_url. A first heading that repeats `title` is left out.
    """
    body = _without_title(render_html(markdown), title)
    numbers = count(1)
    body = _TABLE.sub(lambda _: _REGION.format(t("table.number", next(numbers))), body)
    body = body.replace("<pre>", '<pre tabindex="0">')
    body = _WORDLESS_LINK.sub(_named, body)
    return _CODE.sub(_coloured, with_pictures(body, t, pictures=pictures, prefix=prefix))


def with_pictures(body: str, t: Translator, *, pictures: bool, prefix: str) -> str:
    """Return safe HTML with its pictures, or links to them, those of ours below `prefix`."""

    def image(tag: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(tag.group(1)))
        source = picture_address(attributes.get("src"), prefix)
        if not source:
            return ""
        if not pictures:
            label = " · ".join(filter(None, (t("picture"), attributes.get("alt"))))
            rel = "nofollow noopener noreferrer"
            return f'<a class="picture" rel="{rel}" href="{source}">{label}</a>'
        shown = attributes | {"src": source}
        return "<img " + " ".join(f'{name}="{value}"' for name, value in shown.items()) + ">"

    return _IMAGE.sub(image, body)


def _without_title(body: str, title: str) -> str:
    first = _HEADING.match(body)
    repeats = first and _letters(_text_of(first.group(3))) == _letters(title)
    return body[first.end() :] if first and repeats else body


def _letters(text: str) -> str:
    """Return a text without its marks and spaces, which a file's name may have changed."""
    return "".join(filter(str.isalnum, text))


def _text_of(markup: str) -> str:
    return html.unescape(_ANY_TAG.sub("", markup)).strip()


def _named(link: re.Match[str]) -> str:
    """Name a link around a picture that says nothing by where it leads; drop one around nothing."""
    attributes, inside = dict(_ATTRIBUTE.findall(link.group(1))), link.group(2)
    if "href" not in attributes or not inside.strip():
        return link.group(0) if "id" in attributes else inside
    if any(alt.strip() for name, alt in _ATTRIBUTE.findall(inside) if name == "alt"):
        return link.group(0)
    host = _HOST.match(attributes["href"])
    name = host.group(1) if host else attributes["href"]
    return f'<a{link.group(1)} aria-label="{name}">{inside}</a>'


def _coloured(block: re.Match[str]) -> str:
    """Return a code block with its words classed by Pygments; unknown languages stay plain."""
    language, code = block.group(1), html.unescape(block.group(2))
    try:
        lexer = find_lexer_class_by_name(language)
    except ClassNotFound:
        return block.group(0)
    if len(code) > LONGEST_CODE:
        return block.group(0)
    spans = highlight(code, lexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f'<code class="language-{language}">{spans}</code>'


def contents(body: str, least: int = 3) -> list[tuple[int, str, str]]:
    """Return the headings of a body that has at least so many with a text, in order: the level of
    each from 1 to 6, its anchor and its text."""
    found = [
        (int(level), html.unescape(anchor), _text_of(markup))
        for level, anchor, markup in _HEADING.findall(body)
        if _text_of(markup)
    ]
    return found if len(found) >= least else []


def minutes(characters: int, language: str | None) -> int:
    """Return how long an article takes to read, in whole minutes, at least one."""
    rate = _PER_MINUTE.get((language or "").partition("-")[0], _LATIN_PER_MINUTE)
    return max(1, round(characters / rate))
