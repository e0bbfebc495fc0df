"""One run of inline text: escape what would be read as Markdown, and finish it when it is whole."""

from __future__ import annotations

import re

from clippings.markdown.marks import PLAIN_MARK, place_marks, write_plain_mark
from clippings.markdown.tokens import BREAK, FINISHED, LINE, SYNTAX

SPACES = " \t\n\r\f\v\u3000\xa0"
_ASCII_SPACES = re.compile(r"[ \t\r\n\f]+")
_NEEDS_CARE = re.compile(r"[\\`*_\]<&~\n\r\t\f]").search
_SYNTAX_LIKE = re.compile(
    r"[*`]"
    r"|\\(?=[!-/:-@\[-`{-~]|$)"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore is only an underscore
    r"|<(?=[A-Za-z/!?]|$)"
    r"|&(?=#?\w{1,32};|$)"
    r"|~(?=~|$)|(?<=~)~"
    r"|\](?=[(\[:])"
)
# What would make a line a heading, an item, a quote, a heading's underline or a table's rule.
_LINE_START = re.compile(
    r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|>|=+ *$|[|: ]*-[-:| ]*$))",
    re.MULTILINE,
)
_LINE_STARTERS = frozenset("#-+>=|:0123456789")

_LINES = re.compile(f"[{SPACES}]*{LINE}[{SPACES}]*")
_MARK_TOKENS = re.compile(f"{SYNTAX}[BIDbid]")
_PARAGRAPHS = re.compile(
    rf"{LINE}(?:(?:[{SPACES}]|{SYNTAX}[BIDbid])*{LINE})+"  # <br><br>
    rf"|(?:{LINE}|(?<=[。！？；：…”’」』）》!?]) ?|(?<=[^ ]) )[\u3000\xa0]{{2,}}"  # an indent
)
# A bracket that ends a text needs its escape only before what would make it a link, and so
# does an exclamation mark.
_BRACKETS = re.compile(rf"{SYNTAX}\]((?=[(:\[]|{SYNTAX}\[)?)|(!)(?={SYNTAX}\[)|{SYNTAX}(.)", re.S)


def escape(text: str) -> str:
    """Text of the page as Markdown text: white space collapsed, syntax escaped, no more."""
    if _NEEDS_CARE(text):
        text = _SYNTAX_LIKE.sub(r"\\\g<0>", _ASCII_SPACES.sub(" ", text))
        return f"{text[:-1]}{SYNTAX}]" if text[-1] == "]" else text
    return _ASCII_SPACES.sub(" ", text) if "  " in text else text


def finish(text: str, styles: str = "") -> list[str]:
    """The blocks of a container, runs finished; a structure keeps its kind in front.

    `styles` names the marks that are open around the container (as "BI").
    """
    done = []
    for piece in text.split(BREAK):
        if piece[:1] in FINISHED:
            done.append(piece)
            continue
        for run in _paragraphs(piece):
            if styles or SYNTAX in run:
                run, styles = place_marks(run, styles)
                run = spell(run)
            run = run.strip(SPACES)
            if run:
                done.append(_escape_line_starts(run))
    return done


def spell(run: str) -> str:
    """A run with its syntax tokens written out."""
    return _BRACKETS.sub(_spell_token, run)


def _spell_token(match: re.Match[str]) -> str:
    ...


def _paragraphs(piece: str) -> list[str]:
    """A run cut where two line breaks, or an indent of wide spaces, mean a paragraph."""
    if LINE in piece or "\u3000\u3000" in piece or "\xa0\xa0" in piece:
        piece = _PARAGRAPHS.sub(lambda m: BREAK + "".join(_MARK_TOKENS.findall(m[0])), piece)
        return [_LINES.sub("  \n", run) for run in piece.split(BREAK)]
    return [piece]


def _escape_line_starts(run: str) -> str:
    if run[0] in _LINE_STARTERS or "\n" in run:
        return _LINE_START.sub(lambda m: f"{m[1] or ''}\\", run)
    return run
