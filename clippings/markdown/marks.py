"""Where `**`, `*` and `~~` may stand: CommonMark's flanking rule, applied to a whole run.

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
_INSIDE = rf"[^{SYNTAX}]*(?:{SYNTAX}[^BIDbid][^{SYNTAX}]*)*"
_WHOLE = re.compile(rf"\s*{SYNTAX}([BI])\s*(?=\S)({_INSIDE}){SYNTAX}[bi]\s*")
_ALONE = re.compile(
    rf"{SYNTAX}([BI])(?<!{SYNTAX}.{SYNTAX}.)(?=[^\s{SYNTAX}])([^{SYNTAX}]*)(?<=\S){SYNTAX}[bi](?!{SYNTAX})"
)
_AROUND_LINK = re.compile(
    rf"{SYNTAX}([BI])({SYNTAX}\[)([^\s{SYNTAX}][^{SYNTAX}]*)({SYNTAX}\([^{SYNTAX}]*{SYNTAX}\))"
    rf"{SYNTAX}[bi]"
)
_SIDE_BY_SIDE = re.compile("(?:Bb|Ii)+")
_LINK_END = f"{SYNTAX})"
_PARTNER = dict(zip("”’）》〉」』】)", "“‘（《〈「『【(", strict=True))
# Punctuation that is nothing else in Markdown; a mark may be moved past it without a thought.
_QUIET = frozenset("，。、；：？！…—“”‘’（）《》〈〉「」『』【】·～,.;:?!()\"'/%")
_FIRST_UNIT = re.compile(r"(?:\\.|[^\\])\s*", re.DOTALL)
_NO_STYLES: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Segment:
    """A stretch of a run that stands under the same marks throughout."""

    text: str
    styles: frozenset[str]


@dataclass(slots=True, eq=False)
class _Span:
    """One mark, from the boundary where it opens to the one where it closes."""

    kind: str
    as_tag: bool = False


@dataclass(frozen=True, slots=True)
class _Boundary:
    """What closes and what opens between two segments."""

    closing: list[_Span]
    opening: list[_Span]


def place_marks(run: str, styles: str = "") -> tuple[str, str]:
    """A run with its mark tokens written as Markdown, and the styles still open at its end.

    `styles` names the marks that are open at its beginning, as "BI".
    """
    if not styles:
        if not _MARK.search(run):
            return run, ""
        if _LINK_END in run:
            run = _AROUND_LINK.sub(_into_link, run)
        kinds = "".join(_MARK.findall(run))
        if (whole := _WHOLE.fullmatch(run)) and whole[2]:
            return _marked(whole[1], whole[2].rstrip()), ""
        if _SIDE_BY_SIDE.fullmatch(kinds):
            run = _ALONE.sub(_place_alone, run)
            if not _MARK.search(run):
                return run, ""
    parts = _MARK.split(run)
    segments = []
    for text, kind in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if text:
            segments.append(_Segment(text, frozenset(styles)))
        styles = styles.replace(kind.upper(), "", 1) if kind.islower() else styles + kind
    segments = _joined(_free_spaces(segments))
    for left, right in pairwise(segments):
        _shift_punctuation(left, right)
    return _write(segments, _boundaries(segments)), styles


def _into_link(match: re.Match[str]) -> str:
    """A marked link beside a letter: the mark stands in it, as it could not stand around it."""
    run, start, end = match.string, match.start(), match.end()
    before = run[max(0, start - 2) : start]
    if not (run[end : end + 1].isalnum() or (before[-1:].isalnum() and before[0] != SYNTAX)):
        return match[0]
    kind, opens, text, target = match.groups()
    return f"{opens}{SYNTAX}{kind}{text}{SYNTAX}{kind.lower()}{target}"


def _marked(kind: str, text: str) -> str:
    mark = _WRITTEN[kind][0]
    return f"{mark}{text}{mark}"


def _place_alone(match: re.Match[str]) -> str:
    """A mark with only text in it and around it, the usual case; the token again if it is not."""
    run, text = match.string, match[2]
    before, after = (
        run[max(0, match.start() - 1) : match.start()],
        run[match.end() : match.end() + 1],
    )
    lead = trail = ""
    if not text[0].isalnum() and not _may_stand(before, text[0]):
        lead, text = text[0], text[1:]
    if not text[-1:].isalnum() and text and not _may_stand(after, text[-1]):
        trail, text = text[-1:], text[:-1]
    if trail and not lead and text[:1] == _PARTNER.get(trail):
        lead, text = text[0], text[1:]
    if lead and not trail and _PARTNER.get(text[-1:]) == lead:
        trail, text = text[-1:], text[:-1]
    moved = lead + trail
    if any(char not in _QUIET for char in moved) or not (text[:1].isalnum() or text[-1:].isalnum()):
        return match[0]
    if text[0].isspace() or text[-1].isspace() or (trail and text[-1] == "\\"):
        return match[0]
    return lead + _marked(match[1], text) + trail


def _free_spaces(segments: list[_Segment]) -> list[_Segment]:
    """White space cut loose: it carries only the marks that both of its neighbours carry."""
    cut: list[_Segment] = []
    spaces: list[_Segment] = []
    for segment in segments:
        core = segment.text.strip()
        lead = segment.text.find(core[0]) if core else len(segment.text)
        if not segment.styles and core:
            lead, core = 0, segment.text
        for part in (segment.text[:lead], core, segment.text[lead + len(core) :]):
            if part:
                cut.append(_Segment(part, segment.styles if part is core else _NO_STYLES))
                if part is not core:
                    spaces.append(cut[-1])
    # ids, because equal spaces are different places
    loose = {id(space) for space in spaces}
    for left, space, right in zip(cut, cut[1:], cut[2:], strict=False):
        if id(space) in loose and (left.styles <= right.styles or right.styles <= left.styles):
            space.styles = left.styles & right.styles
    return cut


def _joined(segments: list[_Segment]) -> list[_Segment]:
    """Neighbours under the same marks as one: `a</b><b>b` is a single bold text."""
    groups: list[tuple[list[str], frozenset[str]]] = []
    for segment in segments:
        if groups and groups[-1][1] == segment.styles:
            groups[-1][0].append(segment.text)
        else:
            groups.append(([segment.text], segment.styles))
    return [_Segment("".join(texts), styles) for texts, styles in groups]


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


def _boundaries(segments: list[_Segment]) -> list[_Boundary]:
    """The spans that close and open before each segment and after the last."""
    edge = _Segment("", _NO_STYLES)
    stack: list[_Span] = []
    found = []
    together = False  # whether marks that are still open were opened in one row
    for place, (left, right) in enumerate(pairwise([edge, *segments, edge])):
        closes = set(left.styles - right.styles)
        closing, reopened = [], set()
        while closes:
            span = stack.pop()
            closing.append(span)
            if span.kind not in closes:
                span.as_tag = True  # marks that overlap instead of nesting
                reopened.add(span.kind)
            closes.discard(span.kind)
        opens = (right.styles - left.styles) | reopened
        longest_first = sorted(sorted(opens), key=lambda k: -_reach(segments, place, k))
        opening = [_Span(kind) for kind in longest_first]
        _choose_tags(closing, opening, left.text[-1:], right.text[:1])
        if opening and stack and _reads_as_closing(left.text[-1:], right.text[:1], together):
            opening[0].as_tag = True
        stack += opening
        together = len(opening) > 1 or (together and bool(stack))
        found.append(_Boundary(closing, opening))
    _spread_tags(found)
    return found


def _reads_as_closing(before: str, after: str, together: bool) -> bool:
    """Whether a mark that opens inside another could be read as the end of that one."""
    alike = _is_punctuation(before) == _is_punctuation(after)
    return alike and not before.isspace() and (together or _is_punctuation(after))


def _reach(segments: list[_Segment], place: int, kind: str) -> int:
    end = place
    while end < len(segments) and kind in segments[end].styles:
        end += 1
    return end


def _choose_tags(closing: list[_Span], opening: list[_Span], before: str, after: str) -> None:
    """Mark the spans of one boundary that cannot be written as Markdown there."""
    tagged: list[_Span] = []
    if opening and (closing or not _may_stand(before, after)):
        tagged += opening  # closing too: `*a***b**` has more than one reading
    elif closing and not _may_stand(after, before):
        tagged += closing
    for group in (closing, opening):
        if len(group) > 1 and any(span.kind == "D" for span in group):
            tagged += group
    for span in tagged:
        span.as_tag = True


def _spread_tags(boundaries: list[_Boundary]) -> None:
    """Marks that open or close together are written alike, as a tag is punctuation to a mark."""
    groups: dict[_Span, list[list[_Span]]] = {}
    for boundary in boundaries:
        for group in (boundary.closing, boundary.opening):
            for span in group:
                groups.setdefault(span, []).append(group)
    waiting = [span for span in groups if span.as_tag]
    while waiting:
        for group in groups[waiting.pop()]:
            for span in group:
                if not span.as_tag:
                    span.as_tag = True
                    waiting.append(span)


def _write(segments: list[_Segment], boundaries: list[_Boundary]) -> str:
    written = []
    for boundary, segment in zip(boundaries, [*segments, None], strict=True):
        for closes, spans in ((True, boundary.closing), (False, boundary.opening)):
            for span in spans:
                mark, tag = _WRITTEN[span.kind]
                written.append(f"<{'/' * closes}{tag}>" if span.as_tag else mark)
        if segment:
            written.append(segment.text)
    return "".join(written)
