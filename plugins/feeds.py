"""Feeds, as Atom and as JSON Feed 1.1: of the archive, of a name, of a search.

/feed.atom   /source/示例日报.atom   /search.json?q=大桥   the newest articles
…?page=3                                                   a page of the rest (RFC 5005)
/sources.opml                                              every name's feed, to subscribe to

Each page of the site names its feeds in its head, by <link rel="alternate">.
"""

from __future__ import annotations

import json
import mimetypes
import re
import sqlite3
from datetime import datetime, timezone
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.markdown.rendering import render_html
from clippings.search.query import filter_for, parse_query
from clippings.search.timeline import matching
from clippings.site import listings
from clippings.site.addresses import (
    DATABASE,
    browse_path,
    local_path,
    number_in,
    picture_address,
    site_root,
    web_address,
)
from clippings.site.answers import site_name, visit, wanted_pictures
from clippings.site.article_body import with_pictures
from clippings.site.error_pages import error_page
from clippings.site.i18n import Translator
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for

TYPES = {"atom": "application/atom+xml", "json": "application/feed+json"}
FORM = rf"\.(?P<form>{'|'.join(TYPES)})$"
NAMED = re.compile(r"/(section|source|feed|tag)/([^/]+)")

SIZE = 50
"""Articles of the newest feed and of an archive page."""

MOST_NAMES = 5_000
"""Names of a kind in the OPML."""

ENTRIES = """
    select id, title, summary, author, source, published, updated, language, url, image, markdown,
      (select json_group_array(tag) from tags where article = a.id) as tags,
      (select json_group_array(json_array(section, source, feed)) from placements
       where article = a.id) as places
    from articles a where docid in (select value from json_each(?))
    order by docid desc
"""
LOCAL = re.compile(r"(?<=\s)href=\"/(?!/)")

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What cannot be written in XML, not even escaped (XML 1.0, 2.2)."""


class Channel(NamedTuple):
    """What a feed is of: its path without the ending, its title ("" for the whole archive) and
    the query that its articles match."""

    path: str
    title: str = ""
    query: str = ""

    def address(self, ending: str = "", page: int = 0) -> str:
        """Return the path and arguments of a page of the feed; without `ending` of its web page."""
        asked = {"q": self.query if self.path == "/search" else "", "page": page}
        given = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.path}{ending}{'?' if given else ''}{given}"


ARCHIVE = Channel("/feed")


def channel_of(path: str, query: str) -> Channel:
    """Return what the feed of a page is of, by the page's path and what is searched there."""
    if found := NAMED.fullmatch(path):
        kind, name = found[1], unquote(found[2])
        return Channel(browse_path(kind, name), name, filter_for(kind, name))
    return Channel(path, query, query) if path == "/search" else ARCHIVE


def read_page(
    conn: sqlite3.Connection, match: str, number: int | None
) -> tuple[list[sqlite3.Row], int]:
    """Return an archive page of what an FTS5 expression finds, or with the number 0 the newest:
    its articles, newest first (none where there is no such page), and the page before it.

    Archive pages are full, the oldest is 1: what is left over is among the newest `SIZE` articles,
    and new articles at the end leave every page as it is.
    """
    docids = matching(conn, match)
    pages = len(docids) // SIZE
    if number is None or number > pages:
        return [], 0
    shown = docids[(number - 1) * SIZE : number * SIZE] if number else docids[-SIZE:]
    rows = conn.execute(ENTRIES, [json.dumps(shown)]).fetchall()
    if number:
        return rows, number - 1
    return rows, pages if len(docids) > SIZE else 0


def tag(address: str, root: str) -> str:
    """Return a name that stays when the site moves to another port, prefix or scheme (RFC 4151).

    The year is part of the name, not a date: it must only never change.
    """
    return f"tag:{urlsplit(root).hostname},2022:/{address.removeprefix(root)}"


def instant(moment: str | None) -> str | None:
    """Return an ISO 8601 date of ours as RFC 3339 wants it: with a time of day and a zone.

    The clock stays as written. Where the file states no zone, or no time, UTC and midnight
    stand in: the date then reads as it was written for everyone who does not shift it.
    """
    if not moment:
        return None
    found = datetime.fromisoformat(moment.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).isoformat()


def item_of(row: sqlite3.Row, root: str, t: Translator, *, pictures: bool) -> dict[str, Any]:
    """Return an article as an item of JSON Feed, which the Atom template takes too.

    Addresses below the site become absolute by its `root`, those of no website are left out;
    without `pictures` each is a link.
    """
    author = row["author"] or row["source"]
    body = with_pictures(render_html(row["markdown"]), t, pictures=pictures, prefix=root)
    published = instant(row["published"])
    names = [*chain(*json.loads(row["places"])), *json.loads(row["tags"])]
    item = {
        "id": tag(f"{root}articles/{row['id']}", root),
        "url": f"{root}{DATABASE}/articles/{row['id']}",
        "external_url": web_address(row["url"]),
        "title": row["title"],
        "content_html": LOCAL.sub(lambda _: f'href="{root}', body),
        "summary": row["summary"],
        "image": web_address(picture_address(row["image"], root)) if pictures else None,
        "date_published": published,
        "date_modified": instant(row["updated"]) or published,
        "authors": [{"name": author}] if author else None,
        "tags": list(dict.fromkeys(filter(None, names))),
        "language": row["language"],
    }
    return {name: value for name, value in item.items() if value or name == "content_html"}


async def xml(
    datasette: Datasette, request: Request, template: str, context: dict[str, Any], type_: str
) -> Response:
    """Answer with a template, without the control characters that XML cannot hold."""
    text = await datasette.render_template(template, context, request=request)
    return Response(NOT_XML.sub("", text), content_type=f"{type_}; charset=utf-8")


async def feed(datasette: Datasette, request: Request) -> Response:
    """Answer with a page of a feed, in the form that the address ends in."""
    t, form = translator_for(request), request.url_vars["form"]
    number = number_in(request.args.get("page") or "0", 7)
    path = local_path(datasette, request.path).removesuffix(f".{form}")
    channel = channel_of(path, request.args.get("q") or "")
    match = parse_query(channel.query).match
    rows, older = await visit(datasette, lambda conn: read_page(conn, match, number))
    if not rows:  # not NotFound, which Datasette would send to another address
        return await error_page(datasette, request, 404, t("feeds.none"))
    root, pictures = site_root(datasette, request), wanted_pictures(datasette)
    site = site_name(datasette, t)

    def at(ending: str, page: int | None = 0) -> str:
        return root + channel.address(ending, page or 0)[1:]

    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": " · ".join(filter(None, (channel.title, site))),
        "home_page_url": root if channel == ARCHIVE else at(""),
        "feed_url": at(f".{form}", number),
        "next_url": older and at(f".{form}", older),
        "items": [item_of(row, root, t, pictures=pictures) for row in rows],
    }
    if form == "json":
        known = {name: value for name, value in whole.items() if value}
        text = json.dumps(known, ensure_ascii=False)
        return Response(text, content_type=f"{TYPES[form]}; charset=utf-8")
    context = {
        "feed": whole,
        "feed_id": tag(root + channel.address()[1:], root),
        "site": site,
        "current": number and at(".atom"),
        "twin": at(".json"),
        "media_type": lambda address: mimetypes.guess_type(address)[0],
    }
    return await xml(datasette, request, "feed.xml", context, TYPES[form])


async def opml(datasette: Datasette, request: Request) -> Response:
    """Answer /sources.opml: every section, source and feed, to subscribe to (OPML 2.0)."""
    kinds = ("section", "source", "feed")
    context = {
        "root": site_root(datasette, request),
        "names": await visit(
            datasette,
            lambda conn: {kind: listings.names(conn, kind, MOST_NAMES) for kind in kinds},
        ),
        "path": lambda kind, name: browse_path(kind, name)[1:],
    }
    return await xml(datasette, request, "sources.opml", context, "text/x-opml")


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    """Give `feed_links` to base.html, the closest first; a search for nothing has no feed."""
    if request is None:
        return {}
    t, query = translator_for(request), request.args.get("q") or ""
    name = site_name(datasette, t)
    closest = channel_of(local_path(datasette, request.path), query)
    notes = {note.code for note in parse_query(closest.query).notes}
    is_empty = closest.path == "/search" and (not query or "nothing-to-search" in notes)
    links = [
        {
            "type": type_,
            "title": " · ".join(filter(None, (channel.title, name, t(f"feeds.{form}")))),
            "href": datasette.urls.path(channel.address(f".{form}")),
        }
        for channel in ((ARCHIVE,) if is_empty else dict.fromkeys((closest, ARCHIVE)))
        for form, type_ in TYPES.items()
    ]
    return {"feed_links": links}


# Before the browse pages, whose names could end in .atom too.
@hookimpl(tryfirst=True)
def register_routes() -> list[Route]:
    """The addresses."""
    named = rf"^/(?P<kind>section|source|feed|tag)/(?P<name>[^/]+){FORM}"
    return routes(
        Page(rf"^/feed{FORM}", feed, parameters=("page",)),
        Page(rf"^/search{FORM}", feed, parameters=("q", "page"), cost="heavy"),
        Page(named, feed, parameters=("page",)),
        Page(r"^/sources\.opml$", opml),
    )
