"""The article page: Datasette's row page of `articles`, made to be read."""

import json
import re
from collections.abc import Awaitable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from markupsafe import Markup

from clippings.site import (
    DATABASE,
    Missing,
    archive,
    article_url,
    reading,
    wanted_pictures,
    words_for,
)
from clippings.site.lookup import article_of, read_article
from clippings.site.pages import Page, Route, routes

WEB = re.compile(r"https?://", re.I)


def web_address(url: str | None) -> str | None:
    """An address that a link may lead to; None for javascript: and the like."""
    return url if url and WEB.match(url) else None


def absolute_picture(datasette: Datasette, request: Request, image: str | None) -> str | None:
    """The lead picture's address for other sites to fetch; None where there is none."""
    if image and image.startswith("/") and not image.startswith("//"):
        return str(datasette.absolute_url(request, datasette.urls.path(image)))
    return web_address(image)


async def article_vars(datasette: Datasette, request: Request, key: int) -> dict[str, Any]:
    """The template variables of an article's page."""
    found = await archive(datasette).execute_fn(lambda conn: read_article(conn, key))
    if found is None:
        return {}
    article = found["article"]
    body = reading.page_html(
        article["markdown"],
        words_for(request),
        pictures=wanted_pictures(datasette),
        prefix=datasette.setting("base_url"),
    )
    here = datasette.absolute_url(request, article_url(datasette, article["id"]))
    image = absolute_picture(datasette, request, article["image"])
    return {
        **found,
        "tellings": [
            {**row, "pieces": reading.changed_title(article["title"], row["title"])}
            for row in found["tellings"]
        ],
        "body": Markup(body),
        "contents": reading.contents(body),
        "minutes": reading.minutes(article["characters"], article["language"]),
        "front_matter": json.loads(article["front_matter"]),
        "here": here,
        "original": web_address(article["url"]),
        "social_picture": image,
        "citation": reading.cite(article, article["url"] or here),
        "bibtex": reading.bibtex(article, article["url"] or here),
        "news_article": Markup(reading.news_article(article, here, image)),
    }


async def short_link(datasette: Datasette, request: Request) -> Response:
    """/a/<id> → the page of the article with that id, or of the article that it was placed in."""
    key = int(request.url_vars["id"])
    article = await archive(datasette).execute_fn(lambda conn: article_of(conn, key))
    if article is None:
        raise Missing("article.unknown")
    suffix = request.url_vars["suffix"] or ""
    return Response.redirect(article_url(datasette, article) + suffix)


@hookimpl
def extra_template_vars(
    datasette: Datasette,
    request: Request,
    database: str | None,
    table: str | None,
    view_name: str | None,
) -> Awaitable[dict[str, Any]] | dict[str, Any]:
    """Give the row page of an article what it needs to be read."""
    is_article = (database, table, view_name) == (DATABASE, "articles", "row")
    key = re.fullmatch(r"\d{1,18}", request.url_vars["pks"]) if is_article else None
    return article_vars(datasette, request, int(key.group())) if key else {}


@hookimpl
def register_routes() -> list[Route]:
    """Add the short links."""
    return routes(Page(r"^/a/(?P<id>\d{1,18})(?P<suffix>\.(?:md|txt|json))?$", short_link))
