"""The part of a text that shows why it was found, with the matches marked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import islice, pairwise

from clippings.search.folding import CJK, MARKS, ONE_CJK, SYMBOLS, fold, fold_in_place
from clippings.search.query import STARS, Query, parse_query
from clippings.search.tokens import runs, spans

_MAX_MATCHES = 200  # of one term in one text
_SENTENCE_END = re.compile("[。！？!?…\n]\\s*|[.;；]\\s+")
_LINE = re.compile("[^\n]*\n?")
# A character with the marks that fold into it.
_CLUSTER = re.compile(f"(?s).[{MARKS}]*")

# A word or number that is not cut, with the marks inside: Wi-Fi, 12.5, don't.
_WORD = re.compile(f"[^\\W{CJK}]+(?:[-.,:'’@/_][^\\W{CJK}]+)*")
_LONGEST_WORD = 40
_NEAR = 10  # characters that are not worth leaving out between two windows
_NO_BEGINNING = re.compile("[\\s，。、；：！？…,.;:!?)）\\]】》〉」』”’]+")
# What must not stand beside a run of folded text: more of its own kind makes another word.
_MORE = {
    "digit": "[0-9]",
    "symbol": "[+#]",
    "letter": f"[^{CJK}0-9{SYMBOLS}\\s]",
}

Span = tuple[int, int]
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A cut of a text as (piece, is a match) pairs; `html` is escaped, matches in <mark>."""

    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """Return the cut as plain text."""
        return "".join(piece for piece, _ in self.parts)

    @property
    def html(self) -> str:
        """Return the cut as HTML that is safe to put into a page."""
        return "".join(
            f"<mark>{escape(piece)}</mark>" if marked else escape(piece)
            for piece, marked in self.parts
        )


def snippet(text: str, query: Query | str, *, length: int = 120) -> Snippet:
    """Cut about `length` characters of plain `text` where the matches of `query` are densest.

    Without a match it is the beginning of the text. Marks cover what the reader sees, also
    where it matches only folded (軟件 for 软件, full width, accents, case). Where text was left
    out stands an ellipsis; nothing else is added.
    """
    if isinstance(query, str):
        query = parse_query(query)
    found = find_places(text, query.terms)
    windows = _windows(text, found, length)
    marks = merge((low, high) for low, high, _ in found)
    parts: list[tuple[str, bool]] = []
    for start, end in windows:
        parts += [("…", False)] if start > 0 else []
        parts += _parts(text, start, end, marks)
    parts += [("…", False)] if windows[-1][1] < len(text) else []
    return Snippet(tuple(parts))


def find_terms(text: str, terms: Iterable[str]) -> list[Span]:
    """Return where in a text the terms of a query stand; stretches that touch are one."""
    return merge((low, high) for low, high, _ in find_places(text, terms))


def find_places(text: str, terms: Iterable[str]) -> list[Place]:
    """Find the terms of a query in a text: (start, end, number of the term), sorted."""
    folded, origin = fold_with_origin(text)
    return sorted(
        (origin[start], end_in_text(origin, end), number)
        for number, term in enumerate(terms)
        for start, end in islice(find_term(term, folded), _MAX_MATCHES)
    )


def fold_with_origin(text: str) -> tuple[str, Sequence[int]]:
    """Fold text and say for each position in it, and for its end, where in `text` that is."""
    folded = fold_in_place(text)
    if folded is not None:
        return folded, range(len(text) + 1)
    pieces: list[str] = []
    origin: list[int] = []
    for line in _LINE.finditer(text):
        folded = fold_in_place(line[0])
        if folded is not None:  # as most lines; only the others are taken apart
            pieces.append(folded)
            origin += range(*line.span())
            continue
        for cluster in _CLUSTER.finditer(text, *line.span()):
            pieces.append(fold(cluster[0]))
            origin += [cluster.start()] * len(pieces[-1])
    return "".join(pieces), [*origin, len(text)]


def end_in_text(origin: Sequence[int], position: int) -> int:
    """Return where a match ends in the text; a character folded to several (㈱) is marked whole."""
    while origin[position] == origin[position - 1]:
        position += 1
    return origin[position]


def find_term(term: str, folded: str) -> Iterator[Span]:
    """Yield where a term stands in folded text, by the rules of `tokens`; places may overlap."""
    pattern = _pattern(term)
    match = pattern and pattern.search(folded)
    while pattern and match:
        yield match.span()
        match = pattern.search(folded, match.start() + 1)


@lru_cache(maxsize=256)
def _pattern(term: str) -> re.Pattern[str] | None:
    """Return what a term is in folded text; None where there is nothing to look for."""
    cut = [(run, index > 0) for span in spans(fold(term)) for index, run in enumerate(runs(span))]
    if not cut:
        return None
    (first, _), (last, _) = cut[0], cut[-1]
    rest = [_gap(left, run, inside) + re.escape(run) for (left, _), (run, inside) in pairwise(cut)]
    before = _MORE.get(_kind(first))
    after = None if term.endswith(STARS) else _MORE.get(_kind(last))
    return re.compile(
        (f"(?<!{before})" if before else "")
        + "".join([re.escape(first), *rest])
        + (f"(?!{after})" if after else "")
    )


def _gap(left: str, right: str, inside: bool) -> str:
    """Return what may stand between two runs: the blanks that the tokenizer does not see."""
    if "cjk" not in (_kind(left), _kind(right)):
        return "\\s*"
    return " ?" if inside else "\\s+"


def _kind(run: str) -> str:
    if ONE_CJK.match(run):
        return "cjk"
    if run[0] in "0123456789":
        return "digit"
    if run[0].isalnum():
        return "letter"
    return "symbol" if run[0] in SYMBOLS and run != "%" else "sign"


def _windows(text: str, found: list[Place], length: int) -> list[Span]:
    """Choose the stretch with the most terms, and a second one for those that it leaves out."""
    first, held = window(text, found, length)
    missing = [place for place in found if place[2] not in held]
    if not missing:
        return [first]
    first, held = window(text, found, length // 2)
    missing = [place for place in found if place[2] not in held]
    second, _ = window(text, missing, length // 2)
    (start, end), (after, last) = sorted((first, second))
    apart = end + _NEAR < after
    return [(start, end), (after, last)] if apart else [(start, max(end, last))]


def window(text: str, found: list[Place], length: int) -> tuple[Span, set[int]]:
    """Choose the stretch with the most different terms, then the most matches, and widen it; and
    say which terms it holds."""
    if not found:
        return (0, word_edge(text, length)), set()
    best, first, end = (0, 0), 0, 0
    inside: Counter[int] = Counter()
    last = 0
    for index, (start, stop, term) in enumerate(found):
        while last < len(found) and found[last][1] <= max(stop, start + length):
            inside[found[last][2]] += 1
            last += 1
        if (score := (len(+inside), last - index)) > best:
            best, first, end = score, start, found[last - 1][1]
        inside[term] -= 1
    low, high = _widened(text, first, end, length)
    return (low, high), {term for start, stop, term in found if low <= start and stop <= high}


def _widened(text: str, first: int, end: int, length: int) -> Span:
    """Widen a stretch of matches by text before it, from a sentence's start if one is near."""
    room = max(length - (end - first), 0)
    earliest = max(first - room, 0)
    sentences = [earliest + m.end() for m in _SENTENCE_END.finditer(text[earliest:first])]
    start = 0 if earliest == 0 else max([s for s in sentences if s >= first - room // 2], default=0)
    start = start or (earliest and word_edge(text, first - room // 3))
    if start and (mark := _NO_BEGINNING.match(text, start, first)):
        start = mark.end()
    return start, max(end, word_edge(text, start + length))


def word_edge(text: str, position: int) -> int:
    """Return `position`, or the start of the word or number that a cut there would part."""
    around = max(position - _LONGEST_WORD, 0), position + _LONGEST_WORD
    for word in _WORD.finditer(text, *around):
        if word.start() < position < word.end() and word.start() > around[0]:
            return word.start()
    return min(position, len(text))


def merge(spans: Iterable[Span], shared: int = 0) -> list[Span]:
    """Join spans that touch, or have so many characters in common."""
    merged: list[Span] = []
    for low, high in sorted(spans):
        if merged and low + shared <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return merged


def _parts(text: str, start: int, end: int, marks: list[Span]) -> Iterator[tuple[str, bool]]:
    """Cut a window of a text at the marks that lie in it."""
    inside = [
        (max(low, start), min(high, end)) for low, high in marks if low < end and high > start
    ]
    edges = [start, *(edge for mark in inside for edge in mark), end]
    for index, (low, high) in enumerate(pairwise(edges)):
        if low < high:
            yield text[low:high], index % 2 == 1
