"""The articles that a query finds, each with the passage that shows why."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from clippings.markdown.rendering import plain_text
from clippings.search.closest import find
from clippings.search.query import Query
from clippings.search.snippets import Snippet, snippet

ABOUT = "id, title, published, day, source, section, feed, author, language, characters, url"

COLUMNS = (*ABOUT.split(", "), "matched", "passage")
"""What is said of an article that a query found. `matched` is None where it holds all of the
query; of the closest it is what they hold."""

_FOUND = f"""
    select docid, {ABOUT}, markdown from articles
    where docid in (select value from json_each(?))
"""


class Found(NamedTuple):
    """An article that a query found: its row of COLUMNS, and the passage with its matches."""

    row: dict[str, Any]
    passage: Snippet


def find_passages(
    conn: sqlite3.Connection, query: Query, order: str, limit: int, length: int = 120
) -> Iterator[Found]:
    """Yield the first `limit` articles of a query, each with the passage of about `length`
    characters that shows the match; where fewer than three hold all of it, then the closest.
    `order` is a key of ORDERS."""
    results = find(conn, query, order, limit)
    near = results.closest
    docids = [*results.docids, *near.matched][:limit]
    found = {docid: rest for docid, *rest in conn.execute(_FOUND, [json.dumps(docids)])}
    for docid in docids:
        *about, markdown = found[docid]
        held = " · ".join(near.matched.get(docid, ())) or None
        passage = snippet(plain_text(markdown), near.query if held else query, length=length)
        row = dict(zip(COLUMNS, (*about, held, passage.text), strict=True))
        yield Found(row, passage)


def usual_order(query: Query) -> str:
    """Return the order that the site takes unasked: filters alone say nothing about relevance."""
    return "relevance" if query.terms else "newest"
