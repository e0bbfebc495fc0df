"""One run of inline text: what would be read as Markdown is escaped, tokens are spelled."""

from __future__ import annotations

import re

from clippings.markdown.marks import place_marks
from clippings.markdown.tokens import BREAK, FINISHED, LINE, OL, SYNTAX, UL

SPACES = " \t\n\r\f\v\u3000\xa0"
_ASCII_SPACES = re.compile(r"[ \t\r\n\f]+")
_needs_care = re.compile(r"[\\`*_\]<&~\n\r\t\f]").search
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
_MARK_TOKEN = re.compile(f"{SYNTAX}[BIDbid]")
_PARAGRAPHS = re.compile(
    rf"{LINE}(?:(?:[{SPACES}]|{SYNTAX}[BIDbid])*{LINE})+"  # <br><br>
    rf"|(?:{LINE} ?|(?<=[。！？；：…”’」』）》!?]) ?|(?<=[^ ]) )[\u3000\xa0]{{2,}}"  # an indent
)
_BRACKET = re.compile(rf"\\.|{SYNTAX}.|[\[\]]", re.DOTALL)
_TOUCHING_CODE = re.compile(rf"(?<!`){SYNTAX}`{SYNTAX}`(?!`)")  # `a``b`, one span in the page
# A bracket at the end of a text needs its escape only before what makes it a link, and so
# does an exclamation mark.
_TOKEN = re.compile(rf"{SYNTAX}(\])(?=[(:\[])|(!)(?={SYNTAX}\[)|{SYNTAX}(.)", re.DOTALL)
_SPELLED = {"!": "![", "(": "]("}


def escape(text: str) -> str:
    """Text of the page as Markdown text: white space collapsed, syntax escaped, no more."""
    if _needs_care(text):
        text = _SYNTAX_LIKE.sub(r"\\\g<0>", _ASCII_SPACES.sub(" ", text))
        return f"{text[:-1]}{SYNTAX}]" if text[-1] == "]" else text
    return _ASCII_SPACES.sub(" ", text) if "  " in text else text


def balance_brackets(text: str) -> str:
    """The text of a link, its own brackets escaped if they do not come in pairs."""
    depth = lowest = 0
    for match in _BRACKET.finditer(text):
        token = match[0]
        depth += (token[-1] in "[!" and token[0] != "\\") - (token in ("]", f"{SYNTAX}]", f"{SYNTAX}("))
        lowest = min(lowest, depth)
    if depth == lowest == 0:
        return text
    return _BRACKET.sub(_escape_bracket, text)


def _escape_bracket(match: re.Match[str]) -> str:
    token = match[0]
    return f"\\{token[-1]}" if token in ("[", "]", f"{SYNTAX}]") else token


def finish(text: str, styles: str = "", *, starts_line: bool = True) -> list[str]:
    """The blocks of a container: its runs finished, its structures with their kind in front.

    `styles` names the marks that are open around the container, as "BI". In a heading or a
    cell no text `starts_line`, so nothing at its start is syntax.
    """
    done = []
    for piece in text.split(BREAK):
        if piece[:1] in FINISHED:
            done.append(piece)
            continue
        for run in _paragraphs(piece):
            if styles or SYNTAX in run:
                run, styles = place_marks(run, styles)
                run = _TOKEN.sub(_spell, _TOUCHING_CODE.sub("", run))
            run = run.strip(SPACES)
            if run:
                done.append(_escape_line_starts(run) if starts_line else run)
    return done


def assemble(blocks: list[str], *, tight: bool = False) -> str:
    """Finished blocks as one text, with what keeps neighbours apart between them.

    Two lists of a kind would be read as one: a comment parts them. In an item (`tight`) a
    list may follow its paragraph directly.
    """
    parts: list[str] = []
    before = ""
    for text in blocks:
        kind = text[0] if text[0] in FINISHED else ""
        if parts:
            joined = tight and not before and (kind == UL or (kind == OL and text.startswith("1.", 1)))
            apart = kind == before and kind in (UL, OL) and kind
            parts.append("\n" if joined else "\n\n<!-- -->\n\n" if apart else "\n\n")
        parts.append(text[1:] if kind else text)
        before = kind
    return "".join(parts)


def _spell(match: re.Match[str]) -> str:
    if match[3]:
        return _SPELLED.get(match[3], match[3])
    return f"\\{match[1] or match[2]}"


def _paragraphs(piece: str) -> list[str]:
    """A run cut where two line breaks, or an indent of wide spaces, mean a paragraph."""
    if LINE in piece or "\u3000\u3000" in piece or "\xa0\xa0" in piece:
        piece = _PARAGRAPHS.sub(lambda m: BREAK + "".join(_MARK_TOKEN.findall(m[0])), piece)
        return [_LINES.sub("  \n", run) for run in piece.split(BREAK)]
    return [piece]


def _escape_line_starts(run: str) -> str:
    if run[0] in _LINE_STARTERS or "\n" in run:
        return _LINE_START.sub(lambda m: f"{m[1] or ''}\\", run)
    return run
