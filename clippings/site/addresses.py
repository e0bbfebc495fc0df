"""Where the archive is, and the addresses of what is in it."""

from __future__ import annotations

from urllib.parse import quote

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import NotFound, Request

DATABASE = "clippings"
"""The name under which Datasette serves clippings.db; metadata.yml uses it too."""


class Missing(NotFound):  # type: ignore[misc]
    """What is not there. Raised with a key of the strings, so that the page can translate it."""


def archive(datasette: Datasette) -> Database:
    """Return the database of articles."""
    return datasette.get_database(DATABASE)


def article_url(datasette: Datasette, article: int) -> str:
    """Return the address of an article's page, below the site's base_url."""
    return f"{datasette.setting('base_url')}{DATABASE}/articles/{article}"


def browse_path(kind: str, name: str) -> str:
    """Return the path of a list: ("source", "示例日报") → /source/%E7%A4%BA…; no base_url yet."""
    return f"/{kind}/{quote(name, safe='')}"


def local_path(datasette: Datasette, path: str) -> str:
    """Return the path of a request without base_url, which may be gone already."""
    return "/" + path.removeprefix(datasette.setting("base_url")).lstrip("/")


def site_root(datasette: Datasette, request: Request) -> str:
    """Return the absolute address of the site, with a slash at its end."""
    return str(datasette.absolute_url(request, datasette.urls.path("/")))
