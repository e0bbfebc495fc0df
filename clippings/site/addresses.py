"""Where the archive is, and the addresses of what is in it."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import TYPE_CHECKING
from urllib.parse import quote

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import StartupError, tilde_decode, tilde_encode
from datasette.utils.asgi import NotFound, Request

if TYPE_CHECKING:
    from clippings.site.live_database import LiveDatabase

DATABASE = "clippings"
"""The name under which Datasette serves clippings.db; metadata.yml uses it too."""


_WEB = re.compile(r"https?://", re.I)
_ABSOLUTE = re.compile(r"(?:https?:)?//", re.I)


class Missing(NotFound):  # type: ignore[misc]
    """What is not there. Raised with a key of the strings, so that the page can translate it."""


def archive(datasette: Datasette) -> LiveDatabase:
    """Return the database of articles, as plugins/live_archive.py serves it."""
    live: LiveDatabase = datasette.databases[DATABASE]
    return live


def archive_file(datasette: Datasette) -> Database:
    """Return the database to serve as the archive: the one of that name, or else the only one."""
    files = {name: each for name, each in datasette.databases.items() if each.path}
    if DATABASE not in files and len(files) != 1:
        raise StartupError(f"none of the databases is {DATABASE}.db: {', '.join(files) or 'none'}")
    return files.get(DATABASE) or next(iter(files.values()))


def article_url(datasette: Datasette, article: int) -> str:
    """Return the address of an article's page, below the site's base_url."""
    return f"{datasette.setting('base_url')}{DATABASE}/articles/{article}"


def browse_path(kind: str, name: str) -> str:
    """Return the path of a list: ("source", "示例日报") → /source/%E7%A4%BA…; no base_url yet.

    The dot of package.json is %2E: what ends in .json is a feed.
    """
    path = f"/{kind}/{quote(name, safe='')}"
    return f"{path[:-5]}%2E{path[-4:]}" if path.endswith((".atom", ".json")) else path


def web_address(url: str | None) -> str | None:
    """Return an address that a link may lead to; None for javascript: and the like."""
    return url if url and _WEB.match(url) else None


def picture_address(address: str | None, root: str) -> str:
    """Return where a picture is fetched from: its own address, or ours below `root`.

    "" for no address, and for one that no picture is fetched from (javascript:, a bare name).
    """
    if not address or _ABSOLUTE.match(address):
        return address or ""
    return root + address[1:] if address.startswith("/") else ""


def number_in(text: str | None, digits: int) -> int | None:
    """Return a whole number that an argument of an address says; None for anything else, and for
    one of more digits."""
    return int(text) if text and text.isdecimal() and len(text) <= digits else None


def local_path(datasette: Datasette, path: str) -> str:
    """Return the path of a request without base_url, which may be gone already."""
    return "/" + path.removeprefix(datasette.setting("base_url")).lstrip("/")


def site_root(datasette: Datasette, request: Request) -> str:
    """Return the absolute address of the site, with a slash at its end."""
    return str(datasette.absolute_url(request, datasette.urls.path("/")))


def canonical_path(path: str, databases: Container[str]) -> str | None:
    """Return the one spelling of a path; None for what is none of this site's.

    Datasette decodes `~63lippings` to the name of a database, and limits go by names. `path` is
    below base_url and percent-encoded, as it was sent.
    """
    if not path.isascii():
        return None
    if not path.startswith("/-/"):  # where other plugins have their pages
        path = path.rstrip("/") or "/"
    parts = path[1:].split("/")
    if "%" in path or tilde_decode(parts[0].partition(".")[0]) not in databases:
        return path
    return None if path.endswith(".") else "/" + "/".join(map(_respelled, parts))


def _respelled(part: str) -> str:
    name, dot, ending = part.partition(".")
    return ",".join(tilde_encode(tilde_decode(key)) for key in name.split(",")) + dot + ending
