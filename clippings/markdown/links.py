"""Links: an address that is safe between parentheses, and the link around whatever it stands on."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urljoin

from turbohtml import Element

from clippings.markdown.inline import SPACES, balance_brackets
from clippings.markdown.tokens import BREAK, FINISHED, ITEM, ITEM_END, LINE, SYNTAX, syntax

# What leads nowhere, or should not: a script, a file, what a template left.
_NOWHERE = re.compile(
    r"(?i)(?:javascript|vbscript|data|about|blob|file)\s*:|undefined$|#$|.*\[object "
)
_IGNORED = "".join(map(chr, range(33)))  # what browsers strip from an address
_HARMLESS = r"[\w./?=%:;,~+@!$#*-]*"
_FINE = re.compile(rf"https?://{_HARMLESS}(?:&(?!#?\w{{1,32}};){_HARMLESS})*")  # as nearly all are
_ODD = re.compile(r"[\x00-\x20<>\\`()&]")
_TO_ENCODE = re.compile(r"[\x00-\x20<>\\`]")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")

_WIDE_SPACES = re.compile("[\u3000\xa0]{2,}")
_TITLE_SYNTAX = re.compile(r'["\\<&`]')
_AUTOLINK = re.compile(r"https?://[^\s<>]+")
_SAYS_NOTHING = re.compile(rf"(?:[\s{LINE}{BREAK}]|{SYNTAX}[BIDbid])*")
_JOINT = re.compile(f"[{LINE}{BREAK}]+")
_ITEM = re.compile(f"({ITEM})([^{ITEM_END}]*)({ITEM_END})")
# A line of a finished block up to the text that a link can stand on, if it has none yet.
_LINE_TEXT = re.compile(
    r"^(?!.*\]\()((?:[ >]|[-*] |\d+[.)] |#{1,6} )*)([^\s>](?:.*\S)?)(?= *$)", re.MULTILINE
)


def clean_address(raw: str, base_url: str | None = None) -> str:
    """An address as it may stand in Markdown's parentheses; empty if it is none, or runs code.

    It stays relative unless there is a `base_url`.
    """
    if _FINE.fullmatch(raw):
        return raw
    address = raw.strip().strip(_IGNORED)
    if "\n" in address or "\t" in address or "\r" in address:
        address = "".join(address.split())
    if not address or _NOWHERE.match(address):
        return ""
    if base_url:
        with suppress(ValueError):  # "http://[" is kept as it is written
            address = urljoin(base_url, address)
    if not _ODD.search(address):
        return address
    address = _TO_ENCODE.sub(lambda m: f"%{ord(m[0]):02X}", address)
    if "(" in address or ")" in address:
        address = _without_odd_parentheses(address)
    return _ENTITY.sub("&amp;", address) if "&" in address else address


def _without_odd_parentheses(address: str) -> str:
    depth = 0
    for char in address:
        depth += (char == "(") - (char == ")")
        if not 0 <= depth < 8:
            break
    return address.replace("(", "%28").replace(")", "%29") if depth else address


def title_of(element: Element, known: str) -> str:
    """The title of a link or picture as Markdown, if it says more than the text that is there."""
    title = element.attr("title")
    if not title or title == known or (title := " ".join(title.split())) in ("", known):
        return ""
    escaped = _TITLE_SYNTAX.sub(r"\\\g<0>", title)
    return f' "{escaped}"'


def link(text: str, address: str, title: str, words: str) -> str:
    """A link around `text`, which shows `words`; text that shows nothing is given back.

    Around paragraphs it is one link on their lines. Around more than paragraphs (a heading, a
    list) each block gets it, since CommonMark ends a link where a block ends.
    """
    if ITEM in text:
        return _ITEM.sub(lambda m: m[1] + _on_lines(m[2], address, title) + m[3], text)
    if BREAK in text or LINE in text:
        pieces = text.split(BREAK)
        if any(piece[:1] in FINISHED for piece in pieces):
            return BREAK.join(_on_piece(piece, address, title, words) for piece in pieces)
        return _on_runs(text, address, title, words)
    return _on_run(text, address, title, words)


def _on_runs(text: str, address: str, title: str, words: str) -> str:
    """Lines as one link; the breaks at its edges stay outside, lines that show nothing go."""
    lines = [line.strip(SPACES) for line in _JOINT.split(text)]
    shown = [not _SAYS_NOTHING.fullmatch(line) for line in lines]
    if not any(shown):
        return text
    edge = BREAK if BREAK in text else LINE
    first = shown.index(True)
    pieces = [LINE * is_shown + line for line, is_shown in zip(lines, shown, strict=True)]
    run = "".join(pieces).replace(LINE, "", 1)
    before, after = edge * (first > 0), edge * (not shown[-1])
    return before + _on_run(run, address, title, words) + after


def _on_piece(piece: str, address: str, title: str, words: str) -> str:
    if piece[:1] not in FINISHED:
        return _on_run(piece, address, title, words) if piece.strip() else piece
    if "```" in piece or piece[1:2] in "|<" or piece[1:] == "---":
        return piece
    return piece[0] + _on_lines(piece[1:], address, title)


def _on_lines(text: str, address: str, title: str) -> str:
    """Finished lines, each a link."""
    return _LINE_TEXT.sub(lambda m: f"{m[1]}[{m[2]}]({address}{title})", text)


def _on_run(run: str, address: str, title: str, words: str) -> str:
    inner = run.strip(SPACES)
    if not inner or (inner[0] == SYNTAX and _SAYS_NOTHING.fullmatch(inner)):
        return run
    if "\u3000" in inner or "\xa0" in inner:
        inner = _WIDE_SPACES.sub("\u3000", inner)  # two would begin a paragraph
    lead, trail = " " * run[0].isspace(), " " * run[-1].isspace()
    if words == address and SYNTAX not in inner and not title and _AUTOLINK.fullmatch(address):
        return lead + syntax(f"<{address}>") + trail
    return f"{lead}{SYNTAX}[{balance_brackets(inner)}{SYNTAX}({address}{title}{SYNTAX}){trail}"
