"""The archive as it is served: read only, followed from one snapshot of its file to the next, and
behind the middleware of clippings/site/middleware.py."""

import re
import sqlite3
from collections.abc import Callable

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import StartupError

from clippings.site import pages
from clippings.site.addresses import DATABASE, archive_file
from clippings.site.asgi import App
from clippings.site.compatibility import described
from clippings.site.live_database import LiveDatabase
from clippings.site.middleware import Middleware
from clippings.site.read_only import only_read


def check_prefix(datasette: Datasette) -> None:
    """Refuse a base_url with which no link could be right."""
    prefix = datasette.setting("base_url")
    if not re.fullmatch(r"/([\w.~-]+/)*", prefix, re.ASCII):
        raise StartupError(f"base_url is {prefix!r}; it begins and ends with a slash: /archive/")
    pages.load(datasette)
    datasettes = (f"/{DATABASE}/", "/-/", "/static/")
    if prefix != "/" and (prefix in datasettes or pages.are_below(prefix)):
        raise StartupError(f"base_url {prefix} is an address of the site itself; choose another")


@hookimpl
def startup(datasette: Datasette) -> None:
    """Serve the archive in a way that follows its file, also where Datasette was not told that
    nobody writes into it. What is withheld is not told to everyone (/-/metadata.json)."""
    check_prefix(datasette)
    (described(datasette).get("plugins") or {}).get(DATABASE, {}).pop("withhold", None)
    stock = archive_file(datasette)
    live = LiveDatabase(datasette, stock.path, DATABASE)
    stock.close()
    others = {name: each for name, each in datasette.databases.items() if each is not stock}
    datasette.databases = {**others, DATABASE: live}
    (datasette.inspect_data or {}).pop(stock.name, None)  # the file itself says what is in it


@hookimpl(trylast=True)  # after the plugins that use the connection without bounds
def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
    """Let nobody write, whatever Datasette lets through."""
    if database == DATABASE:
        only_read(conn)


@hookimpl(trylast=True)  # around the middleware of other plugins
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Put ours around Datasette."""
    return lambda app: Middleware(datasette, app)
