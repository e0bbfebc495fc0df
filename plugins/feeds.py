"""Feeds, as Atom and as JSON Feed: of the archive, of a section, source, feed or tag, of a search.

/feed.atom   /source/示例日报.atom   /search.atom?q=大桥   the newest articles
…?page=2022.3                                              a page of the rest (RFC 5005)

Each page of the site names its feeds in its head, by <link rel="alternate">.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search import parse_query
from clippings.search.timeline import matching
from clippings.search.trends import named
from clippings.site.addresses import browse_path, local_path
from clippings.site.answers import View, visit
from clippings.site.feeds import (
    LONG_AGO,
    Channel,
    entry,
    head,
    json_feed,
    read_page,
    without_controls,
)
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for
from clippings.site.templates import page, site_name, wanted_pictures

TYPES = {"atom": "application/atom+xml", "json": "application/feed+json"}
FORM = rf"\.(?P<form>{'|'.join(TYPES)})$"
NAMED = re.compile(r"/(?:section|source|feed|tag)/([^/]+)")


def of_archive(request: Request) -> Channel:
    """Return the channel of every article."""
    return Channel("/feed", "/", {}, "", "")


def of_search(request: Request) -> Channel:
    """Return the channel of what a query finds."""
    query = request.args.get("q") or ""
    return Channel("/search", "/search", {"q": query}, query, query)


def of_name(request: Request) -> Channel:
    """Return the channel of what stands under a section, source, feed or tag."""
    kind, name = request.url_vars["kind"], unquote(request.url_vars["name"])
    path = browse_path(kind, name)
    return Channel(path, path, {}, name, named(kind, name))


async def answer(datasette: Datasette, request: Request, channel: Channel) -> Response | None:
    """Answer with a page of a feed; None where there is no such page, or no article."""
    match, name = parse_query(channel.search).match, request.args.get("page") or ""
    found = await visit(datasette, lambda conn: read_page(conn, match, name))
    if found is None:
        return None
    form, pictures = request.url_vars["form"], wanted_pictures(datasette)
    root = datasette.absolute_url(request, datasette.urls.path("/"))
    feed = head(channel, found, root, site_name(datasette, translator_for(request)), form)
    entries = [entry(row, root, pictures=pictures) for row in found.rows]
    feed["updated"] = max((each["updated"] for each in entries), default=LONG_AGO)
    if form == "json":
        text = json_feed(feed, entries)
    else:
        context = {"feed": feed, "entries": entries}
        xml = await datasette.render_template("feed.xml", context, request=request)
        text = without_controls(xml)
    return Response(text, content_type=f"{TYPES[form]}; charset=utf-8")


async def instead(datasette: Datasette, request: Request) -> Response:
    """Answer where there is no feed: with the page of a name that ends like one, such as the tag
    package.json, else with one that says so (NotFound would be sent to another address)."""
    kind, name, form = (request.url_vars.get(part, "") for part in ("kind", "name", "form"))
    match = parse_query(named(kind, f"{unquote(name)}.{form}")).match
    if name and await visit(datasette, lambda conn: matching(conn, match)):
        # The dot as %2E: the same name, but no longer the address of a feed.
        return Response.redirect(datasette.urls.path(f"/{kind}/{name}%2E{form}"))
    t = translator_for(request)
    context = {"status": 404, "title": t("error.404"), "message": t("feeds.none")}
    return await page(datasette, request, "problem.html", context, 404)


def view(channel_of: Callable[[Request], Channel]) -> View:
    """Return a view that answers with the feed of what an address names."""

    async def feed(datasette: Datasette, request: Request) -> Response:
        found = await answer(datasette, request, channel_of(request))
        return found or await instead(datasette, request)

    return feed


def feeds_of(path: str, query: str) -> Iterator[tuple[str, str, str]]:
    """Yield (path, query string, of what) of the feeds of a page, the closest first.

    `path` is the page's below the site's base_url, `query` what is searched there.
    """
    if found := NAMED.fullmatch(path):
        yield path, "", unquote(found[1])
    if path == "/search" and query:
        notes = parse_query(query).notes
        if not any(note.code == "nothing-to-search" for note in notes):
            yield path, "?" + urlencode({"q": query}), query
    yield "/feed", "", ""


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    """Give `feed_links` to base.html."""
    if request is None:
        return {}
    t = translator_for(request)
    name = site_name(datasette, t)
    path = local_path(datasette, request.path)
    links = [
        {
            "type": type_,
            "title": " · ".join(filter(None, (of, name, t(f"feeds.{form}")))),
            "href": datasette.urls.path(f"{feed}.{form}") + values,
        }
        for feed, values, of in feeds_of(path, request.args.get("q") or "")
        for form, type_ in TYPES.items()
    ]
    return {"feed_links": links}


# Before the browse pages, whose names could end in .atom too.
@hookimpl(tryfirst=True)
def register_routes() -> list[Route]:
    """The addresses."""
    named = rf"^/(?P<kind>section|source|feed|tag)/(?P<name>[^/]+){FORM}"
    return routes(
        Page(rf"^/feed{FORM}", view(of_archive), parameters=("page",)),
        Page(rf"^/search{FORM}", view(of_search), parameters=("q", "page"), cost="heavy"),
        Page(named, view(of_name), parameters=("page",)),
    )
