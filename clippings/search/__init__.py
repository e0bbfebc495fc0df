"""Search that finds every Chinese word: text → tokens, query → FTS5 expression.

    an article's fields ─► TextBatch, join_labels, facts ─► articles_fts (stock FTS5)
    what a reader types ─► parse_query ─► Query.match    ─► articles_fts match ?
                                        ├► Query.terms   ─► snippet
                                        └► Query.plain   ─► closest, where few are found

The same pure functions serve the build, the site, the API and notebooks. The index needs no
extension: any `sqlite3` with FTS5 opens, checks and queries it (docs/search.md has the recipe).
"""

from clippings.search.closest import Closest, closest, find
from clippings.search.folding import fold, folding_table
from clippings.search.query import Note, Query, parse_query, quoted
from clippings.search.results import COUNTED, COUNTS, ORDERS, RANKED, count
from clippings.search.snippets import Snippet, snippet
from clippings.search.tokens import facts

__all__ = [
    "COUNTED",
    "COUNTS",
    "ORDERS",
    "RANKED",
    "Closest",
    "Note",
    "Query",
    "Snippet",
    "closest",
    "count",
    "facts",
    "find",
    "fold",
    "folding_table",
    "parse_query",
    "quoted",
    "snippet",
]
