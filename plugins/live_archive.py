"""The archive as it is served: read only, followed from one snapshot of its file to the next,
behind the middleware of clippings/site/middleware.py, and with what its owner says in it.

That goes before metadata.yml. Datasette 1.0 takes the permissions, queries, sizes and style sheets
of metadata.yml from its configuration only: there all of it is put, before it a datasette.yaml.
"""

import re
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import StartupError

from clippings.dataset.owner import merged, read_about
from clippings.dataset.tables import open_readonly
from clippings.search.functions import register
from clippings.search.occurrences import open_positions
from clippings.site import pages
from clippings.site.addresses import DATABASE, archive_file
from clippings.site.asgi import App
from clippings.site.compatibility import IS_SECOND, described
from clippings.site.live_database import LiveDatabase
from clippings.site.middleware import Middleware
from clippings.site.read_only import only_read


@hookimpl(tryfirst=True)  # the first hook at the start: templates, then plugins, read metadata
def prepare_jinja2_environment(datasette: Datasette) -> None:
    """Put together what the site is configured by."""
    path = archive_file(datasette).path
    try:
        with closing(open_readonly(Path(path))) as conn:
            conn.execute("select 1 from articles, articles_fts limit 0")
            about = read_about(conn)
    except sqlite3.DatabaseError as error:
        raise ClickException(f"{path}: not a database of Clippings ({error})") from None
    if IS_SECOND:
        datasette.config = merged(merged(datasette._metadata_local, datasette.config), about)
    datasette._metadata_local = merged(datasette._metadata_local, about)


def check_prefix(datasette: Datasette) -> None:
    """Refuse a base_url with which no link could be right."""
    prefix = datasette.setting("base_url")
    if not re.fullmatch(r"/([\w.~-]+/)*", prefix, re.ASCII):
        raise StartupError(f"base_url is {prefix!r}; it begins and ends with a slash: /archive/")
    pm.hook.register_routes(datasette=datasette)  # every plugin declares its pages
    datasettes = (f"/{DATABASE}/", "/-/", "/static/")
    if prefix != "/" and (prefix in datasettes or pages.are_below(prefix)):
        raise StartupError(f"base_url {prefix} is an address of the site itself; choose another")


SWITCH = 0.0005
"""Seconds for which a thread keeps the interpreter while another waits for it: a page asks for it
half a dozen times, and waits so long each time while a search is made. Python's own is 0.005."""


@hookimpl(tryfirst=True)  # what other plugins do at the start depends on it
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]] | None:
    """Serve the archive in a way that follows its file, also where Datasette was not told that
    nobody writes into it. What is withheld is not told to everyone (/-/metadata.json)."""
    check_prefix(datasette)
    sys.setswitchinterval(SWITCH)
    (described(datasette).get("plugins") or {}).get(DATABASE, {}).pop("withhold", None)
    stock = archive_file(datasette)
    live = LiveDatabase(datasette, stock.path, DATABASE)
    stock.close()
    others = {name: each for name, each in datasette.databases.items() if each is not stock}
    datasette.databases = {**others, DATABASE: live}
    (datasette.inspect_data or {}).pop(stock.name, None)  # the file itself says what is in it
    if not IS_SECOND:
        return None
    from datasette.stored_queries import save_queries_from_config

    return partial(save_queries_from_config, datasette)


# After the plugins that use the connection without bounds, and Datasette's own escape_fts.
@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
    """Give the query language to SQL; let nobody write, whatever Datasette lets through."""
    register(conn)
    if database == DATABASE:
        open_positions(conn)
        only_read(conn)


@hookimpl(trylast=True)  # around the middleware of other plugins
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Put ours around Datasette."""
    return lambda app: Middleware(datasette, app)
