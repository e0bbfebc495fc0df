"""The texts of the articles that a query finds, folded as the index folds them.

    match ─► docids from the index ─► Markdown ─► plain texts ─► one folded string ─► places

Reading is bounded by characters. What is left out is said (`Texts.is_sample`), never guessed.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clippings.markdown.rendering import plain_text
from clippings.search.arrays import Places, TextBatch
from clippings.search.snippets import Span, find_term
from clippings.search.timeline import matching

MOST_CHARACTERS = 4_000_000
"""Characters that are read for one answer: about a second's work."""

SPAN = 5
"""Characters of Chinese, or words of other scripts, that are near another."""

_CHUNK = 250
_MARKDOWN = """
    select docid, markdown from articles where docid in (select value from json_each(?))
"""


@dataclass(frozen=True)
class Texts:
    """Texts of articles: `docids` of those that were read, `found` is how many the query finds."""

    docids: list[int]
    plain: list[str]
    found: int

    @cached_property
    def batch(self) -> TextBatch:
        """The texts as arrays."""
        return TextBatch(self.plain)

    @cached_property
    def folded(self) -> str:
        """All texts folded, a line break around each."""
        return self.batch.folded

    @cached_property
    def starts(self) -> list[int]:
        """Where each text begins in `folded`."""
        starts, place = [], 1
        for length in self.batch.lengths:
            starts.append(place)
            place += length + 1
        return starts

    @property
    def is_sample(self) -> bool:
        """Whether there are more articles than were read."""
        return len(self.docids) < self.found

    def find(self, terms: Iterable[str]) -> list[Span]:
        """Return where the terms stand in `folded`, in order; a place that two share, once."""
        return find_all(terms, self.folded)

    def text_at(self, place: int) -> int:
        """Return the index of the text in which a place of `folded` lies."""
        return bisect_right(self.starts, place) - 1


def read_texts(
    conn: sqlite3.Connection, match: str, newest: bool, most: int = MOST_CHARACTERS
) -> Texts:
    """Read the texts that an FTS5 expression finds, up to about `most` characters.

    Of more they are the newest, or else a sample of all: docids in the order of their products
    with the golden ratio, modulo 2^32, of which any beginning is spread evenly (Knuth, The Art of
    Computer Programming 3, 6.4).
    """
    docids = matching(conn, match)
    docids.sort(key=lambda docid: -docid if newest else docid * 2654435769 % 2**32)
    texts = dict(_read(conn, docids, most))
    kept = sorted(texts, reverse=True)
    return Texts(kept, [texts[docid] for docid in kept], len(docids))


def find_all(terms: Iterable[str], folded: str) -> list[Span]:
    """Return where terms stand in folded text, in order; a place that two share, once."""
    return sorted({span for term in terms for span in find_term(term, folded)})


def windows(
    starts: Places, edges: Places, spans: Sequence[Span]
) -> tuple[Places, Places, Places, Places]:
    """Return, of spans in folded texts, the units from which on a word counts as near before it,
    at which it begins, after it, and up to which a word counts as near.

    `starts` is where each unit begins, `edges` the units at which texts begin.
    """
    begin = np.searchsorted(starts, [low for low, _ in spans])
    end = np.searchsorted(starts, [high for _, high in spans])
    text = np.searchsorted(edges, begin, "right")
    low = np.maximum(begin - SPAN, edges[text - 1])
    return low, begin, end, np.minimum(end + SPAN, edges[np.minimum(text, len(edges) - 1)])


def texts_of(conn: sqlite3.Connection, docids: list[int]) -> Texts:
    """Read the texts of some articles, whatever their length."""
    texts = [text for _, text in _read(conn, docids, sys.maxsize)]
    return Texts(docids, texts, len(docids))


def _read(conn: sqlite3.Connection, docids: Sequence[int], most: int) -> Iterator[tuple[int, str]]:
    for start in range(0, len(docids), _CHUNK):
        chunk = docids[start : start + _CHUNK]
        markdown = dict(conn.execute(_MARKDOWN, [json.dumps(chunk)]).fetchall())
        for docid in chunk:
            text = plain_text(markdown[docid])
            yield docid, text
            most -= len(text)
            if most <= 0:
                return
