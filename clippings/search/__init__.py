"""Search that finds every Chinese word: text → tokens, query → FTS5 expression.

    an article's fields ─► TextBatch, join_labels, facts ─► articles_fts (stock FTS5)
    what a reader types ─► parse_query ─► Query.match    ─► articles_fts match ?
                                        ├► Query.terms   ─► snippet
                                        └► Query.plain   ─► closest, where few are found

The same pure functions serve the build, the site, the API and notebooks. The index needs no
extension: any `sqlite3` with FTS5 opens, checks and queries it (docs/search.md has the recipe).
"""

from clippings.search.closest import closest
from clippings.search.query import parse_query

__all__ = ["closest", "parse_query"]
