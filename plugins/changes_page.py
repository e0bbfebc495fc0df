"""/changes: what this edition of the archive has that the one before had not, as its build told."""

import json
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request, Response

from clippings.site import CARD, archive, page
from clippings.site.pages import Page, Route, routes

SHOWN = 100
TOLD = "inspect-data.json"
ARTICLES = f"""
    select {CARD} from articles
    where id in (select value from json_each(:ids)) order by docid desc limit :most
"""


def changes_of(database: Database) -> dict[str, Any] | None:
    """What the build said of the very edition that is served; None: it said nothing of it."""
    try:
        told = json.loads(Path(database.path).with_name(TOLD).read_text("utf-8"))
    except FileNotFoundError:
        return None
    found = (entry.get("changes") for entry in told.values() if entry["hash"] == database.hash)
    return next(found, None)


def read_articles(conn: Connection, told: dict[str, Any]) -> dict[str, list[Any]]:
    """The newest of the articles added and of those changed."""
    return {
        how: conn.execute(ARTICLES, {"ids": json.dumps(told[how]["ids"]), "most": SHOWN}).fetchall()
        for how in ("added", "changed")
    }


async def changes(datasette: Datasette, request: Request) -> Response:
    """Answer /changes. It is not kept: a build tells of an edition after it put it in place."""
    database = archive(datasette)
    told = changes_of(database)
    context: dict[str, Any] = {"told": told}
    if told:
        context["rows"] = await database.execute_fn(lambda conn: read_articles(conn, told))
        context["is_first"] = told["added"]["count"] == (await database.table_counts())["articles"]
    response = await page(datasette, request, "changes.html", context)
    response.headers["cache-control"] = "no-cache"
    return response


@hookimpl
def register_routes() -> list[Route]:
    """One address."""
    return routes(Page(r"^/changes$", changes, sitemap=True, is_cached=False))
