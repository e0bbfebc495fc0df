"""Where the words of a query stand: in the texts that are read, and by the positions of the index.

    docids ─► read_texts ─► plain texts ─► one folded string ─► Texts.find: every place
    query  ─► count_occurrences ─► docid → how many, without reading a text

Both are a plain count of the text. Reading is bounded by characters, and says how many articles it
left out. The index has no positions of a single Chinese character, nor of beginnings (`nucl*`).
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from clippings.markdown.rendering import plain_text
from clippings.search.arrays import Mask, Places, TextBatch
from clippings.search.folding import CJK, is_of
from clippings.search.query import STARS, Query
from clippings.search.snippets import Span, find_term
from clippings.search.timeline import matching
from clippings.search.tokens import tokens

MOST_CHARACTERS = 4_000_000
"""Characters that are read for one answer: about a second's work."""

SPAN = 5
"""Characters of Chinese, or words of other scripts, that are near another."""

_MARKDOWN = "select markdown from articles where docid = ?"
_TABLE = """
    create virtual table if not exists temp.positions using fts5vocab(main, articles_fts, instance)
"""
_POSITIONS = "select doc << 32 | offset from temp.positions where term = ? and col = 'body'"


@dataclass(frozen=True)
class Texts:
    """Texts of articles: `docids` of those that were read, of `found` that were asked for.

    `plain` may have others behind them, which are there to compare with.
    """

    docids: list[int]
    plain: list[str]
    found: int

    @cached_property
    def _batch(self) -> TextBatch:
        return TextBatch(self.plain)

    @cached_property
    def folded(self) -> str:
        """All texts folded, a line break around each."""
        return self._batch.folded

    @cached_property
    def starts(self) -> list[int]:
        """Where each text begins in `folded`, and where one after the last would."""
        return [*accumulate((length + 1 for length in self._batch.lengths), initial=1)]

    @cached_property
    def units(self) -> tuple[Places, Places, Mask]:
        """Where each Chinese character, or word of other scripts, begins and ends in `folded`, and
        whether it is a character."""
        return self._batch.units()

    def find(self, terms: Iterable[str]) -> list[Span]:
        """Return where terms stand in `folded`, in order; a place that two share, once."""
        return sorted({span for term in terms for span in find_term(term, self.folded)})

    def text_at(self, place: int) -> int:
        """Return the index of the text in which a place of `folded` lies."""
        return bisect_right(self.starts, place) - 1

    @cached_property
    def unit_numbers(self) -> Places:
        """A number for each unit; those of different texts are not near each other."""
        apart: Places = SPAN * np.searchsorted(self.starts, self.units[0], "right")
        return np.arange(len(apart)) + apart

    def unit_spans(self, spans: Sequence[Span]) -> Places:
        """Return the numbers of (first unit, the one after the last) of each of (start, end)."""
        places = np.array(spans, np.intp).reshape(-1, 2)
        apart = SPAN * np.searchsorted(self.starts, places[:, :1], "right")
        numbers: Places = np.searchsorted(self.units[0], places) + apart
        return numbers

    def nearest(self, spans: Places) -> tuple[Places, Places]:
        """Return of each unit's number where the last of `unit_spans` ends that ends there or
        before, and where the first begins that begins there or after."""
        size = len(self.units[0]) + SPAN * (len(self.starts) + 1)
        last, following = np.full(size, -size), np.full(size, 2 * size)
        last[spans[:, 1]], following[spans[:, 0]] = spans[:, 1], spans[:, 0]
        return np.maximum.accumulate(last), np.minimum.accumulate(following[::-1])[::-1]


def read_texts(
    conn: sqlite3.Connection, docids: Sequence[int], most: float = MOST_CHARACTERS
) -> Texts:
    """Read the texts of articles in the order given, up to about `most` characters. They are
    returned by date, the newest first."""
    read: dict[int, str] = {}
    for docid in docids:
        if most <= 0:
            break
        read[docid] = plain_text(conn.execute(_MARKDOWN, [docid]).fetchone()[0])
        most -= len(read[docid])
    kept = sorted(read, reverse=True)
    return Texts(kept, [read[docid] for docid in kept], len(docids))


def read_sample(conn: sqlite3.Connection, match: str, most: float = MOST_CHARACTERS) -> Texts:
    """Read about `most` characters of what an FTS5 expression finds, an even sample of more.

    It takes docids in the order of their products with the golden ratio, modulo 2^32, of which any
    beginning is spread evenly (Knuth, The Art of Computer Programming 3, 6.4).
    """
    docids = sorted(matching(conn, match), key=lambda docid: docid * 2654435769 % 2**32)
    return read_texts(conn, docids, most)


def open_positions(conn: sqlite3.Connection) -> None:
    """Let a connection that may still write temporary tables read the index's positions."""
    conn.execute(_TABLE)


def count_occurrences(conn: sqlite3.Connection, query: Query) -> tuple[Places, Places] | None:
    """Return the docids of a query's articles that hold its words in their text, in order, and how
    often each does; None where the index cannot tell. The connection has had open_positions."""
    terms = {tuple(tokens(term)): term for term in query.terms}
    ends = [word for words in terms for word in (*words[:1], *words[-1:])]
    is_unknown = any(len(word) == 1 and is_of(CJK, word) for word in ends)
    if is_unknown or not all(terms) or any(term.endswith(STARS) for term in terms.values()):
        return None
    found = [_positions(conn, words) >> 32 for words in terms]
    docids, counts = np.unique(np.concatenate(found), return_counts=True)
    wanted = np.isin(docids, matching(conn, query.match))
    return docids[wanted], counts[wanted]


def _positions(conn: sqlite3.Connection, words: tuple[str, ...]) -> Places:
    """Return where tokens stand one after the other, as docid << 32 | position of the first."""
    cursor = conn.cursor()
    cursor.row_factory = None
    places = [
        np.fromiter((row[0] for row in cursor.execute(_POSITIONS, [word])), np.intp) - at
        for at, word in enumerate(words)
    ]
    first = places[0]
    for others in places[1:]:
        first = first[np.isin(first, others)]
    return first
