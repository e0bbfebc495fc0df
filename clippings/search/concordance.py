"""Words in context: each place where a word of a query stands, with what is around it.

    query ─► read_texts (by date: count_places) ─► places in the folded texts ─► in order ─► lines

The index says in which articles to look, and the places are found in their texts. By date, their
number is known from the positions in the index, and only the articles of the page are read. Either
way it is that of a plain count of the text. Places may overlap: 哈哈哈 has two of 哈哈.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from clippings.search.arrays import Places
from clippings.search.folding import CJK
from clippings.search.positions import count_places
from clippings.search.query import NOTHING, Query
from clippings.search.snippets import Span, end_in_text, fold_with_origin
from clippings.search.texts import MOST_CHARACTERS, Texts, read_texts, texts_of, windows

SORT_WIDTH = 40
"""Characters beside a word by which lines are sorted."""

_UNIT = re.compile(f"[{CJK}]|[^\\s{CJK}]+")
_ABOUT = """
    select docid, id, title, day, source from articles
    where docid in (select value from json_each(?))
"""
_SOURCES = "select docid, source from articles where docid in (select value from json_each(?))"


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


class _Place(NamedTuple):
    """Where an occurrence stands: the index of its text, and its span in the folded texts."""

    text: int
    span: Span


SortKey = Callable[[_Place], tuple[str, ...]]


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
    if order == "date" and not near and query.terms and (counted := count_places(conn, query)):
        return _page(conn, query, *counted, offset, limit, width)
    texts = read_texts(conn, query.match if query.terms else NOTHING, newest=True, most=most)
    spans = _near(texts, near, texts.find(query.terms)) if near else texts.find(query.terms)
    places = [_Place(texts.text_at(start), (start, end)) for start, end in spans]
    places.sort(key=ORDERS[order](conn, texts))
    lines = _lines(conn, texts, places[offset : offset + limit], width)
    articles = len({place.text for place in places})
    return Concordance(lines, len(places), articles, len(texts.docids), texts.found)


def _page(
    conn: sqlite3.Connection,
    query: Query,
    docids: Places,
    counts: Places,
    offset: int,
    limit: int,
    width: int,
) -> Concordance:
    """Return lines by date, whose number the index knows: only their articles are read."""
    docids, counts = docids[::-1], counts[::-1]
    ends = np.cumsum(counts)
    shown = (ends > offset) & (ends - counts < offset + limit)
    texts = texts_of(conn, docids[shown].tolist())
    spans = texts.find(query.terms)
    skipped = offset - int((ends - counts)[shown][:1].sum())
    places = [_Place(texts.text_at(start), (start, end)) for start, end in spans]
    lines = _lines(conn, texts, places[skipped : skipped + limit], width)
    articles = len(docids)
    return Concordance(lines, int(counts.sum()), articles, articles, articles)


def _near(texts: Texts, word: str, spans: list[Span]) -> list[Span]:
    """Return the spans that a word stands near of."""
    starts, _, _ = texts.batch.units()
    edges = np.searchsorted(starts, [*texts.starts, len(texts.folded)])
    low, begin, end, high = windows(starts, edges, spans)
    others = texts.find([word])
    first = np.searchsorted(starts, [start for start, _ in others])
    last = np.append(np.searchsorted(starts, [stop for _, stop in others]), len(starts) + 1)
    before = last[np.searchsorted(first, low)] <= begin
    after = last[np.searchsorted(first, end)] <= high
    return [spans[index] for index in np.flatnonzero(before | after).tolist()]


def _by_right(conn: sqlite3.Connection, texts: Texts) -> SortKey:
    folded = texts.folded
    return lambda place: tuple(folded[place.span[1] : place.span[1] + SORT_WIDTH].split())


def _by_left(conn: sqlite3.Connection, texts: Texts) -> SortKey:
    """The nearest character of Chinese, or word of others, counts first."""
    folded = texts.folded

    def units(place: _Place) -> tuple[str, ...]:
        start = place.span[0]
        return tuple(_UNIT.findall(folded[max(0, start - SORT_WIDTH) : start])[::-1])

    return units


def _by_source(conn: sqlite3.Connection, texts: Texts) -> SortKey:
    sources = dict(conn.execute(_SOURCES, [json.dumps(texts.docids)]).fetchall())
    return lambda place: (sources[texts.docids[place.text]] or "\U0010ffff",)


ORDERS: dict[str, Callable[[sqlite3.Connection, Texts], SortKey]] = {
    "date": lambda conn, texts: lambda place: (),  # as they are
    "right": _by_right,
    "left": _by_left,
    "source": _by_source,
}
"""The name of an order → what makes its sort key; the newest first where that is the same."""


def _lines(conn: sqlite3.Connection, texts: Texts, places: list[_Place], width: int) -> list[Line]:
    docids = {texts.docids[place.text] for place in places}
    about = {row[0]: row[1:] for row in conn.execute(_ABOUT, [json.dumps([*docids])])}
    origins = {place.text: fold_with_origin(texts.plain[place.text])[1] for place in places}
    lines = []
    for number, (start, end) in places:
        text, origin, first = texts.plain[number], origins[number], texts.starts[number]
        low, high = origin[start - first], end_in_text(origin, end - first)
        left, right = text[max(0, low - width) : low], text[high : high + width]
        key, title, day, source = about[texts.docids[number]]
        left, word, right = (re.sub(r"\s+", " ", part) for part in (left, text[low:high], right))
        lines.append(Line(left, word, right, day, source, title, key))
    return lines
