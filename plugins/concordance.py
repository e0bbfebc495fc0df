"""The research desk: words in context.

/concordance?q=…&sort=date|right|left|source&page=N   each occurrence of a word on a line of its own
/concordance.csv, .jsonl                              the same lines as a file
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.dataset.encoding import FORMATS
from clippings.dataset.tables import Column
from clippings.search import Query, parse_query
from clippings.search.concordance import ORDERS, Line, concordance
from clippings.site.addresses import article_url
from clippings.site.answers import TooSlow, visit
from clippings.site.pages import Page, Route, routes
from clippings.site.templates import page

SIZE = 100
MOST_LINES = 10_000  # of a file
AHEAD = 20  # characters after a word that tell its place from others in its article


def place(datasette: Datasette, query: Query, line: Line) -> str:
    """Return the address of a line's place in its article, where the word is marked."""
    asked = {"q": query.text, "at": f"{line.word}{line.right[:AHEAD]}".rstrip()}
    return f"{article_url(datasette, line.id)}?{urlencode(asked)}#hit"


def asked_order(request: Request) -> str:
    """Return the order that an address asks for; by date where it asks for none that we have."""
    order = str(request.args.get("sort"))
    return order if order in ORDERS else "date"


async def concordance_page(datasette: Datasette, request: Request) -> Response:
    """Answer with a page of lines."""
    query = parse_query((request.args.get("q") or "").strip())
    order, asked = asked_order(request), request.args.get("page") or ""
    number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 6 else 1
    context: dict[str, Any] = {
        "q": query.text,
        "query": query,
        "orders": tuple(ORDERS),
        "order": order,
        "number": number,
        "size": SIZE,
        "most_lines": MOST_LINES,
        "place": lambda line: place(datasette, query, line),
    }
    if query.terms:
        offset = (number - 1) * SIZE
        try:
            context["found"] = await visit(
                datasette, lambda conn: concordance(conn, query, order=order, offset=offset)
            )
        except TooSlow:
            context["slow"] = True
    return await page(datasette, request, "concordance.html", context)


async def concordance_file(datasette: Datasette, request: Request) -> Response:
    """Answer with the first MOST_LINES lines as a file; a header says how many there are."""
    query, order = parse_query((request.args.get("q") or "").strip()), asked_order(request)
    found = await visit(
        datasette, lambda conn: concordance(conn, query, order=order, limit=MOST_LINES)
    )
    form = FORMATS[request.url_vars["ending"]]
    columns = [Column(name, "text", False, "") for name in (*Line._fields, "url")]
    rows = (
        (*line, datasette.absolute_url(request, article_url(datasette, line.id)))
        for line in found.lines
    )
    headers = {
        "content-disposition": f'attachment; filename="concordance.{form.ending}"',
        "clippings-occurrences": str(found.occurrences),
    }
    body = b"".join(form.encode(columns, rows)).decode()
    return Response(body, headers=headers, content_type=form.media_type)


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    shown = ("q", "sort")
    return routes(
        Page(
            r"^/concordance$",
            concordance_page,
            parameters=(*shown, "page"),
            disallow=("/concordance",),
            cost="heavy",
        ),
        Page(
            r"^/concordance\.(?P<ending>csv|jsonl)$",
            concordance_file,
            parameters=shown,
            is_cached=False,
            cost="heavy",
        ),
    )
