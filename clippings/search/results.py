"""The pages of a search as constant SQL; what a reader asks comes in only as parameters.

Every statement takes `:match`, the expression of `parse_query`. `articles_fts.rowid` is
`articles.docid`, which counts the articles in the order of publication, so the newest come
without sorting.
"""

from __future__ import annotations

RANKED = 2_000
"""Relevance is judged among so many of the newest matches, which bounds what a word costs."""

COUNTED = 10_000
"""Matches are counted up to here; from there on a page says "more than"."""

# A word in the title says more than one in the text; names and facts say nothing about relevance.
# In the order of the columns: body, title, summary, author, section, source, feed, tags, facts.
_WEIGHTS = "1, 10, 4, 2, 0, 0, 0, 0, 0"

NEWEST = """
    select rowid as docid from articles_fts where articles_fts match :match
    order by rowid desc limit :limit offset :offset
"""

RELEVANCE = f"""
    select docid from (
      select rowid as docid, bm25(articles_fts, {_WEIGHTS}) as score from articles_fts
      where articles_fts match :match order by rowid desc limit {RANKED}
    )
    order by score, docid desc limit :limit offset :offset
"""

ORDERS = {"relevance": RELEVANCE, "newest": NEWEST}
"""The name of an order → the SQL of one page: rows of `docid`."""

TOTAL = f"""
    select count(*) as total from (
      select 1 from articles_fts where articles_fts match :match limit {COUNTED + 1}
    )
"""
