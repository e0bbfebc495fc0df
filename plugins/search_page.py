"""/search: results with the passage that shows the match, and what narrows or widens the search.

/search?q=…&sort=relevance|newest|oldest&page=N   the page
/search/closest.json?q=…                          the closest articles to a question, as JSON
/search/suggest?q=…                               titles, sources and tags (OpenSearch Suggestions)
/search/opensearch.xml                            lets a browser's address bar search here
"""

import asyncio
import re
import sqlite3
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search import passages
from clippings.search.closest import closest
from clippings.search.query import Query, filter_for, parse_query
from clippings.search.results import COUNTED, COUNTS, ORDERS, RANKED
from clippings.search.suggestions import complete, suggest
from clippings.site.addresses import article_url, number_in
from clippings.site.answers import TooSlow, page, site_name, visit
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for

SIZE = 20
LAST_PAGE = RANKED // SIZE


def narrowing(text: str, field: str, name: str) -> tuple[str, bool]:
    """Return the query with a filter added, or without it where it is there, and which it is."""
    part = filter_for(field, name)
    # Whole, for date:2022-01 is no part of date:2022-01..2022-03.
    without, removed = re.subn(rf"(?<!\S){re.escape(part)}(?!\S)", " ", text)
    return (" ".join(without.split()), True) if removed else (f"{text} {part}", False)


def read_page(conn: sqlite3.Connection, query: Query, order: str, number: int) -> dict[str, Any]:
    """Return everything that the page shows of a query's matches."""
    found = passages.search(conn, query, order, SIZE, (number - 1) * SIZE)
    counts = {field: [*conn.execute(sql, {"match": query.match})] for field, sql in COUNTS.items()}
    # An open quotation mark would swallow what is added after it.
    text = query.text + '"' * any(note.code == "unclosed-quote" for note in query.notes)
    return {
        **found._asdict(),
        "suggestions": suggest(conn, query, found.total),
        "narrow": {
            field: [(row, *narrowing(text, field, row["name"])) for row in rows]
            for field, rows in counts.items()
            if rows
        },
    }


async def search(datasette: Datasette, request: Request) -> Response:
    """Answer with the page."""
    query = await asyncio.to_thread(parse_query, (request.args.get("q") or "").strip())
    number = min(number_in(request.args.get("page"), 8) or 1, LAST_PAGE)
    # Filters alone say nothing about relevance.
    orders = [name for name in ORDERS if query.terms or name != "relevance"]
    asked = request.args.get("sort")
    order = asked if asked in orders else orders[0]
    chips = [
        (each.text, " ".join(query.text.replace(each.text, " ", 1).split()))
        for each in query.filters
    ]
    context = {"q": query.text, "query": query, "orders": orders, "order": order, "number": number}
    found: dict[str, Any] = {}
    if query.text:
        try:
            found = await visit(datasette, lambda conn: read_page(conn, query, order, number))
        except TooSlow:
            found = {"slow": True}
    limits = {"counted": COUNTED, "ranked": RANKED, "size": SIZE, "last_page": LAST_PAGE}
    return await page(
        datasette, request, "search.html", context | limits | found | {"chips": chips}
    )


async def closest_json(datasette: Datasette, request: Request) -> Response:
    """Answer with the closest articles to a question, whether or not others hold all of it."""
    query = await asyncio.to_thread(parse_query, (request.args.get("q") or "").strip())
    shown = ("id", "title", "source", "published", "language")
    hits = await visit(datasette, lambda conn: passages.closest_hits(conn, closest(conn, query)))
    found = [
        {name: hit.article[name] for name in shown}
        | {"matched": hit.matched, "passage": hit.passage.html}
        | {"url": datasette.absolute_url(request, article_url(datasette, hit.article["id"]))}
        for hit in hits
    ]
    return Response.json({"query": query.text, "closest": found})


async def suggest_json(datasette: Datasette, request: Request) -> Response:
    """Answer as OpenSearch Suggestions have it: what was typed, and what it may become."""
    typed = request.args.get("q") or ""
    return Response.json([typed, await visit(datasette, lambda conn: complete(conn, typed))])


async def opensearch(datasette: Datasette, request: Request) -> Response:
    """Answer with the OpenSearch description of the site."""
    t = translator_for(request)
    here = datasette.absolute_url(request, datasette.urls.path("/search"))
    context = {"name": site_name(datasette, t)[:16], "here": here, "t": t}
    text = await datasette.render_template("opensearch.xml", context, request=request)
    return Response(text, content_type="application/opensearchdescription+xml; charset=utf-8")


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    shown = ("q", "page", "sort")
    return routes(
        Page(r"^/search$", search, parameters=shown, disallow=("/search",), cost="heavy"),
        Page(r"^/search/closest\.json$", closest_json, parameters=("q",), cost="heavy"),
        Page(r"^/search/suggest$", suggest_json, parameters=("q",)),
        Page(r"^/search/opensearch\.xml$", opensearch),
    )
