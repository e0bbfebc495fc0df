"""Where words stand, by the positions that the index keeps: docid → how many times.

    a term ─► its tokens ─► the positions of each ─► those that stand one after the other

That is a plain count of the text without reading it. The index has no positions of a single Chinese
character, nor of beginnings (`nucl*`).
"""

from __future__ import annotations

import sqlite3

import numpy as np

from clippings.search.arrays import Places
from clippings.search.folding import CJK, is_of
from clippings.search.query import STARS, Query
from clippings.search.timeline import matching
from clippings.search.tokens import tokens

_TABLE = """
    create virtual table if not exists temp.positions using fts5vocab(main, articles_fts, instance)
"""
_POSITIONS = "select doc << 32 | offset from temp.positions where term = ? and col = 'body'"


def open_positions(conn: sqlite3.Connection) -> None:
    """Let a connection that may still write temporary tables read the index's positions."""
    conn.execute(_TABLE)


def count_places(conn: sqlite3.Connection, query: Query) -> tuple[Places, Places] | None:
    """Return the docids of a query's articles that hold its words in their text, in order, and how
    often each does; None where the index cannot tell, or nobody has opened it (open_positions)."""
    terms = {tuple(tokens(term)): term for term in query.terms}
    if not all(terms) or any(_is_unknown(term, words) for words, term in terms.items()):
        return None
    try:
        found = [_places(conn, words) >> 32 for words in terms]
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    docids, counts = np.unique(np.concatenate(found), return_counts=True)
    wanted = np.isin(docids, matching(conn, query.match))
    return docids[wanted], counts[wanted]


def _is_unknown(term: str, words: tuple[str, ...]) -> bool:
    ends = (words[0], words[-1])
    return term.endswith(STARS) or any(len(word) == 1 and is_of(CJK, word) for word in ends)


def _places(conn: sqlite3.Connection, words: tuple[str, ...]) -> Places:
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
