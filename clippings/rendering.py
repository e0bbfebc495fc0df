"""Markdown → safe HTML, and Markdown → plain text (first cut; the real one follows)."""

from __future__ import annotations

import html
import re

import nh3
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_PASSES = tuple(
    (re.compile(pattern, re.M), replacement)
    for pattern, replacement in (
        (r"^ {0,3}(?:`{3,}|~{3,}).*$", ""),
        (r"^ {0,3}(?:#{1,6}|>|[-*+]|\d{1,9}[.)])(?: +|$)", ""),
        (r"^\|? *:?-+:? *(?:\| *:?-+:? *)*\|?$", ""),
        (r"!?\[([^\]\[]*)\]\([^)\s]*(?: \"[^\"]*\")?\)", r"\1"),
        (r"</?[A-Za-z][^<>]*>", ""),
        (r"(?<!\\)(?:\*+|~~|`+)", ""),
        (r"\\([!-/:-@\[-`{-~])", r"\1"),
        (r"\n{2,}", "\n"),
    )
)


def render_html(markdown: str) -> str:
    """Markdown as HTML that is safe to put on a page."""
    return nh3.clean(_MARKDOWN.render(markdown))


def plain_text(markdown: str) -> str:
    """The readable text of Markdown: no syntax, no addresses, blocks on lines of their own."""
    for pattern, replacement in _PASSES:
        markdown = pattern.sub(replacement, markdown)
    return html.unescape(markdown).strip()
