"""Feeds, as Atom and as JSON Feed: of the archive, of a section, source, feed or tag, of a search.

/feed.atom   /source/示例日报.atom   /search.atom?q=大桥   the newest articles
…?page=2022.3                                              a part of the rest (RFC 5005)
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.search import parse_query
from clippings.search.timeline import matching
from clippings.search.trends import named
from clippings.site import browse_path, page, site_name, wanted_pictures, words_for
from clippings.site.answers import View, visit
from clippings.site.feeds import LONG_AGO, Channel, entry, json_feed, legal, read_part
from clippings.site.pages import Page, Route, routes

TYPES = {"atom": "application/atom+xml", "json": "application/feed+json"}
FORM = rf"\.(?P<form>{'|'.join(TYPES)})$"


def of_archive(request: Request) -> Channel:
    """Every article."""
    return Channel("/feed", "/", {}, "", "")


def of_search(request: Request) -> Channel:
    """What a query finds."""
    query = request.args.get("q") or ""
    return Channel("/search", "/search", {"q": query}, query, query)


def of_name(request: Request) -> Channel:
    """What stands under a section, source, feed or tag."""
    kind, name = request.url_vars["kind"], unquote(request.url_vars["name"])
    path = browse_path(kind, name)
    return Channel(path, path, {}, name, named(kind, name))


async def answer(datasette: Datasette, request: Request, channel: Channel) -> Response | None:
    """The feed or one of its parts; None where there is no such part, or no article."""
    match, name = parse_query(channel.search).match, request.args.get("page") or ""
    part = await visit(datasette, lambda conn: read_part(conn, match, name))
    if part is None:
        return None
    say, form = words_for(request), request.url_vars["form"]
    root = datasette.absolute_url(request, datasette.urls.path("/"))
    feed = channel.feed(root, site_name(datasette, say), form, part)

    pictures = wanted_pictures(datasette)
    entries = [entry(row, root, pictures=pictures) for row in part.rows]
    feed["updated"] = max((each["updated"] for each in entries), default=LONG_AGO)
    if form == "json":
        text = json_feed(feed, entries)
    else:
        context = {"feed": feed, "entries": entries}
        text = legal(await datasette.render_template("feed.xml", context, request=request))
    return Response(text, content_type=f"{TYPES[form]}; charset=utf-8")


async def instead(datasette: Datasette, request: Request) -> Response:
    """Where there is no feed: the page of a name that ends like one, such as the tag
    package.json, else one that says so (NotFound would be sent to another address)."""
    kind, name, form = (request.url_vars.get(part, "") for part in ("kind", "name", "form"))
    match = parse_query(named(kind, f"{unquote(name)}.{form}")).match
    if name and await visit(datasette, lambda conn: matching(conn, match)):
        # The dot as %2E: the same name, but no longer the address of a feed.
        return Response.redirect(datasette.urls.path(f"/{kind}/{name}%2E{form}"))
    say = words_for(request)
    context = {"status": 404, "title": say("error.404"), "message": say("feeds.none")}
    return await page(datasette, request, "problem.html", context, 404)


def view(channel_of: Callable[[Request], Channel]) -> View:
    """A view that answers with the feed of what an address names."""

    async def feed(datasette: Datasette, request: Request) -> Response:
        found = await answer(datasette, request, channel_of(request))
        return found or await instead(datasette, request)

    return feed


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
