"""The ways in: /archive, every month with its count; /sources, every name with its count; /about,
what the archive is and how many files became what."""

from collections.abc import Callable
from itertools import groupby
from sqlite3 import Connection
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.site import archive, listings, page
from clippings.site.pages import Page, Route, routes

NAMED = ("section", "source", "feed", "tag")


RETITLED = "select exists (select 1 from revisions where instr(changes, 'title')) as found"


def read_months(conn: Connection) -> dict[str, Any]:
    """Each year with its count and its months (name, articles), the newest first."""
    months = reversed(listings.by_date(conn, "month"))
    years = [(year, list(rows)) for year, rows in groupby(months, lambda row: row["name"][:4])]
    return {
        "years": [(year, sum(row["articles"] for row in rows), rows) for year, rows in years],
        "retitled": conn.execute(RETITLED).fetchone()["found"],
        "undated": listings.count(conn, listings.Shelf("undated", "")),
    }


def read_names(conn: Connection) -> dict[str, Any]:
    """The names of each kind with their counts, the fullest first."""
    return {"names": {kind: listings.names(conn, kind) for kind in NAMED}}


def read_accounting(conn: Connection) -> dict[str, Any]:
    """What the build counted."""
    return {"counts": dict(conn.execute("select name, count from accounting").fetchall())}


def index(template: str, read: Callable[[Connection], dict[str, Any]]) -> Callable[..., Any]:
    """The view of a template with what `read` finds in the database."""

    async def index_page(datasette: Datasette, request: Request) -> Any:
        return await page(datasette, request, template, await archive(datasette).execute_fn(read))

    return index_page


@hookimpl
def register_routes() -> list[Route]:
    """One address for each index."""
    return routes(
        Page(r"^/archive$", index("archive.html", read_months), sitemap=True),
        Page(r"^/sources$", index("sources.html", read_names), sitemap=True),
        Page(r"^/about$", index("about.html", read_accounting), sitemap=True),
    )
