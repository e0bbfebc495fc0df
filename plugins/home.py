"""The home page: what the archive is, how much of it there is, and the ways into it.

/          the page
/changes   what this edition of the archive has that the one before had not, as its build said
"""

import json
from itertools import pairwise
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.dataset.formats import description_as
from clippings.search.timeline import read_timeline, suited_period
from clippings.site import listings
from clippings.site.addresses import archive, site_root
from clippings.site.answers import page
from clippings.site.dataset import description
from clippings.site.listings import CARD
from clippings.site.live_database import LiveDatabase
from clippings.site.pages import Page, Route, routes

NEWEST = f"select {CARD} from articles order by docid desc limit 10"
CHANGED = f"""
    select {CARD} from articles
    where id in (select value from json_each(?)) order by docid desc limit 100
"""
NAMES = {"section": 10, "source": 24}
"""Kind → how many of its names are shown."""

MOST_BARS = 120

WRITTEN = "inspect-data.json"
"""The file beside the database in which the build says what changed; Datasette's name for it."""

Changes = dict[str, dict[str, Any]]
"""`added`, `changed` and `removed`, each with the `count` of articles and the newest `ids`."""


def read_home(conn: Connection) -> dict[str, Any]:
    """Return everything the page shows, from one visit to the database."""
    by = suited_period(conn, few_days=MOST_BARS)
    timeline = read_timeline(conn, by, limit=MOST_BARS)
    return {
        "newest": conn.execute(NEWEST).fetchall(),
        "names": {kind: listings.names(conn, kind, most) for kind, most in NAMES.items()},
        "by": by,
        "bars": [
            (name, end - start)
            for name, (start, end) in zip(timeline.names, pairwise(timeline.edges), strict=True)
        ],
    }


def read_changes(database: LiveDatabase) -> Changes:
    """Return the changes of the very edition that is served; {}: unknown."""
    try:
        written = json.loads(Path(database.path).with_name(WRITTEN).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    told = (each.get("changes", {}) for each in written.values() if each["hash"] == database.hash)
    return next(told, {})


def is_first_edition(database: LiveDatabase, changes: Changes) -> bool:
    """Return whether every article of the archive is new."""
    return bool(changes["added"]["count"] == database.cached_table_counts["articles"])


async def home(datasette: Datasette, request: Request) -> Response:
    """Answer /."""
    database = archive(datasette)
    context = await database.execute_fn(read_home)
    found = read_changes(database)
    context["has_changes"] = found and not is_first_edition(database, found)
    root = site_root(datasette, request)
    context["extent"] = about = await description(datasette)
    whole = description_as("croissant.json", about, root, f"{root}downloads/")
    context["dataset"] = {name: whole[name] for name in whole if name != "recordSet"}
    return await page(datasette, request, "home.html", context)


async def changes(datasette: Datasette, request: Request) -> Response:
    """Answer. Nothing keeps the page: a build tells of an edition after it put it in place."""
    database = archive(datasette)
    found = read_changes(database)
    rows = {
        how: (await database.execute(CHANGED, [json.dumps(found[how]["ids"])])).rows
        for how in ("added", "changed")
        if found
    }
    is_first = found and is_first_edition(database, found)
    context = {"changes": found, "rows": rows, "is_first": is_first}
    response = await page(datasette, request, "changes.html", context)
    response.headers["cache-control"] = "no-cache"
    return response


@hookimpl
def register_routes() -> list[Route]:
    """Take the place of Datasette's list of databases."""
    return routes(Page(r"^/$", home, sitemap=True), Page(r"^/changes$", changes, is_cached=False))
