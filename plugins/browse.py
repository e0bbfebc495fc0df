"""Browsing.

/section/… /source/… /feed/… /tag/…     the articles under a name
/day/… /month/… /year/…  /undated       those of a stretch of time, and those of none
/articles                               all of them, newest first
/archive /sources                       every month, every name
"""

from calendar import Calendar
from collections import Counter
from collections.abc import Callable
from sqlite3 import Connection
from typing import Any
from urllib.parse import unquote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search.query import filter_for
from clippings.site import listings
from clippings.site.addresses import Missing, archive, number_in
from clippings.site.answers import page
from clippings.site.chart import level, without_gaps
from clippings.site.listings import Listing
from clippings.site.pages import Page, Route, routes

VIEWS = ("pictures", "list")
NAMED = ("section", "source", "feed", "tag")
DATED = ("year", "month", "day")
WITHIN = {"year": "month", "month": "day"}
"""Kind of a stretch of time → what its own page counts."""

MOST_COUNTED = 50_000
"""Articles of a listing whose months are counted: some tenths of a second."""

LONG_DAY = 48
"""Articles of a day from which on its sections and sources are named."""


def weeks(month: str) -> list[list[str]]:
    """Return the weeks of a month for its calendar: days as ISO dates, "" before and after it."""
    calendar = Calendar().monthdayscalendar(*map(int, month.split("-")))
    return [[f"{month}-{day:02}" if day else "" for day in week] for week in calendar]


def read_around(conn: Connection, listing: Listing, total: int) -> dict[str, Any]:
    """Return what a page shows beside its articles, as its kind has it."""
    if listing.kind in DATED:
        inner = WITHIN.get(listing.kind)
        found: dict[str, Any] = {
            "counts": listings.periods(conn, inner, listing) if inner else {},
            "neighbours": listings.neighbours(conn, listing),
        }
        if listing.kind == "day" and total > LONG_DAY:
            found["names"] = {
                kind: listings.names(conn, kind, 12, listing.name) for kind in ("section", "source")
            }
        return found | {"weeks": weeks(listing.name) if listing.kind == "month" and total else []}
    if listing.kind in NAMED and total:
        counts = listings.periods(conn, "month", listing) if total <= MOST_COUNTED else {}
        return {"bars": without_gaps(counts)}
    if listing.kind in NAMED:
        return {"names": {listing.kind: alike(conn, listing)}}
    return {}


def alike(conn: Connection, listing: Listing, most: int = 24) -> list[Any]:
    """Return the names that hold the one that is not there, or else the fullest."""
    known = listings.names(conn, listing.kind)
    found = [row for row in known if listing.name.casefold() in row["name"].casefold()]
    return (found or known)[:most]


def read_listing(
    conn: Connection, listing: Listing, before: int | None, after: int | None
) -> dict[str, Any]:
    """Return everything a browse page shows, from one visit to the database."""
    total = listings.count(conn, listing)
    return {
        "total": total,
        "found": listings.read_page(conn, listing, before=before, after=after),
        **read_around(conn, listing, total),
    }


def browse(kind: str) -> Callable[..., Any]:
    """Return the view of a kind of listing."""

    async def browse_listing(datasette: Datasette, request: Request) -> Response:
        listing = listings.listing(kind, unquote(request.url_vars.get("name", "")))
        if listing is None:
            raise Missing("browse.no_date")
        before, after = (number_in(request.args.get(name), 18) for name in ("before", "after"))
        found = await archive(datasette).execute_fn(
            lambda conn: read_listing(conn, listing, before, after)
        )
        view = request.args.get("view")
        context = {
            "listing": listing,
            "view": view if view in VIEWS else VIEWS[0],
            "views": VIEWS,
            "search": filter_for(kind, listing.name) if kind in NAMED else "",
            **found,
        }
        status = 200 if found["total"] or kind not in (*NAMED, *DATED) else 404
        return await page(datasette, request, "browse.html", context, status)

    return browse_listing


def read_months(conn: Connection) -> dict[str, Any]:
    """Return each year, the newest first, with (month, articles, shade) of its twelve."""
    counts = Counter(listings.periods(conn, "month"))
    most = max(counts.values(), default=0)
    years = {}
    for year in sorted({name[:4] for name in counts}, reverse=True):
        names = [f"{year}-{month:02}" for month in range(1, 13)]
        years[year] = [(name, counts[name], level(counts[name], most)) for name in names]
    return {
        "years": years,
        "undated": listings.count(conn, Listing("undated", "")),
    }


def read_names(conn: Connection) -> dict[str, Any]:
    """Return the names of each kind with their counts, the fullest first; feeds by source."""
    feeds = listings.feeds_by_source(conn)
    sources_of = Counter(row["name"] for _, rows in feeds for row in rows)
    return {
        "names": {kind: listings.names(conn, kind) for kind in ("section", "source", "tag")},
        "feeds": feeds,
        "shared": {name for name, sources in sources_of.items() if sources > 1},
    }


def index(template: str, read: Callable[[Connection], dict[str, Any]]) -> Callable[..., Any]:
    """Return the view of a template with what `read` finds in the database."""

    async def index_page(datasette: Datasette, request: Request) -> Response:
        return await page(datasette, request, template, await archive(datasette).execute_fn(read))

    return index_page


@hookimpl
def register_routes() -> list[Route]:
    """Register the addresses; names in them may be percent-encoded or plain."""
    turns = ("before", "after", "view")
    return routes(
        *(Page(rf"^/{kind}/(?P<name>[^/]+)$", browse(kind), turns) for kind in (*NAMED, *DATED)),
        Page(r"^/undated$", browse("undated"), turns),
        Page(r"^/articles$", browse("all"), turns, sitemap=True),
        Page(r"^/archive$", index("archive.html", read_months), sitemap=True),
        Page(r"^/sources$", index("sources.html", read_names), sitemap=True),
    )
