"""The sitemap: /sitemap.xml names its parts, /sitemap-pages.xml and /sitemap-1.xml, 2, 3 …"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import DATABASE, Missing, archive, browse_path, listings
from clippings.site.answers import visit
from clippings.site.feeds import legal
from clippings.site.pages import Page, Route, routes, sitemap_paths

SIZE = 20_000  # addresses of a part; sitemaps.org allows 50,000
MOST_NAMES = 5_000
LAST = "select coalesce(max(docid), 0) from articles"
# Only from the index on day, which holds id and docid too.
ARTICLES = """
    select id, day from articles indexed by articles_day
    where docid between :first and :last order by docid
"""
FORM = """<?xml version="1.0" encoding="utf-8"?>
<{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{1}
</{0}>
"""


def browse_paths(conn: sqlite3.Connection) -> Iterator[str]:
    """The pages of ours that list articles."""
    yield from sitemap_paths()
    for kind in ("year", "month"):
        yield from (browse_path(kind, row["name"]) for row in listings.by_date(conn, kind))
    for kind in ("section", "source", "feed", "tag"):
        names = listings.names(conn, kind, MOST_NAMES)
        yield from (browse_path(kind, row["name"]) for row in names)


def answer(form: str, item: str, addresses: Iterable[tuple[str, str | None]]) -> Response:
    """A sitemap, or an index of some; `addresses` are (address, day of publication or None).

    Not a template: twenty thousand rounds of one would take a second.
    """
    lines = [
        f"<{item}><loc>{escape(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{item}>"
        for address, day in addresses
    ]
    text = legal(FORM.format(form, "\n".join(lines)))
    return Response(text, content_type="application/xml; charset=utf-8")


async def sitemap(datasette: Datasette, request: Request) -> Response:
    """The index of the parts."""
    last = (await archive(datasette).execute(LAST)).single_value()
    parts = ("pages", *range(1, -(-last // SIZE) + 1))
    root = datasette.absolute_url(request, datasette.urls.path("/"))
    return answer(
        "sitemapindex", "sitemap", ((f"{root}sitemap-{part}.xml", None) for part in parts)
    )


async def sitemap_part(datasette: Datasette, request: Request) -> Response:
    """The pages that list articles, or some of the articles in the order of publication."""
    root, part = datasette.absolute_url(request, datasette.urls.path("/")), request.url_vars["part"]
    if part == "pages":
        paths = await visit(datasette, lambda conn: list(browse_paths(conn)))
        return answer("urlset", "url", ((root + path[1:], None) for path in paths))
    span = {"first": int(part) * SIZE - SIZE + 1, "last": int(part) * SIZE}
    rows = (await archive(datasette).execute(ARTICLES, span)).rows
    if not rows:
        raise Missing("error.404")
    return answer("urlset", "url", ((f"{root}{DATABASE}/articles/{key}", day) for key, day in rows))


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    return routes(
        Page(r"^/sitemap\.xml$", sitemap),
        Page(r"^/sitemap-(?P<part>pages|[1-9][0-9]{0,5})\.xml$", sitemap_part, cost="heavy"),
    )
