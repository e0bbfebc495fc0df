"""Where `**`, `*` and `~~` may stand: CommonMark's flanking rule, applied to a whole run.

A closing `**` after punctuation is not read as one when a letter follows it, and Chinese
has no space there: `**价格：**港币` stays as it is typed. So marks move past punctuation at
the edge of what they hold (`**价格**：港币`), and where something other than punctuation
stands there (a link, code) or nothing else is left, the tag itself is kept:
`<strong>`x`</strong>文`. https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from clippings.markdown.tokens import SYNTAX

_WRITTEN = {"B": ("**", "strong"), "I": ("*", "em"), "D": ("~~", "del")}
_MARK = re.compile(f"{SYNTAX}([BIDbid])")
_PLAIN = re.compile(  # a letter at both edges: such marks may stand beside anything
    rf"(?<!{SYNTAX}.){SYNTAX}([BI])(?=[^\W_])([^{SYNTAX}]*)(?<=[^\W_]){SYNTAX}[bi](?!{SYNTAX})"
)
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)

Styles = frozenset[str]


@dataclass(slots=True)
class _Segment:
    """A stretch of a run under the same marks; `opens` and `closes` are the spans at its edges."""

    text: str
    styles: Styles


@dataclass(slots=True, eq=False)
class _Span:
    """One mark from the segment it begins at to the one it ends before."""

    kind: str
    start: int
    end: int = 0
    as_tag: bool = False


def place_marks(run: str, styles: str = "") -> tuple[str, str]:
    """A run with its mark tokens written as Markdown, and the styles still open at its end."""
    if not styles:
        run = _PLAIN.sub(lambda m: "{0}{1}{0}".format(_WRITTEN[m[1]][0], m[2]), run)
    parts = _MARK.split(run)
    if len(parts) == 1 and not styles:
        return run, styles
    segments = []
    for text, kind in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if text:
            segments.append(_Segment(text, frozenset(styles)))
        styles = styles.replace(kind.upper(), "", 1) if kind.islower() else styles + kind
    segments = _shift_punctuation(_merge(_free_spaces(segments)))
    return _write(segments, _spans(segments)), styles


def _free_spaces(segments: list[_Segment]) -> Iterator[_Segment]:
    """White space at an edge carries only the marks that both of its neighbours carry."""
    stretches: list[_Segment] = []
    for segment in segments:
        text = segment.text
        core = text.strip()
        lead = len(text) - len(text.lstrip()) if core else len(text)
        cuts = (text[:lead], core, text[lead + len(core) :])
        for part, styles in zip(cuts, (None, segment.styles, None), strict=True):
            ...
    return iter(stretches)
