"""Markdown → HTML that is safe on a page of ours, and Markdown → the text that is read.

Markdown ─► markdown-it-py ─► nh3 ─► anchors, scrolling tables ─► HTML
Markdown ─► blocks without their marks ─► runs without their marks ─► plain text
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt

ANCHOR = "h-"
"""What the id of a heading begins with, so that it can name nothing else on the page."""

LONGEST = 1_000_000
# How often a character may occur, where each occurrence costs the parsers up to 0.1 ms.
_MOST = {"\n": 50_000, "[": 6_000, "<": 20_000, "*": 30_000, "_": 30_000, "~": 30_000, "|": 60_000}
_DEEPEST = 40

_MARKDOWN = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
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
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_ADDED = {"img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}}
_ADDED_IN_ORDER = [f' {name}="{value}"' for name, value in _ADDED["img"].items()]
# Of what nh3 wrote, where no quotation mark stands within a value.
_WHOLE_TAG = re.compile(r'<(?:[^">]|"[^"]*")*>')
_LANGUAGE_CLASS = re.compile(r"language-[\w+#.-]{1,40}")
_RUNS_CODE = re.compile(r"(?i)[\s\x00-\x20]*(?:javascript|vbscript|data)\s*:")
_ALIGNED = re.compile(r'style="text-align:(left|center|right)"')
_CHECKBOX = re.compile(r"(<li>\s*(?:<p>)?)\[([ xX])\] ")
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_NOT_IN_ANCHOR = re.compile(r"[^\w-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEP_LINE = re.compile(rf"(?m)^(?:[ \t]*(?:[>*+-]|\d{{1,9}}[.)])){{{_DEEPEST}}}")


def render_html(markdown: str) -> str:
    """Markdown (CommonMark, GFM tables and strikethrough) as safe HTML.

    Addresses are http, https, mailto or relative; a code block says `class="language-x"`, a
    heading has an id that begins with `ANCHOR`, a table stands in a `div.table`. What is
    too long, or made to take a parser hours, comes as it is written, in a `<pre>`.
    """
    markdown = _SURROGATE.sub("\ufffd", markdown)
    if _is_crafted(markdown):
        return f"<pre>{html.escape(markdown)}</pre>"
    rendered = _ALIGNED.sub(r'align="\1"', _MARKDOWN.render(_with_notes(markdown)))
    safe = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        set_tag_attribute_values=_ADDED,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener noreferrer",
    )
    if "<img" in safe:
        safe = _WHOLE_TAG.sub(_in_order, safe)
    safe = _CHECKBOX.sub(lambda m: m[1] + ("☐ " if m[2] == " " else "☑ "), safe)
    safe = safe.replace("<table>", '<div class="table"><table>')
    return _with_anchors(safe.replace("</table>", "</table></div>"))


def _in_order(tag: re.Match[str]) -> str:
    """A picture with what was added to it in one order: nh3's own is another each time."""
    text = tag[0]
    if not text.startswith("<img "):
        return text
    for each in _ADDED_IN_ORDER:
        text = text.replace(each, "", 1)
    return text[:-1] + "".join(_ADDED_IN_ORDER) + ">"


def _with_notes(markdown: str) -> str:
    """Markdown whose footnotes stay text, those in code blocks as they are."""
    if "[^" not in markdown:
        return markdown
    parts: list[str] = []
    place = 0
    for fence in fences(markdown):
        parts += (
            _NOTE.sub(r"\1\\\2", markdown[place : fence.start]),
            markdown[fence.start : fence.end],
        )
        place = fence.end
    return "".join((*parts, _NOTE.sub(r"\1\\\2", markdown[place:])))


def _is_crafted(markdown: str) -> bool:
    """Whether to render a text would take seconds: no article is like that."""
    return (
        len(markdown) > LONGEST
        or any(markdown.count(char) > most for char, most in _MOST.items())
        or _DEEP_LINE.search(markdown) is not None
    )


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("code", "class") and not _LANGUAGE_CLASS.fullmatch(value):
        return None
    if attribute in ("href", "src") and _RUNS_CODE.match(value):
        return None
    return value


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


_FENCE = re.compile(
    r"^([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)*)(`{3,}(?=[^`\n]*$)|~{3,}).*$", re.MULTILINE
)
_BLOCK_MARKS = re.compile(
    r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?:[ \t]+\[[ xX]\](?=[ \t])|(?=[ \t]|$))))*[ \t]*"
    r"(?:#{1,6}(?:[ \t]+|$))?"
)
_BLOCK_STARTERS = frozenset(" \t>-*+#|=_:[0123456789")
# A line that shows nothing: a rule, the underline of a heading or a table's head, a definition.
_SHOWS_NOTHING = re.compile(
    r"(?:([-*_])[ \t]*(?:\1[ \t]*){2,}|=+|-+|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)$"
    r"|\[(?!\^)[^\]\\]+\]:[ \t]*(?:<[^<>]*>|[^\s<]\S*)"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*$"
)
_SPECIAL = re.compile(r"[\\`<\[\]*~_&]|!(?=\[)")
_TARGET = re.compile(
    r"\(\s*(?:<[^<>\n]*>|[^\s()<\\]*(?:(?:\\.|\([^\s()]*\))[^\s()\\]*)*)"
    r"(?:\s+(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'))?\s*\)"
)
_REFERENCE = re.compile(r"\[([^\[\]\n]*)\]")
_LABEL = re.compile(r"^[ \t>]*\[(?!\^)([^\]\\\n]+)\]:", re.MULTILINE)
# CommonMark has no footnotes: a note of one word would be read as the address of its mark.
_NOTE = re.compile(r"^([ \t>]*)(\[\^[^\]\\\n]+\]:)", re.MULTILINE)
_HTML = re.compile(
    r"</?([A-Za-z][A-Za-z0-9-]*)(?:[\s/][^<>]*)?>|<([A-Za-z][A-Za-z0-9+.-]*:[^\s<>]*|[\w.+-]+@[\w.-]+)>"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ROW = re.compile(r"\\\||\|")
_BACKTICKS = re.compile("`+")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_BREAKING_TAGS = frozenset(
    "br p div li tr td th dt dd summary details h1 h2 h3 h4 h5 h6 table ul ol dl hr".split()
)


def plain_text(markdown: str) -> str:
    """The text that a reader of the Markdown sees, a block a line.

    Without syntax and addresses; a picture's alternative text and code stay.
    """
    labels = _labels(markdown) if "]:" in markdown else frozenset[str]()
    parts = []
    place = 0
    for fence in fences(markdown):
        parts.append(_prose(markdown[place : fence.start], labels))
        code = markdown[fence.code_start : fence.code_end]
        parts.append(_without_quotes(code, fence.quotes))
        place = fence.end
    parts.append(_prose(markdown[place:], labels))
    lines = (line.rstrip() for part in parts for line in part.split("\n"))
    return "\n".join(line for line in lines if line)


class Fence(NamedTuple):
    """Where a fenced code block stands in Markdown, and the code in it."""

    start: int
    code_start: int
    code_end: int
    end: int
    quotes: int


def fences(markdown: str) -> Iterator[Fence]:
    """The fenced code blocks of Markdown; one that is never closed lasts to the end."""
    place = 0
    while opening := _FENCE.search(markdown, place):
        row = opening[2]
        end = re.compile(rf"^[ \t>]*{row[0]}{{{len(row)},}}[ \t]*$", re.MULTILINE)
        closing = end.search(markdown, opening.end())
        code_end, place = closing.span() if closing else (len(markdown), len(markdown))
        yield Fence(opening.start(), opening.end(), code_end, place, opening[1].count(">"))


def _labels(markdown: str) -> frozenset[str]:
    return frozenset(match[1].lower() for match in _LABEL.finditer(markdown))


def _without_quotes(code: str, depth: int) -> str:
    """Code in so many block quotes, without their marks."""
    return re.sub(rf"(?m)^(?:[ \t]*>){{{depth}}}", "", code) if depth else code


def _prose(markdown: str, labels: frozenset[str]) -> str:
    """Blocks without their marks, then their runs."""
    if "\n" in markdown or markdown[:1] in _BLOCK_STARTERS:
        lines = markdown.split("\n")
        for place, line in enumerate(lines):
            if line[:1] in _BLOCK_STARTERS:
                lines[place] = _line_text(line)
        markdown = "\n".join(lines)
    return _inline_text(markdown, labels) if _SPECIAL.search(markdown) else markdown


def _line_text(line: str) -> str:
    """A line without what makes it a heading, an item, a quote, a row of a table or a rule."""
    if _SHOWS_NOTHING.match(line.lstrip(" \t>").rstrip()):
        return ""
    marks = _BLOCK_MARKS.match(line)
    text = line[marks.end() :] if marks else line
    if text[:1] == "|" and not (marks and marks[0].endswith(("# ", "#"))):
        return _ROW.sub(lambda m: " " if m[0] == "|" else "|", text)
    return text


def _inline_text(text: str, labels: frozenset[str]) -> str:
    """A text without its inline syntax, in one pass from left to right.

    `labels` are those that a definition gives an address.
    """
    out: list[str] = []
    brackets: list[int] = []  # places in `out` of brackets that may turn out to open a link
    closers = _BacktickRows(text)
    last_comment = text.rfind("-->")
    place = 0
    while special := _SPECIAL.search(text, place):
        start = special.start()
        out.append(text[place:start])
        char = text[start]
        place = start + 1
        after = text[place : place + 1]
        if char == "\\":
            if after in _PUNCTUATION or after == "\n":
                out.append(after)
                place += 1
            else:
                out.append(char)
        elif char == "`":
            written, place = closers.span(start)
            out.append(written)
        elif char == "<":
            written, place = _tag_text(text, start, last_comment)
            out.append(written)
        elif char in "[!":
            brackets.append(len(out))
            place = start + 1 + (char == "!")
            out.append(text[start:place])
        elif char == "]":
            opening = brackets.pop() if brackets else len(out)
            shown = "".join(out[opening + 1 : opening + 40]) if labels else ""
            end = _target_end(text, place, shown, labels) if opening < len(out) else 0
            if end:
                out[opening] = ""
                place = end
            else:
                out.append(char)
        elif char == "&":
            entity = _ENTITY.match(text, start)
            out.append(html.unescape(entity[0]) if entity else char)
            place = entity.end() if entity else place
        else:
            while text[place : place + 1] == char:
                place += 1
            out.append(_emphasis_text(text, start, place))
    out.append(text[place:])
    return "".join(out)


class _BacktickRows:
    """The rows of backticks in a text, found once: a row without a partner costs no search."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: dict[int, list[int]] | None = None

    def span(self, start: int) -> tuple[str, int]:
        """The text of the code span that begins at `start`, and where it ends."""
        if self._starts is None:
            self._starts = {}
            for row in _BACKTICKS.finditer(self._text):
                self._starts.setdefault(len(row[0]), []).append(row.start())
        opening = _BACKTICKS.match(self._text, start)
        length = opening.end() - start if opening else 1
        later = self._starts.get(length, [])
        following = bisect_right(later, start)
        if following == len(later):
            return self._text[start : start + length], start + length
        return self._text[start + length : later[following]], later[following] + length


def _tag_text(text: str, start: int, last_comment: int) -> tuple[str, int]:
    """What a `<` at `start` shows (a line's end, an address, itself), and where it ends."""
    if text.startswith("<!--", start) and start < last_comment:
        return "", text.find("-->", start) + 3
    match = _HTML.match(text, start)
    if not match:
        return "<", start + 1
    if match[2]:
        return match[2], match.end()
    return ("\n" if match[1].lower() in _BREAKING_TAGS else ""), match.end()


def _target_end(text: str, place: int, shown: str, labels: frozenset[str]) -> int:
    """Where the address after a closing bracket at `place` ends; 0 where there is none."""
    if match := _TARGET.match(text, place):
        return match.end()
    if labels:
        reference = _REFERENCE.match(text, place)
        if ((reference and reference[1]) or shown).lower() in labels:
            return reference.end() if reference else place
    return 0


def _emphasis_text(text: str, start: int, end: int) -> str:
    """A row of `*`, `_` or `~` as text: nothing where it marks something, else itself."""
    row = text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    in_word = before.isalnum() and after.isalnum()
    alone = (not before or before.isspace()) and (not after or after.isspace())
    literal = alone or (row[0] == "_" and in_word) or (row[0] == "~" and len(row) != 2)
    return row if literal else ""
