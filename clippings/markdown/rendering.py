"""Markdown → HTML that is safe on a page of ours.

    Markdown ─► pulldown-cmark ─► anchors, boxes, scrolling tables ─► nh3 ─► HTML

Sanitising is the last step: nothing is put together from what came out of it.
"""

from __future__ import annotations

import html
import re

import nh3

from clippings.markdown.commonmark import plain_text, to_html, without_surrogates

__all__ = ["ANCHOR", "LONGEST", "plain_text", "render_html"]

ANCHOR = "h-"
"""What the id of a heading begins with, so that it can name nothing else on the page."""

LONGEST = 1_000_000
MOST_TAGS = 15_000
"""The sanitiser is quadratic in elements that stand in one another: these take it a second."""

_DEEPEST = 40

_TAGS = set(
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rb rp rt rtc ruby s"
    " samp small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul"
    " var wbr".split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "code": {"class"},
    "details": {"open"},
    "div": {"class"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "img": {"src", "alt", "title", "loading", "decoding", "referrerpolicy"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_ADDED = {"img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}}
_IMAGE_ATTRIBUTES = "".join(f' {name}="{value}"' for name, value in _ADDED["img"].items())
_LANGUAGE_CLASS = re.compile(r"language-[\w+#.-]{1,40}")
_RUNS_CODE = re.compile(r"(?i)[\s\x00-\x20]*(?:javascript|vbscript|data)\s*:")
_ALIGNED = re.compile(r'style="text-align: (left|center|right)"')
_CHECKBOX = re.compile(r'<input disabled="" type="checkbox"( checked="")?/>\s')
_IMAGE = re.compile(r"(?i)<img(?=[\s/>])")
_HEADING = re.compile(r"(?i)<h([1-6])(?:\s[^<>]*)?>((?:[^<]|<(?!/?h[1-6][\s>]))*)</h\1>")
_ANCHOR_ID = re.compile(rf"{ANCHOR}[\w-]+")
_TAG = re.compile(r"<[^<>]*>")
_NOT_IN_ANCHOR = re.compile(r"[^\w-]+")
# Elsewhere a picture without a host would be a request to this site in its reader's name.
_OTHER_HOST = re.compile(r"(?i)(?:https?:)?//[^/\\?#]")
_OWN_FILE = re.compile(r"/static/(?!.*(?:\.|%2e){2})[\w%./~+@-]+", re.IGNORECASE)
_DEEP_LINE = re.compile(rf"(?m)^(?:[ \t]*(?:[>*+-]|\d{{1,9}}[.)])){{{_DEEPEST}}}")


def render_html(markdown: str) -> str:
    """Markdown (CommonMark, GFM tables and strikethrough) as safe HTML.

    Addresses are http, https, mailto or relative; a code block says `class="language-x"`, a
    heading has an id that begins with `ANCHOR`, a table stands in a `div.table`. What is
    too long, or made to take a parser hours, comes as it is written, in a `<pre>`.
    """
    if _is_crafted(markdown):
        return f"<pre>{html.escape(without_surrogates(markdown))}</pre>"
    return nh3.clean(
        _with_anchors(_with_site_markup(to_html(markdown))),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        set_tag_attribute_values=_ADDED,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener noreferrer",
    )


def _with_site_markup(rendered: str) -> str:
    """HTML with what the site adds to tables, boxes and pictures.

    A picture has its attributes already in one order; nh3, which sees to it that each has them,
    adds them in another each time.
    """
    rendered = _ALIGNED.sub(r'align="\1"', rendered)
    rendered = _CHECKBOX.sub(lambda m: "☑ " if m[1] else "☐ ", rendered)
    rendered = rendered.replace("<table>", '<div class="table"><table>')
    rendered = rendered.replace("</table>", "</table></div>")
    return _IMAGE.sub(f"<img{_IMAGE_ATTRIBUTES}", rendered)


def _is_crafted(markdown: str) -> bool:
    """Whether to render a text would take more than a second: hardly an article is like that."""
    return (
        len(markdown) > LONGEST
        or markdown.count("<") > MOST_TAGS
        or _DEEP_LINE.search(markdown) is not None
    )


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    """An attribute's value as it may stay; None where the attribute goes."""
    allowed: object = True
    if attribute == "src":
        allowed = _OTHER_HOST.match(value) or _OWN_FILE.fullmatch(value)
    elif attribute == "href":
        allowed = not _RUNS_CODE.match(value)
    elif attribute == "class":
        allowed = _LANGUAGE_CLASS.fullmatch(value) if tag == "code" else value == "table"
    elif attribute == "id":
        allowed = _ANCHOR_ID.fullmatch(value)
    return value if allowed else None


def _with_anchors(page: str) -> str:
    """HTML whose headings have ids, made of their own words, each once."""
    seen: dict[str, int] = {}

    def anchored(match: re.Match[str]) -> str:
        level, inside = match.groups()
        words = html.unescape(_TAG.sub("", inside)).lower()
        slug = _NOT_IN_ANCHOR.sub("-", words).strip("-")[:60] or "section"
        seen[slug] = seen.get(slug, 0) + 1
        if seen[slug] > 1:
            slug = f"{slug}-{seen[slug]}"
            seen[slug] = 1
        return f'<h{level} id="{ANCHOR}{slug}">{inside}</h{level}>'

    return _HEADING.sub(anchored, page)
