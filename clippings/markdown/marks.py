"""Where `**`, `*` and `~~` may stand: CommonMark's flanking rule, applied to a whole run.

    run ─► stretches under the same marks ─► punctuation leaves the marks ─► marks, or tags

A closing `**` after punctuation does not close before a letter, and Chinese has no space
there: `**价格：**港币` shows its asterisks. So a mark moves past the punctuation at its edge
(`**价格**：港币`); where something else stands there (a link, code), where nothing would be left,
and where marks stand around others with text between, tags are written: `<strong>`x`</strong>文`.
https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from posixpath import commonprefix

from clippings.markdown.tokens import SYNTAX

_WRITTEN = {"B": ("**", "strong"), "I": ("*", "em"), "D": ("~~", "del")}
_MARK = re.compile(f"{SYNTAX}([BIDbid])")
# The usual case, for speed: marks that stand beside letters on their inside, and by themselves.
_SIDE_BY_SIDE = re.compile("(?:Bb|Ii|Dd)*")
_ALONE = re.compile(
    rf"(?<!{SYNTAX}.){SYNTAX}([BID])(?=[^\W_])([^{SYNTAX}]*)(?<=[^\W_]){SYNTAX}[bid](?!{SYNTAX})"
)
_PARTNER = dict(zip("”’）》〉」』】)", "“‘（《〈「『【(", strict=True))
_SPACES_APART = re.compile(r"\s+|\S+(?:\s+\S+)*")
_FIRST_UNIT = re.compile(r"(?:\\.|[^\\])\s*", re.DOTALL)


@dataclass(slots=True)
class _Stretch:
    """A part of a run that stands under the same marks throughout, as "BI", the outermost first."""

    text: str
    styles: str


_EDGE = _Stretch("", "")


def place_marks(run: str, styles: str = "") -> tuple[str, str]:
    """Return a run with its mark tokens written as Markdown, and the styles open at its end.

    `styles` names the marks that are open at its beginning, as "BI".
    """
    if not styles and _SIDE_BY_SIDE.fullmatch("".join(_MARK.findall(run))):
        run = _ALONE.sub(lambda m: _WRITTEN[m[1]][0] + m[2] + _WRITTEN[m[1]][0], run)
        if not _MARK.search(run):
            return run, ""
    pieces = []
    parts = _MARK.split(run)
    for text, kind in zip(parts[::2], [*parts[1::2], ""], strict=True):
        around = "".join(dict.fromkeys(styles))
        texts = _SPACES_APART.findall(text) if around else [text] if text else []
        pieces += [_Stretch(piece, around) for piece in texts]
        styles = styles.replace(kind.upper(), "", 1) if kind.islower() else styles + kind
    stretches = _joined(pieces)
    for left, marked, right in zip(stretches, stretches[1:], stretches[2:], strict=False):
        if marked.styles and not left.styles and not right.styles:
            _mark(left, marked, right)
    return _with_tags(stretches), styles


def _joined(pieces: list[_Stretch]) -> list[_Stretch]:
    """Return neighbours under the same marks as one: `a</b><b>b` is a single bold text.

    White space carries only the marks that both of its neighbours carry too.
    """
    joined = [_Stretch("", "")]
    for left, piece, right in zip([_EDGE, *pieces], pieces, [*pieces[1:], _EDGE], strict=False):
        styles = piece.styles
        if styles and piece.text.isspace():
            styles = "".join(
                kind for kind in styles if kind in left.styles and kind in right.styles
            )
        if styles == joined[-1].styles:
            joined[-1].text += piece.text
        else:
            joined.append(_Stretch(piece.text, styles))
    return [*joined, _Stretch("", "")]


def _mark(left: _Stretch, marked: _Stretch, right: _Stretch) -> None:
    """Write the marks of a stretch where they can stand; punctuation at its edges that keeps them
    from it leaves them first."""

    def opens(text: str) -> bool:
        return _may_stand(left.text[-1:], text[:1])

    def closes(text: str) -> bool:
        return _may_stand(right.text[:1], text[-1:])

    text = marked.text
    in_pair = _PARTNER.get(text[-1:]) == text[:1] and _has_letter(text)
    if in_pair and not (opens(text) and closes(text)):
        left.text, text, right.text = left.text + text[0], text[1:-1].strip(), text[-1] + right.text
    if not opens(text) and text[0] != SYNTAX and (unit := _FIRST_UNIT.match(text)):
        kept = text[unit.end() :]
        if _has_letter(kept):
            left.text, text = left.text + unit[0], kept
    if not closes(text) and text[-2:-1] != SYNTAX:
        kept = _without_last_unit(text)
        if _has_letter(kept):
            text, right.text = kept, text[len(kept) :] + right.text
    marked.text = text
    if opens(text) and closes(text) and marked.styles in _WRITTEN.keys() | {"BI", "IB"}:
        mark = "".join(_WRITTEN[kind][0] for kind in marked.styles)
        marked.text, marked.styles = f"{mark}{text}{mark}", ""


def _may_stand(outside: str, inside: str) -> bool:
    """Whether a mark may stand between these characters (none is the edge of the run)."""
    return not _is_punctuation(inside) or not outside or outside.isspace() or _closes(outside)


def _is_punctuation(char: str) -> bool:
    return char == SYNTAX or unicodedata.category(char)[0] in "PS"


def _closes(char: str) -> bool:
    """Punctuation in every version of CommonMark (older ones leave out Unicode symbols)."""
    return char == SYNTAX or unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"


def _has_letter(text: str) -> bool:
    return any(map(str.isalnum, text))


def _without_last_unit(text: str) -> str:
    """`text` without its last character, the backslash that escapes it, and spaces before."""
    kept = text[:-1]
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - backslashes % 2].rstrip()


def _with_tags(stretches: list[_Stretch]) -> str:
    """Return the text of all stretches, the marks that are left as tags."""
    out: list[str] = []
    opened = ""
    for stretch in stretches:
        kept = commonprefix((opened, stretch.styles))
        out += (f"</{_WRITTEN[kind][1]}>" for kind in reversed(opened[len(kept) :]))
        out += (f"<{_WRITTEN[kind][1]}>" for kind in stretch.styles[len(kept) :])
        out.append(stretch.text)
        opened = stretch.styles
    return "".join(out)
