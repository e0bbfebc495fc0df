"""The home page: what the archive is, how much of it there is, and the ways into it."""

from itertools import pairwise
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.dataset.formats import schema_org
from clippings.search.timeline import read_timeline, suited_period
from clippings.site import listings
from clippings.site.addresses import archive, site_root
from clippings.site.changes import is_first_edition, read_changes
from clippings.site.dataset import description
from clippings.site.listings import CARD
from clippings.site.pages import Page, Route, routes
from clippings.site.templates import page

NEWEST = f"select {CARD} from articles order by docid desc limit 10"
EXTENT = """
    select (select count from accounting where name = 'articles') as articles,
      (select min(day) from articles) as first_day, (select max(day) from articles) as last_day
"""
NAMES = {"section": 10, "source": 24}
"""Kind → how many of its names are shown."""

MOST_BARS = 120


def read_home(conn: Connection) -> dict[str, Any]:
    """Return everything the page shows, from one visit to the database."""
    by = suited_period(conn, few_days=MOST_BARS)
    timeline = read_timeline(conn, by, limit=MOST_BARS)
    return {
        "extent": conn.execute(EXTENT).fetchone(),
        "newest": conn.execute(NEWEST).fetchall(),
        "names": {kind: listings.names(conn, kind, most) for kind, most in NAMES.items()},
        "by": by,
        "bars": [
            (name, end - start)
            for name, (start, end) in zip(timeline.names, pairwise(timeline.edges), strict=True)
        ],
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
