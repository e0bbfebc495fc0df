"""/trends: how many articles a day, month or year speak of each term; /trends.csv: the same."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search.query import parse_query
from clippings.search.timeline import PERIODS
from clippings.search.trends import (
    MEASURES,
    MOST_TERMS,
    read_question,
    read_sources,
    read_trends,
    search_text,
)
from clippings.site import listings
from clippings.site.answers import page, rows_file, visit
from clippings.site.chart import chart
from clippings.site.pages import Page, Route, routes

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet takes a cell for a formula (OWASP, CSV Injection)."""

LIMITS = {"day": 92, "month": 120, "year": 120}  # periods that a chart can show
MOST_ROWS = 36_600  # of the file: a century of days


def column_name(term: str) -> str:
    """A term as the head of its column: an apostrophe keeps spreadsheets from calculating it."""
    return f"'{term}" if term.startswith(FORMULA) else term


def read_page(conn: sqlite3.Connection, asked: dict[str, str]) -> dict[str, Any]:
    """Everything the page shows, in one visit to the database."""
    question = read_question(conn, asked)
    trends = read_trends(conn, question, LIMITS[question.by])
    least = 1 if question.measure == "count" else 0
    return {
        "question": question,
        "notes": [note for term in question.terms for note in parse_query(term).notes],
        "trends": trends,
        "chart": chart(trends.lines, len(trends.timeline.names), least),
        "by_source": read_sources(conn, question),
        "sources": [row["name"] for row in listings.names(conn, "source", 100)],
    }


async def trends_page(datasette: Datasette, request: Request) -> Response:
    """The page: chart, sources, table."""
    asked = dict(request.args)

    def address(path: str, **changes: str) -> str:
        wanted = {name: value for name, value in {**asked, **changes}.items() if value}
        return f"{datasette.urls.path(path)}?{urlencode(wanted)}"

    found = await visit(datasette, lambda conn: read_page(conn, asked))
    context = {
        **found,
        "asked": asked.get("q", ""),
        "asked_by": asked.get("by", ""),
        "span": {name: asked.get(name, "") for name in ("from", "until")},
        "address": address,
        "search": lambda term, path="/search", **narrowed: (
            datasette.urls.path(f"{path}?") + urlencode({"q": search_text(term, **narrowed)})
        ),
        "periods": tuple(PERIODS),
        "measures": MEASURES,
        "most_terms": MOST_TERMS,
    }
    return await page(datasette, request, "trends.html", context)


async def trends_file(datasette: Datasette, request: Request) -> Response:
    """The file: a row for each period, a column for all articles and one for each term."""
    asked = dict(request.args)
    found = await visit(
        datasette, lambda conn: read_trends(conn, read_question(conn, asked), MOST_ROWS)
    )
    terms = [term for term in found.question.terms if term]
    columns = found.lines[: len(terms)]
    names = [found.question.by, "articles", *map(column_name, terms)]
    rows = zip(found.timeline.names, found.everything.counts, *columns, strict=True)
    return rows_file("trends", "csv", names, rows)


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    shown = ("q", "by", "measure", "source", "from", "until")
    rules = ("/trends?", "/trends.csv")
    return routes(
        Page(r"^/trends$", trends_page, shown, sitemap=True, disallow=rules, cost="heavy"),
        Page(r"^/trends\.csv$", trends_file, shown, is_cached=False, cost="heavy"),
    )
