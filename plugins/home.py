"""The home page: what the archive is, how much of it there is, and the ways into it."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.dataset.formats import schema_org
from clippings.site import listings
from clippings.site.addresses import archive, site_root
from clippings.site.changes import is_first_edition, read_changes
from clippings.site.chart import level
from clippings.site.dataset import description
from clippings.site.listings import CARD
from clippings.site.pages import Page, Route, routes
from clippings.site.templates import page

NEWEST = f"select {CARD} from articles order by docid desc limit 10"
EXTENT = """
    select (select count from accounting where name = 'articles') as articles,
      (select min(day) from articles) as first_day, (select max(day) from articles) as last_day
"""
WEEKS = 18
NAMES = {"section": 10, "source": 24}
"""Kind → how many of its names are shown."""


def first_shown(last_day: str) -> date:
    """Return the Monday with which the calendar that ends on `last_day` begins."""
    last = date.fromisoformat(last_day)
    return last - timedelta(days=7 * (WEEKS - 1) + last.weekday())


def calendar(counts: Mapping[str, int], last_day: str) -> Iterator[tuple[int, int, str, int, int]]:
    """Yield the last WEEKS weeks as cells: week, weekday, day, articles, shade from 0 to 4."""
    first = first_shown(last_day)
    most = max(counts.values(), default=1)
    for number in range((date.fromisoformat(last_day) - first).days + 1):
        day = (first + timedelta(days=number)).isoformat()
        articles = counts.get(day, 0)
        yield number // 7, number % 7, day, articles, level(articles, most)


def read_home(conn: Connection) -> dict[str, Any]:
    """Return everything the page shows, from one visit to the database."""
    extent = conn.execute(EXTENT).fetchone()
    last_day = extent["last_day"]
    cells = []
    if last_day:
        days = listings.by_date(conn, "day", first_shown(last_day).isoformat(), last_day)
        cells = list(calendar({row["name"]: row["articles"] for row in days}, last_day))
    return {
        "extent": extent,
        "newest": conn.execute(NEWEST).fetchall(),
        "names": {kind: listings.names(conn, kind, most) for kind, most in NAMES.items()},
        "cells": cells,
        "weeks": WEEKS,
    }


async def home(datasette: Datasette, request: Request) -> Response:
    """Answer /."""
    database = archive(datasette)
    context = await database.execute_fn(read_home)
    changes = read_changes(database)
    context["has_changes"] = changes and not await is_first_edition(database, changes)
    root = site_root(datasette, request)
    context["dataset"] = schema_org(await description(datasette), root, f"{root}downloads/")
    return await page(datasette, request, "home.html", context)


@hookimpl
def register_routes() -> list[Route]:
    """Take the place of Datasette's list of databases."""
    return routes(Page(r"^/$", home, sitemap=True))
