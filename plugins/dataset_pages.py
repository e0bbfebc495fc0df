"""The archive as a dataset: what can be downloaded, what each column means, how it was made.

/downloads  /dictionary  /datasheet            for people
/croissant.json  /datapackage.json  /CITATION.cff   for programs
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.dataset.encoding import FORMATS
from clippings.dataset.formats import citation, croissant, datapackage
from clippings.site import DATABASE, page, words_for
from clippings.site.answers import View
from clippings.site.dataset import description
from clippings.site.downloads import DESCRIPTIONS, TAG_LENGTH
from clippings.site.pages import Page, Route, routes


def addresses(datasette: Datasette, request: Request) -> tuple[str, str]:
    """The absolute addresses of the site and of the folder of its files."""
    root = str(datasette.absolute_url(request, datasette.urls.path("/")))
    return root, f"{root}downloads/"


def about(template: str) -> View:
    """The view of a template that shows the description."""

    async def view(datasette: Datasette, request: Request) -> Response:
        context = {
            "dataset": await description(datasette),
            "descriptions": DESCRIPTIONS,
            "tag_length": TAG_LENGTH,
            "root": addresses(datasette, request)[0],
        }
        return await page(datasette, request, template, context)

    return view


def described(make: Callable[..., dict[str, Any]]) -> View:
    """The view of a format that is JSON."""

    async def view(datasette: Datasette, request: Request) -> Response:
        found = make(await description(datasette), *addresses(datasette, request))
        return Response.json(found, headers={"access-control-allow-origin": "*"})

    return view


async def cff(datasette: Datasette, request: Request) -> Response:
    """How the archive is cited."""
    text = citation(await description(datasette), addresses(datasette, request)[0])
    return Response(text, content_type="application/yaml; charset=utf-8")


@hookimpl
def table_actions(
    datasette: Datasette, database: str, table: str, request: Request
) -> list[dict[str, str]]:
    """Lead from a table to all pages of what it shows, in each format that can be made."""
    if database != DATABASE or table.startswith("sqlite_"):
        return []
    say, given = words_for(request), parse_qsl(request.query_string, keep_blank_values=True)
    query = urlencode([(name, value) for name, value in given if name != "_next"])
    return [
        {
            "href": datasette.urls.path(f"/export/{table}.{form.ending}?{query}"),
            "label": say("export.as", format=say.strings["export.formats"][form.ending]),
        }
        for form in FORMATS.values()
        if form.is_available and (form.ending != "zip" or table == "articles")
    ]


@hookimpl
def register_routes() -> list[Route]:
    """The addresses."""
    return routes(
        Page(r"^/downloads$", about("downloads.html"), sitemap=True, is_cached=False),
        Page(r"^/dictionary$", about("dictionary.html"), sitemap=True),
        Page(r"^/datasheet$", about("datasheet.html"), sitemap=True),
        Page(r"^/croissant\.json$", described(croissant), is_cached=False),
        Page(r"^/datapackage\.json$", described(datapackage), is_cached=False),
        Page(r"^/CITATION\.cff$", cff, is_cached=False),
    )
