"""/retitled: the articles that had another title before, as the history of their files tells."""

from collections import defaultdict
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import archive, page
from clippings.site.pages import Page, Route, routes

PAGE = 50
ARTICLES = """
    select id, docid, title, source, day, language, last_seen from articles
    where docid < :before and id in (select article from revisions where instr(changes, 'title'))
    order by docid desc limit :size
"""
TITLES = """
    select article, title, date from revisions
    where instr(changes, 'title') and article in (select value from json_each(:articles))
    order by article, date, placement, position
"""
"""Titles that the version after them changed."""


def read_retitled(conn: Connection, before: int) -> dict[str, Any]:
    """The newest retitled articles before a docid, and the earlier titles of each, oldest first."""
    rows = conn.execute(ARTICLES, {"before": before, "size": PAGE + 1}).fetchall()
    shown = rows[:PAGE]
    earlier = defaultdict(list)
    wanted = {"articles": str([row["id"] for row in shown])}
    for title in conn.execute(TITLES, wanted):
        earlier[title["article"]].append(title)
    return {
        "rows": shown,
        "earlier": earlier,
        "older": shown[-1]["docid"] if len(rows) > PAGE else None,
    }


async def retitled(datasette: Datasette, request: Request) -> Response:
    """Answer /retitled; `?before=` a docid gives the next page."""
    asked = request.args.get("before") or ""
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 1 << 62
    found = await archive(datasette).execute_fn(lambda conn: read_retitled(conn, before))
    return await page(datasette, request, "retitled.html", found)


@hookimpl
def register_routes() -> list[Route]:
    """One address."""
    return routes(Page(r"^/retitled$", retitled, parameters=("before",)))
