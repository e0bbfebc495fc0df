"""Words in context: each place where a word of a query stands, with what is around it.

    query ─► read_texts (by date: count_occurrences) ─► places, in order ─► lines

By date their number is known from the positions in the index, and only the articles of the page are
read. Places may overlap: 哈哈哈 has two of 哈哈.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from clippings.search.folding import CJK
from clippings.search.occurrences import (
    MOST_CHARACTERS,
    SPAN,
    Texts,
    count_occurrences,
    read_texts,
)
from clippings.search.query import Query
from clippings.search.snippets import Span, end_in_text, fold_with_origin
from clippings.search.timeline import matching

ORDERS = ("date", "right", "left", "source")
"""By what lines may be sorted; the newest first where that is the same."""

SORT_WIDTH = 40
"""Characters beside a word by which lines are sorted."""

_UNIT = re.compile(f"[{CJK}]|[^\\s{CJK}]+")
_ABOUT = """
    select docid, id, title, day, source from articles
    where docid in (select value from json_each(?))
"""


class Line(NamedTuple):
    """One occurrence: the text before it, the word as it is written, the text after it, and the
    article that it stands in."""

    left: str
    word: str
    right: str
    day: str | None
    source: str | None
    title: str
    id: int


class Concordance(NamedTuple):
    """Some lines, and the number of all: `occurrences` in `articles`, counted in the `read`
    newest of the `found` articles that the query finds."""

    lines: list[Line]
    occurrences: int
    articles: int
    read: int
    found: int


def concordance(
    conn: sqlite3.Connection,
    query: Query,
    *,
    order: str = "date",
    limit: int = 100,
    offset: int = 0,
    width: int = 60,
    near: str = "",
    most: int = MOST_CHARACTERS,
) -> Concordance:
    """Return `limit` occurrences of the words of a query in an order of ORDERS, with `width`
    characters on each side; only those `near` another word (within SPAN units), if one is given.

    About `most` characters of text are read at most. A query without words (filters alone) has no
    occurrences.
    """
    if not query.terms:
        return Concordance([], 0, 0, 0, 0)
    if order == "date" and not near and (counted := count_occurrences(conn, query)):
        docids, counts = counted[0][::-1], counted[1][::-1]
        ends = np.cumsum(counts)
        shown = (ends > offset) & (ends - counts < offset + limit)
        texts = read_texts(conn, docids[shown].tolist(), np.inf)
        skipped = offset - int((ends - counts)[shown][:1].sum())
        lines = _lines(conn, texts, texts.find(query.terms)[skipped : skipped + limit], width)
        return Concordance(lines, int(counts.sum()), len(docids), len(docids), len(docids))
    texts = read_texts(conn, matching(conn, query.match)[::-1], most)
    spans = texts.find(query.terms)
    spans = _near(texts, spans, near) if near else spans
    if order != "date":
        spans.sort(key=_sort_key(conn, texts, order))
    articles = len({texts.text_at(start) for start, _ in spans})
    lines = _lines(conn, texts, spans[offset : offset + limit], width)
    return Concordance(lines, len(spans), articles, len(texts.docids), texts.found)


def _near(texts: Texts, spans: list[Span], word: str) -> list[Span]:
    """Return the spans that a word stands near of, whole."""
    others = texts.unit_spans(texts.find([word]))
    length = np.diff(others).max(initial=0)
    last, following = texts.nearest(others)
    begin, end = texts.unit_spans(spans).T
    gap = np.minimum(begin - last[begin], following[end] - end)
    return [spans[index] for index in np.flatnonzero(gap + length <= SPAN).tolist()]


def _sort_key(conn: sqlite3.Connection, texts: Texts, order: str) -> Callable[[Span], list[str]]:
    """Return what spans are sorted by: to the left the nearest character of Chinese, or word of
    others, counts first; without a source comes last."""
    folded = texts.folded
    if order == "right":
        return lambda span: folded[span[1] : span[1] + SORT_WIDTH].split()
    if order == "left":
        return lambda span: _UNIT.findall(folded[max(0, span[0] - SORT_WIDTH) : span[0]])[::-1]
    about = _about(conn, texts.docids)
    return lambda span: [about[texts.docids[texts.text_at(span[0])]][3] or "\U0010ffff"]


def _about(conn: sqlite3.Connection, docids: list[int]) -> dict[int, tuple[int, str, str, str]]:
    """Return id, title, day and source of articles by their docids."""
    return {row[0]: tuple(row[1:]) for row in conn.execute(_ABOUT, [json.dumps(docids)])}


def _lines(conn: sqlite3.Connection, texts: Texts, spans: list[Span], width: int) -> list[Line]:
    numbers = [texts.text_at(start) for start, _ in spans]
    about = _about(conn, [texts.docids[number] for number in {*numbers}])
    origins = {number: fold_with_origin(texts.plain[number])[1] for number in {*numbers}}
    lines = []
    for number, (start, end) in zip(numbers, spans, strict=True):
        text, origin, first = texts.plain[number], origins[number], texts.starts[number]
        low, high = origin[start - first], end_in_text(origin, end - first)
        parts = text[max(0, low - width) : low], text[low:high], text[high : high + width]
        left, word, right = (re.sub(r"\s+", " ", part) for part in parts)
        key, title, day, source = about[texts.docids[number]]
        lines.append(Line(left, word, right, day, source, title, key))
    return lines
