"""The research desk: words in context, what goes with them, what sets two sides apart.

/concordance?q=…&sort=date|right|left|source&page=N   each occurrence of a word on a line of its own
            &word=…                                   of this word, in the articles of the query
            &near=…                                   those near another word
/concordance.csv, .jsonl                              the same lines as a file
/collocates?q=…                                       what stands near a word oftener than elsewhere
/keyness?a=…&b=…                                      what either of two queries says more often
"""

from __future__ import annotations

from dataclasses import replace
from sqlite3 import Connection
from typing import Any, NamedTuple
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search.concordance import ORDERS, Concordance, Line, concordance
from clippings.search.keyness import collocates, keyness
from clippings.search.occurrences import SPAN
from clippings.search.query import Query, parse_query, quoted
from clippings.site.addresses import article_url, number_in
from clippings.site.answers import page, rows_file, visit
from clippings.site.pages import Page, Route, routes

LINES = ("q", "word", "near", "sort")  # parameters that say which lines
SIZE = 100
MOST_LINES = 10_000  # of a file
AHEAD = 20  # characters after a word that tell its place from others in its article


class Question(NamedTuple):
    """What an address asks for: the query, the one whose words have lines, and which and how."""

    text: str
    query: Query
    word: str
    near: str
    order: str

    async def lines(self, datasette: Datasette, limit: int, offset: int = 0) -> Concordance:
        """Read some lines."""

        def read(conn: Connection) -> Concordance:
            part = {"limit": limit, "offset": offset}
            return concordance(conn, self.query, order=self.order, near=self.near, **part)

        return await visit(datasette, read)


def argument(request: Request, name: str) -> str:
    """Return a parameter of an address, "" where it has none."""
    return (request.args.get(name) or "").strip()


def read_question(request: Request) -> Question:
    """Understand an address; what it leaves out or misspells has a default."""
    text, word, near, order = (argument(request, name) for name in LINES)
    query = parse_query(f"{text} {quoted(word)}" if word else text)
    if word:
        query = replace(query, terms=(word,))
    return Question(text, query, word, near, order if order in ORDERS else "date")


async def concordance_page(datasette: Datasette, request: Request) -> Response:
    """Answer with a page of lines, each a link to its place in the article."""
    asked, number = read_question(request), number_in(argument(request, "page"), 5) or 1
    narrowed = {"word": asked.word, "near": asked.near}

    def place(line: Line) -> str:
        at = f"{line.word}{line.right[:AHEAD]}".rstrip()
        shown = urlencode({"q": asked.word or asked.text, "at": at})
        return f"{article_url(datasette, line.id)}?{shown}#hit"

    context: dict[str, Any] = {
        "q": asked.text,
        "query": asked.query,
        "narrowed": {name: value for name, value in narrowed.items() if value},
        "orders": tuple(ORDERS),
        "order": asked.order,
        "number": number,
        "size": SIZE,
        "most_lines": MOST_LINES,
        "place": place,
    }
    if asked.query.terms:
        context["found"] = await asked.lines(datasette, SIZE, (number - 1) * SIZE)
    return await page(datasette, request, "concordance.html", context)


async def concordance_file(datasette: Datasette, request: Request) -> Response:
    """Answer with the first MOST_LINES lines as a file; a header says how many there are."""
    found = await read_question(request).lines(datasette, MOST_LINES)
    rows = (
        (*line, datasette.absolute_url(request, article_url(datasette, line.id)))
        for line in found.lines
    )
    names, counted = (*Line._fields, "url"), {"clippings-occurrences": str(found.occurrences)}
    return rows_file("concordance", request.url_vars["ending"], names, rows, **counted)


async def collocates_page(datasette: Datasette, request: Request) -> Response:
    """Answer with the words that stand near those of a query."""
    query = parse_query(argument(request, "q"))
    context: dict[str, Any] = {"q": query.text, "query": query, "span": SPAN}
    if query.terms:
        context["found"] = await visit(datasette, lambda conn: collocates(conn, query))
    return await page(datasette, request, "collocates.html", context)


async def keyness_page(datasette: Datasette, request: Request) -> Response:
    """Answer with what each of two queries says more often than the other."""
    a, b = (parse_query(argument(request, name)) for name in ("a", "b"))
    context: dict[str, Any] = {"a": a, "b": b}
    if a.text and b.text:
        context["found"] = await visit(datasette, lambda conn: keyness(conn, a, b))
    return await page(datasette, request, "keyness.html", context)


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    files, rules = r"^/concordance\.(?P<ending>csv|jsonl)$", ("/concordance",)
    return routes(
        Page(r"^/concordance$", concordance_page, (*LINES, "page"), disallow=rules, cost="heavy"),
        Page(files, concordance_file, LINES, is_cached=False, cost="heavy"),
        Page(r"^/collocates$", collocates_page, ("q",), disallow=("/collocates?",), cost="heavy"),
        Page(r"^/keyness$", keyness_page, ("a", "b"), disallow=("/keyness?",), cost="heavy"),
    )
