"""What programs ask a site for: what they may fetch, what it is, which feeds it has.

/robots.txt   /llms.txt   /sources.opml   (the sitemap has a plugin of its own)
"""

from __future__ import annotations

import sqlite3

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import DATABASE, archive, browse_path, listings, site_name, words_for
from clippings.site.answers import visit
from clippings.site.compatibility import SQL_PAGE
from clippings.site.feeds import legal
from clippings.site.pages import Page, Route, disallowed, routes

MOST_NAMES = 5_000
EXTENT = """
    select count(*) as articles, min(day) as first_day, max(day) as last_day,
      (select group_concat(language, ', ') from (
        select language from articles where language is not null
        group by language order by count(*) desc, language limit 6)) as languages
    from articles
"""
ALLOWED = (f"/{DATABASE}/articles/",)
# Tables, SQL and their endless permutations; the longest rule that fits wins (RFC 9309).
REFUSED = (
    "/-/",
    f"/{DATABASE}",
    f"/{DATABASE}/articles/*?",
    "/*?_",
    "/*?view=",
    "/*?*&view=",
)


def text(body: str, content_type: str = "text/plain") -> Response:
    """An answer in UTF-8."""
    return Response(body, content_type=f"{content_type}; charset=utf-8")


def absolute_root(datasette: Datasette, request: Request) -> str:
    """The absolute address of the site, with a slash at its end."""
    return str(datasette.absolute_url(request, datasette.urls.path("/")))


async def robots(datasette: Datasette, request: Request) -> Response:
    """Articles and browse pages: yes; tables, SQL and searches: no."""
    path = datasette.urls.path
    rules = [f"Allow: {path(rule)}" for rule in ALLOWED]
    rules += [f"Disallow: {path(rule)}" for rule in (*REFUSED, *disallowed())]
    sitemap = f"Sitemap: {absolute_root(datasette, request)}sitemap.xml"
    return text("\n".join(["User-agent: *", *rules, "", sitemap, ""]))


async def llms(datasette: Datasette, request: Request) -> Response:
    """What the archive is and how to query it, for language models (llmstxt.org)."""
    context = {
        "root": absolute_root(datasette, request),
        "title": site_name(datasette, words_for(request)),
        "sql": f"{DATABASE}{SQL_PAGE}",
        "extent": (await archive(datasette).execute(EXTENT)).first(),
        "may_download": not archive(datasette).is_mutable and datasette.setting("allow_download"),
    }
    return text(await datasette.render_template("llms.txt", context, request=request))


def read_names(conn: sqlite3.Connection) -> dict[str, list[sqlite3.Row]]:
    """The names that have a feed, by kind."""
    return {kind: listings.names(conn, kind, MOST_NAMES) for kind in ("section", "source", "feed")}


async def opml(datasette: Datasette, request: Request) -> Response:
    """Every section, source and feed as something to subscribe to (OPML 2.0)."""
    context = {
        "root": absolute_root(datasette, request),
        "title": site_name(datasette, words_for(request)),
        "names": await visit(datasette, read_names),
        "path": lambda kind, name: browse_path(kind, name)[1:],
    }
    body = await datasette.render_template("sources.opml", context, request=request)
    return text(legal(body), "text/x-opml")


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    return routes(
        Page(r"^/robots\.txt$", robots),
        Page(r"^/llms\.txt$", llms),
        Page(r"^/sources\.opml$", opml),
    )
