"""/search: results with the passage that shows the match, and counts that narrow the search."""

import json

from datasette import hookimpl
from datasette.database import QueryInterrupted

from clippings.search import COUNTED, COUNTS, ORDERS, RANKED, TOTAL, parse_query
from clippings.site import CARD, archive, page

SIZE = 20
LAST_PAGE = RANKED // SIZE
CARDS = f"""
    select {CARD}, search_snippet(markdown, :query) as passage from articles
    where docid in (select value from json_each(:docids))
"""


def narrowing(text, field, name):
    """The query with a filter added, or without it where it is there, and which of the two."""
    value = name if field == "date" else f'"{name}"'.replace('""', '"')
    part = f"{field}:{value}"
    words = text.strip()
    if part in words:
        return " ".join(words.replace(part, " ").split()), True
    return f"{words} {part}".strip(), False


async def read(db, query, order, number):
    """Everything the page shows of a query's matches: total, cards in order, counts by field."""
    wanted = {"match": query.match, "limit": SIZE, "offset": (number - 1) * SIZE}
    docids = [row["docid"] for row in (await db.execute(ORDERS[order], wanted)).rows]
    cards = await db.execute(CARDS, {"query": query.text, "docids": json.dumps(docids)})
    counts = {field: (await db.execute(sql, wanted)).rows for field, sql in COUNTS.items()}
    return {
        "total": (await db.execute(TOTAL, wanted)).single_value(),
        "rows": sorted(cards.rows, key=lambda row: docids.index(row["docid"])),
        "narrow": {
            field: [(row, *narrowing(query.text, field, row["name"])) for row in rows]
            for field, rows in counts.items()
            if rows
        },
    }


async def search(datasette, request):
    """Answer /search?q=…&sort=relevance|newest&page=N."""
    text = request.args.get("q") or ""
    number = request.args.get("page") or ""
    number = min(max(int(number), 1), LAST_PAGE) if number.isdecimal() and len(number) < 9 else 1
    query = parse_query(text)
    # Filters alone say nothing about relevance.
    orders = list(ORDERS) if query.terms else ["newest"]
    order = request.args.get("sort")
    order = order if order in orders else orders[0]
    context = {"q": text, "query": query, "orders": orders, "order": order, "number": number}
    try:
        found = await read(archive(datasette), query, order, number) if text.strip() else {}
    except QueryInterrupted:
        found = {"slow": True}
    limits = {"counted": COUNTED, "ranked": RANKED, "size": SIZE, "last_page": LAST_PAGE}
    return await page(datasette, request, "search.html", context | limits | found)


@hookimpl
def register_routes():
    return [(r"^/search$", search)]
