"""The bytes of a file become a header and a body.

    bytes ─► decode ─► which form? ─► split ─► load ─► ParsedArticle

python-frontmatter does the reading; the handlers here tell it where a header
ends when its fences are amiss, and how to load what its own would refuse or lose.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler

from clippings.decoding import decode
from clippings.headers import ITEM, KEY, load_json, load_toml, load_yaml
from clippings.models import Diagnostic, ParsedArticle

Load = Callable[[str], tuple[dict[str, Any], tuple[Diagnostic, ...]]]


class Header(BaseHandler):
    """A python-frontmatter handler for one file; it gathers what it repaired."""

    FM_BOUNDARY = re.compile(r"(?!)")  # how a header is found is for `split` to say
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    loader: Load

    def __init__(self) -> None:
        super().__init__()
        self.repairs: list[Diagnostic] = []

    def detect(self, text: str) -> bool:
        """Say whether `text` begins the way such a header does."""
        return bool(self.opening.match(text))

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body; raises `ValueError` when there is no header."""
        start = self._start(text)
        closing = self.closing.search(text, start)
        if closing is None:
            raise ValueError("the header has no end")
        return text[start : closing.start()], text[closing.end() :]

    def load(self, fm: str) -> dict[str, Any]:
        """Read the header; raises `ValueError` or `YAMLError` when it is no mapping."""
        values, repairs = type(self).loader(fm)
        self.repairs += repairs
        return values

    def _start(self, text: str) -> int:
        opening = self.opening.match(text)
        return opening.end() if opening else 0

    def _repaired(self, code: str, message: str) -> None:
        self.repairs.append(Diagnostic("warning", "front-matter", code, message))


class Yaml(Header):
    """`---`, `key: value` lines, `---`; the closing fence may be missing."""

    opening = re.compile(r"-{3,}[ \t]*\n")
    closing = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_yaml)

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body where the lines stop looking like a header."""
        start = self._start(text)
        end = _header_end(text, start, self.closing)
        if closing := self.closing.match(text, end):
            return text[start:end], text[closing.end() :]
        if not self._may_stay_open(text[start:end]):
            raise ValueError("there is no header")
        self._repaired("fence-missing", "The header has no closing line: end it with ---.")
        return text[start:end], text[end:]

    def _may_stay_open(self, header: str) -> bool:
        return bool(header)


class BareYaml(Yaml):
    """The same without an opening fence (Hexo), or without any (Pelican)."""

    opening = re.compile(rf"(?={KEY.pattern})")

    def _may_stay_open(self, header: str) -> bool:
        keys = {match["key"].lower() for match in re.finditer(rf"^{KEY.pattern}", header, re.M)}
        return len(keys) > 1 and not keys.isdisjoint(("title", "date", "标题", "標題", "日期"))


class Toml(Header):
    """`+++`, TOML, `+++` (Hugo)."""

    opening = re.compile(r"\+{3,}[ \t]*\n")
    closing = re.compile(r"^\+{3,}[ \t]*$", re.MULTILINE)
    loader = staticmethod(load_toml)


class FencedJson(Header):
    """`;;;`, the inside of a JSON object, `;;;` (Hexo)."""

    opening = re.compile(r";{3,}[ \t]*\n")
    closing = re.compile(r"^;{3,}[ \t]*$", re.MULTILINE)

    @staticmethod
    def loader(fm: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
        """Read the header with or without its braces."""
        return load_json(fm if fm.lstrip().startswith("{") else f"{{{fm}}}")


class Json(Header):
    """A JSON object, then the body."""

    opening = re.compile(r"\{\s*[\"}]")
    loader = staticmethod(load_json)

    def split(self, text: str) -> tuple[str, str]:
        """Part header and body after the brace that closes the object."""
        _, end = json.JSONDecoder(strict=False).raw_decode(text)
        return text[:end], text[end:]


FORMS: tuple[type[Header], ...] = (Yaml, Toml, FencedJson, Json, BareYaml)


def parse_article(path: str, data: bytes) -> ParsedArticle:
    """Take a file apart.

    Returns its header as a mapping (`{}` where it has none) and its body without
    the white space around it. Raises `UnreadableArticle` for what is no text.
    """
    decoded = decode(data)
    text = decoded.text.strip()
    front_matter: dict[str, Any] = {}
    body, repairs = text, tuple[Diagnostic, ...]()
    for form in FORMS:
        handler = form()
        if handler.detect(text):
            try:
                front_matter, body = frontmatter.parse(text, handler=handler)
                repairs = tuple(handler.repairs)
            except (ValueError, RecursionError, yaml.YAMLError):
                pass
            break
    digest = hashlib.sha256(data).hexdigest()
    return ParsedArticle(
        path, digest, decoded.encoding, front_matter, body, decoded.diagnostics + repairs
    )


def _header_end(text: str, start: int, fence: re.Pattern[str]) -> int:
    """Find where the lines from `start` stop looking like a header.

    That is the first fence when all lines above look like one, else the first
    empty line, tag or line of prose; `start` when there is no key above.
    """
    position, stop = start, None
    keys, listing, gap = 0, False, False
    for line in text[start:].split("\n"):
        if fence.match(line):
            return position if keys or not text[start:position].strip() else start
        key = KEY.match(line)
        if keys and stop is None and (not line.strip() or not key and line[0] not in " \t-#]}"):
            stop = position
        if not line.strip():
            gap = True
        elif key or line[0] == "{":
            keys, gap, listing = keys + 1, False, not (key and key["rest"])
        elif ITEM.match(line):
            if not keys or gap and not listing:
                break
        elif line[0] not in " \t#]}" and (gap or not keys or line[0] == "<"):
            break
        position += len(line) + 1
    return start if not keys else min(position, len(text)) if stop is None else stop
