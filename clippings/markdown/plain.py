"""Markdown → the text that a reader sees, and the links and pictures in it.

    Markdown ─► fences set apart ─► lines without their marks ─► paragraphs without theirs

Each step is one pass from left to right: no text takes longer than its length asks for.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_FENCE = re.compile(
    r"^([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)*)(`{3,}(?=[^`\n]*$)|~{3,}).*$", re.MULTILINE
)
_BLOCK_MARKS = re.compile(
    r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?:[ \t]+\[[ xX]\](?=[ \t])|(?=[ \t]|$))))*[ \t]*"
    r"(?:#{1,6}(?:[ \t]+|$))?"
)
# A line that begins otherwise has no mark of a block.
_BLOCK_STARTERS = frozenset(" \t>-*+#|=_:[0123456789")
# A line that shows nothing: a rule, the underline of a heading or a table's head, a definition.
_SHOWS_NOTHING = re.compile(
    r"(?:([-*_])[ \t]*(?:\1[ \t]*){2,}|=+|-+|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)$"
    r"|\[(?!\^)[^\]\\]+\]:[ \t]*(?:<[^<>]*>|[^\s<]\S*)"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*$"
)
_MAY_SHOW_NOTHING = frozenset("-*_=|:[")
_ROW = re.compile(r"\\\||\|")

_SPECIAL = re.compile(r"[\\`<\[\]*~_&]")
_needs_scan = re.compile(r"[\\`<&]").search
# A link or picture with nothing special in it, as most are.
_SIMPLE_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^\s()]*\)")
_TARGET = re.compile(
    r"\(\s{0,9}(?:<([^<>\n]*)>|([^\s()<\\]*(?:(?:\\.|\([^\s()]*\))[^\s()<\\]*){0,500}))"
    r"(?:\s{1,9}(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'))?\s{0,9}\)"
)
_REFERENCE = re.compile(r"\[([^\[\]\n]*)\]")
_DEFINITION = re.compile(r"^[ \t>]*\[(?!\^)([^\[\]\\\n]+)\]:[ \t]*<?([^\s<>]*)", re.MULTILINE)
_HTML = re.compile(
    r"</?([A-Za-z][A-Za-z0-9-]*)(?:[\s/][^<>]*)?>|<([A-Za-z][A-Za-z0-9+.-]*:[^\s<>]*|[\w.+-]+@[\w.-]+)>"
)
_NAMED_ADDRESS = re.compile(r"(?i)\s(?:href|src)\s{0,9}=\s{0,9}[\"']?([^\"'\s>]+)")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BACKTICKS = re.compile("`+")
_MARKS = re.compile(r"[*~_]+")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_BREAKING_TAGS = frozenset(
    "br p div li tr td th dt dd summary details h1 h2 h3 h4 h5 h6 table ul ol dl hr".split()
)
_LONGEST_LABEL = 40  # pieces of text in a bracket that are looked at


class Fence(NamedTuple):
    """Where a fenced code block stands in Markdown, and the code in it."""

    start: int
    code_start: int
    code_end: int
    end: int
    quotes: int


class Reference(NamedTuple):
    """A link or picture of a Markdown text: its kind ("a" or "img"), address and text."""

    kind: str
    address: str
    text: str


def plain_text(markdown: str) -> str:
    """Return the text that a reader of the Markdown sees, a block a line.

    Without syntax and addresses; a picture's alternative text and code stay.
    """
    scan = _Inline(_definitions(markdown))
    parts = []
    place = 0
    for fence in fences(markdown):
        parts.append(scan.text(_without_block_marks(markdown[place : fence.start])))
        code = markdown[fence.code_start : fence.code_end]
        parts.append(re.sub(rf"(?m)^(?:[ \t]*>){{{fence.quotes}}}", "", code))
        place = fence.end
    parts.append(scan.text(_without_block_marks(markdown[place:])))
    return "\n".join(filter(None, map(str.rstrip, "\n".join(parts).split("\n"))))


def references(prose: str) -> list[Reference]:
    """Return the links and pictures of Markdown without code blocks, in their order."""
    found: list[Reference] = []
    _Inline(_definitions(prose), found).text(_DEFINITION.sub("", prose))
    return found


def fences(markdown: str) -> Iterator[Fence]:
    """Yield the fenced code blocks of Markdown; one that is never closed lasts to the end."""
    if "```" not in markdown and "~~~" not in markdown:
        return
    place = 0
    while opening := _FENCE.search(markdown, place):
        row = opening[2]
        end = re.compile(rf"^[ \t>]*{row[0]}{{{len(row)},}}[ \t]*$", re.MULTILINE)
        closing = end.search(markdown, opening.end())
        code_end, place = closing.span() if closing else (len(markdown), len(markdown))
        yield Fence(opening.start(), opening.end(), code_end, place, opening[1].count(">"))


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Return Markdown with `change` applied to what stands outside of fenced code blocks."""
    parts: list[str] = []
    place = 0
    for fence in fences(markdown):
        parts += change(markdown[place : fence.start]), markdown[fence.start : fence.end]
        place = fence.end
    return "".join([*parts, change(markdown[place:])])


def _definitions(markdown: str) -> dict[str, str]:
    """The addresses that labels stand for, by label."""
    if "]:" not in markdown:
        return {}
    return {match[1].lower(): match[2] for match in _DEFINITION.finditer(markdown)}


def _without_block_marks(markdown: str) -> str:
    lines = markdown.split("\n")
    return "\n".join([_line_text(line) if line[:1] in _BLOCK_STARTERS else line for line in lines])


def _line_text(line: str) -> str:
    """A line without what makes it a heading, an item, a quote, a row of a table or a rule."""
    inner = line.lstrip(" \t>").rstrip()
    if inner[:1] in _MAY_SHOW_NOTHING and _SHOWS_NOTHING.match(inner):
        return ""
    marks = _BLOCK_MARKS.match(line)
    text = line[marks.end() :] if marks else line
    if text[:1] == "|" and not (marks and marks[0].endswith(("# ", "#"))):
        return _ROW.sub(lambda m: " " if m[0] == "|" else "|", text)
    return text


class _Inline:
    """Takes inline syntax out of text; what it refers to is added to `found`, if that is given.

    `definitions` are the labels that stand for an address.
    """

    def __init__(
        self, definitions: Mapping[str, str], found: list[Reference] | None = None
    ) -> None:
        self._definitions = definitions
        self._found = found

    def text(self, text: str) -> str:
        """Return the text, a paragraph after the other: no inline syntax goes further."""
        if not _SPECIAL.search(text):
            return text
        if "<!--" in text:
            return self._scanned(text)
        paragraphs = text.split("\n\n")
        return "\n\n".join([self._paragraph(p) if _SPECIAL.search(p) else p for p in paragraphs])

    def _paragraph(self, text: str) -> str:
        if self._found is not None or _needs_scan(text):
            return self._scanned(text)
        short = _MARKS.sub(_emphasis_text, text)
        if "[" not in text:
            return short
        short = _SIMPLE_LINK.sub(r"\1", short)
        return self._scanned(text) if "](" in short or self._definitions else short

    def _scanned(self, text: str) -> str:
        out: list[str] = []
        brackets: list[int] = []  # places in `out` of brackets that may turn out to open a link
        rows: dict[int, list[int]] | None = None
        last_comment = text.rfind("-->")
        place = 0
        while special := _SPECIAL.search(text, place):
            start = special.start()
            out.append(text[place:start])
            char = text[start]
            place = start + 1
            if char == "\\":
                after = text[place : place + 1]
                escapes = after in _PUNCTUATION or after == "\n"
                out.append(after if escapes else char)
                place += escapes
            elif char == "`" and (row := _BACKTICKS.match(text, start)):
                rows = _backtick_rows(text) if rows is None else rows
                written, place = _code_span(text, start, row.end(), rows)
                out.append(written)
            elif char == "<":
                written, place = self._tag_text(text, start, last_comment)
                out.append(written)
            elif char == "[":
                is_image = out[-1][-1:] == "!" and text[start - 2 : start - 1] != "\\"
                if is_image:
                    out[-1] = out[-1][:-1]
                brackets.append(len(out))
                out.append("![" if is_image else "[")
            elif char == "]":
                opening = brackets.pop() if brackets else len(out)
                end = self._close(text, place, out, opening) if opening < len(out) else 0
                if not end:
                    out.append(char)
                place = end or place
            elif char == "&":
                entity = _ENTITY.match(text, start)
                out.append(html.unescape(entity[0]) if entity else char)
                place = entity.end() if entity else place
            elif row := _MARKS.match(text, start):
                out.append(_emphasis_text(row))
                place = row.end()
        out.append(text[place:])
        return "".join(out)

    def _close(self, text: str, place: int, out: list[str], opening: int) -> int:
        """Where the link ends that a bracket before `place` may close; 0 where there is none.

        `out[opening]` is the bracket that opens it, which then shows nothing.
        """
        address = None
        if match := _TARGET.match(text, place):
            address, end = match[1] or match[2] or "", match.end()
        elif self._definitions:
            reference = _REFERENCE.match(text, place)
            label = (reference and reference[1]) or "".join(
                out[opening + 1 : opening + _LONGEST_LABEL]
            )
            address = self._definitions.get(label.lower())
            end = reference.end() if reference else place
        if address is None:
            return 0
        if self._found is not None:
            shown = "".join(out[opening + 1 : opening + _LONGEST_LABEL])
            kind = "img" if out[opening] == "![" else "a"
            self._found.append(Reference(kind, address, " ".join(shown.split())))
        out[opening] = ""
        return end

    def _tag_text(self, text: str, start: int, last_comment: int) -> tuple[str, int]:
        """What a `<` at `start` shows (a line's end, an address, itself), and where it ends."""
        if text.startswith("<!--", start) and start < last_comment:
            return "", text.find("-->", start) + 3
        match = _HTML.match(text, start)
        if not match:
            return "<", start + 1
        tag = (match[1] or "").lower()
        if self._found is not None:
            named = _NAMED_ADDRESS.search(match[0]) if tag in ("a", "img") else None
            if named:
                self._found.append(Reference(tag, named[1], ""))
            elif match[2] and match[2].startswith(("http://", "https://")):
                self._found.append(Reference("a", match[2], match[2]))
        if match[2]:
            return match[2], match.end()
        return ("\n" if tag in _BREAKING_TAGS else ""), match.end()


def _backtick_rows(text: str) -> dict[int, list[int]]:
    """Where the rows of backticks begin, by their length."""
    rows: dict[int, list[int]] = {}
    for row in _BACKTICKS.finditer(text):
        rows.setdefault(len(row[0]), []).append(row.start())
    return rows


def _code_span(text: str, start: int, end: int, rows: dict[int, list[int]]) -> tuple[str, int]:
    """Return the text of the code that the row of backticks here opens, and where it ends."""
    later = rows.get(end - start, [])
    following = bisect_right(later, start)
    if following == len(later):
        return text[start:end], end
    return text[end : later[following]], later[following] + end - start


def _emphasis_text(match: re.Match[str]) -> str:
    """A row of `*`, `_` or `~` as text: nothing where it marks something, else itself."""
    row, text, start, end = match[0], match.string, match.start(), match.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    in_word = before.isalnum() and after.isalnum()
    alone = (not before or before.isspace()) and (not after or after.isspace())
    literal = alone or (row[-1] == "_" and in_word) or (row[0] == "~" and len(row) != 2)
    return row if literal else ""
