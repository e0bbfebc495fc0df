"""The bytes of a file become a header and a body.

    bytes ─► decode ─► which form? ─► split ─► load ─► ParsedArticle

python-frontmatter does the reading; the handlers here tell it where a header
ends when its fences are amiss, and `loaders` reads what its own would refuse or
lose. What is no header after all stays in the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, ClassVar

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler

from clippings.models import Diagnostic, ParsedArticle
from clippings.reading.decoding import decode
from clippings.reading.identity import file_digest
from clippings.reading.loaders import ITEM, KEY, Loaded, load_json, load_toml, load_valid, load_yaml
from clippings.reading.titles import title_lines

# The keys that headers nearly always have; without fences one of them must stand there.
USUAL = frozenset(
    "title date author tags categories category layout slug permalink 标题 標題 日期 作者".split()
)

_LINE = re.compile("^.*$", re.MULTILINE)

MAX_UNUSUAL = 20_000  # characters: no header that has to be guessed at is longer


class Header(BaseHandler):
    """A python-frontmatter handler for one file; it gathers what it repaired."""

    opening: ClassVar[re.Pattern[str]]
    closing: ClassVar[re.Pattern[str]]
    loader: Callable[[str], Loaded]

    def __init__(self, start: int) -> None:
        """`start` is where the opening fence ends."""
        self.start = start
        self.loaded: Loaded | None = None  # where it was read while its end was looked for
        self.repairs: list[Diagnostic] = []

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body; raises `ValueError` when there is no header."""
        closing = self.closing.search(text, self.start)
        if closing is None:
            raise ValueError("the header has no end")
        return text[self.start : closing.start()], text[closing.end() :]

    def load(self, fm: str) -> dict[str, Any]:
        """Read the header; raises `ValueError` or `YAMLError` when it is no mapping."""
        values, repairs = self.loaded or self.loader(fm)
        self.repairs += repairs
        return values


class Yaml(Header):
    """`---`, `key: value` lines, `---`; the closing fence may be missing."""

    opening = re.compile(r"-{3,}[ \t]*(?:ya?ml)?[ \t]*(?:#.*)?\n")
    closing = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_yaml)

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body at the first fence, when what stands above is YAML, else where
        the lines stop looking like a header."""
        start = self.start
        title = title_lines(text, start)  # which may hold a line of dashes
        title_end = title.end() if title else start
        closing = self.closing.search(text, title_end, start + MAX_UNUSUAL) if start else None
        if closing and (loaded := load_valid(text[start : closing.start()])):
            self.loaded = loaded
            return text[start : closing.start()], text[closing.end() :]
        end = _header_end(text, start, self.closing)
        header, closing = text[start:end], self.closing.match(text, end)
        if not self.plausible(header, closing is not None):
            raise ValueError("there is no header")
        if closing:
            return header, text[closing.end() :]
        message = "The header has no closing line: end it with a line of ---."
        self.repairs.append(Diagnostic("warning", "front-matter", "fence-missing", message))
        return header, text[end:]

    def plausible(self, header: str, closed: bool) -> bool:
        """Tell a header from prose under a horizontal rule: two keys, or a usual one."""
        keys = _keys(header)
        return closed or len(keys) > 1 or not keys.isdisjoint(USUAL)


class BareYaml(Yaml):
    """The same without an opening fence (Hexo), or without any (Pelican)."""

    opening = re.compile(rf"(?={KEY.pattern})")

    def plausible(self, header: str, closed: bool) -> bool:
        """Tell a header from a heading underlined with ---, or from any text with a colon."""
        keys = _keys(header)
        several = len(keys) > 1
        return closed and several if keys.isdisjoint(USUAL) else closed or several


class Toml(Header):
    """`+++`, TOML, `+++` (Hugo)."""

    opening = re.compile(r"(?:\+{3,}|-{3,}[ \t]*toml)[ \t]*\n")
    closing = re.compile(r"^(?:\+{3,}|-{3,})[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_toml)


class FencedJson(Header):
    """`;;;`, a JSON object or the inside of one, `;;;` (Hexo)."""

    opening = re.compile(r"(?:;{3,}|-{3,}[ \t]*json)[ \t]*\n")
    closing = re.compile(r"^(?:;{3,}|-{3,})[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_json)


class Json(Header):
    """A JSON object, then the body."""

    opening = re.compile(r"(?=\{\s*[\"'}])")
    closing = re.compile(r"(?<=^\})[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_json)

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body after the brace that closes the object."""
        try:
            _, end = json.JSONDecoder(strict=False).raw_decode(text)
        except (ValueError, RecursionError):
            return super().split(text)
        return text[:end], text[end:]


FORMS: tuple[type[Header], ...] = (Yaml, Toml, FencedJson, Json, BareYaml)


def parse_article(path: str, data: bytes) -> ParsedArticle:
    """Take a file apart.

    Returns its header as a mapping (`{}` where it has none) and its body without
    the white space around it. Raises `UnreadableArticle` for what is no text.
    """
    decoded = decode(data)
    text = decoded.text.strip()
    openings = ((form, form.opening.match(text)) for form in FORMS)
    handler = next((form(opening.end()) for form, opening in openings if opening), None)
    front_matter: dict[str, Any] = {}
    body, repairs = text, list[Diagnostic]()
    if handler:
        try:
            front_matter, body = frontmatter.parse(text, handler=handler)
            repairs = handler.repairs
        except (ValueError, RecursionError, yaml.YAMLError):
            message = "The header cannot be read and stays in the body: check its first lines."
            repairs = [Diagnostic("warning", "front-matter", "header-unreadable", message)]
    diagnostics = (*decoded.diagnostics, *repairs)
    return ParsedArticle(path, file_digest(data), decoded.encoding, front_matter, body, diagnostics)


def _header_end(text: str, start: int, fence: re.Pattern[str]) -> int:
    """Find where the lines from `start` stop looking like a header.

    That is the first fence when all lines above look like one, else the first
    empty line, tag or line of prose; `start` when there is no key above.
    """
    stop = None  # where the header ends when no fence comes
    keys, listing, gap = 0, False, False  # listing: the last key waits for its items
    title_end = 0
    for match in _LINE.finditer(text, start):
        position, line = match.start(), match[0]
        if position < title_end:
            continue
        if fence.match(line):
            return position if keys or not text[start:position].strip() else start
        empty, key = not line.strip(), KEY.match(line if keys else line.lstrip())
        prose = not empty and not key and line[0] not in " \t-#]}{" and line[:2] != "<<"
        if keys and stop is None and (prose or empty):
            stop = position
        item = not key and ITEM.match(line)
        if (prose and (gap or not keys or line[0] == "<")) or (
            item and (not keys or (gap and not listing))
        ):
            break
        if key and (title := title_lines(text, position)):
            title_end = title.end()
        if key or line[:1] == "{":
            keys, listing = keys + 1, key is not None and not key["rest"]
        gap = empty
    else:
        position = len(text)
    return start if not keys else position if stop is None else stop


def _keys(header: str) -> set[str]:
    matches = (KEY.match(line) for line in header.split("\n"))
    return {match["key"].lower() for match in matches if match}
