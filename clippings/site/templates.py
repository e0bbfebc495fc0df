"""How a page of ours is answered, and what it takes from metadata.yml."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site.addresses import DATABASE, local_path
from clippings.site.compatibility import described
from clippings.site.i18n import Translator

T = TypeVar("T")

WHAT_IS_SHOWN = ("q", "before", "after", "page")
"""Arguments of an address that make it another page, not the same in another look."""


def site_name(datasette: Datasette, t: Translator) -> str:
    """Return what the archive is called: the title of metadata.yml, or ours."""
    return t.pick(described(datasette).get("title")) or t("site.name")


def site_tagline(datasette: Datasette, t: Translator) -> str:
    """Return what the archive is: the description of metadata.yml, or ours."""
    return t.pick(described(datasette).get("description")) or t("site.tagline")


def wanted_pictures(datasette: Datasette) -> bool:
    """Return whether pictures are shown, or only linked (`pictures: links` in metadata.yml)."""
    settings = datasette.plugin_config(DATABASE) or {}
    return bool(settings.get("pictures", "show") != "links")


async def in_turns(rows: Iterable[T]) -> AsyncIterator[T]:
    """Yield the rows of a long page to its template, and let others be answered in between."""
    for row in rows:
        yield row
        await asyncio.sleep(0)


async def page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response:
    """Answer with one of our pages: a template that extends `page.html`, with what it shows.

    Its one address for others to know it by is given to it as `canonical`.
    """
    path = datasette.urls.path(local_path(datasette, request.path))
    wanted = [(name, request.args[name]) for name in WHAT_IS_SHOWN if name in request.args]
    shown = f"{path}?{urlencode(wanted)}" if wanted else path
    canonical = datasette.absolute_url(request, shown)
    html = await datasette.render_template(
        template, {"canonical": canonical, **context}, request=request
    )
    return Response.html(html, status=status)
