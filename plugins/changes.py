"""What became of articles.

/changes    what this edition of the archive has that the one before had not, as its build said
/retitled   the articles that had another title before, as the history of their files tells
"""

import json
from collections import defaultdict
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

PAGE = 50
RETITLED = """
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


def read_articles(conn: Connection, changes: dict[str, Change]) -> dict[str, list[Any]]:
    """Return the newest of the articles added and of those changed."""
    return {
        how: conn.execute(ARTICLES, {"ids": json.dumps(changes[how].ids), "most": SHOWN}).fetchall()
        for how in ("added", "changed")
    }


async def changes(datasette: Datasette, request: Request) -> Response:
    """Answer /changes. Nothing keeps it: a build tells of an edition after it put it in place."""
    database = archive(datasette)
    found = read_changes(database)
    context: dict[str, Any] = {"changes": found}
    if found:
        context["rows"] = await database.execute_fn(lambda conn: read_articles(conn, found))
        context["is_first"] = await is_first_edition(database, found)
    response = await page(datasette, request, "changes.html", context)
    response.headers["cache-control"] = "no-cache"
    return response


def read_retitled(conn: Connection, before: int) -> dict[str, Any]:
    """Return the newest retitled articles before a docid, each with its earlier titles in order."""
    rows = conn.execute(RETITLED, {"before": before, "size": PAGE + 1}).fetchall()
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
    """Register the addresses."""
    return routes(
        Page(r"^/changes$", changes, is_cached=False),
        Page(r"^/retitled$", retitled, parameters=("before",)),
    )
