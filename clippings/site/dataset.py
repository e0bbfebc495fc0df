"""The dataset that the site offers: its description, and the release beside the database."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from datasette.app import Datasette

from clippings.dataset.checksums import NAME
from clippings.dataset.description import Description, File, describe
from clippings.dataset.formats import OURS
from clippings.site.addresses import DATABASE, archive
from clippings.site.compatibility import described


async def description(datasette: Datasette) -> Description:
    """Return what metadata.yml, the database and the release say; downloads are its `files`.

    The database is the one that the request is pinned to. It is read once for each snapshot and
    release.
    """
    live = archive(datasette)
    folder = release_folder(datasette)

    def read(conn: sqlite3.Connection) -> Description:
        files = [File(f"{DATABASE}.db", "application/vnd.sqlite3", live.size, live.hash)]
        with suppress(FileNotFoundError):  # a folder without a release
            package = json.loads((folder / "datapackage.json").read_bytes())
            files = [File(**resource[OURS]) for resource in package["resources"]]
        return describe(conn, described(datasette), files)

    try:
        found = os.stat(folder / NAME)
        release = found.st_ino, found.st_mtime_ns
    except FileNotFoundError:
        release = None
    return await live.once(("description", release), read)


def release_folder(datasette: Datasette) -> Path:
    """Return where the release of the archive lies: in `release` beside its database."""
    return Path(archive(datasette).path).with_name("release")
