"""The ways in: /archive, every month with its count, and /sources, every name with its count."""

from itertools import groupby

from datasette import hookimpl

from clippings import shelves
from clippings.site import archive, page

NAMED = ("section", "source", "feed", "tag")


def read_months(conn):
    """Each year with its months (name, articles), the newest first, and the undated."""
    months = reversed(shelves.by_date(conn, "month"))
    years = [(year, list(rows)) for year, rows in groupby(months, lambda row: row["name"][:4])]
    return {
        "years": [(year, sum(row["articles"] for row in rows), rows) for year, rows in years],
        "undated": shelves.count(conn, shelves.Shelf("undated", "")),
    }


def read_names(conn):
    return {"names": {kind: shelves.names(conn, kind) for kind in NAMED}}


def index(template, read):
    async def index_page(datasette, request):
        return await page(datasette, request, template, await archive(datasette).execute_fn(read))

    return index_page


@hookimpl
def register_routes():
    return [
        (r"^/archive$", index("archive.html", read_months)),
        (r"^/sources$", index("sources.html", read_names)),
    ]
