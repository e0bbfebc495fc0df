"""The archive as it is served: read only, followed from one snapshot of its file to the next."""

import re
import sqlite3
from importlib.metadata import version
from pathlib import Path

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import StartupError

import clippings
from clippings.site import pages
from clippings.site.addresses import DATABASE
from clippings.site.compatibility import described
from clippings.site.live_database import Inspected, LiveDatabase
from clippings.site.page_cache import PageCache, fingerprint
from clippings.site.sandbox import only_read


def files_fingerprint(datasette: Datasette) -> str:
    """Return a digest of what pages are made of, besides the database."""
    static = [folder for _, folder in datasette.static_mounts]
    named = [datasette.template_dir, datasette.plugins_dir, *static]
    folders = [Path(clippings.__file__).parent, *(Path(folder) for folder in named if folder)]
    settings = (version("datasette"), described(datasette), datasette.settings_dict())
    return fingerprint(folders, settings)


def check_prefix(datasette: Datasette) -> None:
    """Refuse a base_url with which no link could be right."""
    prefix = datasette.setting("base_url")
    if not re.fullmatch(r"/([\w.~-]+/)*", prefix, re.ASCII):
        raise StartupError(f"base_url is {prefix!r}; it begins and ends with a slash: /archive/")
    pages.load(datasette)
    if prefix.strip("/") in {DATABASE, "-", "static", *pages.folders()}:
        raise StartupError(f"base_url {prefix} is an address of the site itself; choose another")


def archive_file(datasette: Datasette) -> Database:
    """Return the database to serve as the archive: the one of that name, or else the only one."""
    files = {name: each for name, each in datasette.databases.items() if each.path}
    if DATABASE not in files and len(files) != 1:
        raise StartupError(f"none of the databases is {DATABASE}.db: {', '.join(files) or 'none'}")
    return files.get(DATABASE) or next(iter(files.values()))


@hookimpl
def startup(datasette: Datasette) -> None:
    """Serve the archive in a way that follows its file, also where Datasette was not told that
    nobody writes into it. What is withheld is not told to everyone (/-/metadata.json)."""
    check_prefix(datasette)
    (described(datasette).get("plugins") or {}).get(DATABASE, {}).pop("withhold", None)
    stock = archive_file(datasette)
    pages_kept = PageCache(files_fingerprint(datasette))
    live = LiveDatabase(datasette, stock.path, DATABASE, pages_kept)
    stock.close()
    others = {name: each for name, each in datasette.databases.items() if each is not stock}
    datasette.databases = {**others, DATABASE: live}
    datasette.inspect_data = {**(datasette.inspect_data or {}), DATABASE: Inspected(live)}


@hookimpl(trylast=True)  # after the plugins that use the connection without bounds
def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
    """Let nobody write, whatever Datasette lets through."""
    if database == DATABASE:
        only_read(conn)
