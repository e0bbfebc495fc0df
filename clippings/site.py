"""What the pages of the site share: where the archive is, and how a page of ours is answered."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request, Response

DATABASE = "clippings"
"""The name under which Datasette serves clippings.db; metadata.yml uses it too."""

CARD = "id, docid, title, summary, source, section, published, day, language, characters, image"
"""The columns that `cards.html` needs of an article."""


def archive(datasette: Datasette) -> Database:
    """The database of articles."""
    return datasette.get_database(DATABASE)


def article_url(datasette: Datasette, article: int) -> str:
    """The address of an article's page, below the site's base_url."""
    return str(datasette.urls.row(DATABASE, "articles", str(article)))


async def page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response:
    """One of our pages: a template that extends `page.html`, with what it shows."""
    html = await datasette.render_template(template, context, request=request)
    return Response.html(html, status=status)
