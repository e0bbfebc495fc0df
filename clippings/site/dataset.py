"""The dataset that the site offers: its description, and the release beside the database."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from clippings.dataset.checksums import NAME
from clippings.dataset.description import Description, File, describe
from clippings.dataset.formats import OURS
from clippings.site.addresses import DATABASE, archive
from clippings.site.compatibility import described

_kept: dict[str, tuple[Any, Description]] = {}
"""The path of a database → what its description was made of, and the description."""


async def description(datasette: Datasette) -> Description:
    """Return what metadata.yml, the database and the release say; downloads are its `files`.

    The database is the one that the request is pinned to. It is read once for each database and
    release.
    """
    live, said = archive(datasette), described(datasette)
    folder = release_folder(Path(live.path))
    made_of = live.hash, _stamp(folder / NAME), said
    kept = _kept.get(live.path)
    if kept is None or kept[0] != made_of:
        served = File(f"{DATABASE}.db", "application/vnd.sqlite3", live.size, live.hash or "")
        metadata = {**said, "plugins": {DATABASE: datasette.plugin_config(DATABASE) or {}}}
        files = _released_files(folder) or [served]
        found = await live.execute_fn(lambda conn: describe(conn, metadata, files))
        kept = _kept[live.path] = made_of, found
    return kept[1]


def release_folder(database: Path) -> Path:
    """Return where the release of a database lies: in `release` beside it."""
    return database.with_name("release")


def _released_files(folder: Path) -> list[File]:
    """Return the data files of the release in `folder`, by its datapackage.json; [] for none."""
    try:
        package = json.loads((folder / "datapackage.json").read_bytes())
    except FileNotFoundError:
        return []
    return [File(**resource[OURS]) for resource in package["resources"]]


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells one file at a path from the next; None: there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
