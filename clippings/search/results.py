"""The pages of a search as constant SQL; what a reader asks comes in only as parameters.

Statements take `:match`, the expression of `parse_query`. `articles_fts.rowid` is
`articles.docid`, which counts the articles in the order of publication, so the newest come
without sorting.
"""

from __future__ import annotations

import sqlite3

RANKED = 1_500
"""Relevance is judged among so many of the newest matches, which bounds what a word costs."""

COUNTED = 10_000
"""Matches are counted up to here; from there on a page says "more than"."""

# A word in the title says more than one in the text; names and facts say nothing about relevance.
# In the order of the columns: body, title, summary, author, section, source, feed, tags, facts.
WEIGHTS = "1, 10, 4, 2, 0, 0, 0, 0, 0"

_NEWEST = """
    select rowid as docid from articles_fts where articles_fts match :match
    order by rowid desc limit :limit offset :offset
"""
_RELEVANCE = f"""
    select docid from (
      select rowid as docid, bm25(articles_fts, {WEIGHTS}) as score from articles_fts
      where articles_fts match :match order by rowid desc limit {RANKED}
    )
    order by score, docid desc limit :limit offset :offset
"""
_OLDEST = """
    select rowid as docid from articles_fts where articles_fts match :match
    order by rowid limit :limit offset :offset
"""
ORDERS = {"relevance": _RELEVANCE, "newest": _NEWEST, "oldest": _OLDEST}
"""The name of an order → the SQL of one page: rows of `docid`."""

_COUNT = "select count(*) from (select 1 from articles_fts where articles_fts match ? limit ?)"

_MATCHES = f"""
    select rowid from articles_fts where articles_fts match :match
    order by rowid desc limit {RANKED}
"""
# Every place of an article counts for its section and its source, as in the index.
_PLACES = """
    select {0} as name, count(distinct article) as articles from placements
    where article in (select id from articles where docid in ({1})) and {0} is not null
    group by {0} order by articles desc, name limit 12
"""
_MONTHS = f"""
    select substr(day, 1, 7) as name, count(*) as articles from articles
    where docid in ({_MATCHES}) and day is not null
    group by name order by articles desc, name desc limit 12
"""
COUNTS = {
    "section": _PLACES.format("section", _MATCHES),
    "source": _PLACES.format("source", _MATCHES),
    "date": _MONTHS,
}
"""A field of the query language → the SQL of its most frequent values among the newest RANKED
matches: rows of `name`, `articles`."""


def count(conn: sqlite3.Connection, match: str, most: int = COUNTED + 1) -> int:
    """Return how many articles an expression finds, counted up to `most`."""
    return int(conn.execute(_COUNT, [match, most]).fetchone()[0])
