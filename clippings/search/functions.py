"""The archive's query language as functions of SQL, for the site and for notebooks alike.

search_query(text)               the FTS5 expression of a query: `… match search_query(:q)`
escape_fts(text)                 what Datasette calls for its own box: here the same
search_snippet(markdown, text)   HTML of the passage that shows the match, marked with <mark>
"""

from __future__ import annotations

import sqlite3

from clippings.markdown.rendering import plain_text
from clippings.search.query import parse_query
from clippings.search.snippets import snippet


def search_query(text: object) -> str:
    """Return the MATCH expression of what a reader typed; null stands for every article."""
    return parse_query(str(text or "")).match


def search_snippet(markdown: object, text: object) -> str:
    """Return the passage of an article that shows why a query found it, as safe HTML."""
    return snippet(plain_text(str(markdown or "")), str(text or "")).html


def register(conn: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    search_query("网络")  # reads OpenCC's tables now, not within the time of a first query
    for name in ("search_query", "escape_fts"):
        conn.create_function(name, 1, search_query, deterministic=True)
    conn.create_function("search_snippet", 2, search_snippet, deterministic=True)
