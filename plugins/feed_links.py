"""The feeds of a page, told to feed readers by <link rel="alternate"> in its head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.search import parse_query
from clippings.site import local_path, site_name, words_for

NAMED = re.compile(r"/(?:section|source|feed|tag)/([^/]+)")
TYPES = {"atom": "application/atom+xml", "json": "application/feed+json"}


def feeds_of(path: str, query: str) -> Iterator[tuple[str, str, str]]:
    """(path, query string, of what) of the feeds of a page, the closest first.

    `path` is the page's below the site's base_url, `query` what is searched there.
    """
    if found := NAMED.fullmatch(path):
        yield path, "", unquote(found[1])
    if path == "/search" and query and not _seeks_nothing(query):
        yield path, "?" + urlencode({"q": query}), query
    yield "/feed", "", ""


def _seeks_nothing(query: str) -> bool:
    return any(note.code == "nothing-to-search" for note in parse_query(query).notes)


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    """`feed_links` for base.html."""
    if request is None:
        return {}
    say = words_for(request)
    name = site_name(datasette, say)
    path = local_path(datasette, request.path)
    links = [
        {
            "type": type_,
            "title": " · ".join(filter(None, (of, name, say(f"feeds.{form}")))),
            "href": datasette.urls.path(f"{feed}.{form}") + values,
        }
        for feed, values, of in feeds_of(path, request.args.get("q") or "")
        for form, type_ in TYPES.items()
    ]
    return {"feed_links": links}
