"""One run of inline text: what would be read as Markdown is escaped, tokens are spelled."""

from __future__ import annotations

import re

from clippings.markdown.marks import place_marks
from clippings.markdown.tokens import BREAK, FINISHED, LINE, OL, SYNTAX, UL

SPACES = " \t\n\r\f\v\u3000\xa0\u200b\ufeff"
_ASCII_SPACES = re.compile(r"[ \t\r\n\f]+")
_looks_like_syntax = re.compile(r"[\\`*_\[\]<&~\r\f]").search
_SYNTAX_LIKE = re.compile(
    r"[*`]"
    r"|\\(?=[!-/:-@\[-`{-~\s]|$)"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore is only an underscore
    r"|<(?=[A-Za-z/!?]|$)"
    r"|&(?=#?\w{1,32};|$)"
    r"|~(?=~|$)|(?<=~)~|(?<!\S)~"
    r"|\](?=[(\[:])|\[(?=[ xX]\](?:\s|$))"  # a link, a definition, a box to tick
)
# What would make a line a heading, an item, a quote, a heading's underline or a table's rule.
_LINE_START = re.compile(
    r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|[>|]|=+ *$|[: ]*-[-:| ]*$))",
    re.MULTILINE,
)
_not_plain = re.compile(r"[\\*`\[\]<>&_~!|\n]|^(?:#|[-+] |\d+[.)] )").search
_LINE_STARTERS = frozenset("#-+>=|:0123456789")
_MARKS_ONLY = re.compile(f"(?:{SYNTAX}[BIDbid])+")
# An indent of wide spaces begins a paragraph: after a line break of the source, or a sentence.
_INDENT = re.compile("(?:(?<=[。！？；：…”’」』）》!?]) ?|(?<=[^ ]) )[\u3000\xa0]{2,}")
_WIDE = ("\u3000\u3000", "\xa0\xa0")
_LONE_TILDE = re.compile(r"(?<=[^\s~\\])\\~(?!\\?~)")
_LISTS = frozenset((UL, OL))
_MARKERS = re.compile(r"^(?:[-+*]|(\d+)\.) ", re.MULTILINE)
_LONE_TAGS = re.compile(r"^((?:</?[a-z]+>)+)\s*\n")  # on a line of their own: not a paragraph
_BRACKET = re.compile(rf"\\.|{SYNTAX}.|[\[\]]", re.DOTALL)
_CODE_EDGES = f"{SYNTAX}`{SYNTAX}`"
# `a``b`: one span, as it looks in the page
_TOUCHING_CODE = re.compile(rf"(?<!`){_CODE_EDGES}(?!`)")
_BRACKET_TOKEN, _BANG_LINK = f"{SYNTAX}]", f"!{SYNTAX}["
_TARGET_TOKEN, _IMAGE_TOKEN = f"{SYNTAX}(", f"{SYNTAX}!"
# A bracket at the end of a text needs its escape only before what makes it a link, and so
# does an exclamation mark.
_BEFORE_LINK = re.compile(rf"{SYNTAX}(\])(?=[(:\[])|(!)(?={SYNTAX}\[)")


def escape(text: str) -> str:
    """Text of the page as Markdown text: white space collapsed, syntax escaped, no more."""
    if "\n" in text or "  " in text or "\t" in text:
        text = " " if text == "\n" else _ASCII_SPACES.sub(" ", text)
    if _looks_like_syntax(text):
        text = _SYNTAX_LIKE.sub(r"\\\g<0>", _ASCII_SPACES.sub(" ", text))
        return f"{text[:-1]}{SYNTAX}]" if text[-1] == "]" else text
    return text


def balance_brackets(text: str) -> str:
    """The text of a link, its own brackets escaped if they do not come in pairs."""
    if "[" not in text and "]" not in text:
        return text
    depth = lowest = 0
    for match in _BRACKET.finditer(text):
        token = match[0]
        depth += (token[-1] in "[!" and token[0] != "\\") - (
            token in ("]", f"{SYNTAX}]", f"{SYNTAX}(")
        )
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
    if _WIDE[0] in text or _WIDE[1] in text:
        text = BREAK.join(
            piece if piece[:1] in FINISHED else _INDENT.sub(BREAK, piece)
            for piece in text.split(BREAK)
        )
    for piece in text.split(BREAK):
        if not piece or piece == " ":
            continue
        if piece[0] in FINISHED:
            done.append(piece)
            continue
        for run in _paragraphs(piece) if LINE in piece else (piece,):
            if styles or SYNTAX in run:
                run, styles = place_marks(run, styles)
                run = _spell(run)
            run = run.strip(SPACES)
            if not run:
                continue
            if "\\~" in run:
                run = _LONE_TILDE.sub("~", run)
            if run[0] == "<":
                run = _LONE_TAGS.sub(r"\1", run, count=1)
            if starts_line and (run[0] in _LINE_STARTERS or "\n" in run):
                run = _LINE_START.sub(lambda m: f"{m[1] or ''}\\", run)
            done.append(run)
    return done


def assemble(blocks: list[str], *, tight: bool = False) -> str:
    """Finished blocks as one text, with what keeps neighbours apart between them.

    Two lists of a kind would be read as one, so every other one has other markers. In an item
    (`tight`) a list may follow its paragraph directly.
    """
    parts: list[str] = []
    before = ""
    marked = False  # whether the list before has the other markers
    for text in blocks:
        kind = text[:1] if text[:1] in FINISHED else ""
        if parts:
            parts.append("\n" if tight and not before and _may_interrupt(text) else "\n\n")
        marked = kind == before and kind in _LISTS and not marked
        text = text[1:] if kind else text
        parts.append(_MARKERS.sub(_other_marker, text) if marked else text)
        before = kind
    return "".join(parts)


def one_line(blocks: list[str]) -> str:
    """Blocks as they stand in a table's cell."""
    texts = [b[1:] if b[0] in FINISHED else b for b in blocks]
    return "<br>".join(texts).replace("  \n", "<br>").replace("\n", " ")


def tagged(tag: str, markdown: str) -> str:
    """A block as HTML; Markdown in it is read as such only between empty lines."""
    if _not_plain(markdown):
        return f"<{tag}>\n\n{markdown}\n\n</{tag}>"
    return f"<{tag}>{markdown}</{tag}>"


def _may_interrupt(block: str) -> bool:
    """Whether a block is a list that may follow a paragraph without an empty line."""
    return block[0] == UL or block.startswith(f"{OL}1.")


def _other_marker(match: re.Match[str]) -> str:
    return f"{match[1]}) " if match[1] else "- " if match[0] == "* " else "* "


def _spell(run: str) -> str:
    """A run whose tokens of syntax are written out."""
    if _CODE_EDGES in run:
        run = _TOUCHING_CODE.sub("", run).replace(_CODE_EDGES, "`<!-- -->`")
    if _BRACKET_TOKEN in run or _BANG_LINK in run:
        run = _BEFORE_LINK.sub(r"\\\1\2", run)
    return run.replace(_TARGET_TOKEN, "](").replace(_IMAGE_TOKEN, "![").replace(SYNTAX, "")


def _paragraphs(piece: str) -> list[str]:
    """A run cut where an empty line, or an indent of wide spaces, means a paragraph."""
    runs: list[str] = []
    lines: list[str] = []
    for line in piece.split(LINE):
        text = line.strip(SPACES)
        blank = not text or (text[0] == SYNTAX and _MARKS_ONLY.fullmatch(text))
        if lines and (blank or line.lstrip(" ")[:2] in _WIDE):
            runs.append("  \n".join(lines))
            lines = []
        if blank and runs:
            runs[-1] += text
        elif text:
            lines.append(text)
    return [*runs, "  \n".join(lines)] if lines else runs
