"""/search: results with the passage that shows the match, and counts that narrow the search."""

import json
import re
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from datasette.utils.asgi import Request, Response

from clippings.search import (
    COUNTED,
    COUNTS,
    ORDERS,
    RANKED,
    TOTAL,
    Query,
    parse_query,
    quoted,
    snippet,
)
from clippings.site import CARD, archive, page
from clippings.site.pages import Page, Route, routes

SIZE = 20
LAST_PAGE = RANKED // SIZE
CARDS = f"""
    select {CARD}, search_snippet(markdown, :query) as passage from articles
    where docid in (select value from json_each(:docids))
"""


def narrowing(text: str, field: str, name: str) -> tuple[str, bool]:
    """The query with a filter added, or without it where it is there, and which of the two."""
    value = name if field == "date" else quoted(name)
    part = f"{field}:{value}"
    # Whole, for date:2022-01 is no part of date:2022-01..2022-03.
    without, removed = re.subn(rf"(?<!\S){re.escape(part)}(?!\S)", " ", text)
    return (" ".join(without.split()), True) if removed else (f"{text} {part}", False)


async def read(db: Database, query: Query, order: str, number: int) -> dict[str, Any]:
    """Everything the page shows of a query's matches: total, cards in order, counts by field."""
    wanted = {"match": query.match, "limit": SIZE, "offset": (number - 1) * SIZE}
    docids = [row["docid"] for row in (await db.execute(ORDERS[order], wanted)).rows]
    cards = await db.execute(CARDS, {"query": query.text, "docids": json.dumps(docids)})
    # An open quotation mark would swallow what is added after it.
    text = query.text + '"' * any(note.code == "unclosed-quote" for note in query.notes)
    counts = {field: (await db.execute(sql, wanted)).rows for field, sql in COUNTS.items()}
    return {
        "total": (await db.execute(TOTAL, wanted)).single_value(),
        "rows": sorted(cards.rows, key=lambda row: docids.index(row["docid"])),
        "narrow": {
            field: [(row, *narrowing(text, field, row["name"])) for row in rows]
            for field, rows in counts.items()
            if rows
        },
    }


def page_number(text: str) -> int:
    """The page that an address asks for; what is no number is the first."""
    return min(max(int(text), 1), LAST_PAGE) if text.isdecimal() and len(text) < 9 else 1


async def search(datasette: Datasette, request: Request) -> Response:
    """Answer /search?q=…&sort=relevance|newest&page=N."""
    query = parse_query((request.args.get("q") or "").strip())
    number = page_number(request.args.get("page") or "")
    # Filters alone say nothing about relevance.
    orders = list(ORDERS) if query.terms else ["newest"]
    asked = request.args.get("sort")
    order = asked if asked in orders else orders[0]
    context = {"q": query.text, "query": query, "orders": orders, "order": order, "number": number}
    context["marked"] = lambda title: snippet(title, query, length=len(title)).html
    try:
        found = await read(archive(datasette), query, order, number) if query.text else {}
    except QueryInterrupted:
        found = {"slow": True}
    limits = {"counted": COUNTED, "ranked": RANKED, "size": SIZE, "last_page": LAST_PAGE}
    return await page(datasette, request, "search.html", context | limits | found)


@hookimpl
def register_routes() -> list[Route]:
    """The address of the search page."""
    shown = ("q", "page", "sort")
    return routes(Page(r"^/search$", search, parameters=shown, disallow=("/search",), cost="heavy"))
