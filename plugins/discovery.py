"""What programs ask a site for: what they may fetch, what it is, which pages and feeds it has.

/robots.txt   /llms.txt
/sitemap.xml names its parts, /sitemap-pages.xml and /sitemap-1.xml, 2, 3 …
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Request, Response

from clippings.site import listings
from clippings.site.addresses import DATABASE, Missing, archive, browse_path, site_root
from clippings.site.answers import visit
from clippings.site.compatibility import SQL_PAGE
from clippings.site.dataset import description
from clippings.site.pages import Page, Route, disallowed, routes, sitemap_paths

NAMES = 5_000
"""Names of a kind that are listed at most."""

SIZE = 20_000
"""Articles of a part of the sitemap; sitemaps.org allows 50,000."""

# Tables, SQL and their endless permutations; the longest rule that fits wins (RFC 9309).
REFUSED = (
    "/-/",
    f"/{DATABASE}",
    f"/{DATABASE}/articles/*?",
    "/*?_",
    "/*?view=",
    "/*?*&view=",
)

# docids leave room for articles to come, so a part may be empty: it is not named.
PARTS = "select distinct (docid - 1) / ? + 1 from articles order by 1"
# Only from the index on day, which holds id and docid too.
ARTICLES = """
    select id, day from articles indexed by articles_day
    where docid > (:part - 1) * :size and docid <= :part * :size order by docid
"""
SITEMAP = """<?xml version="1.0" encoding="utf-8"?>
<{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{1}
</{0}>
"""


async def robots(datasette: Datasette, request: Request) -> Response:
    """Answer /robots.txt: articles and browse pages, yes; tables, SQL and searches, no."""
    path = datasette.urls.path
    rules = [f"Allow: {path(f'/{DATABASE}/articles/')}"]
    rules += [f"Disallow: {path(rule)}" for rule in (*REFUSED, *disallowed())]
    sitemap = f"Sitemap: {site_root(datasette, request)}sitemap.xml"
    return Response.text("\n".join(["User-agent: *", *rules, "", sitemap, ""]))


async def llms(datasette: Datasette, request: Request) -> Response:
    """Answer /llms.txt: what the archive is and how to query it (llmstxt.org)."""
    context = {
        "root": site_root(datasette, request),
        "sql": f"{DATABASE}{SQL_PAGE}",
        "dataset": await description(datasette),
        "has_mcp": pm.has_plugin("mcp"),
        "may_download": datasette.setting("allow_download"),
    }
    return Response.text(await datasette.render_template("llms.txt", context, request=request))


def browse_paths(conn: sqlite3.Connection) -> Iterator[str]:
    """Yield the pages of ours that list articles."""
    yield from sitemap_paths()
    for kind in ("year", "month"):
        yield from (browse_path(kind, name) for name in listings.periods(conn, kind))
    for kind in ("section", "source", "feed", "tag"):
        names = listings.names(conn, kind, NAMES)
        yield from (browse_path(kind, row["name"]) for row in names)


def sitemap_of(form: str, item: str, addresses: Iterable[tuple[str, str | None]]) -> Response:
    """Answer with a sitemap, or an index of some; `addresses` are (address, day or None).

    Not a template: twenty thousand rounds of one would take a second.
    """
    lines = [
        f"<{item}><loc>{escape(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{item}>"
        for address, day in addresses
    ]
    text = SITEMAP.format(form, "\n".join(lines))
    return Response(text, content_type="application/xml; charset=utf-8")


async def sitemap(datasette: Datasette, request: Request) -> Response:
    """Answer with the index of the parts that have something in them."""
    parts = (await archive(datasette).execute(PARTS, [SIZE])).rows
    root = site_root(datasette, request)
    names = ("pages", *(part for (part,) in parts))
    return sitemap_of("sitemapindex", "sitemap", ((f"{root}sitemap-{n}.xml", None) for n in names))


async def sitemap_part(datasette: Datasette, request: Request) -> Response:
    """Answer with the pages that list articles, or with some articles in order of publication."""
    root, part = site_root(datasette, request), request.url_vars["part"]
    if part == "pages":
        paths = await visit(datasette, lambda conn: list(browse_paths(conn)))
        return sitemap_of("urlset", "url", ((root + path[1:], None) for path in paths))
    rows = (await archive(datasette).execute(ARTICLES, {"part": int(part), "size": SIZE})).rows
    if not rows:
        raise Missing("error.404")
    articles = ((f"{root}{DATABASE}/articles/{key}", day) for key, day in rows)
    return sitemap_of("urlset", "url", articles)


@hookimpl
def register_routes() -> list[Route]:
    """Add the addresses."""
    return routes(
        Page(r"^/robots\.txt$", robots),
        Page(r"^/llms\.txt$", llms),
        Page(r"^/sitemap\.xml$", sitemap),
        Page(r"^/sitemap-(?P<part>pages|[1-9][0-9]{0,5})\.xml$", sitemap_part, cost="heavy"),
    )
