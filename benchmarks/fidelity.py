"""The gate: what the Markdown keeps of the HTML. `python benchmarks/fidelity.py`.

    body ─► tree ──────────────────────────────────► what it holds ─┐
      └──► to_markdown ─► markdown-it-py ─► tree ──► what it holds ─┴► score of each kind

Both trees are read by the same `inventory`. A score is what the two have in common, in
percent of the larger. The committed floors (`fidelity.json`) hold for a corpus of one digest;
a score below its floor fails, and `--lower-floors` writes the scores of this run as floors.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
from lxml import etree, html
from markdown_it import MarkdownIt

from clippings.frontmatter import parse_article
from clippings.markdown import to_markdown
from clippings.markdown.source import is_html

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "markdown"
CORPUS = ROOT / ".." / "shared" / "corpus" / "rsshub"
FLOORS = Path(__file__).with_suffix(".json")

_RENDERER = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
_UNSEEN = ("script", "style", "button", "svg", "head", "title", "noscript", "template", "canvas")
_EMBEDDED = ("iframe", "video", "audio", "object", "embed")
_ADDRESSES = ("src", "data-src", "data-original", "data", "href")
_LAZY = ("src", "data-src", "data-original", "data-srcset", "srcset", "zoomfile", "file")
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x1f]+")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang)-([\w+#.-]+)|^highlight (\w+)")


@dataclass
class Inventory:
    """What a reader finds in a page: its text, and how often each thing of a kind occurs."""

    text: str = ""
    kinds: dict[str, Counter[object]] = field(default_factory=dict)


KINDS = (
    "links",
    "images",
    "headings",
    "list items",
    "table rows",
    "code blocks",
    "languages",
    "quotes",
    "bold",
    "italics",
)


def squeeze(text: str) -> str:
    """Text without white space and what cannot be seen."""
    return _INVISIBLE.sub("", text)


def letters(text: str) -> str:
    """The letters and digits of a text: marks may move past punctuation."""
    return "".join(char for char in text if unicodedata.category(char)[0] in "LN")


def address(url: str) -> str:
    """An address as browsers understand it, so that spellings of it compare equal."""
    return re.sub(r"%([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)) if int(m[1], 16) < 128 else m[0],
                  squeeze(url)).replace("%25", "%")  # fmt: skip
