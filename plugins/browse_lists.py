"""The browse pages: the articles of a section, source, feed, tag, day, month or year."""

from calendar import Calendar
from collections.abc import Callable, Iterator
from sqlite3 import Connection
from typing import Any
from urllib.parse import unquote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.search import quoted
from clippings.site import Missing, archive, listings, page
from clippings.site.pages import Page, Route, routes

VIEWS = ("pictures", "list")
WITHIN = {"year": "month", "month": "day"}
"""Kind of a stretch of time → what its own page counts."""


def docid(text: str | None) -> int | None:
    """A docid of the address; what is none counts as not given."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def read_list(
    conn: Connection, shelf: listings.Shelf, before: int | None, after: int | None
) -> dict[str, Any]:
    """Everything a browse page shows, in one visit to the database."""
    inner = WITHIN.get(shelf.kind)
    counts = listings.by_date(conn, inner, shelf.first, shelf.last) if inner else []
    return {
        "total": listings.count(conn, shelf),
        "found": listings.read_page(conn, shelf, before=before, after=after),
        "counts": {row["name"]: row["articles"] for row in counts},
        "neighbours": listings.neighbours(conn, shelf),
    }


def weeks(shelf: listings.Shelf) -> Iterator[list[str]]:
    """The weeks of a month for its calendar: days as ISO dates, "" before and after it."""
    year, month = map(int, shelf.name.split("-"))
    for week in Calendar().monthdayscalendar(year, month):
        yield [f"{shelf.name}-{day:02}" if day else "" for day in week]


def browse(kind: str) -> Callable[..., Any]:
    """The view of a kind of shelf."""

    async def browse_list(datasette: Datasette, request: Request) -> Any:
        shelf = listings.shelf(kind, unquote(request.url_vars.get("name", "")))
        if shelf is None:
            raise Missing("browse.no_date")
        before, after = (docid(request.args.get(name)) for name in ("before", "after"))
        found = await archive(datasette).execute_fn(
            lambda conn: read_list(conn, shelf, before, after)
        )
        view = request.args.get("view")
        context = {
            "shelf": shelf,
            "view": view if view in VIEWS else VIEWS[0],
            "views": VIEWS,
            "search": f"{shelf.kind}:{quoted(shelf.name)} ",
            "weeks": list(weeks(shelf)) if kind == "month" and found["total"] else [],
            **found,
        }
        return await page(
            datasette, request, "browse.html", context, 200 if found["total"] else 404
        )

    return browse_list


@hookimpl
def register_routes() -> list[Route]:
    """One address for each kind of shelf; names may be percent-encoded or plain."""
    named = [kind for kind in listings.KINDS if kind != "undated"]
    shown = ("before", "after", "view")
    return routes(
        *(Page(rf"^/{kind}/(?P<name>[^/]+)$", browse(kind), parameters=shown) for kind in named),
        Page(r"^/undated$", browse("undated"), parameters=shown),
    )
