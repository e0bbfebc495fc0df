"""The articles that a query finds, each with the passage that shows why."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from clippings.markdown.rendering import plain_text
from clippings.search.closest import Closest, closest
from clippings.search.query import Query
from clippings.search.results import ORDERS, count
from clippings.search.snippets import Snippet, snippet

ABOUT = "id, title, published, day, source, section, feed, author, language, characters, url"

COLUMNS = (*ABOUT.split(", "), "matched", "passage")
"""What is said of an article that a query found. `matched` is None where it holds all of the
query; of the closest it is what they hold."""

FEW = 3
"""Fewer results than these are followed by the closest articles."""

_OF_HIT = (*ABOUT.split(", "), "summary", "image")
_READ = f"""
    select docid, {", ".join(_OF_HIT)}, markdown from articles
    where docid in (select value from json_each(?))
"""


class Hit(NamedTuple):
    """An article that a query found, by the names of ABOUT, `summary` and `image`; what of the
    query it holds (() for all of it); its title and its passage with the matches marked."""

    article: dict[str, Any]
    matched: tuple[str, ...]
    title: Snippet
    passage: Snippet

    @property
    def row(self) -> dict[str, Any]:
        """Return the values of COLUMNS by their names."""
        found = {"matched": " · ".join(self.matched) or None, "passage": self.passage.text}
        values = self.article | found
        return {name: values[name] for name in COLUMNS}


class Found(NamedTuple):
    """One page of what a query finds: `total` counts all matches, up to COUNTED + 1; `closest`
    follow where there are few."""

    total: int
    hits: list[Hit]
    closest: list[Hit]

    def first(self, limit: int) -> list[Hit]:
        """Return the articles that hold all of it, then the closest, so many at most."""
        return [*self.hits, *self.closest][:limit]


def search(
    conn: sqlite3.Connection, query: Query, order: str = "", limit: int = 20, offset: int = 0
) -> Found:
    """Find the articles of a query, `limit` of them in an order of ORDERS, and the closest where
    fewer than FEW hold all of it.

    The order "" is relevance, of which filters alone say nothing: theirs is the newest.
    """
    order = order or ("relevance" if query.terms else "newest")
    page = {"match": query.match, "limit": limit, "offset": offset}
    total = count(conn, query.match)
    docids = [docid for (docid,) in conn.execute(ORDERS[order], page)]
    few = total < FEW and total <= limit and not offset
    near = closest_hits(conn, closest(conn, query, docids)) if few else []
    return Found(total, _hits(conn, query, dict.fromkeys(docids, ())), near)


def closest_hits(conn: sqlite3.Connection, near: Closest) -> list[Hit]:
    """Return the closest articles to a question."""
    return _hits(conn, near.query, near.matched)


def _hits(
    conn: sqlite3.Connection, query: Query, matched: Mapping[int, tuple[str, ...]]
) -> list[Hit]:
    """Return the articles of some docids, in their order, with what each holds."""
    found = {docid: rest for docid, *rest in conn.execute(_READ, [json.dumps([*matched])])}
    hits = []
    for docid, held in matched.items():
        *about, markdown = found[docid]
        article = dict(zip(_OF_HIT, about, strict=True))
        title = snippet(article["title"], query, length=len(article["title"]))
        hits.append(Hit(article, held, title, snippet(plain_text(markdown), query)))
    return hits
