"""Markdown → HTML, and the text that a reader sees, by the rules of CommonMark.

Markdown ─► pulldown-cmark ─► HTML ─► its tags are line ends, or nothing ─► text
"""

from __future__ import annotations

import html
import re

import pyromark

# GFM's tables, boxes to tick, and `~~`.
_SYNTAX = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_STRIKETHROUGH
)
# One tilde alone strikes nothing out on our pages: 3~5.
_LONE_TILDE = re.compile(r"(?<![~\\])~(?!~)")
_TILDE = "\ufdd0"  # what is no character of any text stands for it meanwhile

# CommonMark has no footnotes: a note of one word would be read as the address of its mark.
_NOTE = re.compile(r"^([ \t>]*)\[(?=\^[^\]\\\n]+\]:)", re.MULTILINE)
_BRACKET = "\ufdd1"

_SURROGATE = re.compile("[\ud800-\udfff]")
_IMAGE = re.compile(r'<img src="[^"<>]*" alt="([^"<>]*)"[^<>]*>')
_CELL_END = re.compile(r"(?i)</t[dh]>")
_LINE_END = re.compile(
    r"(?i)</?(?:br|d[ltd]|h[1-6]|[hlt]r|li|p|div|[ou]l|table|details|summary)(?=[\s/>])[^<>]*>"
)
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]*|!--(?:[^<-]|-(?!->)|<(?!!--))*--)>")


def to_html(markdown: str) -> str:
    """Return Markdown as HTML by CommonMark, with GFM's tables, boxes to tick and `~~`.

    Raw HTML passes as it is: what comes out is safe only once it is sanitised.
    """
    text = without_surrogates(markdown)
    if "[^" in text:
        text = _NOTE.sub(rf"\1{_BRACKET}", text)
    if "~" in text:
        text = _LONE_TILDE.sub(_TILDE, text)
    page = pyromark.html(text, options=_SYNTAX)
    return page.replace(_BRACKET, "[").replace(_TILDE, "~")


def plain_text(markdown: str) -> str:
    """Return the text that a reader of the Markdown sees, a block a line.

    Without syntax and addresses; a picture's alternative text and code stay.
    """
    text = to_html(markdown)
    if "<img" in text:
        text = _IMAGE.sub(r"\1", text)
    if "<td" in text or "<th" in text:
        text = _CELL_END.sub(" ", text)
    text = html.unescape(_TAG.sub("", _LINE_END.sub("\n", text)))
    return "\n".join(filter(None, map(str.rstrip, text.split("\n"))))


def without_surrogates(text: str) -> str:
    """Return text that can be stored as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text
