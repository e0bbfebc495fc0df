"""Where `**`, `*` and `~~` may stand: CommonMark's flanking rule, applied to a whole run.

    run ─► segments of one style ─► spaces and punctuation leave the marks ─► marks, or tags

A closing `**` after punctuation does not close before a letter, and Chinese has no space
there: `**价格：**港币` shows its asterisks. So a mark moves past the punctuation at its edge
(`**价格**：港币`); where something else stands there (a link, code) or nothing would be left,
it is written as a tag: `<strong>`x`</strong>文`.
https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from clippings.markdown.tokens import SYNTAX

_WRITTEN = {"B": ("**", "strong"), "I": ("*", "em"), "D": ("~~", "del")}
_MARK = re.compile(f"{SYNTAX}([BIDbid])")
_AROUND_LINK = re.compile(
    rf"{SYNTAX}([BI])({SYNTAX}\[)([^\s{SYNTAX}][^{SYNTAX}]*)({SYNTAX}\([^{SYNTAX}]*{SYNTAX}\))"
    rf"{SYNTAX}[bi]"
)
# The usual case, for speed: beside a letter on its inside, or white space on its outside, a mark
# may stand.
_SIDE_BY_SIDE = re.compile("(?:Bb|Ii|Dd)+")
_ALONE = re.compile(
    rf"{SYNTAX}([BID])(?<!{SYNTAX}.{SYNTAX}.)(?:(?=[^\W_])|(?<!\S{SYNTAX}.)(?=[^\s{SYNTAX}]))"
    rf"([^{SYNTAX}]*)(?:(?<=[^\W_])|(?<=\S)(?={SYNTAX}.(?!\S))){SYNTAX}[bid](?!{SYNTAX})"
)
_LINK_END = f"{SYNTAX})"
_PARTNER = dict(zip("”’）》〉」』】)", "“‘（《〈「『【(", strict=True))
_SPACES_APART = re.compile(r"\s+|\S+(?:\s+\S+)*")
_FIRST_UNIT = re.compile(r"(?:\\.|[^\\])\s*", re.DOTALL)


@dataclass(slots=True)
class _Segment:
    """A stretch of a run that stands under the same marks throughout."""

    text: str
    styles: frozenset[str]


_EDGE = _Segment("", frozenset())


def place_marks(run: str, styles: str = "") -> tuple[str, str]:
    """Return a run with its mark tokens written as Markdown, and the styles open at its end.

    `styles` names the marks that are open at its beginning, as "BI".
    """
    if not styles:
        if not _MARK.search(run):
            return run, ""
        if _LINK_END in run:
            run = _AROUND_LINK.sub(_into_link, run)
        if _SIDE_BY_SIDE.fullmatch("".join(_MARK.findall(run))):
            run = _ALONE.sub(_marked, run)
            if not _MARK.search(run):
                return run, ""
    parts = _MARK.split(run)
    pieces = []
    for text, kind in zip(parts[::2], [*parts[1::2], ""], strict=True):
        around = frozenset(styles)
        texts = _SPACES_APART.findall(text) if around else [text] if text else []
        pieces += [_Segment(piece, around) for piece in texts]
        styles = styles.replace(kind.upper(), "", 1) if kind.islower() else styles + kind
    segments = _joined(pieces)
    for left, marked, right in zip(segments, segments[1:], segments[2:], strict=False):
        _shift_pair(left, marked, right)
    for left, right in pairwise(segments):
        _shift_punctuation(left, right)
    return _write(segments), styles


def _into_link(match: re.Match[str]) -> str:
    """A marked link beside a letter: the mark stands in it, as it could not stand around it."""
    run, start, end = match.string, match.start(), match.end()
    before = run[max(0, start - 2) : start]
    if not (run[end : end + 1].isalnum() or (before[-1:].isalnum() and before[0] != SYNTAX)):
        return match[0]
    kind, opens, text, target = match.groups()
    return f"{opens}{SYNTAX}{kind}{text}{SYNTAX}{kind.lower()}{target}"


def _marked(match: re.Match[str]) -> str:
    mark, _ = _WRITTEN[match[1]]
    return f"{mark}{match[2]}{mark}"


def _joined(pieces: list[_Segment]) -> list[_Segment]:
    """Return neighbours under the same marks as one: `a</b><b>b` is a single bold text.

    White space carries only the marks that both of its neighbours carry too.
    """
    joined = [_Segment("", frozenset())]
    for left, piece, right in zip([_EDGE, *pieces], pieces, [*pieces[1:], _EDGE], strict=False):
        styles = piece.styles
        if styles and piece.text.isspace():
            styles = styles & left.styles & right.styles
        if styles == joined[-1].styles:
            joined[-1].text += piece.text
        else:
            joined.append(_Segment(piece.text, styles))
    return [*joined, _Segment("", frozenset())] if joined[-1].styles else joined


def _shift_pair(left: _Segment, marked: _Segment, right: _Segment) -> None:
    """Move a pair of quotes or brackets out of the marks, if one of them has to leave."""
    text = marked.text
    stands = _may_stand(left.text[-1:], text[:1]) and _may_stand(right.text[:1], text[-1:])
    in_pair = _PARTNER.get(text[-1:]) == text[:1] and left.styles == right.styles < marked.styles
    if in_pair and not stands and _has_letter(text):
        left.text += text[0]
        marked.text = text[1:-1].strip()
        right.text = text[-1] + right.text


def _shift_punctuation(left: _Segment, right: _Segment) -> None:
    """Move one piece of punctuation out of the marks at this boundary, if that lets them stand."""
    opens, closes = right.styles - left.styles, left.styles - right.styles
    if opens and not closes and not _may_stand(left.text[-1:], right.text[:1]):
        unit = _FIRST_UNIT.match(right.text)
        if unit and right.text[0] != SYNTAX and _has_letter(right.text[unit.end() :]):
            left.text, right.text = left.text + unit[0], right.text[unit.end() :]
    elif closes and not opens and not _may_stand(right.text[:1], left.text[-1:]):
        kept = _without_last_unit(left.text)
        if left.text[-2:-1] != SYNTAX and _has_letter(kept):
            left.text, right.text = kept, left.text[len(kept) :] + right.text


def _may_stand(outside: str, inside: str) -> bool:
    """Whether a mark may stand between these characters (none is the edge of the run)."""
    return not _is_punctuation(inside) or not outside or outside.isspace() or _closes(outside)


def _is_punctuation(char: str) -> bool:
    return char == SYNTAX or unicodedata.category(char)[0] in "PS"


def _closes(char: str) -> bool:
    """Punctuation in every version of CommonMark (older ones leave out Unicode symbols)."""
    return char == SYNTAX or unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~"


def _has_letter(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _without_last_unit(text: str) -> str:
    """`text` without its last character, the backslash that escapes it, and spaces before."""
    kept = text[:-1]
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - backslashes % 2].rstrip()


def _write(segments: list[_Segment]) -> str:
    """Return the text with its marks: all that stand in one another are marks, or all are tags."""
    out: list[str] = []
    stack: list[str] = []
    nest: list[tuple[int, str, bool]] = []  # the places in `out` of marks in one another
    fits = together = True
    for place, (left, right) in enumerate(pairwise([_EDGE, *segments, _EDGE])):
        before, after = left.text[-1:], right.text[:1]
        closes, closing = left.styles - right.styles, []
        while closes.intersection(stack):
            closing.append(stack.pop())
        overlapping = closes.symmetric_difference(closing)
        if closing:
            fits = fits and not overlapping and _may_stand(after, before) and _alike(closing)
            nest += [(len(out) + n, kind, True) for n, kind in enumerate(closing)]
            out += closing
            if not stack:
                _spell(out, nest, fits)
        opens = (right.styles - left.styles) | overlapping
        if opens:
            opening = sorted(opens, key=lambda kind: (-_reach(segments, place, kind), kind))
            if not stack:
                nest, fits, together = [], True, False
            elif _reads_as_closing(before, after, together):
                fits = False
            together = together or len(opening) > 1
            # Not where another closes: `*a***b**` has more than one reading.
            fits = fits and not closing and _may_stand(before, after) and _alike(opening)
            nest += [(len(out) + n, kind, False) for n, kind in enumerate(opening)]
            out += opening
            stack += opening
        out.append(right.text)
    return "".join(out)


def _spell(out: list[str], nest: list[tuple[int, str, bool]], as_marks: bool) -> None:
    for place, kind, closes in nest:
        mark, tag = _WRITTEN[kind]
        out[place] = mark if as_marks else f"<{'/' * closes}{tag}>"


def _alike(kinds: list[str]) -> bool:
    """Whether marks can stand side by side: `~~` cannot beside another."""
    return len(kinds) == 1 or "D" not in kinds


def _reads_as_closing(before: str, after: str, together: bool) -> bool:
    """Whether a mark that opens inside another could be read as the end of that one.

    `together` says whether any that are open were opened in one row.
    """
    alike = _is_punctuation(before) == _is_punctuation(after)
    return alike and not before.isspace() and (together or _is_punctuation(after))


def _reach(segments: list[_Segment], place: int, kind: str) -> int:
    end = place
    while end < len(segments) and kind in segments[end].styles:
        end += 1
    return end
