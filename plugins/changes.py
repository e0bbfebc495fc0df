"""/changes: what this edition of the archive has that the one before had not, as its build said."""

import json
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site.addresses import archive
from clippings.site.changes import Change, is_first_edition, read_changes
from clippings.site.listings import CARD
from clippings.site.pages import Page, Route, routes
from clippings.site.templates import page

SHOWN = 100
ARTICLES = f"""
    select {CARD} from articles
    where id in (select value from json_each(:ids)) order by docid desc limit :most
"""


def read_articles(conn: Connection, changes: dict[str, Change]) -> dict[str, list[Any]]:
    """Return the newest of the articles added and of those changed."""
    return {
        how: conn.execute(ARTICLES, {"ids": json.dumps(changes[how].ids), "most": SHOWN}).fetchall()
        for how in ("added", "changed")
    }


async def changes(datasette: Datasette, request: Request) -> Response:
    """Answer. Nothing keeps the page: a build tells of an edition after it put it in place."""
    database = archive(datasette)
    found = read_changes(database)
    context: dict[str, Any] = {"changes": found}
    if found:
        context["rows"] = await database.execute_fn(lambda conn: read_articles(conn, found))
        context["is_first"] = await is_first_edition(database, found)
    response = await page(datasette, request, "changes.html", context)
    response.headers["cache-control"] = "no-cache"
    return response


@hookimpl
def register_routes() -> list[Route]:
    """Register the address."""
    return routes(Page(r"^/changes$", changes, is_cached=False))
